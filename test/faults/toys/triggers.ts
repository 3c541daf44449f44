import { defineTrigger, every } from '../../../runtime/define.ts'
import type { NamedTrigger } from '../../../triggers/engine/trigger.ts'
import { jobEnded } from '../../../triggers/events.ts'
import modelConverted from '../../../triggers/model-converted-to-publish.ts'
import modelPublished from '../../../triggers/model-published-to-publish.ts'
import modelTrained from '../../../triggers/model-trained-to-publish.ts'
import { counted, poured, sent } from './events.ts'

const SOON = { attempts: 8, backoff: { first: 20, most: 400 } }

/** The deliveries to the toys, and those to our own `publish`. */
export const TRIGGERS: readonly NamedTrigger[] = [
  named('sent-to-tally', { on: sent, deliver: { to: 'tally', path: '/events/sent' }, ...SOON, parallel: 4 }),
  named('sent-in-batches', { on: sent, deliver: { to: 'tally', path: '/events/batch' }, ...SOON, batch: { most: 5 } }),
  named('counted-to-tally', { on: counted, deliver: { to: 'tally', path: '/events/counted' }, ...SOON }),
  named('job-ended-to-tally', { on: jobEnded, deliver: { to: 'tally', path: '/events/job-ended' }, ...SOON }),
  named('poured-to-poison', { on: poured, deliver: { to: 'poison', path: '/events/poured' }, ...SOON, attempts: 4 }),
  named('every-month-to-tally', { on: every('0 0 1 * *'), deliver: { to: 'tally', path: '/events/due' }, ...SOON }),
  { name: 'model-trained-to-publish', definition: { ...modelTrained, ...SOON } },
  { name: 'model-converted-to-publish', definition: { ...modelConverted, ...SOON } },
  { name: 'model-published-to-publish', definition: { ...modelPublished, ...SOON } },
]

function named(name: string, definition: Parameters<typeof defineTrigger>[0]): NamedTrigger {
  return { name, definition: defineTrigger(definition) }
}
