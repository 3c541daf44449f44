import { defineTrigger } from '../runtime/define.ts'
import { modelConverted } from './events.ts'

export default defineTrigger({
  on: modelConverted,
  deliver: { to: 'publish', path: '/events/model-converted' },
  order: 'key',
})
