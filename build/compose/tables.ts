import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { duckdbTables } from '../../runtime/adapters/duckdb.ts'
import type { Environment } from '../../runtime/env.ts'
import type { Tables } from '../../runtime/ports.ts'
import type { OpenedPort } from '../../runtime/serve.ts'
import { open as openObjects } from './objects.ts'

/** DuckDB in this process, its scratch files in `TABLES_FOLDER`. */
export function open(env: Environment): OpenedPort<Tables> {
  const { TABLES_FOLDER = join(tmpdir(), 'mezz-tables'), TABLES_MEMORY } = env
  return { port: duckdbTables({ objects: openObjects(env).port, folder: TABLES_FOLDER, memoryLimit: TABLES_MEMORY }) }
}
