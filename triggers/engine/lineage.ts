import * as z from 'zod'
import type { Envelope, EventType } from '../../runtime/event.ts'
import type { LineageNode, LineageTold } from '../../runtime/lineage.ts'
import type { ResourceName } from '../../runtime/resource-name.ts'
import { resourceId } from '../../runtime/resource-name.ts'
import {
  batchCompleted,
  datasetIngested,
  featuresExtracted,
  modelConverted,
  modelPublished,
  modelTrained,
} from '../events.ts'

/** A thing that an event tells of, and what it came from. */
interface Piece {
  readonly thing: Thing
  readonly from?: readonly Thing[]
}

interface Thing extends Omit<ResourceName, 'team'> {
  readonly digest?: string
}

interface Reader {
  readonly type: string
  read(data: unknown): readonly Piece[]
}

/** What each event tells of where things come from: bytes → version → features → run → conversion → published version → predictions, as bytes. */
const READERS: readonly Reader[] = [
  reader(datasetIngested, ({ dataset, version, digest }) => {
    const bytes = { kind: 'bytes', name: digest, digest }
    return [{ thing: bytes }, { thing: { ...versionOf('datasets', dataset, version), digest }, from: [bytes] }]
  }),
  reader(featuresExtracted, ({ view, extraction, inputs, table }) => {
    const definition = { kind: 'views', name: view }
    const thing = { ...versionOf('extractions', view, extraction), digest: `sha256:${table.sha256}` }
    const datasets = inputs.map(({ dataset, version }) => versionOf('datasets', dataset, version))
    return [{ thing: definition }, { thing, from: [...datasets, definition] }]
  }),
  reader(modelTrained, ({ run, model, view, extraction, pipeline, artifact, code, environment }) => {
    const made = [codeOf(code), environmentOf(environment.digest), { kind: 'pipelines', name: pipeline }]
    const thing = { ...versionOf('runs', model, run), digest: `sha256:${artifact.sha256}` }
    return [
      ...made.map((one) => ({ thing: one })),
      { thing, from: [versionOf('extractions', view, extraction), ...made] },
    ]
  }),
  reader(modelConverted, ({ run, model, onnx }) => {
    const thing = { ...versionOf('conversions', model, run), digest: `sha256:${onnx.sha256}` }
    return [{ thing, from: [versionOf('runs', model, run)] }]
  }),
  reader(modelPublished, ({ run, model, version, package: bundle }) => {
    const thing = { ...versionOf('models', model, version), digest: `sha256:${bundle.sha256}` }
    return [{ thing, from: [versionOf('runs', model, run), versionOf('conversions', model, run)] }]
  }),
  reader(batchCompleted, ({ dataset, datasetVersion, model, version, part }) => {
    const digest = `sha256:${part.sha256}`
    const from = [versionOf('datasets', dataset, datasetVersion), versionOf('models', model, version)]
    return [{ thing: { kind: 'bytes', name: digest, digest }, from }]
  }),
]

/** What an event adds to the lineage; nothing for most. */
export function lineageOf(team: string, { type, data, time }: Pick<Envelope, 'type' | 'data' | 'time'>): LineageTold {
  const at = new Date(time)
  const pieces = READERS.find((one) => one.type === type)?.read(JSON.parse(data)) ?? []
  return {
    nodes: pieces.map(({ thing }): LineageNode => ({ ...thing, id: resourceId(team, thing), at })),
    edges: pieces.flatMap(({ thing, from = [] }) =>
      from.map((one) => ({ from: resourceId(team, one), to: resourceId(team, thing), by: type })),
    ),
    deleted: deletedBy(type, data).map((one) => ({ ...one, at })),
  }
}

/** What is made for a thing alone goes with it. */
const GO_WITH: Readonly<Record<string, readonly string[]>> = { view: ['extractions'], model: ['conversions'] }

/** An event `mezz.<noun>.deleted` names the thing by its noun, and a version where not all of them are gone. */
function deletedBy(type: string, data: string): ResourceName[] {
  const [, noun] = /^mezz\.(dataset|view|pipeline|model|script)\.deleted\.v\d+$/.exec(type) ?? []
  if (!noun) return []
  const told = z.looseObject({ [noun]: z.string(), version: z.int().optional() }).safeParse(JSON.parse(data))
  if (!told.success) return []
  const { version } = told.data
  const thing = { name: String(told.data[noun]), version: version === undefined ? version : `${version}` }
  return [`${noun}s`, ...(GO_WITH[noun] ?? [])].map((kind) => ({ kind, ...thing }))
}

/** A script of ours by its version, one of a repository by its commit, our own trainer by its digest. */
function codeOf({ trainer, digest }: z.infer<typeof modelTrained.data>['code']): Thing {
  const [, name, version] = /^script (\S+)@(\d+)$/.exec(trainer) ?? []
  if (name && version) return { ...versionOf('scripts', name, version), digest }
  return { ...versionOf('code', trainer, digest.replace(/^git:/, '')), digest }
}

function environmentOf(digest: string): Thing {
  return { kind: 'environments', name: digest, digest }
}

function versionOf(kind: string, name: string, version: string | number): Thing {
  return { kind, name, version: String(version) }
}

function reader<data>(event: EventType<data>, read: (data: data) => readonly Piece[]): Reader {
  return { type: event.type, read: (data) => read(event.data.parse(data)) }
}
