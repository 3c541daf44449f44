import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { inheritedEnvironment, readEnvironment, retentionIn } from '../../runtime/env.ts'

describe('the environment', () => {
  it('needs nothing', () => {
    assert.deepEqual(readEnvironment({}), {
      PORT: 8080,
      MEZZ_HOST: '127.0.0.1',
      MEZZ_TEAM: 'default',
      MEZZ_DEVELOPER: false,
      MEZZ_ENDS_WITH_PARENT: false,
      MEZZ_GRACE: 30,
      MEZZ_SQL_STATEMENT: 60_000,
      MEZZ_SQL_LOCK: 15_000,
      TABLES_MEMORY: '256MiB',
    })
  })

  it('arrives as what it means', () => {
    const { PORT, MEZZ_ENGINE_KEYS, MEZZ_DEVELOPER, MEZZ_LAUNCHER_FD } = readEnvironment({
      PORT: '0',
      MEZZ_ENGINE_KEYS: '{"keys":[{"kty":"OKP"}]}',
      MEZZ_DEVELOPER: '1',
      MEZZ_LAUNCHER_FD: '',
    })

    assert.deepEqual(
      [PORT, MEZZ_ENGINE_KEYS, MEZZ_DEVELOPER, MEZZ_LAUNCHER_FD],
      [0, { keys: [{ kty: 'OKP' }] }, true, undefined],
    )
  })

  for (const [name, value] of [
    ['PORT', ''],
    ['PORT', '80a'],
    ['PORT', '65536'],
    ['PORT', '-1'],
    ['PORT', '1e3'],
    ['MEZZ_HOST', ''],
    ['MEZZ_TEAM', 'My Team'],
    ['MEZZ_ENGINE_KEYS', 'x'],
    ['MEZZ_ENGINE_KEYS', '[]'],
    ['MEZZ_ISSUERS', ''],
    ['MEZZ_ISSUERS', '@/nowhere/issuers.json'],
    ['MEZZ_TOKEN', 'a b'],
    ['MEZZ_DEVELOPER', 'yes'],
    ['MEZZ_GRACE', '0'],
    ['MEZZ_GRACE', ''],
    ['MEZZ_LAUNCHER_FD', '2'],
    ['DATABASE_URL', 'mysql://localhost/x'],
    ['OBJECTS_FOLDER', ''],
    ['TABLES_MEMORY', 'much'],
    ['KAFKA_BROKERS', ''],
    ['KAFKA_BROKERS', 'kafka.example.org'],
    ['KAFKA_BROKERS', 'a:1,,b:2'],
    ['KAFKA_TLS', 'yes'],
    ['KAFKA_SASL', 'gssapi'],
    ['S3_ENDPOINT', 'minio:9000'],
    ['S3_BUCKET', 'My_Bucket'],
    ['MEZZ_RETENTION_LOG', '7'],
    ['MEZZ_RETENTION_DEAD_LETTERS', '0d'],
    ['MEZZ_RETENTION_INBOX', '36.9d'],
    ['MEZZ_RETENTION_FLOWS', '-1d'],
    ['MEZZ_RETENTION_JOBS', 'a month'],
    ['MEZZ_RETENTION_JOBS', '36.9d'],
  ] as const) {
    it(`refuses ${name}=${JSON.stringify(value)}`, () => {
      assert.throws(() => readEnvironment({ [name]: value }), { message: new RegExp(`\\n  ${name}[^\\n]*: [^\\n]+$`) })
    })
  }

  it('says how long things are kept: what was handled as long as an event can come again', () => {
    const day = 24 * 60 * 60 * 1000

    const usual = retentionIn(readEnvironment({}))
    const said = retentionIn(readEnvironment({ MEZZ_RETENTION_LOG: '12h', MEZZ_RETENTION_DEAD_LETTERS: '1.5d' }))

    assert.deepEqual(usual, { log: 7 * day, deadLetters: 30 * day, inbox: 37 * day, flows: 90 * day, jobs: 37 * day })
    assert.deepEqual([said.log, said.inbox, said.jobs], [day / 2, 2 * day, 2 * day])
    for (const kind of ['INBOX', 'JOBS']) {
      const given = { MEZZ_RETENTION_LOG: '90d', MEZZ_RETENTION_DEAD_LETTERS: '10d' }
      assert.throws(() => retentionIn(readEnvironment({ ...given, [`MEZZ_RETENTION_${kind}`]: '99d' })), {
        code: 'invalid_input',
      })
      retentionIn(readEnvironment({ ...given, [`MEZZ_RETENTION_${kind}`]: '100d' }))
    }
  })

  it('tells all faults in one message', () => {
    assert.throws(
      () => readEnvironment({ PORT: 'x', MEZZ_TEAM: 'A', MEZZ_GRACE: '-1' }),
      ({ message }: Error) => {
        assert.deepEqual(
          message.split('\n').map((line) => line.trim().split(':')[0]),
          ['the environment is not right', 'PORT', 'MEZZ_TEAM', 'MEZZ_GRACE'],
        )
        return true
      },
    )
  })

  it('says what has to be set beside what is set', () => {
    for (const [given, missing] of [
      [{ KAFKA_BROKERS: 'a:1', KAFKA_SASL: 'plain' }, ['KAFKA_USER', 'KAFKA_PASSWORD']],
      [{ KAFKA_BROKERS: 'a:1', KAFKA_USER: 'me' }, ['KAFKA_SASL']],
      [{ S3_ENDPOINT: 'http://a:1' }, ['S3_ACCESS_KEY', 'S3_SECRET_KEY']],
      [{ S3_BUCKET: 'mine' }, ['S3_ENDPOINT']],
    ] as const) {
      assert.throws(
        () => readEnvironment(given),
        ({ message }: Error) => {
          assert.deepEqual(
            [...message.matchAll(/^ {2}(\w+): must be set/gm)].map(([, name]) => name),
            missing,
          )
          return true
        },
      )
    }
  })

  it('does not show a secret, not even a bad one', () => {
    for (const given of [
      { DATABASE_URL: 'mysql://me:hunter2@localhost/x' },
      { DATABASE_URL: 'hunter2' },
      { MEZZ_TOKEN: 'hunter2 hunter2' },
    ]) {
      assert.throws(
        () => readEnvironment(given),
        ({ message }: Error) => !message.includes('hunter2'),
      )
    }
  })

  it('makes nobody beyond this machine its developer', () => {
    for (const host of ['0.0.0.0', '::', '10.0.0.1', '127.0.0.1.evil.example']) {
      assert.throws(() => readEnvironment({ MEZZ_DEVELOPER: '1', MEZZ_HOST: host }), /MEZZ_DEVELOPER: is for loopback/)
    }
    for (const host of ['localhost', '127.0.0.2', '::1']) {
      assert.equal(readEnvironment({ MEZZ_DEVELOPER: '1', MEZZ_HOST: host }).MEZZ_DEVELOPER, true)
    }
  })

  it('hands on what a process needs to run, and no secret', () => {
    const names = Object.keys(inheritedEnvironment())

    assert.ok(names.includes('PATH'))
    assert.deepEqual(
      names.filter((name) => /MEZZ|DATABASE|npm/i.test(name)),
      [],
    )
  })
})
