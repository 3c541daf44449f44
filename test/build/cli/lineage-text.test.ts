import assert from 'node:assert/strict'
import { it } from 'node:test'
import { lineageText } from '../../../build/cli/lineage-text.ts'

const at = '2026-03-04T05:06:07.089Z'
const clock = '2026-03-04 05:06:07'
const digest = `sha256:${'0a'.repeat(32)}`
const node = (kind: string, name: string, more = {}) => ({ id: `${kind}/${name}`, kind, name, at, ...more })
const edge = (from: string, to: string) => ({ from, to, by: 'test' })
const nodes = [
  node('bytes', digest, { digest }),
  node('datasets', 'd', { version: '1', digest, deletedAt: at }),
  node('extractions', 'x'),
  node('runs', 'r'),
  node('code', 'gbdt', { version: digest, digest }),
  node('models', 'm', { version: '7' }),
]
const edges = [
  edge(`bytes/${digest}`, 'datasets/d'),
  edge('datasets/d', 'extractions/x'),
  edge('extractions/x', 'runs/r'),
  edge('code/gbdt', 'runs/r'),
  edge('runs/r', 'models/m'),
  edge('datasets/d', 'models/m'),
]

it('a lineage is a tree back to the bytes, which says a nearer way to the same only once', () => {
  assert.equal(
    lineageText({ nodes, edges, isWhole: true }, false),
    `models/m@7  ${clock}
└─ runs/r  ${clock}
   ├─ extractions/x  ${clock}
   │  └─ datasets/d@1  ${clock}  sha256:0a0a0a0a0a0a…  deleted ${clock}
   │     └─ bytes sha256:0a0a0a0a0a0a…  ${clock}
   └─ code/gbdt@sha256:0a0a0a0a0a0a…  ${clock}
`,
  )
})

it('a lineage is a tree of what was made, forward, and says when that is not all', () => {
  const some = [node('datasets', 'd'), node('extractions', 'x'), node('extractions', 'y'), node('runs', 'r')]
  const both = [edge('datasets/d', 'extractions/x'), edge('datasets/d', 'extractions/y')]

  assert.equal(
    lineageText(
      {
        nodes: some,
        edges: [...both, edge('extractions/x', 'runs/r'), edge('extractions/y', 'runs/r')],
        isWhole: false,
      },
      true,
    ),
    `datasets/d  ${clock}
├─ extractions/x  ${clock}
│  └─ runs/r  ${clock}
└─ extractions/y  ${clock}
   └─ runs/r  ${clock}
… the nearest 4 of more
`,
  )
})

it('what has more below it is told once, and named where it comes again', () => {
  const diamond = [
    edge('extractions/x', 'runs/r'),
    edge('extractions/y', 'runs/r'),
    edge('datasets/d', 'extractions/x'),
    edge('datasets/d', 'extractions/y'),
    edge('bytes/b', 'datasets/d'),
  ]
  const all = ['bytes/b', 'datasets/d', 'extractions/x', 'extractions/y', 'runs/r'].map((id) => {
    const [kind = '', name = ''] = id.split('/')
    return node(kind, name)
  })

  assert.match(
    lineageText({ nodes: all, edges: diamond, isWhole: true }, false),
    /└─ extractions\/y.*\n.*└─ datasets\/d {2}\(above\)\n$/,
  )
})
