import type { Inbox, IncomingEvent, RequestContext } from '../context.ts'
import { requestContext } from '../context.ts'
import { PlatformError } from '../errors.ts'
import type { EventType } from '../event.ts'
import { MOST_DATA } from '../event.ts'
import { AlreadyHandled } from '../handled.ts'
import type { JobLine, JobRequest, JobState, MadeThing, Query, Sql, Transaction } from '../ports.ts'
import { parseResourceName } from '../resource-name.ts'
import { traceparent } from '../trace.ts'
import { uuidv7 } from '../uuid.ts'
import type { Database } from './postgres.ts'
import { emitSpans, tellingOf, toldQuery, toldTransaction } from './sql-spans.ts'

/** What goes into the outbox; the database adds who said it and when. */
interface Emitted {
  readonly id: string
  readonly type: string
  readonly topic: string
  readonly key: string
  readonly subject: string
  readonly data: string
}

/** The `sql` port of one function: its own schema by its own role, and the inbox that lies in it. */
export function functionSql(database: Database): { readonly sql: Sql<string>; readonly inbox: Inbox } {
  const query = toldQuery(database.query)

  return {
    sql: {
      query,
      async transaction(work) {
        const context = requestContext.getStore()
        const event = beginOnce(context)
        const telling = tellingOf(context)
        const created = emitSpans(telling)
        const result = await toldTransaction(telling, (within) =>
          database.transaction(async (plain) => {
            const inside = toldQuery(plain, within)
            if (event) await enter(inside, event)
            const { tx, close } = transaction(inside, context, created)
            const result = await work(tx)
            await context?.mark?.(inside)
            await close()
            return result
          }),
        )
        created.tell()
        return result
      },
      async job(id) {
        const [row] = await query<
          Omit<JobState, 'startedAt' | 'endedAt'> & { started_at: Date | null; ended_at: Date | null }
        >`
          select * from mezz.job(${id})`
        if (!row) return null
        const { started_at: startedAt, ended_at: endedAt, ...rest } = row
        return { ...rest, startedAt, endedAt }
      },
      async jobLog(id, { after, limit }) {
        return query<JobLine>`select * from mezz.job_log(${id}, ${after}, ${limit})`
      },
      async madeFrom(named) {
        const { kind, name, version = null } = parseResourceName(named) ?? {}
        if (!kind || !name) throw new Error(`${named} names nothing: write <kind>/<name>[@version]`)
        return query<MadeThing>`select * from mezz.made_from(${kind}, ${name}, ${version})`
      },
    },
    inbox: {
      async knows({ path, source, id }) {
        const rows = await query`select 1 from inbox where path = ${path} and source = ${source} and id = ${id}`
        return rows.length > 0
      },
    },
  }
}

/** An event takes effect in one transaction: two could be torn apart by a crash. */
function beginOnce(context: RequestContext | undefined): IncomingEvent | undefined {
  const event = context?.event
  if (event?.begun) throw new Error('a handler of an event may use one transaction: put its effects together')
  if (event) event.begun = true
  return event
}

async function enter(query: Query, { path, source, id }: IncomingEvent): Promise<void> {
  const fresh = await query`
    insert into inbox (path, source, id) values (${path}, ${source}, ${id}) on conflict do nothing returning 1`
  if (fresh.length === 0) throw new AlreadyHandled(id)
}

/** Emits and jobs are gathered and stored together, last, so that the locks on their keys are held briefly. */
function transaction(query: Query, context: RequestContext | undefined, created: ReturnType<typeof emitSpans>) {
  const events: Emitted[] = []
  const jobs: { readonly id: string; readonly request: JobRequest }[] = []

  const tx: Transaction<string> = {
    query,
    emit(type, data, options) {
      const event = emitted(type, data, options?.subject)
      events.push(event)
      return event.id
    },
    startJob(request) {
      const id = uuidv7()
      jobs.push({ id, request })
      return id
    },
    async cancelJob(id) {
      await query`select mezz.cancel_job(${id})`
    },
    async serve(name, workload) {
      await query`select mezz.serve(${name}, ${workload}::jsonb)`
    },
    async lock(name) {
      // Apart from the locks on an event's topic and key, which every function takes, and in an order of their own.
      await query`select pg_advisory_xact_lock(hashtext('lock ' || current_schema()), hashtext(${name}))`
    },
    async keep(owner, blobs) {
      await query`select mezz.keep(${owner}, ${blobs.map(({ sha256 }) => sha256)}::text[])`
    },
    async release(owner) {
      await query`select mezz.release(${owner})`
    },
  }
  async function close(): Promise<void> {
    const causes = causesOf(context)
    if (jobs.length > 0) await query`select mezz.start_jobs(${jobs.map((job) => ({ ...job, context: causes }))}::jsonb)`
    if (events.length > 0) {
      const envelopes = events.map((event) => ({ ...causes, ...created.of(event), ...event }))
      await query`select mezz.emit(${envelopes}::jsonb)`
    }
  }
  return { tx, close }
}

function emitted(type: EventType, data: unknown, subject: string | undefined): Emitted {
  // Checked before it is stored: a fact that its own schema refuses would fail in every receiver.
  const checked = type.data.safeParse(data)
  if (!checked.success)
    throw new Error(`${type.type} was emitted with data that its schema refuses: ${checked.error.message}`)
  const text = JSON.stringify(data)
  if (Buffer.byteLength(text) > MOST_DATA) {
    throw new PlatformError(
      'too_large',
      `the data of ${type.type} has more than ${MOST_DATA} bytes: put it into an object and name that`,
    )
  }
  const key = type.key(data)
  return { id: uuidv7(), type: type.type, topic: type.topic, key, subject: subject ?? key, data: text }
}

function causesOf(context: RequestContext | undefined) {
  const id = context?.id ?? uuidv7()
  const { event, caller } = context ?? {}
  return {
    traceparent: context ? traceparent(context.trace) : '',
    causationid: event?.id ?? id,
    correlationid: event?.correlationid ?? id,
    authtype: event?.authtype ?? caller?.type ?? 'system',
    authid: event?.authid ?? (caller ? `${caller.team}/${caller.id}` : 'system'),
  }
}
