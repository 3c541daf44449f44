import { readFileSync } from 'node:fs'
import { kafkaTopics } from '../../runtime/adapters/kafka-topics.ts'
import type { Database } from '../../runtime/adapters/postgres.ts'
import { postgresTopics } from '../../runtime/adapters/postgres-topics.ts'
import type { Environment } from '../../runtime/env.ts'
import type { Topics } from '../../runtime/topics.ts'

/** The team's log: in Kafka where `KAFKA_BROKERS` names it, its topics and groups beginning with the team's name and a dot; else in the database. */
export function openTopics(
  env: Environment,
  { database, member }: { readonly database: Database; readonly member: string },
): Topics {
  const { KAFKA_BROKERS, KAFKA_TLS, KAFKA_CA_FILE, KAFKA_SASL, KAFKA_USER = '', KAFKA_PASSWORD = '' } = env
  if (KAFKA_BROKERS === undefined) return postgresTopics(database, { member })
  const isTls = KAFKA_TLS === '1' || KAFKA_CA_FILE !== undefined
  return kafkaTopics({
    brokers: KAFKA_BROKERS,
    clientId: `mezz-${env.MEZZ_TEAM}`,
    member,
    prefix: `${env.MEZZ_TEAM}.`,
    ...(isTls ? { tls: KAFKA_CA_FILE === undefined ? {} : { authority: readFileSync(KAFKA_CA_FILE, 'utf8') } } : {}),
    ...(KAFKA_SASL === undefined
      ? {}
      : { login: { mechanism: KAFKA_SASL, user: KAFKA_USER, password: KAFKA_PASSWORD } }),
  })
}
