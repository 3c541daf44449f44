import { nginxConfiguration } from '../nginx.ts'
import type { Command } from './command.ts'
import { text, UsageError, words } from './command.ts'

/** What nginx takes as it stands in a directive. */
const NAME = /^(_|[a-z0-9*]([a-z0-9.*-]*[a-z0-9])?)$/i

export const nginx: Command = {
  name: 'nginx',
  usage: '[--server-name N] [--upstream URL] [--tls-certificate F --tls-key F]',
  summary: 'writes a configuration of nginx in front of the platform',
  help: `
Prints a server for nginx's conf.d: bodies up to 5 GiB and progress streams pass as they come, and a
request may last as long as a function lets it. Whoever calls by nginx needs a token: set MEZZ_ISSUERS,
or make one by mezz token. Only callers on the machine itself, and past nginx, are its developer.

  mezz nginx --server-name ai.example > /etc/nginx/conf.d/mezz.conf && nginx -s reload

  --server-name      the name that callers use (_, which is any)
  --upstream         where the platform listens (http://127.0.0.1:8080)
  --listen           where nginx listens (80; with a certificate 443)
  --tls-certificate  a file with the certificate and those that lead to it
  --tls-key          a file with its key`,
  options: {
    'server-name': { type: 'string', default: '_' },
    upstream: { type: 'string', default: 'http://127.0.0.1:8080' },
    listen: { type: 'string' },
    'tls-certificate': { type: 'string' },
    'tls-key': { type: 'string' },
  },

  async run({ values, positionals }) {
    words(positionals, { needed: [] })
    const serverName = text(values['server-name']) ?? '_'
    if (!NAME.test(serverName)) throw new UsageError(`${serverName} is no name of a server`)
    const upstream = text(values['upstream']) ?? ''
    if (!/^http:\/\/[a-z0-9.[\]:-]+\/?$/i.test(upstream) || !URL.canParse(upstream))
      throw new UsageError(`${upstream} is no http:// address`)
    const certificate = text(values['tls-certificate'])
    const key = text(values['tls-key'])
    if ((certificate === undefined) !== (key === undefined))
      throw new UsageError('--tls-certificate and --tls-key go together')
    const tls = certificate !== undefined && key !== undefined ? { certificate, key } : undefined
    const listen = text(values['listen']) ?? (tls ? '443' : '80')
    if (!/^[a-z0-9.[\]:-]+$/i.test(listen)) throw new UsageError(`${listen} is no address to listen on`)
    process.stdout.write(nginxConfiguration({ serverName, upstream, listen, ...(tls ? { tls } : {}) }))
    return 0
  },
}
