import assert from 'node:assert/strict'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { after, it } from 'node:test'
import { createGateway } from '../../../build/local/gateway.ts'
import { Pool } from '../../../build/local/pool.ts'
import type { Program } from '../../../build/local/program.ts'
import { localWorkloads } from '../../../build/local/workloads.ts'
import { PlatformError } from '../../../runtime/errors.ts'
import type { NamedWorkload } from '../../../runtime/workloads.ts'
import type { WorkloadsUnderTest } from '../../conformance/workloads.ts'
import { testWorkloads } from '../../conformance/workloads.ts'
import { get, program, temporary } from './setup.ts'

const endings: (() => void | Promise<void>)[] = []
after(async () => {
  for (const end of endings.reverse()) await end()
})
const FOR_ALL = { after: (end: () => void | Promise<void>) => void endings.push(end) }

testWorkloads('functions behind the gateway', () => open(temporary(FOR_ALL), FOR_ALL))

it('says what a workload waits for that cannot be started, to whoever asks for it, and starts it later', async (t) => {
  let broken = true
  const { workloads, status } = await open(temporary(t), t, () => {
    if (broken) throw new PlatformError('unprocessable', 'a package that is not there')
  })
  const one = { name: 'infer-a', workload: { model: 'a' } }

  await assert.rejects(workloads.apply(one), { message: 'a package that is not there' })

  assert.equal(await status('infer-a', '/echo'), 503)
  assert.equal((await workloads.status())[0]?.waitingFor, 'a package that is not there')
  broken = false
  await workloads.apply(one)
  assert.equal(await status('infer-a', '/echo'), 200)
})

it('takes no name of a function, and does not end it', async (t) => {
  const { workloads, status } = await open(temporary(t), t)

  await assert.rejects(workloads.apply({ name: 'hello', workload: { model: 'a' } }), { code: 'conflict' })
  await workloads.remove('hello')

  assert.equal(await status('hello', '/echo'), 200)
})

async function open(
  folder: string,
  t: Pick<TestContext, 'after'>,
  check: () => void = () => undefined,
): Promise<WorkloadsUnderTest & { status(name: string, path: string): Promise<number> }> {
  const pools = new Map<string, Pool>()
  const options = { idle: 60_000, grace: 500, runFolder: join(folder, 'run'), log: () => undefined }
  const serving = {
    async put(of: Program) {
      const known = pools.get(of.definition.name)
      if (known) await known.replace(of)
      else pools.set(of.definition.name, new Pool(of, options))
    },
    async drop(name: string) {
      const pool = pools.get(name)
      pools.delete(name)
      await pool?.drain(0)
    },
  }
  await serving.put(program({ name: 'hello' }))
  const gateway = createGateway({
    team: 'default',
    pools,
    platform: () => new Response(null, { status: 204 }),
    refusal: (name) => workloads.refusal(name),
  })
  const workloads = await localWorkloads({
    folder: join(folder, 'workloads'),
    serving,
    isFunction: (name) => name === 'hello',
    programOf({ name, workload }: NamedWorkload) {
      check()
      return program({ name }, { VERSION: `${workload.model} ${workload.scale?.max}` })
    },
    failed: () => undefined,
  })
  await workloads.refresh()
  const port = await gateway.listen(0)
  let ended: Promise<void> | undefined
  const end = () => {
    ended ??= gateway.drain(0).then(async () => {
      for (const name of [...pools.keys()]) await serving.drop(name)
    })
    return ended
  }
  t.after(end)
  const ask = (name: string) => get(port, `/default/${name}/echo`)
  return {
    workloads,
    status: async (name, path) => (await get(port, `/default/${name}${path}`)).status,
    async ask(name) {
      const { status, text } = await ask(name)
      return status === 200 ? JSON.parse(text).env.version : null
    },
    async reopen() {
      await end()
      return open(folder, t, check)
    },
  }
}
