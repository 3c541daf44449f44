import assert from 'node:assert/strict'
import { it } from 'node:test'
import { keyAfter, keyOf, keyStart, nameOf } from '../../../runtime/adapters/s3-keys.ts'

const PREFIX = 'teams/a/'
const DIGEST = 'ab'.repeat(32)
const compare = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b))

/** All names of up to three of the characters around which order and marks could go wrong. */
const names = (() => {
  const characters = [' ', '!', '"', '-', '.', '/', '0', '1', 'a', 'é', '🚀']
  const grown = (shorter: readonly string[]) => shorter.flatMap((name) => characters.map((one) => name + one))
  const [one, two] = [grown(['']), grown(grown(['']))]
  return [...one, ...two, ...grown(two)].filter((name) =>
    name.split('/').every((step) => !['', '.', '..'].includes(step)),
  )
})()

it('gives every name a key of its own from which it comes back', () => {
  const near = names.filter((name) => !keyOf(PREFIX, name).startsWith(`${PREFIX}!far/`))

  for (const name of near) assert.equal(nameOf(PREFIX, keyOf(PREFIX, name)), name)
  assert.equal(new Set(names.map((name) => keyOf(PREFIX, name))).size, names.length)
  assert.ok(near.length > 0.9 * names.length)
})

it('sorts keys as names are sorted, and finds those that begin so and come after', () => {
  const near = names.filter((name) => nameOf(PREFIX, keyOf(PREFIX, name)) !== null)
  const byKey = near.toSorted((a, b) => compare(keyOf(PREFIX, a), keyOf(PREFIX, b)))

  assert.deepEqual(byKey, near.toSorted(compare))
  for (const bound of ['a', 'a/', 'a!', '!', ' ', 'a b', '1/0', 'é'])
    for (const name of near) {
      assert.equal(
        compare(keyOf(PREFIX, name), keyAfter(PREFIX, bound)) > 0,
        compare(name, bound) > 0,
        `${name} > ${bound}`,
      )
      assert.equal(
        keyOf(PREFIX, name).startsWith(keyStart(PREFIX, bound)),
        name.startsWith(bound),
        `${name} from ${bound}`,
      )
    }
})

it('lets no key be a folder of another, which MinIO would not list', () => {
  const keys = new Set(names.map((name) => keyOf(PREFIX, name)))
  for (const key of keys) {
    const steps = key.split('/')
    for (let end = 1; end < steps.length; end++) assert.ok(!keys.has(steps.slice(0, end).join('/')), key)
  }
})

it('leaves a blob its name, and reads no name from what is not an object', () => {
  assert.equal(keyOf(PREFIX, `blobs/${DIGEST}`), `${PREFIX}blobs/${DIGEST}`)
  assert.equal(nameOf(PREFIX, `${PREFIX}blobs/${DIGEST}`), `blobs/${DIGEST}`)
  for (const foreign of ['blobs/x!', 'a', `!far/${DIGEST}`, '!staging/x', '!far/x!', '!staging/x!'])
    assert.equal(nameOf(PREFIX, PREFIX + foreign), null, foreign)
})

it('gives a short key, by digest, to a name that S3 or MinIO would not keep', () => {
  for (const name of [
    'ab/'.repeat(341),
    'x'.repeat(255),
    `${'!'.repeat(130)}/a`,
    'a__XLDIR__/b',
    '\u2003../a',
    ' ./a',
    '.\u00a0/a',
  ]) {
    const key = keyOf(PREFIX, name)
    assert.equal(key === `${PREFIX}!0./a!` || /^teams\/a\/!far\/[0-9a-f]{64}$/.test(key), true, key)
  }
})
