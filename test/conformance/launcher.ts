import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { text } from 'node:stream/consumers'
import { describe, it } from 'node:test'
import type { AttemptEnd, Launcher } from '../../runtime/launcher.ts'
import type { JobRequest, Objects } from '../../runtime/ports.ts'

/** A launcher whose function `tester` has one program, `probe`: `launcher-probe.ts`. */
export interface LauncherUnderTest {
  readonly launcher: Launcher
  readonly objects: Objects
}

const FOREVER = new AbortController().signal

/** Runs the probe once; `line` sees what it prints. */
export async function probe(
  launcher: Launcher,
  deed: string,
  {
    job = randomUUID(),
    attempt = 0,
    signal = FOREVER,
    line = (_: string) => {},
    environment = {},
    ...request
  }: Partial<JobRequest & { job: string; attempt: number; signal: AbortSignal; line(text: string): void }> = {},
): Promise<AttemptEnd> {
  return launcher.run(
    {
      job,
      owner: 'tester',
      attempt,
      request: { program: 'probe', inputs: {}, ...request, environment: { DO: deed, ...environment } },
    },
    { signal, line },
  )
}

async function textOf(objects: Objects, name: string): Promise<string> {
  const found = await objects.read(name)
  assert.ok(found, `there is no object ${name}`)
  return text(found.body)
}

/** The error of an attempt that failed. */
export function errorOf(end: AttemptEnd): string {
  assert.equal(end.state, 'failed')
  return end.state === 'failed' ? end.error : ''
}

