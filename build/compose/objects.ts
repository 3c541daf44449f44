import { folderObjects } from '../../runtime/adapters/folder.ts'
import type { Environment } from '../../runtime/env.ts'
import { PlatformError } from '../../runtime/errors.ts'
import type { Objects } from '../../runtime/ports.ts'
import type { OpenedPort } from '../../runtime/serve.ts'

/** Objects in the folder that `OBJECTS_FOLDER` names. */
export function open({ OBJECTS_FOLDER }: Environment): OpenedPort<Objects> {
  if (!OBJECTS_FOLDER) throw new PlatformError('invalid_input', 'objects: set OBJECTS_FOLDER')
  return { port: folderObjects(OBJECTS_FOLDER) }
}
