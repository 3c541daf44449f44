import type { Objects, Query, Sql } from '../../runtime/ports.ts'

/** A `sql` port that awaits `pause` before each statement, each lock and each commit. */
export function pausing(sql: Sql<string>, pause: () => Promise<void>): Sql<string> {
  return {
    ...sql,
    query: after(pause, sql.query),
    transaction: (work) =>
      sql.transaction(async (tx) => {
        const result = await work({
          ...tx,
          query: after(pause, tx.query),
          async lock(name) {
            await pause()
            await tx.lock(name)
          },
        })
        await pause()
        return result
      }),
  }
}

/** An object store that awaits `pause` before each write and each removal by name. */
export function pausingObjects(objects: Objects, pause: () => Promise<void>): Objects {
  return {
    ...objects,
    async write(name, ...rest) {
      await pause()
      return objects.write(name, ...rest)
    },
    async remove(name) {
      await pause()
      return objects.remove(name)
    },
  }
}

function after(pause: () => Promise<void>, query: Query): Query {
  return async <row extends object>(text: TemplateStringsArray, ...values: readonly unknown[]) => {
    await pause()
    return query<row>(text, ...values)
  }
}
