import { createReadStream } from 'node:fs'

/** The records of a CSV file (RFC 4180, UTF-8), one after the other; an empty field without quotes is null. */
export async function* readCsv(path: string): AsyncGenerator<(string | null)[]> {
  let record: (string | null)[] = []
  let field = ''
  let state: 'start' | 'bare' | 'quoted' | 'quote' = 'start'

  const end = (): void => {
    record.push(state === 'start' ? null : field)
    field = ''
    state = 'start'
  }
  for await (const chunk of createReadStream(path, { encoding: 'utf8', highWaterMark: 1 << 20 })) {
    for (const character of String(chunk)) {
      if (state === 'quoted') {
        if (character === '"') state = 'quote'
        else field += character
      } else if (character === '"' && state === 'start') {
        state = 'quoted'
      } else if (character === '"' && state === 'quote') {
        field += '"'
        state = 'quoted'
      } else if (character === ',') {
        end()
      } else if (character === '\n') {
        end()
        yield record
        record = []
      } else if (character !== '\r') {
        field += character
        state = 'bare'
      }
    }
  }
  if (record.length > 0 || state !== 'start') {
    end()
    yield record
  }
}
