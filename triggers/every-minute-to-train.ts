import { defineTrigger, every } from '../runtime/define.ts'

// Pipelines whose script lies in a Git repository train anew when its branch has moved.
export default defineTrigger({
  on: every('* * * * *'),
  deliver: { to: 'train', path: '/events/git-look' },
  // The next look comes soon enough.
  attempts: 1,
  maxAge: 60,
})
