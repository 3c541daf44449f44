import type { Screen } from './painter.ts'
import { painter } from './painter.ts'

/** Milliseconds between two pictures. */
const PICTURE = 100

/** Shows how far a long copy is: on a terminal in one line drawn anew, elsewhere a line for each part when it begins. */
export function progressOn(screen: Screen): (part: string, files: number, bytes: number) => void {
  const paint = painter(screen)
  let last = { part: '', at: 0 }
  return (part, files, bytes) => {
    const at = performance.now()
    if (paint ? part === last.part && at - last.at < PICTURE : part === last.part) return
    last = { part, at }
    if (paint) paint(`${part}: ${files} files, ${mebibytes(bytes)}\n`)
    else screen.write(`${part} …\n`)
  }
}

/** Bytes for people. */
export function mebibytes(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(1)} MiB`
}
