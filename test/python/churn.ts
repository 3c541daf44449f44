import { seeded } from '../seeded.ts'

/** Customers as a CSV: numbers, categories, a truth value, free text and a date; some values are missing. */
export function churnTable(rows: number): string {
  const random = seeded(3)
  const one = <item>(items: readonly item[]): item => items[Math.floor(random() * items.length)] as item
  const lines = Array.from({ length: rows }, () => {
    const plan = one(['basic', 'gold', 'élan'])
    const fee = random() > 0.1 ? (random() * 100).toFixed(2) : ''
    const tenure = Math.floor(random() * 72)
    const note = Array.from({ length: 4 }, () => one(['Bad', 'good', 'slow', 'fast', 'Service', 'price'])).join(' ')
    const leaves = (tenure < 20 && plan !== 'gold') || /Bad.*Bad/.test(note) || random() < 0.05
    const since = `20${10 + Math.floor(random() * 14)}-0${1 + Math.floor(random() * 9)}-1${Math.floor(random() * 10)}`
    return [plan, fee, tenure, random() < 0.5, one(['north', 'south', '']), note, since, leaves ? 'yes' : 'no'].join(
      ',',
    )
  })
  return `plan,monthly fee,tenure,senior,region,note,since,churned\n${lines.join('\n')}\n`
}
