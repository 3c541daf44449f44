import type { Answer, Browser, Key, Part } from '../../../functions/annotate/page/browser.ts'

/** A part of the page, with what a person can do to it. */
export interface FakePart extends Part {
  /** A click, or a change. */
  happen(type: string): void
}

export interface FakeBrowser extends Browser {
  part(id: string): FakePart
  /** The buttons of labels and the cells of columns, by name. */
  readonly labels: ReadonlyMap<string, FakePart>
  readonly cells: ReadonlyMap<string, FakePart>
  press(key: string, options?: Partial<Key>): void
  readonly reloads: () => number
}

interface Page {
  readonly url: string
  readonly labels: readonly string[]
  readonly columns: readonly string[]
  fetch(url: string, init?: RequestInit): Promise<Answer>
}

const IDS = ['project', 'person', 'keys', 'undo', 'problem', 'alert', 'row', 'finished', 'number', 'complete']
const PROGRESS = ['progress', 'done', 'agreement', 'share', 'kappa']

/** As much of a browser as the page's script asks for, which fetches from a function. */
export function fakeBrowser({ url, labels, columns, fetch }: Page): FakeBrowser {
  const parts = new Map([...IDS, ...PROGRESS].map((id) => [id, fakePart(id === 'project' ? { url } : {})]))
  const buttons = new Map(labels.map((label) => [label, fakePart({ label })]))
  const cells = new Map(columns.map((column) => [column, fakePart({ column })]))
  const stored = new Map<string, string>()
  const listeners: ((key: Key) => void)[] = []
  let reloads = 0
  const part = (id: string): FakePart => {
    const found = parts.get(id)
    if (!found) throw new Error(`no part ${id}`)
    return found
  }
  part('person').value = 'ann'
  part('keys').checked = true

  return {
    document: {
      getElementById: (id) => parts.get(id) ?? null,
      querySelectorAll: (selector) => (selector === '[data-label]' ? buttons : cells).values(),
      addEventListener: (_type, listener) => listeners.push(listener),
    },
    localStorage: {
      getItem: (key) => stored.get(key) ?? null,
      setItem: (key, value) => void stored.set(key, value),
    },
    location: { reload: () => void reloads++ },
    confirm: () => true,
    fetch,
    part,
    labels: buttons,
    cells,
    press(key, options = {}) {
      const plain = { altKey: false, ctrlKey: false, metaKey: false, repeat: false, target: null }
      for (const listener of listeners) listener({ key, ...plain, preventDefault: () => undefined, ...options })
    },
    reloads: () => reloads,
  }
}

function fakePart(dataset: Readonly<Record<string, string>>): FakePart {
  const listeners = new Map<string, () => void>()
  return {
    textContent: '',
    hidden: true,
    disabled: true,
    checked: false,
    value: '',
    dataset,
    classList: { toggle: () => undefined },
    addEventListener: (type, listener) => void listeners.set(type, listener),
    happen: (type) => listeners.get(type)?.(),
  }
}
