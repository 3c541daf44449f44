import * as z from 'zod'

/** Variables that name the real systems to be used in place of the embedded ones; each set by itself. */
export const BACKING = {
  /** Topics on Apache Kafka: `host:port,host:port`. */
  KAFKA_BROKERS: z
    .string()
    .transform((text) => text.split(',').map((one) => one.trim()))
    .pipe(
      z.array(
        z.string().regex(/^[^\s:/]+:\d{1,5}$|^\[[\da-f:]+\]:\d{1,5}$/i, 'must be host:port, or several with commas'),
      ),
    )
    .optional(),
  KAFKA_TLS: z.enum(['', '0', '1']).optional(),
  /** A PEM file of certificates to trust in place of the system's. */
  KAFKA_CA_FILE: z.string().min(1).optional(),
  KAFKA_SASL: z.enum(['plain', 'scram-sha-256', 'scram-sha-512']).optional(),
  KAFKA_USER: z.string().min(1).optional(),
  KAFKA_PASSWORD: z.string().min(1).optional(),
  /** Objects in an S3 bucket: `https://minio.example.org:9000`. */
  S3_ENDPOINT: z.url({ protocol: /^https?$/, error: 'must be an http:// or https:// URL' }).optional(),
  /** That of presigned URLs, where those who use them know the server by another name. */
  S3_PUBLIC_ENDPOINT: z.url({ protocol: /^https?$/, error: 'must be an http:// or https:// URL' }).optional(),
  S3_REGION: z.string().min(1).optional(),
  /** `mezz-<team>` unless said. */
  S3_BUCKET: z
    .string()
    .regex(/^[a-z0-9][-a-z0-9.]{1,61}[a-z0-9]$/, 'must be a bucket name: 3 to 63 of a-z, 0-9, - and .')
    .optional(),
  S3_ACCESS_KEY: z.string().min(1).optional(),
  S3_SECRET_KEY: z.string().min(1).optional(),
  S3_CA_FILE: z.string().min(1).optional(),
} as const

/** Those that must not be shown, not even when they are wrong. */
export const BACKING_SECRETS = ['KAFKA_PASSWORD', 'S3_ACCESS_KEY', 'S3_SECRET_KEY'] as const

type Given = Readonly<Record<string, string | undefined>>

/** What is missing beside what is set, a line each: `KAFKA_USER: …`. */
export function missingVariables(given: Given): readonly string[] {
  const needs = (when: boolean, names: readonly string[], why: string): string[] =>
    when ? names.filter((name) => !given[name]).map((name) => `${name}: must be set ${why}`) : []
  return [
    ...needs(!!given['KAFKA_SASL'], ['KAFKA_BROKERS', 'KAFKA_USER', 'KAFKA_PASSWORD'], 'beside KAFKA_SASL'),
    ...needs(!!given['KAFKA_USER'], ['KAFKA_SASL'], 'beside KAFKA_USER: plain, scram-sha-256 or scram-sha-512'),
    ...needs(!!given['S3_ENDPOINT'], ['S3_ACCESS_KEY', 'S3_SECRET_KEY'], 'beside S3_ENDPOINT'),
    ...needs(!!given['S3_BUCKET'], ['S3_ENDPOINT'], 'beside S3_BUCKET'),
  ]
}
