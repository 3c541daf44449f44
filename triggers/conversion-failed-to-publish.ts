import { defineTrigger } from '../runtime/define.ts'
import { conversionFailed } from './events.ts'

export default defineTrigger({
  on: conversionFailed,
  deliver: { to: 'publish', path: '/events/conversion-failed' },
  order: 'key',
})
