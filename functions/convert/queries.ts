import type { ObjectRef, Query } from 'mezz/ports'
import type { Proof } from './prove.ts'

/** Which conversion it is: of a training run, or (both null) of a model that somebody brought. */
export interface Origin {
  readonly id: string
  readonly run: string | null
  readonly model: string | null
}

/** Either a proof and the graph it is about, or the reason why there is none. */
export interface ConversionRow extends Origin {
  readonly proof: Proof | null
  readonly onnx: ObjectRef | null
  readonly reason: string | null
  readonly at: Date
}

/** Stores how a conversion ended, in the place of an earlier end of the same one; its time is this transaction's. */
export async function saveConversion(
  query: Query,
  { id, run, model }: Origin,
  { proof = null, onnx = null, reason = null }: Partial<Pick<ConversionRow, 'proof' | 'onnx' | 'reason'>>,
): Promise<void> {
  await query`
    insert into conversions (id, run, model, proof, onnx, reason)
      values (${id}, ${run}, ${model}, ${proof}, ${onnx}, ${reason})
    on conflict (id) do update set proof = excluded.proof, onnx = excluded.onnx, reason = excluded.reason, at = excluded.at`
}

/** `null` where there is none of this id. */
export async function findConversion(query: Query, id: string): Promise<ConversionRow | null> {
  const [row] = await query<ConversionRow>`
    select id, run, model, proof, onnx, reason, at from conversions where id = ${id}`
  return row ?? null
}
