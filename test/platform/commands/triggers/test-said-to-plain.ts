import { defineTrigger } from 'mezz/define'
import { said } from './events.ts'

export default defineTrigger({ on: said, deliver: { to: 'plain', path: '/events/said' } })
