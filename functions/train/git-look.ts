import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { inheritedEnvironment } from 'mezz/env'

/** Milliseconds. */
const PATIENCE = 20_000
/** Of what git says is wrong. */
const MOST_SAID = 500

/** What keeps git from asking anybody, and from running a helper that a URL names. */
export const GIT_ENVIRONMENT = {
  GIT_TERMINAL_PROMPT: '0',
  GIT_ALLOW_PROTOCOL: 'https:http:ssh:file',
  GIT_SSH_COMMAND: 'ssh -oBatchMode=yes',
  GIT_PROTOCOL_FROM_USER: '0',
  LC_ALL: 'C',
} as const

export interface Repository {
  readonly git: string
  readonly ref: string
}

export type Head = { readonly commit: string } | { readonly error: string }

/** The commit that a branch, a tag or HEAD of a repository has now, or why none is known. */
export async function lookAt({ git, ref }: Repository): Promise<Head> {
  const names = [`refs/heads/${ref}`, `refs/tags/${ref}^{}`, `refs/tags/${ref}`, ref]
  try {
    const { stdout } = await promisify(execFile)('git', ['ls-remote', '--', git, ...names], {
      env: { ...inheritedEnvironment(), ...GIT_ENVIRONMENT },
      timeout: PATIENCE,
    })
    const commits = new Map(stdout.split('\n').map((line) => line.split('\t').reverse() as [string, string]))
    const found = names.map((name) => commits.get(name)).find((commit) => /^[0-9a-f]{40,64}$/.test(commit ?? ''))
    return found === undefined ? { error: `${git} has no ${ref}` } : { commit: found }
  } catch (error) {
    return { error: `git cannot read ${git}: ${reasonOf(error)}` }
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if ('code' in error && error.code === 'ENOENT') return 'git is not installed here'
  if ('killed' in error && error.killed === true) return `no answer within ${PATIENCE / 1000} seconds`
  const said = 'stderr' in error ? String(error.stderr) : error.message
  return said.trim().replaceAll(/\s+/g, ' ').slice(0, MOST_SAID)
}
