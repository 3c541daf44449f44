import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ChildProcessesOptions } from '../../../runtime/adapters/child-processes.ts'
import { childProcesses } from '../../../runtime/adapters/child-processes.ts'
import { folderObjects } from '../../../runtime/adapters/folder.ts'
import { PlatformError } from '../../../runtime/errors.ts'

const PROBE = fileURLToPath(new URL('../../conformance/launcher-probe.ts', import.meta.url))

/** A launcher of child processes whose program is the probe, with a store of objects, in one folder. */
export function openLauncher(folder: string, more: Partial<ChildProcessesOptions> = {}) {
  const objects = folderObjects(join(folder, 'objects'))
  const jobs = join(folder, 'jobs')
  const launcher = childProcesses({
    objects,
    folder: jobs,
    node: process.execPath,
    grace: 1000,
    resolve(owner, program) {
      if (program === 'probe') return { command: [process.execPath, PROBE] }
      if (program === 'unstartable') return { command: [join(folder, 'no-such-program')] }
      throw new PlatformError('not_found', `${owner} has no program ${program}`)
    },
    ...more,
  })
  return { launcher, objects, jobs }
}
