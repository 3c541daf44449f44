import type { IncomingMessage } from 'node:http'
import type { Asked } from '../../runtime/audit.ts'
import type { Trust } from '../../runtime/identity.ts'
import { insistOn, whoAsks } from '../../runtime/identity.ts'
import type { KeySet } from '../../runtime/jwt.ts'
import { engineVerifier } from '../../runtime/token.ts'

/** Lets a request through to a program, or throws a `Refusal`. */
export type Admit = (request: IncomingMessage, to: { readonly name: string; readonly scope: string }) => Promise<void>

/** Judges who calls a program that cannot do so itself, as the runtime does for a function. */
export function admission({
  engineKeys,
  ...trust
}: Omit<Trust, 'verifyEngine'> & { readonly engineKeys: KeySet }): Admit {
  const verifiers = new Map<string, (token: string) => Promise<void>>()

  return async function admit(request, { name, scope }) {
    const verifyEngine = verifiers.get(name) ?? engineVerifier(engineKeys, `/${trust.team}/${name}`)
    verifiers.set(name, verifyEngine)
    insistOn(scope, await whoAsks(askedBy(request), { ...trust, verifyEngine }))
  }
}

/** A request of Node's server, as those see it who judge it: headers that came more than once are joined. */
export function askedBy(request: IncomingMessage): Asked {
  return {
    method: request.method ?? '',
    path: request.url?.split('?')[0] ?? '',
    scheme: 'http:',
    header: (name) => request.headersDistinct[name]?.join(', '),
    remote: () => request.socket.remoteAddress,
  }
}
