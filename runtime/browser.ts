const LOOPBACK = /^(localhost|[a-z0-9.-]+\.localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/i
/** What proxies say of those for whom they ask (RFC 7239, RFC 9110 §7.6.3, and custom). */
const BY_PROXY = [
  'forwarded',
  'via',
  'x-real-ip',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-forwarded-port',
  'x-forwarded-server',
]

export type Header = (name: string) => string | undefined

/**
 * Why a request may have been made by a web page of somebody else, or `null`: a Host that is no loopback name (DNS
 * rebinding), an Origin of another scheme, host or port, or `Sec-Fetch-Site` of another site (Fetch Metadata).
 */
export function foreignPage(header: Header, scheme = 'http:'): string | null {
  const host = header('host') ?? ''
  if (!LOOPBACK.test(host)) return `the Host ${JSON.stringify(host)} is no name of this machine`
  return foreignOrigin(header, scheme)
}

/** The same, of any Host: for callers who are known by a token alone, so that a name bound to this machine gives nothing. */
export function foreignOrigin(header: Header, scheme: string): string | null {
  const host = header('host') ?? ''
  const origin = header('origin')
  if (origin !== undefined && origin !== `${scheme}//${host}`) return `a page of ${origin} may not call here`
  const site = header('sec-fetch-site')
  if (site === 'cross-site' || site === 'same-site') return `a page of another origin may not call here (${site})`
  return null
}

/** Whether a proxy has sent the request on, so that its address says nothing of who asks. Anybody may claim so: it only takes rights away. */
export function cameByProxy(header: Header): boolean {
  return BY_PROXY.some((name) => header(name) !== undefined)
}

/** The scheme by which the proxy was asked. */
export function proxiedScheme(header: Header): 'http' | 'https' {
  return header('x-forwarded-proto')?.toLowerCase() === 'https' ? 'https' : 'http'
}
