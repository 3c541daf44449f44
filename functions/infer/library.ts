import { PlatformError } from 'mezz/errors'
import type { ObjectRef, Ports } from 'mezz/ports'
import { freshJson } from './fresh.ts'
import { Alias, Package, Scripted, Version } from './package.ts'
import { pick } from './pick.ts'
import { readBlob } from './read-bytes.ts'
import type { Scorer } from './scorer.ts'
import { scorer } from './scorer.ts'

/** Packages kept ready at most. */
const MOST_READY = 64

export interface Chosen extends Ready {
  readonly version: number
  readonly package: ObjectRef
}

interface Ready {
  readonly scorer: Scorer
  readonly graph: ObjectRef
}

/** The published models, by their objects alone; `not_found` where there is none of a name. */
export interface Library {
  /** The version that answers the request of this UUID. */
  current(model: string, uuid: string): Promise<Chosen>
  version(model: string, version: string): Promise<Chosen>
  /** The versions that have traffic, the one with most of it first. */
  versions(model: string): Promise<readonly number[]>
  /** The name of the processes that a model has to itself; null where there are none. */
  endpoint(model: string): Promise<string | null>
}

export function library({ objects, models }: Pick<Ports, 'objects' | 'models'>): Library {
  const readAlias = freshJson(objects, Alias)
  const readVersion = freshJson(objects, Version)
  const ready = new Map<string, Promise<Ready>>()

  async function open(ref: ObjectRef): Promise<Ready> {
    const read: unknown = JSON.parse(new TextDecoder().decode(await readBlob(objects, ref)))
    const scripted = Scripted.safeParse(read)
    if (scripted.success) {
      throw new PlatformError(
        'unprocessable',
        `${scripted.data.model} has no graph: its own script predicts rows, by POST /models/${scripted.data.model}/predict`,
      )
    }
    const found = Package.parse(read)
    const { graph } = found
    return { scorer: scorer(found, await models.load(await readBlob(objects, graph))), graph }
  }

  /** A package never changes, so it is read once; the one unused for longest goes. */
  async function prepare({ version, package: ref }: Version): Promise<Chosen> {
    const opening = ready.get(ref.sha256) ?? open(ref)
    ready.delete(ref.sha256)
    ready.set(ref.sha256, opening)
    for (const oldest of ready.keys()) {
      if (ready.size <= MOST_READY) break
      ready.delete(oldest)
    }
    try {
      return { version, package: ref, ...(await opening) }
    } catch (error) {
      if (ready.get(ref.sha256) === opening) ready.delete(ref.sha256)
      throw error
    }
  }

  async function answering(model: string) {
    const alias = await readAlias(`models/${model}/current`)
    if (alias && alias.versions.length > 0) return alias.versions
    throw new PlatformError('not_found', `no model ${model} is published`)
  }

  return {
    current: async (model, uuid) => prepare(pick(await answering(model), uuid)),
    async version(model, version) {
      const found = /^[1-9][0-9]{0,9}$/.test(version) && (await readVersion(`models/${model}/versions/${version}`))
      if (!found) throw new PlatformError('not_found', `no version ${version} of a model ${model} is published`)
      return prepare(found)
    },
    async versions(model) {
      const found = await answering(model)
      return found.toSorted((a, b) => b.traffic - a.traffic).map(({ version }) => version)
    },
    endpoint: async (model) => (await readAlias(`models/${model}/current`))?.endpoint ?? null,
  }
}
