import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PlatformError } from '../../runtime/errors.ts'
import { RESERVED } from '../../runtime/reserved.ts'
import { Name } from '../../runtime/validate.ts'
import { SOURCES } from '../layout.ts'
import { UsageError } from './command.ts'
import { functionText, testText } from './templates.ts'

/** Makes a function with its test in a folder; answers with what it made and how to go on. */
export function newFunction(folder: string, name: string): string {
  const { success } = Name.safeParse(name)
  if (!success)
    throw new UsageError(
      `${name} is no function's name: lower-case letters, digits and dashes, at most 63, as in my-function`,
    )
  const place = join('functions', name)
  if (existsSync(join(folder, place)))
    throw new PlatformError('conflict', `${place} is there already: nothing was changed`)
  if (RESERVED.includes(name)) {
    throw new PlatformError('conflict', `${name} is a name of the platform itself: choose another one`)
  }
  if (readdirSync(join(SOURCES, 'functions')).includes(name))
    throw new PlatformError('conflict', `${name} is the name of a function that mezz brings: choose another one`)
  mkdirSync(join(folder, place), { recursive: true })
  writeFileSync(join(folder, place, 'function.ts'), functionText(name))
  writeFileSync(join(folder, place, 'function.test.ts'), testText(name))
  return `made ${place}/function.ts
made ${place}/function.test.ts

test it  npx mezz --node --test ${place}/function.test.ts
run it   npx mezz dev
call it  npx mezz invoke ${name} -d '{"name": "Ada"}'
`
}
