import type { ResourceName } from './resource-name.ts'

/** A thing that was made, or that something was made of. */
export interface LineageNode {
  /** `mezz://<team>/<kind>/<name>[@version]`, or a digest for bytes. */
  readonly id: string
  readonly kind: string
  readonly name: string
  readonly version?: string | undefined
  readonly digest?: string | undefined
  readonly at: Date
  /** It is gone, and stays here for what was made of it. */
  readonly deletedAt?: Date | undefined
}

export interface LineageEdge {
  readonly from: string
  readonly to: string
  /** The type of the event that told of it. */
  readonly by: string
}

/** A part of the lineage: each edge's two ends are among the nodes. */
export interface LineageGraph {
  /** The oldest first. */
  readonly nodes: readonly LineageNode[]
  readonly edges: readonly LineageEdge[]
}

/** What an event adds to the lineage. */
export interface LineageTold {
  readonly nodes: readonly LineageNode[]
  readonly edges: readonly LineageEdge[]
  /** Things that are gone since; all versions where none is named. */
  readonly deleted: readonly (ResourceName & { readonly at: Date })[]
}

/** Where things come from. */
export interface Lineage {
  /** Writing the same again changes nothing. */
  lineage(told: LineageTold): Promise<void>
  /** A thing by its name, the newest of those that it fits, or `null`. */
  find(name: ResourceName): Promise<LineageNode | null>
  /** The thing itself and all that it came from (`backward`) or that came of it (`forward`): the nearest `most`, `isWhole` tells whether that is all. */
  trace(
    id: string,
    options: { readonly direction: Direction; readonly most: number },
  ): Promise<LineageGraph & { readonly isWhole: boolean }>
  /** Names that there are, without versions; bytes left out. */
  names(): Promise<readonly Pick<ResourceName, 'kind' | 'name'>[]>
}

export type Direction = 'backward' | 'forward'
