import { spawnSync } from 'node:child_process'
import { closeSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { redrive, resume } from './redrive.ts'
import type { InWorld, Strike } from './scenario.ts'
import { SPAN } from './strikes.ts'

const CHUNK = Buffer.alloc(64 * 1024)
const TRIGGERS = ['sent-to-tally', 'sent-in-batches', 'counted-to-tally', 'job-ended-to-tally'] as const

/** The disk of the database, or that of the objects, is full for some seconds. */
export const diskFull: InWorld = {
  name: 'disk-full',
  share: 3,
  disk: { postgres: 256, objects: 8 },
  async strike(strike) {
    const { world, random } = strike
    await wait(random.between(0, SPAN))
    const ballast = join(random.pick([world.disks.postgres, world.disks.objects]), 'ballast')
    fill(ballast)
    await wait(random.between(500, 3000))
    rmSync(ballast)
    await getOver(strike)
  },
}

/** The folder of the objects cannot be written to for some seconds. */
export const readOnly: InWorld = {
  name: 'read-only',
  share: 2,
  disk: { postgres: 256, objects: 8 },
  async strike(strike) {
    const { world, random, tell } = strike
    await wait(random.between(0, SPAN))
    remount(world.disks.objects, 'ro')
    await wait(random.between(500, 3000))
    remount(world.disks.objects, 'rw')
    await getOver(strike)

    function remount(path: string, how: 'ro' | 'rw'): void {
      // Busy while a file is open for writing: then the kernel is asked again.
      for (let tries = 0; tries < 200; tries++) {
        if (spawnSync('mount', ['-o', `remount,${how}`, path]).status === 0) return
      }
      tell(`other: ${path} could not be mounted ${how}`)
    }
  },
}

/** What ran out of attempts meanwhile is delivered again: it was well. */
async function getOver({ world, rest }: Strike): Promise<void> {
  await rest()
  for (const trigger of TRIGGERS) {
    await resume(world, trigger)
    await rest()
    await redrive(world, trigger)
    await rest()
  }
}

function fill(file: string): void {
  const handle = openSync(file, 'w')
  try {
    for (;;) writeSync(handle, CHUNK)
  } catch {
    // Full.
  } finally {
    closeSync(handle)
  }
}
