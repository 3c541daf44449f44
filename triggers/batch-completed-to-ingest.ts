import { defineTrigger } from '../runtime/define.ts'
import { batchCompleted } from './events.ts'

export default defineTrigger({
  on: batchCompleted,
  deliver: { to: 'ingest', path: '/events/batch-completed' },
  order: 'key',
})
