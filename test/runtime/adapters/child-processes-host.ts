import { writeSync } from 'node:fs'
import { argv } from 'node:process'
import { probe } from '../../conformance/launcher.ts'
import { openLauncher } from './open-launcher.ts'

// An engine's process: runs the job `j1` in the folder and prints its lines.

const [, , folder = '', mark = ''] = argv
const { launcher } = openLauncher(folder)

await probe(launcher, 'scatter', {
  job: 'j1',
  environment: { MARK: mark, THEN: 'wait' },
  line: (text) => writeSync(1, `${text}\n`),
})
