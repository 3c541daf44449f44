import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { datasetDeleted, projectDeleted } from '../../../triggers/events.ts'
import type { Bench } from './bench.ts'
import { setupAnnotate } from './bench.ts'

describe('annotate of a dataset that is deleted', () => {
  let bench: Bench
  before(async () => {
    bench = await setupAnnotate({ twice: true })
  })
  after(() => bench.close())

  const deleted = (dataset: string, versions = 1) =>
    bench.deliver(datasetDeleted, { dataset, versions, deletedAt: new Date().toISOString() })
  const status = async (project: string) => (await bench.request(`/projects/${project}`)).status
  const told = async (dataset: string) =>
    (await bench.emitted())
      .filter(({ type, key }) => type === projectDeleted.type && key === dataset)
      .map(({ data }) => projectDeleted.data.parse(data).project)

  it('deletes the projects over its rows, with their labels, and says so of each', async () => {
    await bench.open('mail')
    await bench.label('mail', 0, 'yes', 'ann')
    await bench.send('POST', '/projects/mail/complete', {})
    assert.ok((await bench.kept()).includes('projects/mail'))
    await bench.open('other')

    await deleted('mail')

    assert.deepEqual([await status('mail'), await status('other')], [404, 200])
    assert.deepEqual(await told('mail'), ['mail'])
    assert.equal((await bench.kept()).includes('projects/mail'), false)
    const left = await bench.query`select 1 from annotations where project = 'mail'`
    assert.deepEqual(left, [])
  })

  it('hears of no version that comes after its deletion, but of the next one', async () => {
    await deleted('late', 2)
    await bench.ingest('late', 3, 2)
    const project = { name: 'late', dataset: 'late', column: 'spam', labels: ['yes', 'no'] }
    await bench.send('POST', '/projects', project)
    assert.equal((await bench.project('late')).state, 'waiting')

    await bench.ingest('late', 4, 3)

    const { state, version } = await bench.project('late')
    assert.deepEqual([state, version], ['open', 3])
    await deleted('late', 2)
    assert.equal(await status('late'), 200)
  })
})
