/** The part of a terminal's stream that drawing needs. */
export interface Screen {
  readonly isTTY?: boolean
  /** 0 where the terminal does not know its width. */
  readonly columns?: number
  write(text: string): unknown
}

const USUAL_WIDTH = 80

/** Draws each text over the one before, on a terminal; none where the output is no terminal. */
export function painter(screen: Screen): ((text: string) => void) | undefined {
  if (!screen.isTTY) return undefined
  let height = 0
  return (text) => {
    const width = screen.columns || USUAL_WIDTH
    const lines = text.trimEnd().split('\n')
    screen.write(`${height > 0 ? `\x1b[${height}A` : ''}\x1b[J${lines.join('\n')}\n`)
    height = lines.reduce((sum, line) => sum + Math.max(1, Math.ceil(line.length / width)), 0)
  }
}
