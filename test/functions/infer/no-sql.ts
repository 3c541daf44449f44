import { functionSql } from '../../../runtime/adapters/function-sql.ts'
import { openDatabase } from '../../../runtime/adapters/postgres.ts'

/** SQL of a database that is not there: nobody listens on port 1. */
export const noSql = functionSql(openDatabase({ url: 'postgres://127.0.0.1:1/none' })).sql
