/** A thing of a team, as people and programs name it. */
export interface ResourceName {
  /** None where the name says none: the team of whoever asks. */
  readonly team?: string | undefined
  /** `datasets`, `models`, …; `bytes` for a digest. */
  readonly kind: string
  readonly name: string
  /** None where any is meant, or the newest. */
  readonly version?: string | undefined
}

/** A prediction's own name: `<model>@<version>/<uuidv7>`. */
export interface PredictionName {
  readonly model: string
  readonly version: string
  /** From the UUID. */
  readonly at: Date
}

/** Reads `mezz://<team>/<kind>/<name>[@version]`, the same without `mezz://<team>/`, or a digest (`sha256:…`); `null` where it is none of them. */
export function parseResourceName(text: string): ResourceName | null {
  if (/^sha256:[0-9a-f]{64}$/.test(text)) return { kind: 'bytes', name: text }
  const [, team, kind, name, version] = /^(?:mezz:\/\/([^/]+)\/)?([a-z]+)\/(.+?)(?:@([^@/]+))?$/.exec(text) ?? []
  return kind && name ? { team, kind, name, version } : null
}

/** `mezz://<team>/<kind>/<name>[@version]`; bytes are named by their digest alone. */
export function resourceId(team: string, { kind, name, version }: Omit<ResourceName, 'team'>): string {
  if (kind === 'bytes') return name
  return `mezz://${team}/${kind}/${name}${version === undefined ? '' : `@${version}`}`
}

/** `null` where the text is no prediction's name. */
export function parsePrediction(text: string): PredictionName | null {
  const uuidv7 = '([0-9a-f]{8})-([0-9a-f]{4})-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}'
  const [, model, version, high, low] = new RegExp(`^([a-z0-9-]+)@(\\d+)/${uuidv7}$`).exec(text) ?? []
  if (!model || !version) return null
  return { model, version, at: new Date(Number.parseInt(`${high}${low}`, 16)) }
}
