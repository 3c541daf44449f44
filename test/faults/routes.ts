import type { EventType } from '../../runtime/event.ts'
import { scheduleDue } from '../../runtime/schedule-due.ts'
import { jobEnded, modelConverted, modelPublished, modelTrained } from '../../triggers/events.ts'
import { counted, poured, sent } from './toys/events.ts'

/** Which events each trigger of the platform under test delivers, to which route, and after how many attempts it gives up. */
export const ROUTES = [
  route('sent-to-tally', 'sent', sent, '/events/sent', 8),
  route('sent-in-batches', 'batch', sent, '/events/batch', 8),
  route('counted-to-tally', 'counted', counted, '/events/counted', 8),
  route('job-ended-to-tally', 'job-ended', jobEnded, '/events/job-ended', 8),
  route('poured-to-poison', 'poured', poured, '/events/poured', 4),
  route('every-month-to-tally', 'due', scheduleDue, '/events/due', 8),
  route('model-trained-to-publish', null, modelTrained, '/events/model-trained', 8),
  route('model-converted-to-publish', null, modelConverted, '/events/model-converted', 8),
  route('model-published-to-publish', null, modelPublished, '/events/model-published', 8),
]

export type Route = (typeof ROUTES)[number]

/** `name` is what its rows are marked by; `null`: its inbox alone tells. */
function route(trigger: string, name: string | null, on: EventType, path: string, attempts: number) {
  return { trigger, name, type: on.type, topic: on.topic, path, attempts }
}
