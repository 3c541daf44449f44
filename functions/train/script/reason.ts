import type { Settings } from './settings.ts'

/** How the helper says in its last line what to do. */
const HELP = /^mezz\.Fault: (.+)$/gm
const NO_MODULE = /^ModuleNotFoundError: No module named '([\w.]+)'/gm
const NO_PACKAGE = /Error \[ERR_MODULE_NOT_FOUND\]: Cannot find package '([^']+)'/g
/** Packages that have another name than what is imported of them. */
const NAMES: Readonly<Record<string, string>> = {
  sklearn: 'scikit-learn',
  cv2: 'opencv-python',
  PIL: 'pillow',
  yaml: 'pyyaml',
  bs4: 'beautifulsoup4',
}

/** Why a script ended without a model, in one line: what it lacked or threw, by what it said last on stderr. */
export function reasonOf(
  { entry, runtime }: Pick<Settings, 'entry' | 'runtime'>,
  { exit, said }: { readonly exit: number | NodeJS.Signals; readonly said: string },
): string {
  if (typeof exit === 'string') return `${entry} was ended by ${exit}`
  const help = last(HELP, said)
  if (help !== undefined) return `${entry}: ${help}`
  const module = last(NO_MODULE, said)?.split('.')[0]
  if (runtime === 'python' && module !== undefined)
    return `${entry} needs ${NAMES[module] ?? module}, which is not installed: add it to a requirements.txt beside it`
  const name = last(NO_PACKAGE, said)
  if (runtime === 'node' && name !== undefined)
    return `${entry} needs ${name}, which is not installed: add it to a package.json beside it`
  const line = said.trim().split('\n').at(-1)?.trim()
  return `${entry} ended with exit code ${exit}${line ? `: ${line}` : ''}`
}

function last(pattern: RegExp, text: string): string | undefined {
  return [...text.matchAll(pattern)].at(-1)?.[1]
}
