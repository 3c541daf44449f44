import { defineCommand } from 'mezz/define'

export default defineCommand({
  name: 'who',
  summary: 'Tells by whom it was reached',
  scope: 'who:ask',
  command: ['node', 'server.mjs'],
})
