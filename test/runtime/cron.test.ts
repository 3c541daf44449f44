import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { faultOf, newestInstant } from '../../runtime/cron.ts'

const newest = (cron: string, zone: string, last: string, now: string): string | undefined =>
  newestInstant({ cron, zone }, new Date(last), new Date(now))?.toISOString()

describe('a schedule', () => {
  it('comes at its time, and not before', () => {
    assert.equal(newest('0 3 * * *', 'UTC', '2026-03-01T03:00:00Z', '2026-03-02T02:59:59.999Z'), undefined)
    assert.equal(
      newest('0 3 * * *', 'UTC', '2026-03-01T03:00:00Z', '2026-03-02T03:00:00.000Z'),
      '2026-03-02T03:00:00.000Z',
    )
  })

  it('comes once for all the times that were missed', () => {
    assert.equal(
      newest('*/5 * * * *', 'UTC', '2026-03-01T00:00:00Z', '2026-04-01T00:07:30Z'),
      '2026-04-01T00:05:00.000Z',
    )
  })

  it('does not come again when the clock was set back', () => {
    assert.equal(newest('* * * * *', 'UTC', '2026-03-01T12:00:00Z', '2026-03-01T11:00:00Z'), undefined)
  })

  it('knows summer time: one night has no such time, another has it twice', () => {
    // Europe/Berlin: 2026-03-29 02:00 → 03:00, 2026-10-25 03:00 → 02:00.
    assert.equal(
      newest('30 2 * * *', 'Europe/Berlin', '2026-03-28T12:00:00Z', '2026-03-29T12:00:00Z')?.slice(0, 10),
      '2026-03-29',
    )
    assert.equal(
      newest('30 2 * * *', 'Europe/Berlin', '2026-10-25T00:30:00Z', '2026-10-25T23:00:00Z'),
      undefined,
      'the second half past two is no other time',
    )
  })

  it('tells why it can never come', () => {
    assert.equal(faultOf({ cron: '0 3 * * *', zone: 'Asia/Shanghai' }), null)
    assert.match(faultOf({ cron: '61 * * * *', zone: 'UTC' }) ?? '', /minute/)
    assert.match(faultOf({ cron: '* * * * *', zone: 'Mars/Olympus' }) ?? '', /Mars\/Olympus/)
    assert.equal(faultOf({ cron: '0 0 30 2 *', zone: 'UTC' }), 'it never comes')
  })
})
