import { defineTrigger } from 'mezz/define'
import { datasetIngested } from 'mezz/events'

export default defineTrigger({ on: datasetIngested, deliver: { to: 'who', path: '/events/ingested' } })
