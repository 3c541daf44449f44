import { defineTrigger } from '../runtime/define.ts'
import { datasetDeleted } from './events.ts'

export default defineTrigger({
  on: datasetDeleted,
  deliver: { to: 'features', path: '/events/dataset-deleted' },
  order: 'key',
})
