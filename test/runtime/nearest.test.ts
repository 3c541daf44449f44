import assert from 'node:assert/strict'
import { it } from 'node:test'
import { nearest } from '../../runtime/nearest.ts'

it('a name that is nearly right is known, a strange one is not', () => {
  const names = ['dataset-ingested', 'dataset-deleted', 'model-trained']

  assert.deepEqual(nearest('dataset-ingestd', names).at(0), 'dataset-ingested')
  assert.deepEqual(nearest('trained', names), ['model-trained'])
  assert.deepEqual(nearest('zzz', names), [])
})
