import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { KafkaOptions } from '../../../runtime/adapters/kafka-client.ts'
import { kafkaClient } from '../../../runtime/adapters/kafka-client.ts'
import type { KafkaTopicsOptions } from '../../../runtime/adapters/kafka-topics.ts'
import { kafkaTopics } from '../../../runtime/adapters/kafka-topics.ts'
import type { Assignment } from '../../../runtime/topics.ts'
import { makeCertificates } from '../servers/certificates.ts'
import type { KafkaServers } from '../servers/kafka.ts'
import { startKafka } from '../servers/kafka.ts'

const ADMIN = { name: 'admin', password: 'admins-word' }
const TEAM = { name: 'team', password: 'teams-word' }
const PATIENCE = 30_000
const record = { key: 'k', headers: {}, value: 'v' }
const ALLOW = { host: '*', permissionType: 3 }
const [TOPIC, GROUP, PREFIXED] = [2, 3, 4]
const [READ, WRITE, CREATE, DESCRIBE] = [3, 4, 5, 8]

describe('a Kafka with TLS, log-ins and ACLs', () => {
  const folder = mkdtempSync(join(tmpdir(), 'mezz-kafka-'))
  let servers: KafkaServers
  let authority = ''
  before(async () => {
    const made = makeCertificates(join(folder, 'certificates'))
    authority = made.authority
    servers = await startKafka(folder, { security: { tls: made.server, users: [ADMIN, TEAM], acls: true } })
    await allowTeam(login(ADMIN))
  })
  after(async () => {
    await servers.stop()
    rmSync(folder, { recursive: true, force: true })
  })
  const login = (
    { name, password }: typeof ADMIN,
    mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512' = 'plain',
  ): KafkaOptions => ({
    brokers: servers.addresses,
    tls: { authority },
    login: { mechanism, user: name, password },
  })
  async function using<result>(
    options: KafkaOptions & Partial<KafkaTopicsOptions>,
    work: (topics: ReturnType<typeof kafkaTopics>) => Promise<result>,
  ): Promise<result> {
    const topics = kafkaTopics({ member: 'one', deadline: 5000, ...options })
    try {
      return await work(topics)
    } finally {
      await topics.close()
    }
  }

  for (const mechanism of ['plain', 'scram-sha-256', 'scram-sha-512'] as const) {
    it(`is written and read by a team that logs in by ${mechanism}`, async () => {
      const topic = `by-${mechanism}`

      await using({ ...login(TEAM, mechanism), prefix: 'team.' }, async (topics) => {
        await topics.ensure([{ name: topic, partitions: 1 }])
        await topics.append(topic, [record])
        const given = Promise.withResolvers<Assignment>()
        const membership = await topics.join(mechanism, [topic], {
          assigned: given.resolve,
          revoked: () => undefined,
          failed: given.reject,
        })
        const held = await given.promise
        const [read] = await held.read(0, { most: 1, signal: AbortSignal.timeout(PATIENCE) })
        await membership.leave()

        assert.equal(read?.value, 'v')
      })
    })
  }

  it('lets nobody in with a wrong password, and says so', async () => {
    const wrong = { ...TEAM, password: 'another-word' }

    for (const mechanism of ['plain', 'scram-sha-512'] as const) {
      await using(login(wrong, mechanism), (topics) =>
        assert.rejects(topics.append('team.t', [record]), { code: 'unauthenticated' }),
      )
    }
  })

  it('is not trusted where its authority is not the one that was said', async () => {
    const { authority: another } = makeCertificates(join(folder, 'another'))

    await using({ ...login(TEAM), tls: { authority: another } }, (topics) =>
      assert.rejects(topics.append('team.t', [record]), { code: 'unavailable' }),
    )
  })

  it('keeps a team from the topics and groups of another', async () => {
    await using({ ...login(ADMIN), prefix: 'other.' }, async (topics) => {
      await topics.ensure([{ name: 'facts', partitions: 1 }])
      await topics.append('facts', [record])
    })

    await using({ ...login(TEAM), prefix: 'other.' }, async (topics) => {
      await assert.rejects(topics.append('facts', [record]), { code: 'forbidden' })
      await assert.rejects(topics.bounds('facts', 0), { code: 'forbidden' })
      await assert.rejects(topics.ensure([{ name: 'new', partitions: 1 }]), { code: 'forbidden' })
      const refused = Promise.withResolvers<unknown>()
      const membership = await topics.join('engine', ['facts'], {
        assigned: () => refused.reject(new Error('it was let in')),
        revoked: () => undefined,
        failed: refused.resolve,
      })
      await refused.promise
      await membership.leave()
    })
  })
})

/** What a team may do: all with topics and groups that begin with its name. */
async function allowTeam(options: KafkaOptions): Promise<void> {
  const client = kafkaClient(options, 5)
  const admin = client.admin()
  await admin.connect()
  const on = { resourceName: 'team.', resourcePatternType: PREFIXED, principal: `User:${TEAM.name}`, ...ALLOW }
  await admin.createAcls({
    acl: [
      ...[READ, WRITE, CREATE, DESCRIBE].map((operation) => ({ ...on, resourceType: TOPIC, operation })),
      ...[READ, DESCRIBE].map((operation) => ({ ...on, resourceType: GROUP, operation })),
    ],
  })
  await admin.disconnect()
  client.cut()
}
