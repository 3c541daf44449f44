import { defineTrigger } from '../runtime/define.ts'
import { annotationCompleted } from './events.ts'

export default defineTrigger({
  on: annotationCompleted,
  deliver: { to: 'ingest', path: '/events/annotation-completed' },
  order: 'key',
})
