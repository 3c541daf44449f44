import { defineCommand } from 'mezz/define'

export default defineCommand({
  name: 'snake',
  summary: 'A server in Python',
  scope: 'snake',
  command: ['python3', 'server.py'],
})
