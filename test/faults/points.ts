/** Moments at which a process can be killed, by name, and in whose process each lies. */
export const POINTS = {
  'object-stored': 'function',
  'before-commit': 'function',
  'effect-before-answer': 'function',
  'committed-before-relay': 'platform',
  'appended-before-dropped': 'platform',
  'read-before-call': 'platform',
  'answer-before-position': 'platform',
  'position-stored': 'platform',
  'job-claimed': 'platform',
  'job-running': 'platform',
  'job-ended-before-commit': 'platform',
  'job-end-committed': 'platform',
  'package-before-version': 'function',
  'version-before-alias': 'function',
  'alias-before-answer': 'function',
} as const

export type Point = keyof typeof POINTS
