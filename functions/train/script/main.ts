import { existsSync } from 'node:fs'
import { copyFile, mkdir, rm, symlink, writeFile } from 'node:fs/promises'
import { delimiter, dirname, join } from 'node:path'
import type { ScriptEnvironment } from './environment.ts'
import { HELPER, nodeEnvironment, pythonEnvironment } from './environment.ts'
import { FAULT, ScriptFault } from './fault.ts'
import { fetchCommit, packFolder, unpackScript } from './fetch.ts'
import { judge } from './judge.ts'
import { runProgram } from './programs.ts'
import { reasonOf } from './reason.ts'
import { Variables } from './settings.ts'

// The program of a training job whose trainer is a script: lays the script and its data down, makes its environment, runs it with
// nothing of the platform's in its own, and judges what it left. What went wrong is said in the last line.

try {
  await main(Variables.parse(process.env))
} catch (error) {
  if (!(error instanceof ScriptFault)) throw error
  console.error(error.message)
  process.exitCode = FAULT
}

async function main(variables: Variables): Promise<void> {
  const { TABLE, SCRIPT, SETTINGS: settings, MEZZ_OUTPUT, PATH, TMPDIR, LANG } = variables
  const root = join(process.cwd(), 'script')
  const base = { PATH, TMPDIR, LANG, MEZZ_OUTPUT }
  const installer = { ...base, HOME: process.cwd(), ...variables.MEZZ_INSTALLER }
  const archive = SCRIPT ?? join(process.cwd(), 'script.tar')
  if (settings.git) {
    await fetchCommit(settings.git, { folder: root, environment: installer })
    await packFolder(root, archive)
  } else await unpackScript(archive, root)

  const folder = dirname(join(root, settings.entry))
  const place = { root, folder, installer }
  const environment =
    settings.runtime === 'python' ? await pythonEnvironment(place, variables) : await nodeEnvironment(place)
  if (environment.told) console.log(environment.told)
  // Also in the place of a file of that name which came with the script: it would never change.
  const table = join(folder, `${settings.dataset}.csv`)
  await rm(table, { force: true })
  await symlink(TABLE, table)

  // Of its own, so that what Python compiles of it goes with the job.
  const helper = join(process.cwd(), 'helper')
  await mkdir(helper)
  await copyFile(join(HELPER, 'mezz.py'), join(helper, 'mezz.py'))

  const { exit, said } = await runProgram([...environment.command, join(root, settings.entry)], {
    folder,
    environment: {
      ...base,
      HOME: folder,
      ...variablesOf(environment),
      MEZZ_TABLE: TABLE,
      MEZZ_TARGET: settings.target,
      MEZZ_TASK: settings.task,
      MEZZ_PARAMETERS: JSON.stringify(settings.parameters),
      MEZZ_HOLDOUT: String(settings.holdout),
    },
  })
  if (exit !== 0) throw new ScriptFault(reasonOf(settings, { exit, said }))
  await writeFile(join(MEZZ_OUTPUT, 'environment.txt'), environment.lock)
  await judge(MEZZ_OUTPUT, settings)
  // What serves itself is started again from these very files.
  if (settings.git && existsSync(join(MEZZ_OUTPUT, 'contract.json'))) {
    await copyFile(archive, join(MEZZ_OUTPUT, 'script.tar'))
  }

  function variablesOf({ path }: ScriptEnvironment): Record<string, string> {
    return {
      PATH: [...path, PATH].join(delimiter),
      PYTHONPATH: [helper, root].join(delimiter),
      PYTHONUNBUFFERED: '1',
    }
  }
}
