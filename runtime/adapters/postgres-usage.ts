import type { Holding, HourOfUsage, Usage } from '../usage.ts'
import type { Database } from './postgres.ts'

interface Row {
  readonly hour: Date
  readonly name: string
  readonly core_seconds: number
  readonly peak_memory_bytes: number
  readonly gpu_seconds: number
  readonly requests: number
  readonly predictions: number
  readonly events: number
  readonly stored_bytes: number | null
}

/** Usage as tables of the team's database; triggers of the schema count jobs and events. */
export function postgresUsage(database: Database, { team }: { readonly team: string }): Usage {
  const { query } = database

  return {
    async add({ writer, number, rows }) {
      await database.transaction(async (inside) => {
        const fresh = await inside`
          insert into usage_reports (writer, number) values (${writer}, ${number})
          on conflict (writer) do update set number = excluded.number, at = clock_timestamp()
          where usage_reports.number < excluded.number returning 1`
        if (fresh.length === 0) return
        await inside`select add_usage(${rows}::jsonb)`
        await inside`delete from usage_reports where at < clock_timestamp() - interval '30 days'`
      })
    },
    async holders(objects) {
      return query<Holding>`
        with object as (
          select o->>'name' as path, (o->>'bytes')::bigint as bytes from jsonb_array_elements(${objects}::jsonb) o
        ), blob as (
          select b.function, b.owner, object.path, object.bytes
          from object join blobs b on b.sha256 = substr(object.path, 7) where object.path like 'blobs/%'
        ), job as (
          select jobs.owner, request, object.path, object.bytes
          from object join jobs on jobs.id =
            case when object.path ~ '^jobs/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/' then split_part(object.path, '/', 2)::uuid end
        ), held as (
          select 'function' as kind, function as name, path, bytes from blob
          union select 'model', split_part(owner, '/', 2), path, bytes from blob where owner like 'models/%'
          union select 'model', n.name, path, bytes from blob
            join lineage_nodes n on n.kind = 'runs' and n.version = split_part(owner, '/', 2)
            where owner like 'runs/%' or owner like 'conversions/%'
          union select 'function', owner, path, bytes from job
          union select 'job', concat_ws('/', owner, request->>'program', request->'for'->>'pipeline'), path, bytes from job
          union select 'model', request->'for'->>'model', path, bytes from job
        )
        select kind, name, sum(bytes)::bigint as bytes from held where name is not null group by kind, name`
    },
    async stored(at, holdings) {
      await query`
        insert into usage (hour, kind, name, stored_bytes)
        select date_trunc('hour', ${at}::timestamptz, 'UTC'), h->>'kind', h->>'name', (h->>'bytes')::bigint
        from jsonb_array_elements(${holdings}::jsonb) h order by 2, 3
        on conflict (hour, kind, name) do update set stored_bytes = excluded.stored_bytes`
    },
    async read({ by, from, to, after, limit }) {
      const kinds = by === 'team' ? ['function', 'team'] : [by]
      const rows = await query<Row>`
        select * from (
          select hour, case when ${by} = 'team' then ${team} else name end as name,
            sum(core_seconds) as core_seconds, max(peak_memory_bytes) as peak_memory_bytes, sum(gpu_seconds) as gpu_seconds,
            sum(requests)::bigint as requests, sum(predictions)::bigint as predictions, sum(events)::bigint as events,
            max(stored_bytes) filter (where kind = ${by}) as stored_bytes
          from usage
          where kind = any (${kinds}::text[]) and hour > ${from}::timestamptz - interval '1 hour' and hour < ${to}
          group by 1, 2
        ) hours
        where (hour, name) > (${after?.hour ?? new Date(0)}, ${after?.name ?? ''})
        order by hour, name limit ${limit}`
      return rows.map(toHour)
    },
  }
}

function toHour(row: Row): HourOfUsage {
  return {
    hour: row.hour,
    name: row.name,
    coreSeconds: row.core_seconds,
    peakMemoryBytes: row.peak_memory_bytes,
    gpuSeconds: row.gpu_seconds,
    requests: row.requests,
    predictions: row.predictions,
    events: row.events,
    storedBytes: row.stored_bytes ?? undefined,
  }
}
