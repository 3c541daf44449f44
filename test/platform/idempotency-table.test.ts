import assert from 'node:assert/strict'
import { it } from 'node:test'
import { testPostgres } from '../../build/testkit/postgres.ts'
import { openDatabase } from '../../runtime/adapters/postgres.ts'
import { postgresIdempotency } from '../../runtime/adapters/postgres-idempotency.ts'
import { prepareTeam } from '../../runtime/adapters/team-database.ts'
import { uuidv7 } from '../../runtime/uuid.ts'

const DIGEST = { sha256: 'd', bytes: 1 }
const ANSWER = { status: 201, type: null, location: null, body: '' }

it('a table of idempotency keys made before answers could be missing is brought up to date, its keys kept', async () => {
  const { url } = await testPostgres()
  const team = { team: 'old', adminUrl: url, password: (role: string) => `pw-${role}` }
  const prepare = () => prepareTeam(team, [{ name: 'things', emits: [], folder: null }])
  const urls = await prepare()
  const owner = openDatabase({ url: url.replace(/\/[^/?]*(?=$|\?)/, '/mezz_old'), schema: 'things' })
  await owner.script(`
    drop table idempotency;
    create table idempotency (
      caller text not null, route text not null, key text not null, digest text not null, answer jsonb not null,
      at timestamptz not null default clock_timestamp(), primary key (caller, route, key)
    );
    insert into idempotency values ('someone', 'POST /things', 'known', 'd', '${JSON.stringify(ANSWER)}')`)

  await prepare()

  const database = openDatabase({ url: urls.of('things'), schema: 'things' })
  const begin = (key: string) =>
    postgresIdempotency(database).begin({ caller: 'someone', route: 'POST /things', key, request: uuidv7() })
  assert.deepEqual(await begin('known'), { digest: { sha256: 'd', bytes: 0 }, answer: ANSWER })
  const fresh = await begin('fresh')
  assert.ok(typeof fresh === 'object' && 'mark' in fresh)
  await fresh.mark(database.query, null)
  await fresh.keep(DIGEST, ANSWER)
  await fresh.release()
  assert.deepEqual(await begin('fresh'), { digest: DIGEST, answer: ANSWER })
  await Promise.all([owner.close(), database.close()])
})
