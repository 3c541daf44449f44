import { readFileSync, renameSync } from 'node:fs'
import * as z from 'zod'
import { kill } from '../kill.ts'
import type { Point } from '../points.ts'

/** The order to die: at the `nth` passage of a point, after these other processes. */
export const Arm = z.object({ id: z.string(), point: z.string(), nth: z.int().positive(), first: z.array(z.int()) })

/** Dies by SIGKILL if the file of orders says so of this point. */
export type Passage = (point: Point) => void

/** Counts passages of points as long as this process lives; an order is carried out by one process alone. */
export function createPassage(file: string): Passage {
  let order = ''
  let passed = 0

  return function passage(point) {
    const arm = read(file)
    if (arm?.point !== point) return
    if (arm.id !== order) passed = 0
    order = arm.id
    if (++passed < arm.nth || !take(file)) return
    for (const pid of arm.first) kill(pid)
    kill(process.pid)
  }
}

function read(file: string): z.infer<typeof Arm> | null {
  try {
    return Arm.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch {
    return null
  }
}

function take(file: string): boolean {
  try {
    renameSync(file, `${file}.done`)
    return true
  } catch {
    return false
  }
}
