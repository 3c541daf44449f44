import type { Outbox, OutboxEvent } from '../../runtime/outbox.ts'
import type { Records } from '../../runtime/records.ts'
import { scheduleDue } from '../../runtime/schedule-due.ts'
import type { Spans } from '../../runtime/spans.ts'
import type { Topics } from '../../runtime/topics.ts'
import type { EngineCounts } from './engine-counts.ts'
import { failureOf } from './failure.ts'
import { lineageOf } from './lineage.ts'
import { tellRelayed } from './relay-spans.ts'
import { toRecord } from './wire.ts'

export interface RelayOptions {
  readonly team: string
  readonly outbox: Outbox
  readonly topics: Topics
  readonly records: Records
  readonly counts: EngineCounts
  readonly spans?: Spans | undefined
}

const BATCH = 500

/**
 * Brings events from the outbox to their topics, in the order of their numbers, until the signal ends; rejects when the
 * store or the log fails. An event is dropped once it is appended, so a crash between repeats it and loses none.
 */
export async function relay(
  { team, outbox, topics, records, counts, spans }: RelayOptions,
  signal: AbortSignal,
): Promise<void> {
  await outbox.alone(async (ended) => {
    while (!ended.aborted) {
      const rung = outbox.rung(ended)
      const events = await outbox.take(BATCH)
      if (events.length > 0) await carry(events)
      if (events.length < BATCH) await rung
    }
  }, signal)

  async function carry(events: readonly OutboxEvent[]): Promise<void> {
    const envelopes = events.map(({ envelope }) => ({ ...envelope, failure: failureOf(envelope) }))
    // A time that has come is worth a flow run only where something follows from it, or it fails.
    await records.events(envelopes.filter(({ type }) => type !== scheduleDue.type))
    for (const envelope of envelopes) await records.lineage(lineageOf(team, envelope))
    // One topic that cannot be written holds its own events, and no other's.
    const faults: unknown[] = []
    for (const [topic, some] of Map.groupBy(events, (event) => event.topic)) {
      await bring(topic, some).catch((error: unknown) => faults.push(error))
    }
    if (faults.length > 0) throw faults[0]
  }
  async function bring(topic: string, events: readonly OutboxEvent[]): Promise<void> {
    const at = Date.now()
    const begun = performance.now()
    await topics.append(
      topic,
      events.map(({ envelope }) => toRecord(envelope)),
    )
    counts.relayed(topic, events.length)
    tellRelayed(spans, events, { at, ms: performance.now() - begun })
    await outbox.drop(events.map(({ seq }) => seq))
  }
}
