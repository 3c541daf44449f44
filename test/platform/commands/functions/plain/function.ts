import { defineCommand } from 'mezz/define'

export default defineCommand({
  name: 'plain',
  summary: 'A server in plain JavaScript',
  scope: 'plain',
  command: ['node', 'server.mjs'],
})
