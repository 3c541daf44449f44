import type { OutboxEvent } from '../../runtime/outbox.ts'
import type { Spans } from '../../runtime/spans.ts'
import { continueTrace } from '../../runtime/trace.ts'

/** Tells that events were brought to their topic (semantic conventions for messaging: `send` of what was created before). */
export function tellRelayed(
  spans: Spans | undefined,
  events: readonly OutboxEvent[],
  begun: { readonly at: number; readonly ms: number },
): void {
  if (!spans) return
  for (const { topic, envelope } of events) {
    const trace = continueTrace(envelope.traceparent, spans.samples)
    const attributes = {
      'messaging.system': 'mezz',
      'messaging.operation.name': 'relay',
      'messaging.operation.type': 'send',
      'messaging.destination.name': topic,
      'messaging.message.id': envelope.id,
      'mezz.event.type': envelope.type,
    }
    spans.ended({ ...begun, trace, name: `relay ${topic}`, kind: 'client', attributes })
  }
}
