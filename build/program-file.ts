import { dirname, join } from 'node:path'

/** The source of a program that a function declares: beside it, and in the packed package JavaScript as the function itself is. */
export function programFile(functionFile: string, declared: string): string {
  const path = join(dirname(functionFile), declared)
  return functionFile.endsWith('.js') ? path.replace(/\.ts$/, '.js') : path
}
