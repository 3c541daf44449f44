#!/usr/bin/env node
// Plain JavaScript that any Node since 20 runs: finds the Node 24 that came from npm and starts the `mezz` command with it.
// `--node ARGS…` starts Node 24 itself, for the npm scripts.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

const OLDEST = 24
/** Node 24's own lowest number of a signal-killed exit code: 128 + the signal. */
const SIGNAL_EXIT = { SIGINT: 130, SIGTERM: 143, SIGKILL: 137, SIGHUP: 129 }

const source = fileURLToPath(new URL('./cli/main.ts', import.meta.url))
const packed = fileURLToPath(new URL('../dist/package/build/cli/main.js', import.meta.url))
const inCheckout = existsSync(source)

const asked = process.argv.slice(2)
const raw = asked[0] === '--node'
const conditions = inCheckout ? ['--conditions=mezz-source'] : []
const quiet = ['--disable-warning=ExperimentalWarning']
const args = raw ? asked.slice(1) : [inCheckout ? source : packed, ...asked]

// The fourth pipe tells the command that this launcher is gone, however it went.
const child = spawn(findNode(), [...conditions, ...quiet, ...args], {
  stdio: ['inherit', 'inherit', 'inherit', 'pipe'],
  env: { ...process.env, MEZZ_LAUNCHER_FD: raw ? '' : '3' },
})
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  // A terminal sends SIGINT to the whole foreground group, so the command has it already.
  process.on(signal, () => signal !== 'SIGINT' && child.kill(signal))
}
child.on('error', (error) => fail(`Node ${OLDEST} did not start: ${error.message}`))
child.on('exit', (code, signal) => process.exit(code ?? SIGNAL_EXIT[signal] ?? 1))

function findNode() {
  try {
    return createRequire(import.meta.url).resolve(`node-${process.platform}-${process.arch}/bin/node`)
  } catch {
    if (Number(process.versions.node.split('.')[0]) >= OLDEST) return process.execPath
    return fail(
      `mezz runs on Node ${OLDEST}, which npm brings for Linux x64 and arm64 only. Here (${process.platform} ${process.arch}) start it with a Node ${OLDEST} of your own: found ${process.versions.node}.`,
    )
  }
}

function fail(message) {
  console.error(`mezz: ${message}`)
  process.exit(1)
}
