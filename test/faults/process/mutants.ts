import type { EngineOptions } from '../../../triggers/engine/engine.ts'

/** The engine's surroundings, made wrong on purpose: an event is dropped on its way to the log, or told again by another id. */
export function mutated(mutant: 'none' | 'drops' | 'repeats', options: EngineOptions): EngineOptions {
  if (mutant === 'none') return options
  const { topics } = options
  let appended = 0
  return {
    ...options,
    topics: {
      ...topics,
      async append(topic, records) {
        const changed = records.flatMap((record) => {
          if (topic !== 'sent' || appended++ !== 3) return [record]
          if (mutant === 'drops') return []
          const again = { ...record, headers: { ...record.headers, ce_id: crypto.randomUUID() } }
          return [record, again]
        })
        await topics.append(topic, changed)
      },
    },
  }
}
