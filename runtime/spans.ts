import type { Sampler, Trace } from './trace.ts'

/** Something that was done, and its place in a trace: a span, as OpenTelemetry has it. */
export interface Span {
  readonly trace: Trace
  /** Of few kinds: ids stand in the attributes. */
  readonly name: string
  readonly kind: 'internal' | 'server' | 'client' | 'producer' | 'consumer'
  /** Milliseconds since 1970. */
  readonly at: number
  /** Milliseconds that it took. */
  readonly ms: number
  /** Named after OpenTelemetry's semantic conventions; what they have no name for begins with `mezz.`. */
  readonly attributes: Readonly<Record<string, string | number | boolean>>
  /** Other traces that it belongs to. */
  readonly links?: readonly Trace[]
  /** Why it failed. */
  readonly error?: string | undefined
}

/** Where spans go. Without one, nothing of a trace is kept but its ids. */
export interface Spans {
  readonly samples: Sampler
  /** Takes a span that has ended; leaves out one that is not sampled. Never waits, never throws. */
  ended(span: Span): void
  /** Sends what it holds, in so many milliseconds at most; never rejects. */
  close(most: number): Promise<void>
}

/** Whose spans they are. */
export interface SpansOptions {
  readonly service: string
  /** Is told once for each time that spans begin to get lost. */
  failed(error: unknown): void
}

/** What takes spans on their way out. */
export interface SpanExporter {
  add(span: Span): void
  /** Sends what was added. */
  close(): Promise<void>
}

/** Measures some work and tells of it however it ends. */
export async function spanned<result>(
  spans: Spans,
  span: Omit<Span, 'at' | 'ms' | 'error'>,
  work: () => Promise<result>,
): Promise<result> {
  const at = Date.now()
  const begun = performance.now()
  const told = (error?: string): void => spans.ended({ ...span, at, ms: performance.now() - begun, error })
  try {
    const result = await work()
    told()
    return result
  } catch (error) {
    told(error instanceof Error ? error.message : String(error))
    throw error
  }
}
