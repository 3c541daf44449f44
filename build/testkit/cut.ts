import type { Sql } from '../../runtime/ports.ts'

class Cut extends Error {}

/** A `sql` port whose transactions can be cut: all their work is done, and then the process is gone before the commit. */
export function cutting(sql: Sql<string>): {
  readonly sql: Sql<string>
  during(work: () => Promise<Response>): Promise<boolean>
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
    /** Whether a transaction was cut meanwhile. */
    async during(work) {
      cut = true
      torn = false
      try {
        await work()
      } finally {
        cut = false
      }
      return torn
    },
  }
}
