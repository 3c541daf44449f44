import { open } from 'node:fs/promises'
import type { Fault } from 'mezz/errors'
import { findDelimiter } from './delimiter.ts'
import { columnNames, refused } from './names.ts'

/** The outer facts of a CSV, proved by reading it whole: RFC 4180, every row as long as the header. */
export interface CsvShape {
  readonly delimiter: string
  readonly names: readonly string[]
  readonly rows: number
  /** Whether some lines end in CRLF and some in LF. */
  readonly mixed: boolean
}

/** Bytes of one record at most; DuckDB is told the same. */
export const LONGEST_RECORD = 2_000_000

const HEAD = 1 << 16
const MOST_FAULTS = 20
const [LF, CR, QUOTE, SPACE, NUL] = [10, 13, 34, 32, 0]
/** At a field's start, inside it, inside quotes, behind the quote that ends it (or the first of two), behind a CR. */
const [START, PLAIN, QUOTED, CLOSED, RETURN] = [0, 1, 2, 3, 4]

/** Reads a UTF-8 CSV whole, in constant memory; what is wrong is `unprocessable`, with pointers `/line/<n>` (its first line is 1). */
export async function csvShape(path: string): Promise<CsvShape> {
  await using file = await open(path)
  const head = Buffer.alloc(HEAD)
  const { bytesRead } = await file.read(head, 0, HEAD, 0)
  const delimiter = findDelimiter(head.toString('utf8', 0, bytesRead))
  const scan = new Scan(delimiter.charCodeAt(0))
  for await (const chunk of file.createReadStream({ start: 0, highWaterMark: 1 << 20 })) scan.add(chunk)
  return { delimiter, ...scan.end() }
}

class Scan {
  readonly #delimiter: number
  readonly #faults: Fault[] = []
  readonly #header: Buffer[] = []
  #names: readonly string[] | undefined
  #state = START
  #line = 1
  /** The line on which this record begins, and the one on which the last quote opened. */
  #begin = 1
  #opened = 1
  #fields = 1
  #bytes = 0
  #rows = 0
  #lf = false
  #crlf = false

  constructor(delimiter: number) {
    this.#delimiter = delimiter
  }

  add(chunk: Buffer): void {
    const delimiter = this.#delimiter
    let start = 0
    for (let i = 0; i < chunk.length; i++) {
      const byte = chunk[i]
      if (byte === NUL) this.#refuse('holds the character U+0000')
      if (this.#state === QUOTED) {
        if (byte === QUOTE) this.#state = CLOSED
        else if (byte === LF) this.#line++
      } else if (byte === LF) {
        if (!this.#names) this.#header.push(chunk.subarray(start, i + 1))
        this.#crlf ||= this.#state === RETURN
        this.#lf ||= this.#state !== RETURN
        this.#record(this.#bytes + i - start - (this.#state === RETURN ? 1 : 0))
        this.#line++
        this.#begin = this.#line
        start = i + 1
      } else if (this.#state === RETURN) this.#refuse('has a carriage return that ends no line')
      else if (byte === CR) this.#state = RETURN
      else if (byte === delimiter) {
        this.#fields++
        this.#state = START
      } else if (this.#state === START) {
        this.#state = byte === QUOTE ? QUOTED : PLAIN
        if (byte === QUOTE) this.#opened = this.#line
      } else if (this.#state === CLOSED) {
        if (byte === QUOTE) this.#state = QUOTED
        else if (byte !== SPACE) this.#refuse('has text behind a closing quote: a quote within quotes is written twice')
      }
    }
    if (!this.#names) this.#header.push(chunk.subarray(start))
    this.#bytes += chunk.length - start
    if (this.#bytes > LONGEST_RECORD) this.#refuse(`is part of a record of more than ${LONGEST_RECORD} bytes`)
  }

  end(): Omit<CsvShape, 'delimiter'> {
    if (this.#state === QUOTED) this.#refuse('opens a quote that nothing closes', this.#opened)
    if (this.#state === RETURN) this.#refuse('has a carriage return that ends no line')
    if (this.#bytes > 0) this.#record(this.#bytes)
    if (this.#faults.length > 0) throw refused(this.#faults)
    if (!this.#names) this.#refuse('is empty: expected the names of the columns')
    if (this.#rows === 0) this.#refuse('holds no data: a table has at least one row', 2)
    return { names: this.#names ?? [], rows: this.#rows, mixed: this.#lf && this.#crlf }
  }

  /** A record ends. An empty line is a row of a one-column table, and in any other none. */
  #record(bytes: number): void {
    const width = this.#names?.length
    if (bytes > LONGEST_RECORD) this.#refuse(`is part of a record of more than ${LONGEST_RECORD} bytes`)
    if (width === undefined) {
      const header = Buffer.concat(this.#header).toString()
      this.#names = columnNames(splitRecord(header, String.fromCharCode(this.#delimiter)), '/line/1')
    } else if (bytes > 0 || width === 1) {
      this.#rows++
      if (this.#fields !== width) this.#ragged(width)
    }
    this.#fields = 1
    this.#bytes = 0
    this.#state = START
  }

  #ragged(width: number): void {
    const reason = `has ${this.#fields} field${this.#fields === 1 ? '' : 's'}, the header has ${width}`
    this.#faults.push({ pointer: `/line/${this.#begin}`, reason })
    if (this.#faults.length >= MOST_FAULTS) throw refused(this.#faults)
  }

  #refuse(reason: string, line = this.#line): never {
    throw refused([...this.#faults, { pointer: `/line/${line}`, reason }])
  }
}

/** The fields of one record that is well formed. */
function splitRecord(record: string, delimiter: string): string[] {
  const fields: string[] = []
  let rest = record.replace(/\r?\n$/, '')
  for (;;) {
    const quoted = /^"((?:[^"]|"")*)" */.exec(rest)
    const end = quoted ? quoted[0].length : rest.indexOf(delimiter) < 0 ? rest.length : rest.indexOf(delimiter)
    fields.push(quoted ? (quoted[1] ?? '').replaceAll('""', '"') : rest.slice(0, end))
    if (end >= rest.length) return fields
    rest = rest.slice(end + 1)
  }
}
