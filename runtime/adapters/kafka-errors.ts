import { PlatformError, unavailable } from '../errors.ts'

/** The names and types by which kafkajs tells its errors; its classes do not survive a bundle. */
export function kindsOf(error: unknown): readonly string[] {
  if (!(error instanceof Error)) return []
  const type = 'type' in error && typeof error.type === 'string' ? [error.type] : []
  const errors = 'errors' in error && Array.isArray(error.errors) ? error.errors : []
  return [error.name, ...type, ...kindsOf(error.cause), ...errors.flatMap(kindsOf)]
}

export function isOutOfRange(error: unknown): boolean {
  return kindsOf(error).includes('KafkaJSOffsetOutOfRange')
}

/** A broker's reason to look anew where things are, or a broken connection: the same may well work a moment later. */
export function isPassing(error: unknown): boolean {
  const isRetriable = error instanceof Error && 'retriable' in error && error.retriable === true
  return isRetriable || kindsOf(error).some((kind) => PASSING.test(kind))
}

const PASSING =
  /^(KafkaJSConnection|KafkaJSRequestTimeout|KafkaJSBrokerNotFound|KafkaJSMetadataNotLoaded|KafkaJSNumberOfRetriesExceeded|KafkaJSLockTimeout)|^(NOT_LEADER|LEADER_NOT)/

/** What a caller of the log is told. */
export function translateKafka(error: unknown): unknown {
  if (error instanceof PlatformError) return error
  const kinds = kindsOf(error)
  const message = error instanceof Error ? error.message : String(error)
  if (kinds.some((kind) => kind.endsWith('_AUTHORIZATION_FAILED')))
    return new PlatformError('forbidden', `Kafka does not allow it: ${message}`, { cause: error })
  if (kinds.includes('KafkaJSSASLAuthenticationError'))
    return new PlatformError('unauthenticated', `Kafka does not let us in: ${message}`, { cause: error })
  return isPassing(error) ? unavailable('Kafka', error) : error
}
