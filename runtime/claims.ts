import type { Caller } from './context.ts'
import type { IssuerRow } from './issuer-row.ts'
import type { Claims } from './jwt.ts'
import { Refusal } from './refusal.ts'

const MOST_ID = 255

/** Who a good token speaks for, as its issuer's row reads it. Throws a `Refusal`: a claim is missing or wrong, or it is of another team than this. */
export function callerOf(claims: Claims, row: IssuerRow, team: string): Caller {
  for (const [name, value] of Object.entries(row.require)) {
    if (claimAt(claims, name) !== value) throw Refusal.token('token_claim')
  }
  const user = claimAt(claims, row.claims.user)
  if (!(typeof user === 'string' || Number.isSafeInteger(user))) throw Refusal.token('token_claim')
  const id = `${row.prefix}${user}`
  if (user === '' || id.length > MOST_ID || hasControls(id)) throw Refusal.token('token_claim')
  if (!teamsOf(claims, row).includes(team)) throw Refusal.team(team)
  return { kind: 'user', team, id, type: row.type, scopes: scopesOf(claims, row) }
}

/** One team, or those of a claim with several. */
function teamsOf(claims: Claims, { team, claims: { team: place = '' } }: IssuerRow): readonly unknown[] {
  if (team !== undefined) return [team]
  const said = claimAt(claims, place)
  if (said === undefined) throw Refusal.token('token_claim')
  return [said].flat()
}

/** A text with spaces between (RFC 8693 §4.2) or a list. */
function scopesOf(claims: Claims, row: IssuerRow): Caller['scopes'] {
  const said = claimAt(claims, row.claims.scopes)
  if (said === undefined) return row.scopes
  const list: readonly unknown[] = typeof said === 'string' ? said.split(' ') : Array.isArray(said) ? said : []
  return list.filter((one) => typeof one === 'string').filter((one) => one !== '')
}

function claimAt(claims: Claims, place: string): unknown {
  if (!place.startsWith('/')) return own(claims, place)
  const steps = place.slice(1).split('/')
  return steps.map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~')).reduce<unknown>(own, claims)
}

function own(value: unknown, name: string): unknown {
  const entries = typeof value === 'object' && value !== null ? Object.entries(value) : []
  return entries.find(([key]) => key === name)?.[1]
}

function hasControls(text: string): boolean {
  return /\p{Cc}/u.test(text) || !text.isWellFormed()
}
