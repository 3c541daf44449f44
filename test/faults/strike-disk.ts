import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { closeSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { redrive, resume } from './redrive.ts'
import type { InWorld, Strike } from './scenario.ts'
import { SPAN } from './strikes.ts'

const CHUNK = Buffer.alloc(64 * 1024)
/** Much is written to both disks. */
const TRAFFIC: InWorld['traffic'] = { does: ['job', 'job', 'well', 'later'] }
const TRIGGERS = ['sent-to-tally', 'sent-in-batches', 'counted-to-tally', 'job-ended-to-tally'] as const

/** The disk of the database, or that of the objects, is full for some seconds. */
export const diskFull: InWorld = {
  name: 'disk-full',
  share: 3,
  traffic: TRAFFIC,
  disk: { postgres: 256, objects: 8 },
  async strike(strike) {
    const { world, random, tell } = strike
    await wait(random.between(0, SPAN))
    const disk = random.pick([world.disks.postgres, world.disks.objects])
    const ballast = join(disk, 'ballast')
    fill(ballast)
    if (disk === world.disks.objects) bites(disk, 'ENOSPC', tell)
    else await bitesDatabase(strike)
    await wait(random.between(500, 3000))
    rmSync(ballast)
    await getOver(strike)
  },
}

/** The folder of the objects cannot be written to for some seconds. */
export const readOnly: InWorld = {
  name: 'read-only',
  share: 2,
  traffic: TRAFFIC,
  disk: { postgres: 256, objects: 8 },
  async strike(strike) {
    const { world, random, tell } = strike
    await wait(random.between(0, SPAN))
    remount(world.disks.objects, 'ro')
    bites(world.disks.objects, 'EROFS', tell)
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

/** Proves that files are refused now as they are to be. */
function bites(disk: string, code: string, tell: Strike['tell']): void {
  const probe = join(disk, 'probe')
  try {
    writeFileSync(probe, CHUNK)
    rmSync(probe)
    tell(`other: the fault did not bite: ${probe} was written`)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === code)) throw error
  }
}

/** Proves that the database refuses rows now: `53100`, disk full. */
async function bitesDatabase({ world, tell }: Strike): Promise<void> {
  const grown = world.database
    .query`create table mezz.probe as select repeat(md5(n::text), 50) as text from generate_series(1, 5000) n`
  await grown.then(
    () => tell('other: the fault did not bite: the database took rows'),
    // Killed over it, it answers nobody.
    (error: unknown) => assert.ok(error instanceof Error),
  )
  await world.settled()
  await world.database.script('drop table if exists mezz.probe')
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
