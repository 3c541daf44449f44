import type { FSWatcher } from 'node:fs'
import { existsSync, globSync, statSync, watch } from 'node:fs'
import { basename, dirname, join, sep } from 'node:path'

const SETTLE_MS = 30
const LOOK_MS = 1000
const WATCHED = ['functions', 'triggers', 'runtime']

/** What a change of files means. */
export interface Change {
  /** Folders of functions whose files changed, came or went. */
  readonly functions: readonly string[]
  /** Files that every function may hang on changed: the vocabulary, the runtime. */
  readonly all: boolean
}

export interface Watcher {
  close(): void
}

/**
 * Calls `changed` soon after a file of these folders' `functions`, `triggers` or `runtime` changed.
 * The system's notice only says when to look: it may come twice, name the wrong file or be lost in a new folder.
 */
export function watchSources(roots: readonly string[], changed: (change: Change) => void): Watcher {
  let known = look(roots)
  let settle: NodeJS.Timeout | undefined
  const watchers = new Map<string, FSWatcher>()

  function compare(): void {
    follow()
    const now = look(roots)
    const files = [...new Set([...known.keys(), ...now.keys()])].filter((file) => known.get(file) !== now.get(file))
    known = now
    if (files.length > 0) changed(meaning(files, roots))
  }
  function follow(): void {
    for (const root of roots) {
      // The root itself, for a folder that is yet to come.
      for (const folder of [root, ...WATCHED.map((name) => join(root, name))]) {
        if (watchers.has(folder) || !existsSync(folder)) continue
        const watcher = watch(folder, { recursive: folder !== root }, () => {
          clearTimeout(settle)
          settle = setTimeout(compare, SETTLE_MS)
        })
        // The folder went away; it is followed again when it comes back.
        watcher.on('error', () => {
          watcher.close()
          watchers.delete(folder)
        })
        watchers.set(folder, watcher)
      }
    }
  }

  follow()
  const timer = setInterval(compare, LOOK_MS)
  timer.unref()
  return {
    close() {
      clearInterval(timer)
      clearTimeout(settle)
      for (const watcher of watchers.values()) watcher.close()
    },
  }
}

/** Each source file with what tells its content from another. */
function look(roots: readonly string[]): ReadonlyMap<string, string> {
  const files = new Map<string, string>()
  for (const root of roots) {
    for (const file of globSync(`{${WATCHED.join(',')}}/**/*.*`, { cwd: root, exclude: ['**/node_modules/**'] })) {
      const path = join(root, file)
      const stat = statSync(path, { throwIfNoEntry: false })
      if (stat?.isFile()) files.set(path, `${stat.mtimeMs} ${stat.size} ${stat.ino}`)
    }
  }
  return files
}

function meaning(files: readonly string[], roots: readonly string[]): Change {
  const functions = new Set<string>()
  let all = false
  for (const file of files) {
    const root = roots.find((one) => file.startsWith(join(one, sep))) ?? dirname(file)
    const [folder, name] = file.slice(root.length).split(sep).filter(Boolean)
    if (folder === 'functions' && name && name !== basename(file)) functions.add(join(root, folder, name))
    // A trigger alone changes no function.
    else if (folder === 'runtime' || /^events\.[tj]s$/.test(basename(file))) all = true
  }
  return { functions: [...functions], all }
}
