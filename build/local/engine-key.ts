import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as z from 'zod'
import { PlatformError } from '../../runtime/errors.ts'
import type { PrivateKey } from '../../runtime/jwt.ts'
import { generateKey } from '../../runtime/jwt.ts'
import { writeWhole } from './write-file.ts'

const Key = z.object({
  kty: z.literal('OKP'),
  crv: z.literal('Ed25519'),
  x: z.string(),
  d: z.string(),
  kid: z.string(),
})

/** The engine's private key of this data folder: made once, readable by its owner alone. */
export function engineKey(folder: string): Promise<PrivateKey> {
  return madeOnce(join(folder, 'engine-key.json'))
}

/** The private key of the laptop's own issuer, likewise. */
export function laptopKey(folder: string): Promise<PrivateKey> {
  return madeOnce(join(folder, 'laptop-key.json'))
}

/** The same where `mezz dev` has made it; `not_found` where it has not. */
export async function madeLaptopKey(folder: string): Promise<PrivateKey> {
  const key = await read(join(folder, 'laptop-key.json'))
  if (key) return key
  throw new PlatformError(
    'not_found',
    `${folder} is no data folder that a mezz dev has used: start one, or name it by --data`,
  )
}

async function madeOnce(file: string): Promise<PrivateKey> {
  const known = await read(file)
  if (known) return known
  const key = Key.parse(await generateKey())
  await writeWhole(file, JSON.stringify(key))
  return key
}

async function read(file: string): Promise<PrivateKey | null> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw error
  })
  return text === null ? null : Key.parse(JSON.parse(text))
}
