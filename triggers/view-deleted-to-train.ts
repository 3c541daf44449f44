import { defineTrigger } from '../runtime/define.ts'
import { viewDeleted } from './events.ts'

export default defineTrigger({
  on: viewDeleted,
  deliver: { to: 'train', path: '/events/view-deleted' },
  order: 'key',
})
