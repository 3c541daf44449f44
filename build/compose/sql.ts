import { functionSql } from '../../runtime/adapters/function-sql.ts'
import { lazyDatabase } from '../../runtime/adapters/lazy-database.ts'
import { postgresIdempotency } from '../../runtime/adapters/postgres-idempotency.ts'
import type { FunctionDefinition } from '../../runtime/define.ts'
import type { Environment } from '../../runtime/env.ts'
import { PlatformError } from '../../runtime/errors.ts'
import type { Sql } from '../../runtime/ports.ts'
import type { OpenedPort } from '../../runtime/serve.ts'

/** PostgreSQL at `DATABASE_URL`, in the function's own schema. */
export function open({ DATABASE_URL }: Environment, fn: FunctionDefinition): OpenedPort<Sql<string>> {
  if (!DATABASE_URL) throw new PlatformError('invalid_input', 'sql: set DATABASE_URL')
  const database = lazyDatabase({ url: DATABASE_URL, name: fn.name, schema: fn.name, roleHasPath: true })
  const { sql, inbox } = functionSql(database)
  return { port: sql, inbox, idempotency: postgresIdempotency(database), close: () => database.close() }
}
