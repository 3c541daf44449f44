/** A record of a topic: bytes and headers, as they were appended. */
export interface LogRecord {
  readonly offset: number
  readonly key: string
  readonly headers: Readonly<Record<string, string>>
  readonly value: string
}

/** A topic's log, in partitions: Kafka's model, and no word of who keeps it. The engine alone touches it. */
export interface Topics {
  /** Makes the topics that are missing; never changes or removes one. */
  ensure(topics: readonly { readonly name: string; readonly partitions: number }[]): Promise<void>
  /** Appends in this order within a key; resolves when all are stored. A rejection leaves the outcome unknown: append again, receivers drop repeats. */
  append(topic: string, records: readonly Omit<LogRecord, 'offset'>[]): Promise<void>
  /** Takes part in reading these topics; the partitions are dealt out among the members of `group`. */
  join(group: string, topics: readonly string[], listener: MemberListener): Promise<Membership>
  /** First offset still there, and the one that the next record gets; `identity` changes when the topic was made anew. */
  bounds(
    topic: string,
    partition: number,
  ): Promise<{ readonly low: number; readonly high: number; readonly identity: string }>
  /** When the first record at or beyond the offset was appended; `null` when there is none. */
  appendedAt(topic: string, partition: number, offset: number): Promise<Date | null>
  /** Lets records go from each partition's start on, as far as they are over; answers how many. A log that does so by itself does nothing here. */
  trim(over: Over): Promise<number>
  close(): Promise<void>
}

/** Which records of a log are over: both must say so. */
export interface Over {
  /** Those that were appended before. */
  readonly before: Date
  /** Those below this offset. */
  below(place: { readonly topic: string; readonly partition: number; readonly identity: string }): number
}

export interface MemberListener {
  /** From now on this member may read it. Called again after a revocation, also for the same partition. */
  assigned(partition: Assignment): void
  /** Work under way may end, but its positions may no longer be written by right: the ledger's epoch decides. */
  revoked(topic: string, partition: number): void
  /** The log cannot be reached, with the reason; goes on by itself. */
  failed(error: unknown): void
}

export interface Assignment {
  readonly topic: string
  readonly partition: number
  /**
   * The next records from this offset on, in order, at most `most`; waits until there is one or the signal ends (then none).
   * Gaps in the offsets are normal; below the log's start it begins at the start.
   */
  read(from: number, options: { readonly most: number; readonly signal: AbortSignal }): Promise<readonly LogRecord[]>
  /** Tells the log's own tools where the group stands; decides nothing. */
  mirror(position: number): void
}

export interface Membership {
  /** Reads these topics from now on, and no others; partitions of those that stay are not given up for it. */
  subscribe(topics: readonly string[]): void
  /** Gives all partitions up. */
  leave(): Promise<void>
}
