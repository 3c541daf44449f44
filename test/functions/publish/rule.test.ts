import assert from 'node:assert/strict'
import { it } from 'node:test'
import { judge } from '../../../functions/publish/rule.ts'

const metrics = { accuracy: 0.9, rmse: 3 }
const inputs = (...versions: number[]) => versions.map((version, at) => ({ dataset: `d${at}`, version }))

for (const [rule, reason] of [
  [undefined, undefined],
  [{ metric: 'accuracy', atLeast: 0.9 }, undefined],
  [{ metric: 'accuracy', atLeast: 0.91 }, 'accuracy is 0.9, the publish rule wants 0.91 at least'],
  [{ metric: 'rmse', atMost: 3 }, undefined],
  [{ metric: 'rmse', atMost: 2.9 }, 'rmse is 3, the publish rule wants 2.9 at most'],
  [{ metric: 'rmse', atLeast: 1, atMost: 2 }, 'rmse is 3, the publish rule wants 2 at most'],
  [{ metric: 'auc', atLeast: 0 }, 'the publish rule asks for auc, which the run did not measure'],
  [{ metric: 'toString', atLeast: 0 }, 'the publish rule asks for toString, which the run did not measure'],
] as const) {
  it(`says ${reason ?? 'published'} by the rule ${JSON.stringify(rule)}`, () => {
    const verdict = judge({ metrics, publish: rule, inputs: inputs(1) }, null)

    assert.deepEqual(verdict, reason === undefined ? { state: 'published' } : { state: 'rejected', reason })
  })
}

for (const [ours, theirs, state] of [
  [inputs(2), inputs(1), 'published'],
  [inputs(2), inputs(2), 'published'],
  [inputs(1), inputs(2), 'candidate'],
  [inputs(3, 1), inputs(2, 2), 'candidate'],
  [[{ dataset: 'other', version: 1 }], inputs(2), 'published'],
] as const) {
  it(`says ${state} of inputs ${JSON.stringify(ours)} beside ${JSON.stringify(theirs)}`, () => {
    assert.deepEqual(judge({ metrics, publish: undefined, inputs: [...ours] }, { inputs: theirs }), { state })
  })
}
