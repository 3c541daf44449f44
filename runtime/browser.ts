const LOOPBACK = /^(localhost|[a-z0-9.-]+\.localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/i

/**
 * Why a request may have been made by a web page of somebody else, or `null`: a Host that is no loopback name (DNS
 * rebinding), an Origin of another scheme, host or port, or `Sec-Fetch-Site` of another site (Fetch Metadata).
 */
export function foreignPage(header: (name: string) => string | undefined, scheme = 'http:'): string | null {
  const host = header('host') ?? ''
  if (!LOOPBACK.test(host)) return `the Host ${JSON.stringify(host)} is no name of this machine`
  const origin = header('origin')
  if (origin !== undefined && origin !== `${scheme}//${host}`) return `a page of ${origin} may not call here`
  const site = header('sec-fetch-site')
  if (site === 'cross-site' || site === 'same-site') return `a page of another origin may not call here (${site})`
  return null
}
