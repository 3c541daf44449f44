const object = { name: 'blobs/0b', sha256: '0b'.repeat(32), bytes: 1 }

/** The data of `mezz.dataset.ingested.v1`: `d@1`. */
export const ingested = {
  dataset: 'd',
  version: 1,
  kind: 'table',
  parts: [object],
  schema: [],
  rows: 1,
  digest: `sha256:${'0d'.repeat(32)}`,
}

/** The data of `mezz.features.extracted.v1`: `v@x1` of `d@1`. */
export const extracted = {
  view: 'v',
  extraction: 'x1',
  inputs: [{ dataset: 'd', version: 1 }],
  definition: object,
  table: object,
  columns: [],
  rows: 1,
}

/** The data of `mezz.model.trained.v1`: run `r1` of `m` by the pipeline `p` on `v@x1`. */
export const trained = {
  run: 'r1',
  model: 'm',
  pipeline: 'p',
  view: 'v',
  extraction: 'x1',
  inputs: [{ dataset: 'd', version: 1 }],
  format: 'lightgbm-text',
  artifact: object,
  definition: object,
  encoder: object,
  reference: object,
  metrics: {},
  signature: { task: 'regression', target: 't' },
  code: { trainer: 'gbdt', digest: 'sha256:c0de' },
  environment: { digest: 'sha256:e' },
  data: { digest: 'sha256:d' },
  seed: 0,
}

/** The data of `mezz.model.converted.v1`. */
export const converted = {
  run: 'r1',
  model: 'm',
  onnx: object,
  report: { opset: '1', rows: 1, leafMismatches: 0, maxAbsoluteDifference: 0 },
}

/** The data of `mezz.model.published.v1`: `m@1`. */
export const published = { run: 'r1', model: 'm', version: 1, traffic: 100, package: object }

/** The chain in the order in which it is told, types with their data. */
export const chain = [
  ['mezz.dataset.ingested.v1', ingested],
  ['mezz.features.extracted.v1', extracted],
  ['mezz.model.trained.v1', trained],
  ['mezz.model.converted.v1', converted],
  ['mezz.model.published.v1', published],
] as const
