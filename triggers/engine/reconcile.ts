import type { WantedWorkloads, Workloads } from '../../runtime/workloads.ts'
import type { EngineLog } from './trigger.ts'

export interface ReconcileOptions {
  readonly wanted: WantedWorkloads
  readonly workloads: Workloads
  readonly log: EngineLog
}

/** Keeps what serves models in step with what is wanted, until the signal ends; one that cannot be served keeps no other from it. */
export async function reconcile({ wanted, workloads, log }: ReconcileOptions, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const rung = wanted.rung(signal)
    const all = await wanted.all()
    const names = new Set(all.map(({ name }) => name))
    const gone = (await workloads.status()).filter(({ name }) => !names.has(name))
    await Promise.all([
      ...gone.map(({ name }) => attempt(name, () => workloads.remove(name))),
      ...all.map((one) => attempt(one.name, () => workloads.apply(one))),
    ])
    await rung
  }

  async function attempt(name: string, work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      if (!signal.aborted) log('warn', `the workload ${name} is not as it should be; it is tried again`, error)
    }
  }
}
