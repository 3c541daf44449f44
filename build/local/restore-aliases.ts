import { writeAlias } from '../../functions/publish/alias.ts'
import { modelNames, versionsOf } from '../../functions/publish/queries.ts'
import { folderObjects } from '../../runtime/adapters/folder.ts'
import { openDatabase } from '../../runtime/adapters/postgres.ts'

const ALL = 2 ** 31 - 1
const PREFIX = 'models/'

/**
 * Brings what infer reads into line with the restored tables. Objects are copied after the database, so an alias may tell of a
 * publication that the tables do not know, and no event will come that writes it again.
 */
export async function settleAliases(serverUrl: string, objectsFolder: string): Promise<void> {
  const objects = folderObjects(objectsFolder)
  const known = new Set<string>()
  for (const team of await teamDatabases(serverUrl)) {
    const database = openDatabase({
      url: databaseUrl(serverUrl, team),
      most: 1,
      name: 'mezz restore',
      schema: 'publish',
    })
    try {
      const [found] = await database.query<{ versions: string | null }>`select to_regclass('versions') as versions`
      if (!found?.versions) continue
      for (const model of await modelNames(database.query, ALL, '')) {
        const versions = await versionsOf(database.query, model)
        known.add(`${PREFIX}${model}/current`)
        for (const { version } of versions) known.add(`${PREFIX}${model}/versions/${version}`)
        const newest = versions.at(-1)?.version ?? 0
        // Nobody else is there to be locked out.
        await writeAlias({ query: database.query, lock: async () => undefined }, objects, { model, version: newest })
      }
    } finally {
      await database.close()
    }
  }
  for (const { name } of await objects.list(PREFIX)) if (!known.has(name)) await objects.remove(name)
}

async function teamDatabases(serverUrl: string): Promise<string[]> {
  const database = openDatabase({ url: serverUrl, most: 1, name: 'mezz restore' })
  try {
    const rows = await database.query<{ datname: string }>`
      select datname from pg_database where datname like 'mezz\\_%' order by datname`
    return rows.map(({ datname }) => datname)
  } finally {
    await database.close()
  }
}

function databaseUrl(serverUrl: string, name: string): string {
  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  return url.href
}
