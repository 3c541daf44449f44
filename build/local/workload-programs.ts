import { PlatformError } from '../../runtime/errors.ts'
import type { NamedWorkload } from '../../runtime/workloads.ts'
import type { Program } from './program.ts'
import type { ScriptHost } from './script-program.ts'
import { scriptProgram } from './script-program.ts'
import type { Serving } from './serving.ts'

/** The function whose program serves a model that has a graph. */
const INFER = 'infer'

/** What a workload's processes run here: the program of infer for its model alone, or the model's own script. */
export function workloadPrograms({ current }: Pick<Serving, 'current'>, host: ScriptHost) {
  return async ({ name, workload }: NamedWorkload): Promise<Program> => {
    const { model, script, ...how } = workload
    if (script) return scriptProgram({ name, model, script, how }, host)
    const base = current(INFER)
    if (!base) throw new PlatformError('unavailable', `there is no function ${INFER} here`)
    const { scope, timeout, scale, resources } = base.definition
    const own = how.resources ?? resources
    return {
      definition: {
        name,
        scope,
        scale: { ...scale, ...how.scale },
        ...(own ? { resources: own } : {}),
        ...(timeout === undefined ? {} : { timeout }),
      },
      run: base.run,
      env: { ...base.env, MEZZ_MODEL: model },
    }
  }
}
