import type { Sql } from '../../runtime/ports.ts'

class Cut extends Error {}

/** A `sql` port whose transactions can be cut: all their work is done, and then the process is gone before the commit. */
export function cutting(sql: Sql<string>): {
  readonly sql: Sql<string>
  during(work: () => Promise<Response>): Promise<{ readonly torn: boolean; readonly answer: Response }>
} {
  let cut = false
  let torn = false

  return {
    sql: {
      ...sql,
      transaction: (work) =>
        sql.transaction(async (tx) => {
          const result = await work(tx)
          if (cut) {
            torn = true
            throw new Cut('the test cut this transaction before its commit')
          }
          return result
        }),
    },
    /** What the work answered, and whether a transaction was cut meanwhile. */
    async during(work) {
      cut = true
      torn = false
      try {
        const answer = await work()
        return { torn, answer }
      } finally {
        cut = false
      }
    },
  }
}
