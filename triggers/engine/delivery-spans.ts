import type { Spans } from '../../runtime/spans.ts'
import type { LogRecord } from '../../runtime/topics.ts'
import { continueTrace, traceparent } from '../../runtime/trace.ts'
import type { Outcome } from './core/policy.ts'
import type { Answer } from './deliver.ts'
import type { NamedTrigger } from './trigger.ts'
import { eventOf } from './trigger.ts'
import { attribute } from './wire.ts'

/** Posts under the span that it is given. */
type Send<answer> = (traceparent: string | undefined) => Promise<answer>

/** Tells of one attempt at an event (semantic conventions for messaging): a consumer's span within that of the event's creation. */
export async function toldDelivery(
  spans: Spans | undefined,
  trigger: NamedTrigger,
  record: LogRecord,
  send: Send<Answer>,
): Promise<Answer> {
  if (!spans) return send(undefined)
  const trace = continueTrace(attribute(record, 'traceparent'), spans.samples)
  const at = Date.now()
  const begun = performance.now()
  const answer = await send(traceparent(trace))
  const attributes = {
    ...attributesOf(trigger),
    ...answered(answer.outcome),
    'messaging.message.id': attribute(record, 'id'),
    'mezz.event.type': attribute(record, 'type'),
    'mezz.event.key': record.key,
  }
  const ms = performance.now() - begun
  spans.ended({ trace, ...nameOf(trigger), at, ms, attributes, error: faultOf(answer.outcome) })
  return answer
}

/** Tells of one attempt at several events: a trace of its own, linked with those of the events, which their handlers go on with. */
export async function toldBatch(
  spans: Spans | undefined,
  trigger: NamedTrigger,
  records: readonly LogRecord[],
  send: Send<readonly Answer[]>,
): Promise<readonly Answer[]> {
  if (!spans) return send(undefined)
  const trace = continueTrace(undefined, spans.samples)
  const at = Date.now()
  const begun = performance.now()
  const answers = await send(traceparent(trace))
  const links = records.flatMap((record) => {
    const { parentId, ...rest } = continueTrace(attribute(record, 'traceparent'))
    return parentId ? [{ ...rest, spanId: parentId }] : []
  })
  const attributes = { ...attributesOf(trigger), 'messaging.batch.message_count': records.length }
  const bad = answers.map(({ outcome }) => faultOf(outcome)).find(Boolean)
  const ms = performance.now() - begun
  spans.ended({ trace, ...nameOf(trigger), at, ms, attributes, links, error: bad })
  return answers
}

function nameOf(trigger: NamedTrigger) {
  return { name: `deliver ${eventOf(trigger).topic}`, kind: 'consumer' } as const
}

function attributesOf(trigger: NamedTrigger) {
  return {
    'messaging.system': 'mezz',
    'messaging.operation.name': 'deliver',
    'messaging.operation.type': 'process',
    'messaging.destination.name': eventOf(trigger).topic,
    'messaging.consumer.group.name': trigger.name,
    'mezz.function': trigger.definition.deliver.to,
  }
}

function answered({ status, code }: Outcome) {
  return {
    ...(status === null ? {} : { 'http.response.status_code': status }),
    ...(code === 'ok' ? {} : { 'error.type': code }),
  }
}

function faultOf({ code, message }: Outcome): string | undefined {
  return code === 'ok' ? undefined : `${code}: ${message}`
}
