/** Which events each trigger of the platform under test delivers, to which route, and after how many attempts it gives up. */
export const ROUTES = [
  route('sent-to-tally', 'sent', 'toy.sent.v1', '/events/sent', 8),
  route('sent-in-batches', 'batch', 'toy.sent.v1', '/events/batch', 8),
  route('counted-to-tally', 'counted', 'toy.counted.v1', '/events/counted', 8),
  route('job-ended-to-tally', 'job-ended', 'mezz.job.ended.v1', '/events/job-ended', 8),
  route('poured-to-poison', 'poured', 'toy.poured.v1', '/events/poured', 4),
  route('every-month-to-tally', 'due', 'mezz.schedule.due.v1', '/events/due', 8),
  route('model-trained-to-publish', null, 'mezz.model.trained.v1', '/events/model-trained', 8),
  route('model-converted-to-publish', null, 'mezz.model.converted.v1', '/events/model-converted', 8),
  route('model-published-to-publish', null, 'mezz.model.published.v1', '/events/model-published', 8),
]

export type Route = (typeof ROUTES)[number]

/** `name` is what its rows are marked by; `null`: its inbox alone tells. */
function route(trigger: string, name: string | null, type: string, path: string, attempts: number) {
  return { trigger, name, type, path, attempts }
}