/** What every Launcher owes the engine. Each adapter's test runs this whole suite. */
export function testLauncher(name: string, open: () => LauncherUnderTest | Promise<LauncherUnderTest>): void {
  describe(`launcher: ${name}`, () => {
    it('lays inputs down as files and stores what the program left, by relative path', async () => {
      const { launcher, objects } = await open()
      const input = await objects.put(Buffer.from('the rows'))

      const end = await probe(launcher, 'copy', { job: 'j1', attempt: 2, inputs: { TABLE: input } })

      assert.ok(end.state === 'succeeded')
      assert.deepEqual(end.outputs, {
        'deep/er/copy': { ...input, name: 'jobs/j1/2/deep/er/copy' },
        empty: { name: 'jobs/j1/2/empty', sha256: (await objects.put(Buffer.from(''))).sha256, bytes: 0 },
      })
      assert.equal(await textOf(objects, 'jobs/j1/2/deep/er/copy'), 'the rows')
      assert.deepEqual(
        (await objects.list('jobs/')).map(({ name }) => name),
        ['jobs/j1/2/deep/er/copy', 'jobs/j1/2/empty'],
      )
    })

    it('gives the program its variables, and none of the platform', async () => {
      const { launcher, objects } = await open()
      process.env['PLATFORM_SECRET'] = 'secret'

      await probe(launcher, 'tell', { job: 'j1', environment: { LEVEL: '3 "x" ü\n' } })

      delete process.env['PLATFORM_SECRET']
      const { env } = JSON.parse(await textOf(objects, 'jobs/j1/0/told'))
      assert.deepEqual([env.LEVEL, env.MEZZ_JOB, env.MEZZ_ATTEMPT, env.LANG], ['3 "x" ü\n', 'j1', '0', 'C.UTF-8'])
      assert.ok(env.PATH && env.HOME && env.TMPDIR)
      assert.equal(env.PLATFORM_SECRET, undefined)
    })

    it('passes on what the program prints, line by line, and a long line in pieces', async () => {
      const { launcher } = await open()
      const lines: string[] = []

      await probe(launcher, 'print', { line: (text) => lines.push(text) })

      assert.deepEqual(lines.slice(0, 5), ['one', 'two', '', 'bar 1', 'bar 2'])
      assert.deepEqual(
        lines.slice(5, -2).map((piece) => new Set(piece)),
        [new Set('ü'), new Set('ü')],
      )
      assert.ok(lines.every((line) => Buffer.byteLength(line) <= 65_536))
      assert.equal(lines.slice(5, -2).join(''), 'ü'.repeat(50_000))
      assert.deepEqual(lines.slice(-2), ['\ufffd\ufffdA', 'no end'])
    })

    it('tells the exit code of a program that fails, and what it said last', async () => {
      const { launcher } = await open()

      const error = errorOf(await probe(launcher, 'complain'))

      assert.match(error, /exit code 3/)
      assert.match(error, /something is wrong/)
    })

    it('tells the signal that ended a program', async () => {
      assert.match(errorOf(await probe((await open()).launcher, 'crash')), /SIGSEGV/)
    })

    it('fails an attempt that takes longer than it may', async () => {
      const { launcher } = await open()

      const end = await probe(launcher, 'wait', { timeout: 0.5 })

      assert.match(errorOf(end), /0\.5 seconds/)
    })

    it('fails an attempt that holds more memory than it asked for, and says so', async () => {
      const { launcher } = await open()

      const end = await probe(launcher, 'hold', { resources: { cpu: '1', memory: '200Mi' } })

      assert.match(errorOf(end), /memory.*200 MiB/)
      assert.ok(end.usage.peakMemoryBytes > 200 * 2 ** 20)
    })

    it('measures processor time and memory', async () => {
      const { usage } = await probe((await open()).launcher, 'compute')

      assert.ok(usage.coreSeconds > 0.3 && usage.coreSeconds < 30, `${usage.coreSeconds} core-seconds`)
      assert.ok(
        usage.peakMemoryBytes > 20 * 2 ** 20 && usage.peakMemoryBytes < 2 ** 30,
        `${usage.peakMemoryBytes} bytes`,
      )
      assert.equal(usage.gpuSeconds, 0)
    })

    it('fails an attempt whose input is missing, or is another one', async () => {
      const { launcher, objects } = await open()
      const meant = await objects.write('moving', Buffer.from('meant'))
      await objects.write('moving', Buffer.from('moved'))

      assert.match(
        errorOf(await probe(launcher, 'copy', { inputs: { TABLE: { ...meant, name: 'gone' } } })),
        /TABLE.*gone/,
      )
      assert.match(errorOf(await probe(launcher, 'copy', { inputs: { TABLE: meant } })), /TABLE.*moving.*digest/)
      assert.match(errorOf(await probe(launcher, 'copy', { inputs: { 'A=B': meant } })), /A=B/)
    })

    it('fails an attempt at a program that there is not', async () => {
      assert.match(errorOf(await probe((await open()).launcher, 'copy', { program: 'nothing' })), /nothing/)
      assert.match(errorOf(await probe((await open()).launcher, 'copy', { program: 'unstartable' })), /started.*ENOENT/)
    })

    for (const deed of ['link', 'pipe', 'name']) {
      it(`stores nothing where one output cannot be an object: ${deed}`, async () => {
        const { launcher, objects } = await open()

        assert.match(errorOf(await probe(launcher, deed)), /outputs.*(link|pipe|a\\\\b)/)
        assert.deepEqual(await objects.list('jobs/'), [])
      })
    }

    for (const deed of ['wait', 'end', 'resist']) {
      it(`ends an attempt that is cancelled: ${deed}`, async () => {
        const { launcher, objects } = await open()
        const cancel = new AbortController()
        const lines: string[] = []

        const end = await probe(launcher, deed, {
          signal: cancel.signal,
          line(text) {
            lines.push(text)
            if (text === 'waiting') cancel.abort()
          },
        })

        assert.equal(end.state, 'cancelled')
        assert.deepEqual(lines, { wait: ['waiting'], end: ['waiting', 'ending well'], resist: ['waiting', 'no'] }[deed])
        assert.deepEqual(await objects.list('jobs/'), [])
      })
    }

    it('does not begin what is cancelled already', async () => {
      const { launcher } = await open()
      const lines: string[] = []

      const end = await probe(launcher, 'wait', { signal: AbortSignal.abort(), line: (text) => lines.push(text) })

      assert.deepEqual([end.state, lines], ['cancelled', []])
    })

    it('keeps attempts that run at once apart', async () => {
      const { launcher, objects } = await open()
      const inputs = await Promise.all(['a', 'b', 'c'].map((text) => objects.put(Buffer.from(text))))

      const ends = await Promise.all(
        inputs.map((TABLE, attempt) => probe(launcher, 'copy', { job: 'j1', attempt, inputs: { TABLE } })),
      )

      for (const [index, end] of ends.entries()) {
        assert.ok(end.state === 'succeeded')
        assert.equal(end.outputs['deep/er/copy']?.sha256, inputs[index]?.sha256)
      }
    })

    it('has nothing to clear of a job that it does not know', async () => {
      await (await open()).launcher.clear('unknown')
    })
  })
}
