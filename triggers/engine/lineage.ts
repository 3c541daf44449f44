import type { Envelope, EventType } from '../../runtime/event.ts'
import type { LineageEdge, LineageNode } from '../../runtime/records.ts'
import { datasetIngested, featuresExtracted, modelConverted, modelPublished, modelTrained } from '../events.ts'

interface Piece {
  readonly node: Omit<LineageNode, 'at'>
  /** Ids of what it came from. */
  readonly from: readonly string[]
}

type Reader = { readonly type: string; read(team: string, data: unknown): readonly Piece[] }

/** What each event tells of where things come from: bytes → version → features → run → conversion → published version. */
const READERS: readonly Reader[] = [
  reader(datasetIngested, (team, { dataset, version, digest }) => [
    { node: { id: digest, kind: 'bytes', name: digest, digest }, from: [] },
    { node: named(team, 'datasets', dataset, version, digest), from: [digest] },
  ]),
  reader(featuresExtracted, (team, { view, extraction, inputs, table }) => [
    {
      node: named(team, 'extractions', view, extraction, `sha256:${table.sha256}`),
      from: inputs.map(({ dataset, version }) => `mezz://${team}/datasets/${dataset}@${version}`),
    },
  ]),
  reader(modelTrained, (team, { run, model, view, extraction, artifact, code, environment }) => {
    const brought = environment.lock ? [codeOf(team, code), environmentOf(environment.digest)] : []
    return [
      ...brought.map((node) => ({ node, from: [] })),
      {
        node: named(team, 'runs', model, run, `sha256:${artifact.sha256}`),
        from: [`mezz://${team}/extractions/${view}@${extraction}`, ...brought.map(({ id }) => id)],
      },
    ]
  }),
  reader(modelConverted, (team, { run, model, onnx }) => [
    {
      node: named(team, 'conversions', model, run, `sha256:${onnx.sha256}`),
      from: [`mezz://${team}/runs/${model}@${run}`],
    },
  ]),
  reader(modelPublished, (team, { run, model, version, package: bundle }) => [
    {
      node: named(team, 'models', model, version, `sha256:${bundle.sha256}`),
      from: [`mezz://${team}/conversions/${model}@${run}`],
    },
  ]),
]

/** Nodes and edges that an event adds to the lineage; none for most. */
export function lineageOf(
  team: string,
  { type, data, time }: Envelope,
): { nodes: LineageNode[]; edges: LineageEdge[] } {
  const pieces = READERS.find((one) => one.type === type)?.read(team, JSON.parse(data)) ?? []
  return {
    nodes: pieces.map(({ node }) => ({ ...node, at: new Date(time) })),
    edges: pieces.flatMap(({ node, from }) => from.map((one) => ({ from: one, to: node.id, by: type }))),
  }
}

function reader<data>(event: EventType<data>, read: (team: string, data: data) => readonly Piece[]): Reader {
  return { type: event.type, read: (team, data) => read(team, event.data.parse(data)) }
}

function named(team: string, kind: string, name: string, version: string | number, digest: string): Piece['node'] {
  return { id: `mezz://${team}/${kind}/${name}@${version}`, kind, name, version: String(version), digest }
}

/** A script of ours by its version; one of a repository by its commit. */
function codeOf(
  team: string,
  { trainer, digest }: { readonly trainer: string; readonly digest: string },
): Piece['node'] {
  const [, name, version] = /^script (\S+)@(\d+)$/.exec(trainer) ?? []
  if (name && version) return named(team, 'scripts', name, version, digest)
  return { id: `${trainer}#${digest}`, kind: 'commit', name: trainer, version: digest.replace(/^git:/, ''), digest }
}

/** The packages that a script ran on. */
function environmentOf(digest: string): Piece['node'] {
  return { id: `environment ${digest}`, kind: 'environment', name: 'packages', version: digest, digest }
}
