import { defineTrigger } from '../runtime/define.ts'
import { modelTrained } from './events.ts'

export default defineTrigger({
  on: modelTrained,
  deliver: { to: 'publish', path: '/events/model-trained' },
  order: 'key',
})
