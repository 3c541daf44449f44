/** Names that no function may have: the platform's own schema and role in a team's database, and the schema of everybody. */
export const RESERVED: readonly string[] = ['mezz', 'engine', 'public']
