import { defineTrigger } from '../runtime/define.ts'
import { modelPublished } from './events.ts'

export default defineTrigger({
  on: modelPublished,
  deliver: { to: 'publish', path: '/events/model-published' },
  order: 'key',
  ownEvent: true,
})
