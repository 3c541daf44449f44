import { defineTrigger } from 'mezz/define'
import { noteWritten } from './events.ts'

export default defineTrigger({
  on: noteWritten,
  deliver: { to: 'letters', path: '/events/note-written' },
  order: 'key',
})
