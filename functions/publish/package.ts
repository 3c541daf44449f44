import { PlatformError } from 'mezz/errors'
import type { ObjectRef, Objects } from 'mezz/ports'
import { readJson } from 'mezz/read-object'
import { Definition } from 'mezz/tabular/definition'
import { Encoder } from 'mezz/tabular/encoder'
import { rawDefinition } from 'mezz/tabular/raw-graph'
import type { Conversion, RunFacts, Trained } from './facts.ts'

/** A package that can be served, or the reason why there is none. */
export type Packed = { readonly package: ObjectRef } | { readonly reason: string }

/**
 * Stores a run's model package: all that a prediction needs, immutable. It is named by its run and bears no version,
 * so the same facts give the same bytes, and it can be stored before the transaction that allots the version.
 */
export async function pack(objects: Objects, trained: Trained, conversion: Conversion | null): Promise<Packed> {
  if (conversion && 'reason' in conversion) return conversion
  const { model, run, signature, metrics } = trained
  try {
    const definition = await readJson(objects, trained.definition, Definition)
    const encoder = trained.encoder && (await readJson(objects, trained.encoder, Encoder))
    if (encoder) demandFit(definition, encoder)
    else rawDefinition(definition, signature.inputs ?? [])
    demandClasses(signature)
    const program = conversion ? { graph: conversion.onnx, report: conversion.report } : { script: trained.script }
    const learnt = encoder ? { encoder } : {}
    const whole = { format: 1, model, run, ...program, ...learnt, definition, signature, metrics }
    return { package: await objects.put(new TextEncoder().encode(JSON.stringify(whole))) }
  } catch (error) {
    if (error instanceof PlatformError && error.code === 'unprocessable') return { reason: error.message }
    throw error
  }
}

/** The two facts, where both are there; what serves itself is not converted. */
export function joined({ trained, conversion }: RunFacts) {
  return trained && (conversion || trained.script) ? { trained, conversion } : null
}

function demandFit({ features }: Definition, encoder: Encoder): void {
  const made = features.map(({ name }) => name)
  const encoded = encoder.features.map(({ name }) => name)
  if (made.length === encoded.length && made.every((name, at) => name === encoded[at])) return
  throw new PlatformError('unprocessable', `the view makes ${made.join(', ')}, the encoder takes ${encoded.join(', ')}`)
}

function demandClasses({ task, classes = [] }: Trained['signature']): void {
  if (task === 'regression' || classes.length > 1) return
  throw new PlatformError('unprocessable', `a classification needs two classes, the run names ${classes.length}`)
}
