import type { Lineage, LineageEdge, LineageNode } from '../lineage.ts'
import type { Query } from '../ports.ts'

type Row = Omit<LineageNode, 'version' | 'digest' | 'deletedAt'> & {
  readonly version: string | null
  readonly digest: string | null
  readonly deleted_at: Date | null
}

const MOST_NAMES = 10_000

/** Lineage as tables of the team's database. */
export function postgresLineage(query: Query): Lineage {
  return {
    async lineage({ nodes, edges, deleted }) {
      if (nodes.length > 0) {
        // One of the same name that comes after a deletion is there again.
        await query`
          insert into lineage_nodes (id, kind, name, version, digest, at)
          select n->>'id', n->>'kind', n->>'name', n->>'version', n->>'digest', (n->>'at')::timestamptz
          from jsonb_array_elements(${nodes}::jsonb) n
          on conflict (id) do update set digest = excluded.digest, at = excluded.at, deleted_at = null
          where lineage_nodes.deleted_at < excluded.at`
      }
      if (edges.length > 0) {
        await query`
          insert into lineage_edges ("from", "to", by) select e->>'from', e->>'to', e->>'by'
          from jsonb_array_elements(${edges}::jsonb) e on conflict do nothing`
      }
      for (const { kind, name, version = null, at } of deleted) {
        await query`
          update lineage_nodes set deleted_at = ${at} where kind = ${kind} and name = ${name}
            and (${version}::text is null or version = ${version}) and deleted_at is null and at <= ${at}`
      }
    },
    async find({ kind, name, version = null }) {
      const [row] = await query<Row>`
        select * from lineage_nodes where kind = ${kind} and name = ${name} and (${version}::text is null or version = ${version})
        order by at desc, id desc limit 1`
      return row ? toNode(row) : null
    },
    async trace(id, { direction, most }) {
      const found = direction === 'backward' ? await origins(query, id, most + 1) : await results(query, id, most + 1)
      const ids = found.slice(0, most)
      const nodes = await query<Row>`select * from lineage_nodes where id = any (${ids}::text[]) order by at, kind, id`
      // By their ends alone: what came of one thing may be all there is, what it was made of is little.
      const edges = await query<LineageEdge>`
        select e.* from unnest(${ids}::text[]) made (id),
          lateral (select "from", "to", by from lineage_edges where "to" = made.id offset 0) e`
      const known = new Set(nodes.map((node) => node.id))
      return {
        nodes: nodes.map(toNode),
        edges: edges.filter(({ from, to }) => known.has(from) && known.has(to)),
        isWhole: found.length <= most,
      }
    },
    async names() {
      return query`select distinct kind, name from lineage_nodes where kind <> 'bytes' limit ${MOST_NAMES}`
    },
  }
}

// Each step of the walk is looked up by an index, whatever the planner guesses of its size: `offset 0` keeps the lookup
// apart. Each thing is met once, so a circle ends by itself; the outer `limit` stops the walk.

async function origins(query: Query, id: string, most: number): Promise<string[]> {
  const rows = await query<{ id: string }>`
    with recursive walk (id) as (
      select ${id}::text
      union
      select e.next from walk w, lateral (select "from" as next from lineage_edges where "to" = w.id offset 0) e)
    select id from walk limit ${most}`
  return rows.map((row) => row.id)
}

async function results(query: Query, id: string, most: number): Promise<string[]> {
  const rows = await query<{ id: string }>`
    with recursive walk (id) as (
      select ${id}::text
      union
      select e.next from walk w, lateral (select "to" as next from lineage_edges where "from" = w.id offset 0) e)
    select id from walk limit ${most}`
  return rows.map((row) => row.id)
}

function toNode({ version, digest, deleted_at, ...rest }: Row): LineageNode {
  return {
    ...rest,
    version: version ?? undefined,
    digest: digest ?? undefined,
    ...(deleted_at ? { deletedAt: deleted_at } : {}),
  }
}
