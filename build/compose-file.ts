export interface ComposeOptions {
  /** The image of the platform, whose command is `mezz`. */
  readonly image: string
}

type Value = string | number | boolean | readonly Value[] | { readonly [key: string]: Value }

/** The whole platform with its servers, by the Compose specification; passwords come from the environment and have no default. */
export function composeFile({ image }: ComposeOptions): Value {
  const password = (name: string): string => `\${${name}:?set ${name} in .env}`
  const [postgres, s3, kafka] = ['POSTGRES_PASSWORD', 'S3_SECRET_KEY', 'KAFKA_CLUSTER_ID']
  const healthy = { condition: 'service_healthy' }

  return {
    name: 'mezz',
    services: {
      platform: {
        image,
        command: ['dev', '--port', '8080', '--data', '/data'],
        restart: 'unless-stopped',
        stop_grace_period: '45s',
        // The gateway listens on loopback alone: what is to reach it shares its network, as nginx does here.
        ports: ['127.0.0.1:8080:80'],
        environment: {
          MEZZ_ISSUERS: password('MEZZ_ISSUERS'),
          DATABASE_URL: `postgres://postgres:${password(postgres)}@postgres:5432/postgres`,
          KAFKA_BROKERS: 'kafka:9092',
          S3_ENDPOINT: 'http://minio:9000',
          S3_ACCESS_KEY: password('S3_ACCESS_KEY'),
          S3_SECRET_KEY: password(s3),
          S3_BUCKET: 'mezz-default',
        },
        volumes: ['platform:/data'],
        depends_on: { postgres: healthy, kafka: healthy, minio: healthy },
      },
      nginx: {
        image: 'docker.io/library/nginx:1.28-alpine',
        restart: 'unless-stopped',
        network_mode: 'service:platform',
        volumes: ['./nginx.conf:/etc/nginx/conf.d/default.conf:ro'],
        healthcheck: health(['CMD', 'nc', '-z', '127.0.0.1', '80']),
        depends_on: { platform: { condition: 'service_started' } },
      },
      postgres: {
        image: 'docker.io/library/postgres:16-alpine',
        restart: 'unless-stopped',
        environment: { POSTGRES_PASSWORD: password(postgres) },
        command: ['postgres', '-c', 'max_connections=300'],
        volumes: ['postgres:/var/lib/postgresql/data'],
        healthcheck: health(['CMD', 'pg_isready', '-h', '127.0.0.1', '-U', 'postgres']),
      },
      kafka: {
        image: 'docker.io/apache/kafka:3.9.1',
        restart: 'unless-stopped',
        environment: {
          CLUSTER_ID: password(kafka),
          KAFKA_NODE_ID: '1',
          KAFKA_PROCESS_ROLES: 'broker,controller',
          KAFKA_CONTROLLER_QUORUM_VOTERS: '1@localhost:9093',
          KAFKA_LISTENERS: 'PLAINTEXT://:9092,CONTROLLER://:9093',
          KAFKA_ADVERTISED_LISTENERS: 'PLAINTEXT://kafka:9092',
          KAFKA_CONTROLLER_LISTENER_NAMES: 'CONTROLLER',
          KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
          KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR: '1',
          KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR: '1',
          KAFKA_TRANSACTION_STATE_LOG_MIN_ISR: '1',
          KAFKA_AUTO_CREATE_TOPICS_ENABLE: 'false',
          KAFKA_LOG_DIRS: '/var/lib/kafka/data',
        },
        volumes: ['kafka:/var/lib/kafka/data'],
        healthcheck: health([
          'CMD',
          '/opt/kafka/bin/kafka-broker-api-versions.sh',
          '--bootstrap-server',
          'localhost:9092',
        ]),
      },
      minio: {
        image: 'docker.io/minio/minio:RELEASE.2025-04-22T22-12-26Z',
        restart: 'unless-stopped',
        command: ['server', '/data'],
        environment: { MINIO_ROOT_USER: password('S3_ACCESS_KEY'), MINIO_ROOT_PASSWORD: password(s3) },
        volumes: ['minio:/data'],
        healthcheck: health(['CMD', 'curl', '-f', 'http://127.0.0.1:9000/minio/health/ready']),
      },
    },
    volumes: { platform: {}, postgres: {}, kafka: {}, minio: {} },
  }
}

function health(test: readonly string[]): Value {
  return { test, interval: '5s', timeout: '10s', retries: 12, start_period: '30s' }
}
