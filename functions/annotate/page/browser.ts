// What the page's script needs of a browser. TypeScript's own DOM library would name it all in every file of this program.

/** An element. */
export interface Part {
  textContent: string | null
  hidden: boolean
  disabled: boolean
  checked: boolean
  value: string | number
  readonly dataset: Readonly<Record<string, string | undefined>>
  readonly classList: { toggle(name: string, on: boolean): unknown }
  addEventListener(type: string, listener: () => void): void
}

export interface Key {
  readonly key: string
  readonly repeat: boolean
  readonly altKey: boolean
  readonly ctrlKey: boolean
  readonly metaKey: boolean
  readonly target: unknown
  preventDefault(): void
}

/** A window. */
export interface Browser {
  readonly document: {
    getElementById(id: string): Part | null
    querySelectorAll(selector: string): Iterable<Part>
    addEventListener(type: 'keydown', listener: (key: Key) => void): void
  }
  readonly localStorage: { getItem(key: string): string | null; setItem(key: string, value: string): void }
  readonly location: { reload(): void }
  confirm(question: string): boolean
  fetch(url: string, init?: { method?: string; headers?: Record<string, string>; body?: string }): Promise<Answer>
}

export interface Answer {
  readonly ok: boolean
  readonly status: number
  json(): Promise<unknown>
}
