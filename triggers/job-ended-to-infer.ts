import { defineTrigger } from '../runtime/define.ts'
import { jobEnded } from './events.ts'

export default defineTrigger({
  on: jobEnded,
  deliver: { to: 'infer', path: '/events/job-ended' },
  order: 'key',
})
