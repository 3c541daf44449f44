import { execFileSync } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as z from 'zod'
import { freePort } from '../../../build/local/free-port.ts'
import { kept } from './cache.ts'
import type { Server } from './server.ts'
import { startServer } from './server.ts'

const Answer = z.object({
  status: z.literal('success'),
  data: z.object({
    result: z.array(z.object({ metric: z.record(z.string(), z.string()), value: z.tuple([z.number(), z.string()]) })),
  }),
})

export interface Prometheus extends Server {
  /** The one value that a PromQL expression has now, or nothing. */
  value(expression: string): Promise<number | undefined>
}

/** A real Prometheus that scrapes this target each second; Debian's package, laid out beside the tree once. */
export async function startPrometheus(
  folder: string,
  target: { readonly host: string; readonly path: string },
): Promise<Prometheus> {
  const port = await freePort()
  const scrape = { job_name: 'mezz', metrics_path: target.path, static_configs: [{ targets: [target.host] }] }
  const config = { global: { scrape_interval: '1s', scrape_timeout: '1s' }, scrape_configs: [scrape] }
  // JSON is YAML.
  writeFileSync(join(folder, 'prometheus.yml'), JSON.stringify(config))
  const url = `http://127.0.0.1:${port}`
  const server = await startServer({
    command: program(),
    args: [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'tsdb')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    log: join(folder, 'prometheus.log'),
    isReady: async () => (await fetch(`${url}/-/ready`).catch(() => undefined))?.ok ?? false,
  })
  return {
    ...server,
    pid: server.pid,
    async value(expression) {
      const answer = await fetch(`${url}/api/v1/query?query=${encodeURIComponent(expression)}`)
      const [first] = Answer.parse(await answer.json()).data.result
      return first && Number(first.value[1])
    },
  }
}

function program(): string {
  const installed = '/usr/bin/prometheus'
  if (existsSync(installed)) return installed
  const folder = kept('debian-prometheus', (making) => {
    execFileSync('apt-get', ['download', 'prometheus'], { cwd: making, stdio: ['ignore', 'ignore', 'inherit'] })
    execFileSync('sh', ['-c', 'dpkg-deb -x prometheus_*.deb .'], { cwd: making, stdio: 'inherit' })
  })
  return join(folder, 'usr/bin/prometheus')
}
