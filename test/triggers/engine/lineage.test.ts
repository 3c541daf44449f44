import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { lineageOf } from '../../../triggers/engine/lineage.ts'
import { trained } from './told.ts'

const time = '2026-03-04T05:06:07.000Z'
const at = new Date(time)
const told = (type: string, data: object) => lineageOf('acme', { type, data: JSON.stringify(data), time })

describe('what an event tells of the lineage', () => {
  it('is, of a run, its extraction, its code, its environment and its pipeline', () => {
    const { nodes, edges } = told('mezz.model.trained.v1', trained)

    assert.deepEqual(
      nodes.map(({ id }) => id),
      [
        'mezz://acme/code/gbdt@sha256:c0de',
        'mezz://acme/environments/sha256:e',
        'mezz://acme/pipelines/p',
        'mezz://acme/runs/m@r1',
      ],
    )
    assert.deepEqual(
      edges.map(({ from, to, by }) => [from, to, by]),
      ['extractions/v@x1', 'code/gbdt@sha256:c0de', 'environments/sha256:e', 'pipelines/p'].map((from) => [
        `mezz://acme/${from}`,
        'mezz://acme/runs/m@r1',
        'mezz.model.trained.v1',
      ]),
    )
  })

  it('is, of a script, its version, or the commit that it came from', () => {
    const codeFrom = (trainer: string, digest: string): string | undefined => {
      const { nodes } = told('mezz.model.trained.v1', { ...trained, code: { trainer, digest } })
      return nodes.find(({ kind }) => kind === 'scripts' || kind === 'code')?.id
    }

    assert.equal(codeFrom('script churn-train@3', 'sha256:c0de'), 'mezz://acme/scripts/churn-train@3')
    assert.equal(
      codeFrom('https://git.example/churn.git', 'git:1f2e3d'),
      'mezz://acme/code/https://git.example/churn.git@1f2e3d',
    )
  })

  it('is, of a deletion, the thing that is gone: one version or all', () => {
    assert.deepEqual(told('mezz.dataset.deleted.v1', { dataset: 'd', version: 2, more: 1 }).deleted, [
      { kind: 'datasets', name: 'd', version: '2', at },
    ])
    assert.equal(told('mezz.script.deleted.v1', { script: 's' }).deleted[0]?.kind, 'scripts')
    assert.deepEqual(told('mezz.model.deleted.v1', { model: 'm' }).deleted, [
      { kind: 'models', name: 'm', version: undefined, at },
      { kind: 'conversions', name: 'm', version: undefined, at },
    ])
  })

  it('is nothing where an event tells of something else', () => {
    const nothing = { nodes: [], edges: [], deleted: [] }

    assert.deepEqual(told('mezz.job.ended.v1', { job: 'j' }), nothing)
    assert.deepEqual(told('mezz.dataset.deleted.v1', { name: 'd' }), nothing)
    assert.deepEqual(told('acme.dataset.deleted.v1', { dataset: 'd' }), nothing)
  })
})
