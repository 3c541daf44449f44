import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'

const { INPUT, KEY, N, MEZZ_OUTPUT } = process.env
console.log('works')
await wait(100)
writeFileSync(join(MEZZ_OUTPUT, 'result.txt'), `${KEY} ${N} ${readFileSync(INPUT, 'utf8')}`)
