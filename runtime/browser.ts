const LOOPBACK = /^(localhost|([a-z0-9-]+\.)+localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/i

/** Says why a request could have been made by a foreign web page, or by a name that was bound to this machine; `null` when it could not. */
export function foreignPage(headers: { get(name: string): string | null }): string | null {
  const host = headers.get('host')
  if (!host || !LOOPBACK.test(host)) return `Host must be a loopback name, not ${host || 'nothing'}`
  const origin = headers.get('origin')
  if (origin !== null && origin.toLowerCase() !== `http://${host}`.toLowerCase()) {
    return `a page of ${origin} must not call http://${host}`
  }
  const site = headers.get('sec-fetch-site')
  // `none` is what the user typed; every browser since 2023 says `same-origin` for a page of our own.
  if (site !== null && site !== 'none' && site !== 'same-origin') return `a ${site} page must not call http://${host}`
  return null
}
