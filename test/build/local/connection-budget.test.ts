import assert from 'node:assert/strict'
import { it } from 'node:test'
import { readCatalogue } from '../../../build/catalogue.ts'
import { connectionNeed, connectionWarning } from '../../../build/local/connection-budget.ts'
import { testPostgres } from '../../../build/testkit/postgres.ts'
import { connectionLimit } from '../../../runtime/adapters/connection-limit.ts'

it('what the functions may open is held against what the server takes', async () => {
  const { functions } = await readCatalogue([], process.env['PATH'] ?? '')
  const need = connectionNeed(functions)
  const limit = await connectionLimit((await testPostgres()).url)

  assert.ok(need.functions > 3)
  assert.ok(need.most > need.least)
  assert.equal(limit, 197)
  assert.equal(connectionWarning(need, need.most), null)
  assert.match(
    connectionWarning(need, need.most - 1) ?? '',
    new RegExp(`takes ${need.most - 1} connections.* may open ${need.most}: raise max_connections`),
  )
})
