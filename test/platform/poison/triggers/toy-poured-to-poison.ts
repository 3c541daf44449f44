import { defineTrigger } from 'mezz/define'
import { poured } from './events.ts'

export default defineTrigger({
  on: poured,
  deliver: { to: 'poison', path: '/events/poured' },
  attempts: 2,
  backoff: { first: 100, most: 200 },
})
