import { hash } from 'node:crypto'
import type * as Runtime from 'onnxruntime-node'
import { PlatformError } from '../errors.ts'
import type { GatherOptions } from '../models/gather.ts'
import { gather } from '../models/gather.ts'
import type { Tensors } from '../models/tensors.ts'
import { demandInputs } from '../models/tensors.ts'
import type { Model, Models, Tensor, TensorInfo, TensorType } from '../ports.ts'

export interface OnnxRuntimeOptions {
  /** Threads within an operator: 1 unless told. */
  readonly threads?: number
  /** Sessions kept open: 16 unless told; the one unused for longest goes. */
  readonly sessions?: number
  /** Rows of one gathered run at most: 1,024 unless told. */
  readonly batch?: number
  /** Rows that wait for one model at most: 16,384 unless told. */
  readonly queue?: number
}

const TYPES: readonly TensorType[] = ['float64', 'float32', 'int64', 'int32', 'bool', 'string']
/** ONNX Runtime's level `fatal`: it would print errors to stderr that it throws as well, and warnings about devices. */
const FATAL = 4

/** ONNX graphs on ONNX Runtime's CPU provider, in this process; `close` gives all sessions back. */
export function onnxruntimeModels(options: OnnxRuntimeOptions = {}): Models & { close(): Promise<void> } {
  const { threads = 1, sessions = 16, batch = 1024, queue = 16_384 } = options
  const open = new Map<string, Shared>()

  /** The shared session of these bytes, made where there is none, now the last one to go. */
  function share(graph: Uint8Array, digest: string): Shared {
    const shared = open.get(digest) ?? shareSession(openSession(graph, threads, { batch, queue }))
    open.delete(digest)
    open.set(digest, shared)
    for (const [oldest, old] of open) {
      if (open.size <= sessions) break
      open.delete(oldest)
      void old.retire()
    }
    return shared
  }

  return {
    async load(graph) {
      const digest = hash('sha256', graph)
      const use = <result>(work: (session: Session) => Promise<result>) => share(graph, digest).use(work)
      try {
        const { inputs, outputs } = await use(async (session) => session)
        return { inputs, outputs, run: (tensors) => use((session) => session.run(tensors)) }
      } catch (error) {
        open.delete(digest)
        throw error
      }
    },
    async close() {
      const all = [...open.values()]
      open.clear()
      await Promise.all(all.map((shared) => shared.retire()))
    },
  }
}

interface Session extends Model {
  release(): Promise<void>
}

interface Shared {
  use<result>(work: (session: Session) => Promise<result>): Promise<result>
  /** Releases the session when its last user is done. */
  retire(): Promise<void>
}

function shareSession(opening: Promise<Session>): Shared {
  const users = new Set<Promise<unknown>>()
  return {
    use(work) {
      const using = opening.then(work).finally(() => users.delete(using))
      users.add(using)
      return using
    },
    async retire() {
      while (users.size > 0) await Promise.allSettled(users)
      const session = await opening.catch(() => null)
      await session?.release()
    },
  }
}

async function openSession(
  graph: Uint8Array,
  threads: number,
  limits: Omit<GatherOptions, 'together'>,
): Promise<Session> {
  const runtime = await import('onnxruntime-node')
  runtime.env.logLevel = 'fatal'
  const session = await runtime.InferenceSession.create(graph, {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    logSeverityLevel: FATAL,
  }).catch((cause: unknown) => refuseGraph(cause))
  const inputs = session.inputMetadata.map(tensorInfo)
  const outputs = session.outputMetadata.map(tensorInfo)
  const together = [...inputs, ...outputs].every(({ shape }) => shape[0] === -1)
  const run = gather((tensors) => runSession(runtime, session, tensors), { ...limits, together })
  return {
    inputs,
    outputs,
    run: async (tensors) => {
      demandInputs(tensors, inputs)
      return run(tensors)
    },
    release: () => session.release(),
  }
}

async function runSession(
  { Tensor }: typeof Runtime,
  session: Runtime.InferenceSession,
  tensors: Tensors,
): Promise<Tensors> {
  const feeds = Object.entries(tensors).map(([name, { type, data, shape }]) => [name, new Tensor(type, data, shape)])
  const fetched = await session.run(Object.fromEntries(feeds)).catch((cause: unknown) => {
    throw new PlatformError('unprocessable', `the graph failed on these inputs: ${message(cause)}`, { cause })
  })
  return Object.fromEntries(Object.entries(fetched).map(([name, tensor]) => [name, ours(name, tensor)]))
}

/** ONNX Runtime's tensor as ours; `tensorInfo` has proved that its type is one of ours. */
function ours(name: string, { type, dims, data }: Runtime.Tensor): Tensor {
  return { type: demandType(name, type), shape: dims, data: data as Tensor['data'] }
}

function tensorInfo(metadata: Runtime.InferenceSession.ValueMetadata): TensorInfo {
  if (!metadata.isTensor) {
    throw new PlatformError('unprocessable', `${metadata.name} of the graph is no tensor; export it without ZipMap`)
  }
  const shape = metadata.shape.map((length) => (typeof length === 'number' ? length : -1))
  return { name: metadata.name, type: demandType(metadata.name, metadata.type), shape }
}

function demandType(name: string, type: string): TensorType {
  const known = TYPES.find((ours) => ours === type)
  if (known) return known
  throw new PlatformError('unprocessable', `${name} of the graph is ${type}; tensors are ${TYPES.join(', ')}`)
}

function refuseGraph(cause: unknown): never {
  throw new PlatformError('unprocessable', `the graph cannot be run: ${message(cause)}`, { cause })
}

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
