/** Text from outside as PostgreSQL and JSON can hold it: no NUL, no half of a surrogate pair, and no more than so many characters. */
export function storable(text: string, most = 4000): string {
  return text.slice(0, most).replaceAll('\0', '\ufffd').toWellFormed()
}
