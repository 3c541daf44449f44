import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { Completed } from '../../../functions/annotate/complete.ts'
import { annotationCompleted } from '../../../triggers/events.ts'
import type { Bench } from './bench.ts'
import { setupAnnotate } from './bench.ts'

describe('annotate, many at once', () => {
  let bench: Bench
  before(async () => {
    bench = await setupAnnotate()
  })
  after(() => bench.close())

  const completions = async (project: string) => {
    const told = (await bench.emitted()).filter(({ type }) => type === annotationCompleted.type)
    return told.map(({ data }) => annotationCompleted.data.parse(data)).filter((data) => data.project === project)
  }

  it('gives eight people who ask at once two hundred different rows', async () => {
    await bench.open('rush', { rows: 200 })

    const people = Array.from({ length: 8 }, (_, i) => `person ${i}`)
    const given = await Promise.all(people.map((by) => work(by)))

    const ids = given.flat().sort((a, b) => a - b)
    assert.deepEqual(
      ids,
      Array.from({ length: 200 }, (_, i) => i),
    )
    const { labelled, annotations } = await bench.project('rush')
    assert.deepEqual([labelled, annotations], [200, 200])

    async function work(by: string): Promise<number[]> {
      const done: number[] = []
      for (let task = await bench.next('rush', by); task; task = await bench.next('rush', by)) {
        assert.equal(await bench.label('rush', task.id, 'yes', by), 201)
        done.push(task.id)
      }
      return done
    }
  })

  it('gives each row to three different people where the project asks for three', async () => {
    await bench.open('thrice', { rows: 20, overlap: 3 })

    const people = ['ann', 'bo', 'cy', 'di']
    await Promise.all(
      people.map(async (by) => {
        for (let task = await bench.next('thrice', by); task; task = await bench.next('thrice', by)) {
          await bench.label('thrice', task.id, 'no', by)
        }
      }),
    )

    const { labelled, done, annotations, agreement } = await bench.project('thrice')
    assert.deepEqual([labelled, done, annotations, agreement], [20, 20, 60, 1])
  })

  it('completes once when eight ask at once, and answers all the same', async () => {
    await bench.open('finish')
    await bench.label('finish', 1, 'yes')

    const answers = await Promise.all(
      Array.from({ length: 8 }, () => bench.request('/projects/finish/complete', { method: 'POST' })),
    )

    const [first, ...others] = await Promise.all(answers.map(async (answer) => Completed.parse(await answer.json())))
    for (const other of others) assert.deepEqual(other, first)
    assert.equal((await completions('finish')).length, 1)
  })

  it('either takes a label into the completion that it meets, or refuses it', async () => {
    for (let round = 0; round < 10; round++) {
      const name = `meet-${round}`
      await bench.open(name)
      await bench.label(name, 0, 'yes')

      const [status, answer] = await Promise.all([
        bench.label(name, 2, 'no'),
        bench.request(`/projects/${name}/complete`, { method: 'POST' }),
      ])

      const { rows } = Completed.parse(await answer.json())
      assert.deepEqual([status, rows], status === 201 ? [201, 2] : [409, 1])
    }
  })

  it('makes one project of eight asked for at once, which begins although its dataset comes at the same time', async () => {
    for (let round = 0; round < 10; round++) {
      const name = `once-${round}`
      const order = { name, dataset: name, column: 'spam', labels: ['yes', 'no'] }

      const [, ...answers] = await Promise.all([
        bench.ingest(name, 2),
        ...Array.from({ length: 8 }, () => bench.send('POST', '/projects', order)),
      ])

      assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 200, 200, 200, 200, 200, 200, 201])
      assert.equal((await bench.project(name)).state, 'open')
    }
  })

  it('deletes once, whatever is labelled meanwhile', async () => {
    await bench.open('doomed', { rows: 20 })

    const deletions = [0, 1].map(() => bench.request('/projects/doomed', { method: 'DELETE' }))
    const labels = Array.from({ length: 20 }, (_, task) => bench.label('doomed', task, 'yes'))
    const statuses = (await Promise.all(deletions)).map(({ status }) => status)

    assert.deepEqual(statuses.sort(), [204, 404])
    for (const status of await Promise.all(labels)) assert.ok(status === 201 || status === 404, String(status))
    assert.equal((await bench.request('/projects/doomed')).status, 404)
    assert.deepEqual(await bench.query`select 1 from annotations where project = 'doomed'`, [])
  })
})
