import type { Command } from './command.ts'

/** Each command in a file of its own, loaded when it is asked for. */
export const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  dev: async () => (await import('./dev.ts')).dev,
  demo: async () => (await import('./demo.ts')).demo,
  new: async () => (await import('./new.ts')).create,
  list: async () => (await import('./list.ts')).list,
  invoke: async () => (await import('./invoke.ts')).invoke,
  send: async () => (await import('./send.ts')).send,
  run: async () => (await import('./run.ts')).run,
  triggers: async () => (await import('./triggers.ts')).triggers,
  'dead-letters': async () => (await import('./dead-letters.ts')).deadLetters,
  flows: async () => (await import('./flows.ts')).flows,
  lineage: async () => (await import('./lineage.ts')).lineage,
  delete: async () => (await import('./delete.ts')).remove,
  usage: async () => (await import('./usage.ts')).usage,
  bundle: async () => (await import('./bundle.ts')).bundle,
  logs: async () => (await import('./logs.ts')).logs,
  backup: async () => (await import('./backup.ts')).backup,
  restore: async () => (await import('./restore.ts')).restoreCommand,
  token: async () => (await import('./token.ts')).token,
  nginx: async () => (await import('./nginx.ts')).nginx,
  compose: async () => (await import('./compose.ts')).compose,
  openapi: async () => (await import('./openapi.ts')).openapi,
}
