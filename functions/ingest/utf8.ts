import { isUtf8 } from 'node:buffer'

/** Whether bytes that come in chunks are UTF-8 as a whole. */
export class Utf8Check {
  #valid = true
  /** The beginning of a character whose end is still to come. */
  #open: Uint8Array = new Uint8Array()

  add(chunk: Uint8Array): void {
    if (!this.#valid) return
    const bytes = this.#open.length > 0 ? Buffer.concat([this.#open, chunk]) : chunk
    const whole = wholeCharacters(bytes)
    this.#valid = isUtf8(bytes.subarray(0, whole))
    this.#open = bytes.slice(whole)
  }

  end(): boolean {
    return this.#valid && this.#open.length === 0
  }
}

/** How many bytes stand before a last character that is not complete yet. */
function wholeCharacters(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] ?? 0
    if (byte < 0x80) break
    if (byte >= 0xc0) return back < (byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2) ? bytes.length - back : bytes.length
  }
  return bytes.length
}
