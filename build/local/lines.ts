import type { Readable } from 'node:stream'
import { StringDecoder } from 'node:string_decoder'

const LONGEST = 64 * 1024

/** Calls `line` with each line of a stream; one without an end is cut at 64 Ki characters, so that it cannot fill our memory. */
export function eachLine(stream: Readable, line: (text: string) => void): void {
  const decoder = new StringDecoder('utf8')
  let rest = ''
  stream.on('data', (chunk: Buffer) => {
    const parts = (rest + decoder.write(chunk)).split('\n')
    rest = parts.pop() ?? ''
    for (const part of parts) line(part.replace(/\r$/, ''))
    if (rest.length < LONGEST) return
    line(rest)
    rest = ''
  })
  stream.once('end', () => rest && line(rest))
  // A pipe that breaks has ended; its process' exit tells the reason.
  stream.once('error', () => {})
}
