import { defineTrigger } from '../runtime/define.ts'
import { datasetIngested } from './events.ts'

export default defineTrigger({
  on: datasetIngested,
  deliver: { to: 'infer', path: '/events/dataset-ingested' },
  order: 'key',
})
