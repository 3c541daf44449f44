import { createHash, randomBytes, randomInt } from 'node:crypto'
import { writeSync } from 'node:fs'
import { argv } from 'node:process'
import { folderObjects } from '../../../runtime/adapters/folder.ts'

// Stores objects until it is killed and prints the name of each that was acknowledged. Every object begins with the digest of its rest.

const [, , folder = '', run = ''] = argv
const objects = folderObjects(folder)

async function* body() {
  const rest = Array.from({ length: randomInt(1, 6) }, () => randomBytes(randomInt(1, 100_000)))
  yield createHash('sha256').update(Buffer.concat(rest)).digest()
  yield* rest
}

async function storeForever(lane: number): Promise<never> {
  for (let count = 0; ; count++) {
    const refs = [
      await objects.put(body()),
      await objects.write(`run/${run}/${lane}/${count}`, body()),
      await objects.write('current', body()),
    ]
    for (const { name } of refs) writeSync(1, `${name}\n`)
  }
}

await Promise.all([0, 1, 2].map(storeForever))
