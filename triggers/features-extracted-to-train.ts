import { defineTrigger } from '../runtime/define.ts'
import { featuresExtracted } from './events.ts'

export default defineTrigger({
  on: featuresExtracted,
  deliver: { to: 'train', path: '/events/features-extracted' },
  order: 'key',
})
