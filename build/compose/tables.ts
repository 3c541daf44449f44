import type { Environment } from '../../runtime/env.ts'
import type { Tables } from '../../runtime/ports.ts'
import type { OpenedPort } from '../../runtime/serve.ts'

export function open(_env: Environment): OpenedPort<Tables> {
  throw new Error('tables')
}
