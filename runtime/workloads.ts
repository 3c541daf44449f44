import type { Workload } from './workload.ts'

/** A workload under the name that it is reached by, a DNS label. */
export interface NamedWorkload {
  readonly name: string
  readonly workload: Workload
}

export interface WorkloadStatus extends NamedWorkload {
  /** Why requests cannot reach it now; null where they can. */
  readonly waitingFor: string | null
}

/** What serves models here. Each call may be repeated: the same again changes nothing. */
export interface Workloads {
  /** Serves by this workload from now on, in place of what had its name; throws what is to be mended, and tries anew when called again. */
  apply(workload: NamedWorkload): Promise<void>
  /** Ends it after its last answer; also when it is not there. */
  remove(name: string): Promise<void>
  /** All that were applied and not removed. */
  status(): Promise<readonly WorkloadStatus[]>
}

/** The workloads that there should be. */
export interface WantedWorkloads {
  all(): Promise<readonly NamedWorkload[]>
  /** Resolves when there may be others, at the latest after some seconds, or when the signal ends. */
  rung(signal: AbortSignal): Promise<void>
}
