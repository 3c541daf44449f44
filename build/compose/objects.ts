import { folderObjects } from '../../runtime/adapters/folder.ts'
import { s3Objects } from '../../runtime/adapters/s3.ts'
import type { Environment } from '../../runtime/env.ts'
import { PlatformError } from '../../runtime/errors.ts'
import type { Objects } from '../../runtime/ports.ts'
import type { OpenedPort } from '../../runtime/serve.ts'
import { s3Of } from './s3.ts'

/** Objects in the bucket that `S3_ENDPOINT` and its kin name, else in the folder that `OBJECTS_FOLDER` names. */
export function open(environment: Environment): OpenedPort<Objects> {
  const s3 = s3Of(environment)
  if (s3) {
    const objects = s3Objects(s3)
    return { port: objects, close: () => objects.close() }
  }
  const { OBJECTS_FOLDER } = environment
  if (!OBJECTS_FOLDER) throw new PlatformError('invalid_input', 'objects: set OBJECTS_FOLDER')
  return { port: folderObjects(OBJECTS_FOLDER) }
}
