import { isDeepStrictEqual } from 'node:util'
import type { Effects } from './effects.ts'
import { changed, OF_TRANSACTIONS } from './effects.ts'

export interface TwiceOptions {
  /** The route, for the message. */
  readonly path: string
  bring(): Promise<Response>
  /** Brings it with its transaction cut before the commit, and says whether there was one. */
  bringCut(): Promise<{ readonly torn: boolean; readonly answer: Response }>
  effects(): Promise<Effects>
}

/** Brings an event as often as a delivery may go wrong: cut, whole, and again after it was handled; throws unless it had one effect. Answers what the whole run answered. */
export async function deliverTwice(options: TwiceOptions): Promise<Response> {
  const { path, bring, effects } = options
  const { torn, answer: first } = await bringWithCut(options)
  const answer = torn ? await bring() : first
  if (!answer.ok) return answer

  const after = await effects()
  const again = await bring()
  const later = await effects()
  const places = [...changed(after, later), ...(isDeepStrictEqual(after.objects, later.objects) ? [] : ['its objects'])]
  if (places.length > 0)
    throw new Error(`${path} had a second effect when its event came again, in ${places.join(', ')}`)
  if (torn && again.status !== 204) throw new Error(`${path} did not answer 204 (${again.status}) to an event it knows`)
  return answer
}

/** A cut run may leave rows of its own behind, a fact that it keeps first, but no more of them when it is cut again. */
async function bringWithCut({ path, bringCut, effects }: TwiceOptions) {
  const before = await effects()
  const first = await bringCut()
  if (!first.torn) return first
  if (first.answer.ok) {
    throw new Error(`${path} answered ${first.answer.status} although its commit was cut: its event would be lost`)
  }
  const cut = await effects()
  const left = changed(before, cut)
  const early = left.filter((table) => OF_TRANSACTIONS.includes(table))
  if (early.length > 0) throw new Error(`${path} had an effect although its commit was cut, in ${early.join(', ')}`)
  if (left.length === 0) return first
  await bringCut()
  const more = changed(cut, await effects())
  if (more.length > 0) throw new Error(`${path} leaves more behind each time its commit is cut, in ${more.join(', ')}`)
  return first
}
