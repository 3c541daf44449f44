import assert from 'node:assert/strict'
import { it } from 'node:test'
import { installerEnvironment } from '../../runtime/env.ts'
import { errorOf, files, runScript, withoutPython } from '../functions/train/script/job.ts'
import { CACHE } from './run.ts'

it('a text NA in a script’s frame is a text, as the endpoint sees it; only what is empty is missing', {
  skip: withoutPython,
}, async () => {
  const source = `import mezz
print([[None if value != value else value for value in row] for row in mezz.frame().values.tolist()])
raise mezz.Fault('seen')
`
  const job = await runScript(files({ 'train.py': source, 'requirements.txt': 'pandas\n' }), {
    table: 'a,b,y\n1.5,NA,1\n,null,2\n2,,3\n',
    cache: CACHE,
    installer: installerEnvironment(),
  })

  assert.match(errorOf(job), /seen/)
  assert.ok(job.lines.includes("[[1.5, 'NA', 1], [None, 'null', 2], [2.0, None, 3]]"), job.lines.join('\n'))
})
