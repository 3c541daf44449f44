import { writeFile } from 'node:fs/promises'
import { composeFile } from '../compose-file.ts'
import type { Command } from './command.ts'
import { text, UsageError, words } from './command.ts'

export const compose: Command = {
  name: 'compose',
  usage: '--image REFERENCE [--out FILE]',
  summary: 'writes a Compose file of the platform and its servers',
  help: `
Writes a file for docker compose (as JSON, which is YAML too): Kafka, MinIO, PostgreSQL, the platform,
and nginx before it with the nginx.conf of this folder. Secrets have no defaults: put POSTGRES_PASSWORD,
S3_ACCESS_KEY, S3_SECRET_KEY, KAFKA_CLUSTER_ID (22 characters of base64, as kafka-storage random-uuid
gives) and MEZZ_ISSUERS into a file .env beside it, passwords of letters and digits alone, for they stand
in URLs.

  mezz nginx > nginx.conf && mezz compose --image registry.example/mezz:1 --out compose.json

  --image  an image of the platform whose entry point is mezz
  --out    the file to write; without it, the terminal`,
  options: { image: { type: 'string' }, out: { type: 'string' } },

  async run({ values, positionals }) {
    words(positionals, { needed: [] })
    const image = text(values['image'])
    if (!image) throw new UsageError('--image is missing')
    const file = `${JSON.stringify(composeFile({ image }), null, 2)}\n`
    const out = text(values['out'])
    if (out === undefined) process.stdout.write(file)
    else await writeFile(out, file)
    return 0
  },
}
