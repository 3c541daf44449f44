import { PlatformError } from './errors.ts'
import type { FindKey } from './jwt.ts'
import { fetchedKeys, isUnknownKey } from './jwt.ts'

/** All in milliseconds. */
export interface RemoteKeysOptions {
  /** A fetch waits at most so long. */
  readonly timeout?: number
  /** A key that is not known asks for the set again at most each so long. */
  readonly coolDown?: number
  /** A set older than this is fetched anew beside the request that finds it so, which does not wait. */
  readonly freshFor?: number
  now?(): number
}

/** While there is no set at all, each request may ask once in this time. */
const FIRST_RETRY = 1000

/**
 * The keys of an issuer by its JWKS URL. A key that is not known has the set fetched again, at most once in the cool-down; the
 * last good set counts while the issuer is down. Throws `unavailable` where the issuer would have to be asked and does not answer.
 */
export function remoteKeys(
  url: string,
  { timeout = 5000, coolDown = 30_000, freshFor = 600_000, now = Date.now }: RemoteKeysOptions = {},
): FindKey {
  const keys = fetchedKeys(url, timeout)
  let askedAt = Number.NEGATIVE_INFINITY
  let failure: unknown
  let asking: Promise<void> | undefined

  function ask(): Promise<void> {
    askedAt = now()
    asking ??= keys
      .fetch()
      .then(
        () => {
          failure = undefined
        },
        (error: unknown) => {
          failure = error
        },
      )
      .finally(() => {
        asking = undefined
      })
    return asking
  }
  function askAtMostEach(time: number): Promise<void> | undefined {
    return asking ?? (now() - askedAt >= time ? ask() : undefined)
  }
  function silent(): PlatformError {
    const { host } = new URL(url)
    return new PlatformError('unavailable', `the issuer's keys cannot be had from ${host}`, {
      cause: failure,
      retryAfter: 1,
    })
  }

  return async function find(header, token) {
    if (!keys.has()) await askAtMostEach(FIRST_RETRY)
    if (!keys.has()) throw silent()
    if (now() - askedAt >= (failure === undefined ? freshFor : coolDown)) void ask()
    try {
      return await keys.find(header, token)
    } catch (error) {
      if (!isUnknownKey(error)) throw error
      await askAtMostEach(coolDown)
      if (failure !== undefined) throw silent()
      return keys.find(header, token)
    }
  }
}
