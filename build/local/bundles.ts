import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Bundler } from '../bundle.ts'
import { createBundler } from '../bundle.ts'
import type { Entry } from '../entry.ts'
import { sourceOf } from '../entry.ts'
import type { FoundFunction } from '../found.ts'
import { writeBundle } from '../write-bundle.ts'

// A process of an earlier bundle may still open a chunk of it.
const KEPT = 3

/** Bundles of functions for this machine, each content in a folder of its own, so that no process meets half of another. */
export class Bundles {
  readonly #folder: string
  readonly #entry: Entry
  readonly #bundlers = new Map<string, { readonly source: string; readonly bundler: Bundler }>()
  readonly #written = new Map<string, readonly string[]>()

  constructor(folder: string, entry: Entry) {
    this.#folder = folder
    this.#entry = entry
  }

  /** Bundles a function as it is now; answers with the file to start, which is the same for the same content. */
  async build(fn: FoundFunction): Promise<string> {
    const { name } = fn
    const bundler = await this.#bundler(name, sourceOf(fn, this.#entry))
    const built = await bundler.build()
    const folder = join(this.#folder, name, built.digest.slice(0, 16))
    const written = this.#written.get(name) ?? []
    if (written.at(-1) === folder) return join(folder, 'index.mjs')
    const kept = [...written.filter((other) => other !== folder), folder]
    for (const old of kept.splice(0, kept.length - KEPT)) await rm(old, { recursive: true, force: true })
    this.#written.set(name, kept)
    return writeBundle(built, folder)
  }

  async forget(name: string): Promise<void> {
    await this.#bundlers.get(name)?.bundler.dispose()
    this.#bundlers.delete(name)
  }

  async close(): Promise<void> {
    await Promise.all([...this.#bundlers.keys()].map((name) => this.forget(name)))
  }

  /** The one that knows these sources; another one when the function uses other ports or programs. */
  async #bundler(name: string, source: Parameters<typeof createBundler>[0]): Promise<Bundler> {
    const text = JSON.stringify(source)
    const known = this.#bundlers.get(name)
    if (known?.source === text) return known.bundler
    await this.forget(name)
    const bundler = await createBundler(source)
    this.#bundlers.set(name, { source: text, bundler })
    return bundler
  }
}
