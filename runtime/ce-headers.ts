/** Percent-encodes what may not stand in an HTTP header (CloudEvents HTTP binding 1.0.2 §3.1.3.2): space, `"`, `%` and all beyond printable ASCII; half a surrogate pair becomes U+FFFD. */
export function encodeAttribute(value: string): string {
  return value.toWellFormed().replaceAll(/[^\x21\x23\x24\x26-\x7e]/gu, (character) => encodeURIComponent(character))
}

/** The attribute that a header stands for; one that is not encoded rightly is taken as it is. */
export function decodeAttribute(value: string): string {
  try {
    return decodeURIComponent(value)
  } catch {
    return value
  }
}
