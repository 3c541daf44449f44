import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const CHECKOUT = fileURLToPath(new URL('../..', import.meta.url))

export interface UserRepository {
  readonly folder: string
  /** Runs a command in it; answers with its exit status and all that it printed. */
  run(command: string, ...args: readonly string[]): { readonly status: number | null; readonly output: string }
  remove(): void
}

/** A repository as a user has it, outside the checkout: the files of `outside/`, and mezz as packed and installed by npm. */
export function userRepository(): UserRepository {
  const folder = mkdtempSync(join(tmpdir(), 'user-'))
  const env = withoutNpm()
  execFileSync('npm', ['pack', '--pack-destination', folder], { cwd: CHECKOUT, env, stdio: 'pipe' })

  const { version, dependencies, devDependencies } = JSON.parse(readFileSync(join(CHECKOUT, 'package.json'), 'utf8'))
  cpSync(join(CHECKOUT, 'test/platform/outside'), folder, { recursive: true })
  const manifest = {
    name: 'user',
    private: true,
    type: 'module',
    dependencies: { mezz: `file:mezz-${version}.tgz`, hono: dependencies.hono, zod: dependencies.zod },
    devDependencies: { '@types/node': devDependencies['@types/node'] },
    // For npm 11; npm 10 reads `.npmrc`. Without them onnxruntime-node fetches GPU libraries while it is installed.
    allowScripts: { 'onnxruntime-node': false },
  }
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest))
  writeFileSync(join(folder, '.npmrc'), 'onnxruntime-node-install=skip\n')
  execFileSync('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund'], { cwd: folder, env, stdio: 'pipe' })

  return {
    folder,
    run(command, ...args) {
      const { status, stdout, stderr } = spawnSync(command, args, { cwd: folder, env, encoding: 'utf8' })
      return { status, output: stdout + stderr }
    },
    remove: () => rmSync(folder, { recursive: true }),
  }
}

/** What npm told the scripts of this checkout must not reach another repository, nor what the test runner tells its files. */
function withoutNpm(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(npm_|NODE_TEST_CONTEXT)/i.test(name)))
}
