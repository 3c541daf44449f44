import type { Query } from 'mezz/ports'
import type { Annotation } from './annotation-queries.ts'
import { listAnnotations } from './annotation-queries.ts'
import { pieces } from './pieces.ts'

export const EXPORT_TYPES = ['text/csv', 'application/x-ndjson'] as const
export type ExportType = (typeof EXPORT_TYPES)[number]

export function isExportType(type: string): type is ExportType {
  return EXPORT_TYPES.some((one) => one === type)
}

type Exported = Annotation & { readonly decided: string }

/** Every annotation of a project as text, as it is read: the row's index (from 0), the label, who gave it when, and what the row's label is by all of them. */
export async function* exported(query: Query, project: string, type: ExportType): AsyncGenerator<Uint8Array> {
  const line = type === 'text/csv' ? csvLine : jsonLine
  if (type === 'text/csv') yield Buffer.from('row,label,by,at,decided\r\n')
  for await (const piece of pieces(query, project)) {
    yield Buffer.from((await listAnnotations(query, project, piece)).map(line).join(''))
  }
}

function jsonLine({ task, label, person, at, decided }: Exported): string {
  return `${JSON.stringify({ row: task, label, by: person, at: at.toISOString(), decided })}\n`
}

/** RFC 4180. */
function csvLine({ task, label, person, at, decided }: Exported): string {
  return `${[String(task), label, person, at.toISOString(), decided].map(field).join(',')}\r\n`
}

function field(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
