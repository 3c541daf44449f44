import { testObjects } from '../../conformance/objects.ts'
import { setupMinio } from './setup.ts'

const { open } = await setupMinio()

testObjects('S3 (MinIO)', () => open())
