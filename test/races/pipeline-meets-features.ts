import assert from 'node:assert/strict'
import { it } from 'node:test'
import { setup } from '../../build/testkit/setup.ts'
import train from '../../functions/train/function.ts'
import { featuresExtracted, trainingStarted } from '../../triggers/events.ts'
import { order, ROWS, runsOf, toldOf } from '../functions/train/bench.ts'
import { extractionOf } from '../functions/train/extraction.ts'
import { meet, pause, rounds } from '../race.ts'

it('a pipeline that is put while its features come, to two instances, starts exactly one run', async () => {
  const one = await setup(train, { pause })
  const other = await one.beside()
  const extraction = await extractionOf(one.objects, 'race', ROWS)

  await rounds(async (round) => {
    const name = `race-${round}`
    const [put, told] = await meet(
      () => one.send('PUT', `/pipelines/${name}`, order(name)),
      () => other.deliver(featuresExtracted, { ...extraction, view: name, extraction: name }),
    )

    assert.deepEqual([put?.status, told?.status], [201, 204])
    const runs = await runsOf(one, name)
    assert.deepEqual(
      runs.map(({ state }) => state),
      ['queued'],
    )
    assert.deepEqual(await toldOf(one, name), [trainingStarted.type])
    assert.equal((await one.jobs()).length, round + 1)
  })

  await Promise.all([one.close(), other.close()])
})
