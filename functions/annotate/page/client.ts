import type { Answer, Browser, Part } from './browser.ts'

interface Task {
  readonly id: number
  readonly row: Readonly<Record<string, unknown>>
}

interface Progress {
  readonly annotations: number
  readonly done: number
  readonly tasks: number
  readonly agreement: number | null
  readonly kappa: { readonly value: number | null } | null
}

/**
 * What the page does in the browser: shows a row and fetches the next one meanwhile, takes a label by a click or a number key,
 * and takes it back. It is sent as its own text, so it names nothing outside itself.
 */
export function client(browser: Browser): void {
  const { document, localStorage } = browser
  const part = (id: string): Part => {
    const found = document.getElementById(id)
    if (!found) throw new Error(`the page has no ${id}`)
    return found
  }
  const [person, keys, undo, problem] = [part('person'), part('keys'), part('undo'), part('problem')]
  const base = part('project').dataset['url'] ?? ''
  const labels = [...document.querySelectorAll('[data-label]')]
  const cells = [...document.querySelectorAll('[data-column]')]

  let current: Task | null = null
  /** The row after this one; asked for when the label of the one before has come in, so that it is not that one again. */
  let ahead: Promise<Task | null> = Promise.resolve(null)
  let saving: Promise<unknown> = Promise.resolve()
  let labelled: Task[] = []
  let quietUntil = 0

  person.value = localStorage.getItem('person') || person.value
  person.addEventListener('change', () => {
    localStorage.setItem('person', String(person.value))
    labelled = []
    void begin()
  })
  for (const one of labels) one.addEventListener('click', () => void label(one.dataset['label'] ?? ''))
  undo.addEventListener('click', () => void takeBack())
  part('complete').addEventListener('click', () => void complete())
  document.addEventListener('keydown', (key) => {
    if (!keys.checked || key.repeat || key.altKey || key.ctrlKey || key.metaKey || key.target === person) return
    const chosen = /^[1-9]$/.test(key.key) ? labels[Number(key.key) - 1]?.dataset['label'] : undefined
    if (chosen === undefined && key.key !== 'u') return
    key.preventDefault()
    if (chosen === undefined) void takeBack()
    else void label(chosen)
  })
  void begin()

  async function begin(): Promise<void> {
    await attempt(async () => {
      const first = await next(null)
      show(first)
      ahead = following(first)
    })
  }

  async function label(label: string): Promise<void> {
    const task = current
    if (!task) return
    current = null
    labelled.push(task)
    const body = JSON.stringify({ label, by: person.value })
    const headers = { 'Content-Type': 'application/json' }
    const saved = ask(`tasks/${task.id}/annotations`, { method: 'POST', headers, body })
    saving = saved.catch(() => undefined)
    await attempt(async () => {
      const shown = await ahead
      show(shown)
      ahead = saved.then(() => following(shown))
      ahead.catch(() => undefined)
      try {
        await saved
      } catch (error) {
        // It is to be labelled again, and what was shown in its place comes after it.
        labelled = labelled.filter((one) => one !== task)
        show(task)
        ahead = Promise.resolve(shown)
        throw error
      }
      await tellProgress()
    })
  }

  async function takeBack(): Promise<void> {
    const task = labelled.pop()
    if (!task) return
    const before = current
    current = null
    await attempt(async () => {
      await saving
      await ask(`tasks/${task.id}/annotations?by=${encodeURIComponent(person.value)}`, { method: 'DELETE' })
      show(task)
      ahead = Promise.resolve(before)
      await tellProgress()
    })
  }

  async function complete(): Promise<void> {
    if (!browser.confirm(part('complete').dataset['question'] ?? '')) return
    await attempt(async () => {
      await ask('complete', { method: 'POST' })
      browser.location.reload()
    })
  }

  async function following(shown: Task | null): Promise<Task | null> {
    return shown && next(shown)
  }

  async function next(beside: Task | null): Promise<Task | null> {
    const except = beside ? `&except=${beside.id}` : ''
    const answer = await ask(`next?by=${encodeURIComponent(person.value)}${except}`)
    return answer.status === 204 ? null : ((await answer.json()) as Task) // Our own route's answer.
  }

  function show(task: Task | null): void {
    current = task
    part('row').hidden = task === null
    part('finished').hidden = task !== null
    for (const one of labels) one.disabled = task === null
    undo.disabled = labelled.length === 0
    part('number').textContent = task ? String(task.id) : ''
    for (const cell of cells) {
      const value = task?.row[cell.dataset['column'] ?? ''] ?? null
      cell.textContent = value === null ? '—' : String(value)
      cell.classList.toggle('missing', value === null)
    }
  }

  /** Not while it would be a large part of what the server does for this page; but always when there is nothing left. */
  async function tellProgress(): Promise<void> {
    if (current && Date.now() < quietUntil) return
    const begun = Date.now()
    const { annotations, done, tasks, agreement, kappa } = (await (await ask('')).json()) as Progress // Our own route's answer.
    quietUntil = Date.now() + 20 * (Date.now() - begun)
    part('progress').value = annotations
    part('done').textContent = `${done} / ${tasks}`
    part('agreement').hidden = agreement === null
    part('share').textContent = `${Math.round((agreement ?? 0) * 100)} %`
    part('kappa').textContent = kappa?.value == null ? '' : `κ ${kappa.value.toFixed(2)}`
  }

  async function ask(path: string, init?: Parameters<Browser['fetch']>[1]): Promise<Answer> {
    const answer = await browser.fetch(path ? `${base}/${path}` : base, init)
    if (answer.ok) return answer
    const { detail } = (await answer.json()) as { detail?: string } // RFC 9457.
    throw new Error(detail ?? String(answer.status))
  }

  async function attempt(work: () => Promise<void>): Promise<void> {
    part('alert').hidden = true
    try {
      await work()
    } catch (error) {
      part('alert').hidden = false
      problem.textContent = error instanceof Error ? error.message : String(error)
    }
  }
}
