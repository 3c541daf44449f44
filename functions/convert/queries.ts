import type { ObjectRef, Query } from 'mezz/ports'
import type { Proof } from './prove.ts'

/** Which conversion it is: of a training run, or (both null) of a model that somebody brought. */
export interface Origin {
  readonly id: string
  readonly run: string | null
  readonly model: string | null
  /** When the run was asked for. */
  readonly orderedAt?: string | undefined
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
  { id, run, model, orderedAt }: Origin,
  { proof = null, onnx = null, reason = null }: Partial<Pick<ConversionRow, 'proof' | 'onnx' | 'reason'>>,
): Promise<void> {
  await query`
    insert into conversions (id, run, model, ordered_at, proof, onnx, reason)
      values (${id}, ${run}, ${model}, ${orderedAt ?? null}, ${proof}, ${onnx}, ${reason})
    on conflict (id) do update set proof = excluded.proof, onnx = excluded.onnx, reason = excluded.reason, at = excluded.at`
}

/** `null` where there is none of this id. */
export async function findConversion(query: Query, id: string): Promise<ConversionRow | null> {
  const [row] = await query<ConversionRow>`
    select id, run, model, proof, onnx, reason, at from conversions where id = ${id}`
  return row ?? null
}

/** Whether a model of this name was deleted after the run was asked for. */
export async function isDeleted(query: Query, model: string, orderedAt: string | undefined): Promise<boolean> {
  const rows = await query`
    select 1 from deleted where model = ${model} and coalesce(${orderedAt ?? null}::timestamptz <= at, true)`
  return rows.length > 0
}

/** Deletes the conversions of a model's runs that were asked for before its deletion, and remembers that; answers with their ids. */
export async function deleteConversions(query: Query, model: string, time: string): Promise<string[]> {
  await query`
    insert into deleted as known (model, at) values (${model}, ${time})
    on conflict (model) do update set at = greatest(known.at, excluded.at)`
  const rows = await query<{ id: string }>`
    delete from conversions where model = ${model} and coalesce(ordered_at <= ${time}::timestamptz, true) returning id`
  return rows.map(({ id }) => id)
}
