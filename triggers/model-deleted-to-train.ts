import { defineTrigger } from '../runtime/define.ts'
import { modelDeleted } from './events.ts'

export default defineTrigger({
  on: modelDeleted,
  deliver: { to: 'train', path: '/events/model-deleted' },
  order: 'key',
})
