import { defineTrigger } from 'mezz/define'
import { testSaid } from './events.ts'

export default defineTrigger({ on: testSaid, deliver: { to: 'who', path: '/events/said' } })
