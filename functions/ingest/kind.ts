import { PlatformError } from 'mezz/errors'

export type Kind = 'csv' | 'ndjson' | 'parquet'

/** What a media type says of the bytes: a kind, or `unknown` where their beginning must tell. */
const KINDS: Readonly<Record<string, Kind | 'unknown'>> = {
  'text/csv': 'csv',
  'application/csv': 'csv',
  'text/tab-separated-values': 'csv',
  'text/plain': 'csv',
  'application/vnd.ms-excel': 'csv',
  'application/x-ndjson': 'ndjson',
  'application/ndjson': 'ndjson',
  'application/jsonl': 'ndjson',
  'application/x-jsonlines': 'ndjson',
  'application/vnd.apache.parquet': 'parquet',
  'application/x-parquet': 'parquet',
  'application/gzip': 'unknown',
  'application/x-gzip': 'unknown',
  'application/octet-stream': 'unknown',
}

export interface MediaType {
  /** Without parameters, in lower case. */
  readonly type: string
  readonly parameters: ReadonlyMap<string, string>
}

/** A `Content-Type`, apart. */
export function mediaType(header: string): MediaType {
  const [type = '', ...rest] = header.split(';')
  const parameters = rest.map((parameter): [string, string] => {
    const [name = '', value = ''] = parameter.split('=')
    return [name.trim().toLowerCase(), value.trim().replace(/^"(.*)"$/, '$1')]
  })
  return { type: type.trim().toLowerCase(), parameters: new Map(parameters) }
}

/** The kind that a media type names; one that is no table is `unsupported_media_type`. */
export function kindOf({ type }: MediaType): Kind | 'unknown' {
  const kind = KINDS[type]
  if (kind) return kind
  throw new PlatformError(
    'unsupported_media_type',
    `${type || 'a body without Content-Type'} is no table: send text/csv, application/x-ndjson, ` +
      'application/vnd.apache.parquet, gzip of these, or multipart/form-data with a field `file`',
  )
}

/** The kind that the first bytes speak of. */
export function sniff(head: Uint8Array): Kind {
  if (Buffer.from(head.subarray(0, 4)).toString('latin1') === 'PAR1') return 'parquet'
  return /^(?:\xef\xbb\xbf)?\s*\{/.test(Buffer.from(head).toString('latin1')) ? 'ndjson' : 'csv'
}
