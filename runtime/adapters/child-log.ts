/** Bytes of a line, and of all lines together, that are passed on. */
const LINE = 64 * 1024
const WHOLE = 16 * 1024 * 1024
/** Lines and characters that an error repeats. */
const TAIL = { lines: 20, characters: 4096 }

const NEWLINE = 10
const RETURN = 13

export interface ProgramLog {
  /** Passes on each line of the bytes; a carriage return ends one too, as progress bars mean it. */
  read(bytes: AsyncIterable<Uint8Array>): Promise<void>
  /** The last lines, also where they came after the bound. */
  tail(): string
}

/** What a program prints, as lines: a longer one in pieces of 64 KiB, 16 MiB in all, then one notice. Never a NUL, always whole UTF-8. */
export function programLog(line: (text: string) => void): ProgramLog {
  const last: string[] = []
  let left = WHOLE

  const pass = (bytes: Uint8Array) => {
    const text = Buffer.from(bytes).toString('utf8').replaceAll('\0', '\ufffd')
    last.push(text)
    if (last.length > TAIL.lines) last.shift()
    const size = bytes.length + 1
    if (left >= size) line(text)
    else if (left >= 0) line(`The log goes on, but only its first ${WHOLE / 2 ** 20} MiB are kept.`)
    left = left >= size ? left - size : -1
  }

  /** Passes on what is too long for one line, but for its last piece. */
  const passLong = (bytes: Uint8Array): Uint8Array => {
    if (bytes.length <= LINE) return bytes
    const cut = characterStart(bytes, LINE)
    pass(bytes.subarray(0, cut))
    return passLong(bytes.subarray(cut))
  }

  return {
    async read(bytes) {
      let rest: Uint8Array = new Uint8Array()
      let hadReturn = false
      for await (const chunk of bytes) {
        let from = 0
        for (let at = 0; at < chunk.length; at++) {
          const isNewline = chunk[at] === NEWLINE
          if (isNewline || chunk[at] === RETURN) {
            // The newline of a \r\n ends nothing more.
            const isSecond = isNewline && hadReturn && at === from && rest.length === 0
            if (!isSecond) pass(passLong(join(rest, chunk.subarray(from, at))))
            rest = new Uint8Array()
            from = at + 1
          }
          hadReturn = chunk[at] === RETURN
        }
        rest = join(rest, chunk.subarray(from))
        rest = passLong(rest)
      }
      if (rest.length > 0) pass(rest)
    },
    tail: () => last.join('\n').slice(-TAIL.characters).toWellFormed(),
  }
}

function join(a: Uint8Array, b: Uint8Array): Uint8Array {
  return a.length === 0 ? b : Buffer.concat([a, b])
}

/** The place at or before `at` where a UTF-8 character begins. */
function characterStart(bytes: Uint8Array, at: number): number {
  let start = at
  while (start > at - 4 && ((bytes[start] ?? 0) & 0xc0) === 0x80) start--
  return start
}
