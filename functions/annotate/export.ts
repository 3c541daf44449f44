import type { Query } from 'mezz/ports'
import type { Annotation } from './queries.ts'
import { listAnnotations } from './queries.ts'

export const EXPORT_TYPES = ['text/csv', 'application/x-ndjson'] as const
export type ExportType = (typeof EXPORT_TYPES)[number]

const PAGE = 5000

export function isExportType(type: string): type is ExportType {
  return EXPORT_TYPES.some((one) => one === type)
}

type Exported = Annotation & { readonly decided: string }

/** Every annotation of a project as text, as it is read: the row's index (from 0), the label, who gave it when, and what the row's label is by all of them. */
export async function* exported(query: Query, project: string, type: ExportType): AsyncGenerator<Uint8Array> {
  const line = type === 'text/csv' ? csvLine : jsonLine
  if (type === 'text/csv') yield Buffer.from('row,label,by,at,decided\r\n')
  for (let after: Pick<Annotation, 'task' | 'person'> = { task: 0, person: '' }; ; ) {
    const page = await listAnnotations(query, project, { after, limit: PAGE })
    if (page.length > 0) yield Buffer.from(page.map(line).join(''))
    const last = page.at(-1)
    if (!last || page.length < PAGE) return
    after = last
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
