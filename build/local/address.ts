/** Where a request wants to go: a function of a team with the rest of the path, the platform itself, or nowhere that there is. */
export type Address =
  | {
      readonly kind: 'function'
      readonly team: string
      readonly name: string
      readonly prefix: string
      readonly path: string
    }
  | { readonly kind: 'platform' }
  | { readonly kind: 'nowhere' }

/** Reads `/{team}/{function}/…`, and `/…` of the host `{function}.{team}.localhost` as Knative has it. */
export function addressOf(url: string, host: string): Address {
  const [, name, team] = /^([a-z0-9-]+)\.([a-z0-9-]+)\.localhost(?::\d+)?$/i.exec(host) ?? []
  if (name && team && url.startsWith('/')) {
    return { kind: 'function', team: team.toLowerCase(), name: name.toLowerCase(), prefix: '', path: url }
  }
  if (/^\/_mezz(\/|\?|$)/.test(url)) return { kind: 'platform' }
  const [, byTeam, byName, path = '', query = ''] = /^\/([^/?]+)\/([^/?]+)(\/[^?]*)?(\?.*)?$/.exec(url) ?? []
  if (!byTeam || !byName) return { kind: 'nowhere' }
  return {
    kind: 'function',
    team: byTeam,
    name: byName,
    prefix: `/${byTeam}/${byName}`,
    path: `${path || '/'}${query}`,
  }
}
