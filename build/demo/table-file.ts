import { basename } from 'node:path'

/** Media types of table files, by their ending. */
export const TYPES: Readonly<Record<string, string>> = {
  '.csv': 'text/csv',
  '.ndjson': 'application/x-ndjson',
  '.jsonl': 'application/x-ndjson',
  '.parquet': 'application/vnd.apache.parquet',
}

/** A DNS label of a file's name. */
export function nameOf(file: string): string {
  const label = basename(file)
    .replace(/\.(csv|ndjson|jsonl|parquet)(\.gz)?$/i, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
  return label.slice(0, 63).replace(/-+$/, '') || 'table'
}
