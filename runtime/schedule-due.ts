import * as z from 'zod'
import { defineEvent } from './event.ts'

/** What a schedule's trigger delivers: its time has come. One for each instant; after downtime one for the last instant that was missed. */
export const scheduleDue = defineEvent({
  type: 'mezz.schedule.due.v1',
  topic: 'schedules',
  data: z.object({
    trigger: z.string(),
    /** The instant that it stands for: ISO 8601, UTC. */
    at: z.iso.datetime(),
  }),
  key: ({ trigger }) => trigger,
})
