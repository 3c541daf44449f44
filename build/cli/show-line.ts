import * as z from 'zod'
import type { LogLine } from '../local/process.ts'

const Request = z.object({
  level: z.string(),
  method: z.string(),
  path: z.string(),
  status: z.number(),
  ms: z.number(),
  event: z.string().optional(),
  error: z.string().optional(),
})
const Message = z.object({ level: z.string(), message: z.string() })

/** A line of a function's process as a person reads it: `10:04:05 ingest POST /datasets 201 34 ms`. */
export function showLine({ function: name, at, line }: Pick<LogLine, 'function' | 'at' | 'line'>): string {
  const time = at.slice(11, 19)
  const said = parsed(line)
  const request = Request.safeParse(said)
  if (request.success) {
    const { method, path, status, ms, error } = request.data
    const why = error ? `  ${error.split('\n')[0]}` : ''
    return `${time} ${name} ${method} ${path} ${status} ${Math.round(ms)} ms${why}\n`
  }
  const message = Message.safeParse(said)
  return `${time} ${name} ${message.success ? `${message.data.level}: ${message.data.message}` : line}\n`
}

function parsed(line: string): unknown {
  if (!line.startsWith('{')) return undefined
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}
