import assert from 'node:assert/strict'
import { it } from 'node:test'
import { partitionOf } from '../../runtime/partitioner.ts'

/** Of Kafka's own UtilsTest.testMurmur2. */
const MURMUR2 = {
  '21': -973932308,
  foobar: -790332482,
  'a-little-bit-long-string': -985981536,
  'a-little-bit-longer-string': -1486304829,
  lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8: -58897971,
  abc: 479470107,
}

for (const [key, hash] of Object.entries(MURMUR2)) {
  it(`deals ${key} as Kafka's Java client does`, () => {
    for (const partitions of [1, 3, 4, 12, 2 ** 31]) {
      assert.equal(partitionOf(key, partitions), (hash & 0x7fffffff) % partitions)
    }
  })
}
