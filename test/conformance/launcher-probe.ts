import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { env, exit, kill, pid, stderr, stdout } from 'node:process'

// The program of the launcher's conformance suite: does what the variable DO says.

const out = env['MEZZ_OUTPUT'] ?? ''
const wait = () => setInterval(() => {}, 1000)

const deeds: Record<string, () => unknown> = {
  copy() {
    mkdirSync(`${out}/deep/er`, { recursive: true })
    writeFileSync(`${out}/deep/er/copy`, readFileSync(env['TABLE'] ?? ''))
    writeFileSync(`${out}/empty`, '')
  },
  tell() {
    writeFileSync(`${out}/told`, JSON.stringify({ env, argv: process.argv.slice(2) }))
  },
  print() {
    stdout.write('one\ntwo\r\n\nbar 1\rbar 2\n')
    stdout.write('ü'.repeat(50_000))
    stdout.write(Buffer.from([10, 0xff, 0, 65, 10]))
    stdout.write('no end')
  },
  complain() {
    stderr.write('something is wrong\n')
    exit(3)
  },
  crash: () => kill(pid, 'SIGSEGV'),
  wait() {
    stdout.write('waiting\n')
    wait()
  },
  resist() {
    process.on('SIGTERM', () => stdout.write('no\n'))
    stdout.write('waiting\n')
    wait()
  },
  end() {
    process.on('SIGTERM', () => {
      stdout.write('ending well\n')
      exit(0)
    })
    stdout.write('waiting\n')
    wait()
  },
  hold() {
    const held: Buffer[] = []
    setInterval(() => held.push(Buffer.alloc(16 << 20, 1)), 5)
  },
  compute() {
    while (process.cpuUsage().user < 300_000);
  },
  link: () => symlinkSync('/etc/hosts', `${out}/link`),
  pipe: () => execFileSync('mkfifo', [`${out}/pipe`]),
  name: () => writeFileSync(`${out}/a\\b`, ''),
  many() {
    for (let index = 0; index < 5; index++) writeFileSync(`${out}/${index}`, 'x'.repeat(100))
  },
  flood() {
    const block = Buffer.from(`${'x'.repeat(1023)}\n`.repeat(1024))
    for (let index = 0; index < 20; index++) stdout.write(block)
    stdout.write('the last line\n')
    process.exitCode = 1
  },
  /** Leaves processes behind: one in the group, one in a session of its own, one that has lost its parents and its variables. */
  async scatter() {
    const forever = ['-e', 'require("node:fs").writeSync(3, "here"); setInterval(() => {}, 1000)', env['MARK'] ?? '']
    const stdio = ['ignore', 'inherit', 'inherit', 'pipe'] as const
    const node = process.execPath
    const children = [
      spawn(node, forever, { stdio: [...stdio] }),
      spawn(node, forever, { stdio: [...stdio], detached: true }),
      spawn('sh', ['-c', 'env -i "$@" & exec true', 'sh', node, ...forever], { stdio: [...stdio] }),
    ]
    await Promise.all(children.map((child) => once(child.stdio[3] ?? child, 'data')))
    stdout.write('scattered\n')
    if (env['THEN'] === 'wait') wait()
    else exit(0)
  },
}

await deeds[env['DO'] ?? '']?.()
