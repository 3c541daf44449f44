import { join } from 'node:path'
import { folderObjects } from '../../runtime/adapters/folder.ts'
import { continueTrace, traceparent } from '../../runtime/trace.ts'
import { uuidv7 } from '../../runtime/uuid.ts'
import { modelConverted, modelTrained } from '../../triggers/events.ts'
import { runFacts } from '../functions/publish/facts.ts'
import type { World } from './world.ts'

/** Tells of runs of two models as `train` and `convert` would: the rest is the work of `publish`. */
export async function tellOfRuns({ database, data }: World, seed: number, runs: number): Promise<void> {
  const objects = folderObjects(join(data, 'objects'))
  for (let at = 0; at < runs; at++) {
    const given = { model: `m${seed}-${at % 2}`, inputs: [{ dataset: 'd', version: at + 1 }] }
    const { trained, converted } = await runFacts(objects, `s${seed}-r${at}`, given)
    const events = [
      { type: modelTrained.type, topic: modelTrained.topic, source: '/toys/train', data: trained },
      { type: modelConverted.type, topic: modelConverted.topic, source: '/toys/convert', data: converted },
    ].map((one) => ({ ...one, id: uuidv7(), key: given.model, data: JSON.stringify(one.data) }))
    await database.query`
      insert into mezz.outbox (id, source, type, topic, key, subject, traceparent, authtype, authid, causationid, correlationid, data)
      select (e->>'id')::uuid, e->>'source', e->>'type', e->>'topic', e->>'key', e->>'key',
        ${traceparent(continueTrace(undefined))}, 'user', 'toys/test', e->>'id', e->>'id', e->>'data'
      from jsonb_array_elements(${events}::jsonb) e`
    await database.query`select pg_notify('mezz_outbox', '')`
  }
}
