import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as z from 'zod'
import type { EngineKey } from '../../runtime/token.ts'
import { generateEngineKey } from '../../runtime/token.ts'
import { writeWhole } from './write-file.ts'

const Key = z.object({
  kty: z.literal('OKP'),
  crv: z.literal('Ed25519'),
  x: z.string(),
  d: z.string(),
  kid: z.string(),
})

/** The engine's private key of this data folder: made once, readable by its owner alone. */
export async function engineKey(folder: string): Promise<EngineKey> {
  const file = join(folder, 'engine-key.json')
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw error
  })
  if (text !== null) return Key.parse(JSON.parse(text))
  const key = Key.parse(await generateEngineKey())
  await writeWhole(file, JSON.stringify(key))
  return key
}
