/** Who may log in: each by SASL PLAIN, SCRAM-SHA-256 and SCRAM-SHA-512. */
export interface KafkaUser {
  readonly name: string
  readonly password: string
}

export interface KafkaSecurity {
  /** PEM file with the server's key and certificates; without it no TLS. */
  readonly tls?: string
  /** Who may log in; without it everybody may, as nobody in particular. */
  readonly users?: readonly KafkaUser[]
  /** Whether access is given by ACLs alone; the first user may do all. */
  readonly acls?: boolean
}

export interface KafkaNode {
  readonly id: number
  readonly client: number
  readonly internal: number
  readonly controller: number
}

const PACKAGE = 'org.apache.kafka.common.security'

/** The server.properties of one node, which is broker and controller both. */
export function kafkaProperties(
  node: KafkaNode,
  {
    nodes,
    data,
    security,
  }: { readonly nodes: readonly KafkaNode[]; readonly data: string; readonly security: KafkaSecurity },
): string {
  const copies = nodes.length
  const { tls, users, acls } = security
  const at = (name: string, port: number): string => `${name}://127.0.0.1:${port}`
  const protocol = users ? (tls ? 'SASL_SSL' : 'SASL_PLAINTEXT') : tls ? 'SSL' : 'PLAINTEXT'
  const lines: Record<string, string | number> = {
    'process.roles': 'broker,controller',
    'node.id': node.id,
    'controller.quorum.voters': nodes.map(({ id, controller }) => `${id}@127.0.0.1:${controller}`).join(),
    listeners: [at('CLIENT', node.client), at('INTERNAL', node.internal), at('CONTROLLER', node.controller)].join(),
    'advertised.listeners': [at('CLIENT', node.client), at('INTERNAL', node.internal)].join(),
    'listener.security.protocol.map': `CLIENT:${protocol},INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT`,
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'INTERNAL',
    'log.dirs': data,
    'default.replication.factor': copies,
    'min.insync.replicas': copies > 1 ? 2 : 1,
    'offsets.topic.replication.factor': copies,
    'offsets.topic.num.partitions': 1,
    'transaction.state.log.replication.factor': copies,
    'transaction.state.log.min.isr': copies > 1 ? 2 : 1,
    'transaction.state.log.num.partitions': 1,
    'group.initial.rebalance.delay.ms': 0,
    'auto.create.topics.enable': 'false',
    'log.cleaner.dedupe.buffer.size': 10_485_760,
  }
  if (tls) {
    lines['listener.name.client.ssl.keystore.type'] = 'PEM'
    lines['listener.name.client.ssl.keystore.location'] = tls
  }
  if (users) {
    const known = users.map(({ name, password }) => `user_${name}="${password}"`).join(' ')
    const on = 'listener.name.client'
    lines[`${on}.sasl.enabled.mechanisms`] = 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512'
    lines[`${on}.plain.sasl.jaas.config`] = `${PACKAGE}.plain.PlainLoginModule required ${known};`
    for (const bits of [256, 512])
      lines[`${on}.scram-sha-${bits}.sasl.jaas.config`] = `${PACKAGE}.scram.ScramLoginModule required;`
  }
  if (acls) {
    lines['authorizer.class.name'] = 'org.apache.kafka.metadata.authorizer.StandardAuthorizer'
    // The brokers among themselves, who do not log in, and the first user.
    lines['super.users'] = ['User:ANONYMOUS', `User:${users?.[0]?.name}`].join(';')
  }
  return Object.entries(lines)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('')
}
