import { folderObjects } from '../../../runtime/adapters/folder.ts'
import { functionSql } from '../../../runtime/adapters/function-sql.ts'
import { openDatabase } from '../../../runtime/adapters/postgres.ts'
import { postgresIdempotency } from '../../../runtime/adapters/postgres-idempotency.ts'
import type { PortOpeners } from '../../../runtime/serve.ts'
import { createPassage } from './passage.ts'

const passage = createPassage(process.env['FAULTS_ORDERS'] ?? '')

/** The ports of a function as `build/compose` opens them, with a passage at each point. */
export const ports: Pick<PortOpeners<'objects' | 'sql'>, 'objects' | 'sql'> = {
  objects({ OBJECTS_FOLDER = '' }, { name }) {
    const objects = folderObjects(OBJECTS_FOLDER)
    const port = {
      ...objects,
      async put(body: Parameters<typeof objects.put>[0]) {
        const ref = await objects.put(body)
        passage(name === 'publish' ? 'package-before-version' : 'object-stored')
        return ref
      },
      async write(object: string, body: Parameters<typeof objects.write>[1]) {
        if (object.endsWith('/current')) passage('version-before-alias')
        const ref = await objects.write(object, body)
        if (object.endsWith('/current')) passage('alias-before-answer')
        return ref
      },
    }
    return { port }
  },
  sql({ DATABASE_URL = '' }, { name }) {
    const database = openDatabase({ url: DATABASE_URL, name, schema: name })
    const { sql, inbox } = functionSql({
      ...database,
      async transaction(work) {
        const result = await database.transaction(async (query) => {
          const inside = await work(query)
          passage('before-commit')
          return inside
        })
        passage('effect-before-answer')
        return result
      },
    })
    return { port: sql, inbox, idempotency: postgresIdempotency(database), close: () => database.close() }
  },
}
