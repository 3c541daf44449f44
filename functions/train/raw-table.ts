import type { TableSession } from 'mezz/ports'
import type { Definition } from 'mezz/tabular/definition'
import { identifier } from 'mezz/tabular/quote'

/** Beyond, a double is no sure integer. */
const LARGEST = 2 ** 53

/**
 * The SELECT that gives a view's columns back as the CSV held them, from the features that were made of them (the view `data`):
 * whole numbers as such, times as `2024-01-31 08:30:00`, in UTC.
 */
export async function selectRaw(session: TableSession, { columns, features }: Definition): Promise<string> {
  const made = columns.flatMap(({ name, type }) => {
    const feature = features.find(({ column, of }) => column === name && of === (type === 'time' ? 'epoch' : OF[type]))
    return feature ? [{ name, type, feature: identifier(feature.name) }] : []
  })
  const numbers = made.filter(({ type }) => type === 'number')
  const tests = numbers.map(
    ({ feature }, at) =>
      `coalesce(bool_and(${feature} = trunc(${feature}) and abs(${feature}) <= ${LARGEST}), false) as c${at}`,
  )
  const [whole = {}] = tests.length === 0 ? [] : await session.query(`select ${tests.join(', ')} from data`)
  const isWhole: Readonly<Record<string, unknown>> = { ...whole }
  const selected = made.map(({ name, type, feature }) => {
    const at = numbers.findIndex((one) => one.name === name)
    const value = type === 'time' ? timeText(feature) : isWhole[`c${at}`] === true ? `${feature}::bigint` : feature
    return `${value} as ${identifier(name)}`
  })
  return `select ${selected.join(', ')} from data`
}

const OF = { number: 'number', boolean: 'boolean', text: 'category' } as const

/** With as many decimals of the second as it needs: none, three or six. */
function timeText(epoch: string): string {
  const micros = `round(${epoch} * 1e6)::bigint`
  const moment = `make_timestamp(${micros})`
  const fraction = `case when ${micros} % 1000000 = 0 then '' when ${micros} % 1000 = 0 then strftime(${moment}, '.%g') else strftime(${moment}, '.%f') end`
  return `strftime(${moment}, '%Y-%m-%d %H:%M:%S') || ${fraction}`
}
