import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Hono } from 'hono'
import * as z from 'zod'
import { answerChecker } from '../../../build/testkit/answers.ts'
import type { ErrorCode } from '../../../runtime/errors.ts'
import { PlatformError, problem } from '../../../runtime/errors.ts'
import { openapi } from '../../../runtime/openapi.ts'
import { answers } from '../../../runtime/validate.ts'

const routes = new Hono().post('/things', answers('Makes a thing', { 201: z.object({ name: z.string() }) }, 'conflict'))
const document = openapi({ name: 'things', summary: 'Keeps things' }, routes)
const app = new Hono().get('/openapi.json', (c) => c.json(document))

async function judged(response: Response): Promise<void> {
  const check = await answerChecker(app)
  await check('POST', '/things', response)
}

function refusal(code: ErrorCode): Response {
  const said = problem(new PlatformError(code, 'no'))
  return Response.json(said, { status: said.status, headers: { 'Content-Type': 'application/problem+json' } })
}

describe('an answer that is held against the OpenAPI document', () => {
  it('may be what the route says, and what every route may answer', async () => {
    await judged(Response.json({ name: 'a' }, { status: 201 }))
    await judged(refusal('conflict'))
    await judged(refusal('unavailable'))
  })

  it('fails by a status that is not in it, and hears how to say it', async () => {
    await assert.rejects(
      judged(refusal('unprocessable')),
      /POST \/things → 422 .* by answers\('…', { … }, 'unprocessable'\)/,
    )
    await assert.rejects(judged(Response.json({ name: 'a' })), /POST \/things → 200 .* by answers\('…', { 200: … }\)/)
  })

  it('fails by another code of the same status', async () => {
    await assert.rejects(
      judged(refusal('in_progress')),
      /POST \/things → 409 is not what .*\/code must be equal to one/,
    )
  })

  it('fails by a body of another shape', async () => {
    await assert.rejects(judged(Response.json({}, { status: 201 })), /POST \/things → 201 is not what .*name/)
  })
})
