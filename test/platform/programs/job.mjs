// A program of a job, for the tests of the engine: what it does stands in DOES.
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'

const { DOES, MEZZ_OUTPUT, MEZZ_ATTEMPT, WAITS_FOR } = process.env
const out = (name, text) => writeFileSync(join(MEZZ_OUTPUT, name), text)

console.log(`attempt ${MEZZ_ATTEMPT}`)
if (DOES === 'waits') {
  console.log('mezz: {"progress": 0.5, "metrics": {"loss": 0.25}}')
  while (!existsSync(WAITS_FOR)) await wait(20)
  out('result.txt', `attempt ${MEZZ_ATTEMPT}`)
} else if (DOES === 'litters') {
  for (let n = 0; n < 1000; n++) out(`${'name'.repeat(60)}-${n}`, 'x')
} else if (DOES === 'fails') {
  console.error('the table has no rows')
  process.exitCode = 1
} else if (DOES === 'dies') {
  process.kill(process.pid, 'SIGKILL')
} else if (DOES === 'chats') {
  for (let n = 0; n < 100_000; n++) console.log(`line ${n}`)
  out('result.txt', 'said')
} else if (DOES === 'garbage') {
  process.stdout.write(Buffer.from([0, 255, 254, 10, 0xed, 0xa0, 0x80, 10]))
  console.log('mezz: {"progress": "much"}')
  console.log('mezz: not even JSON')
  out('result.txt', 'said')
}
