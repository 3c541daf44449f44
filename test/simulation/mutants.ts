/** A mistake that could be made in the core: a text of one of its files that stands there once, and what stands there instead. */
export interface Mutant {
  readonly name: string
  readonly file: string
  readonly from: string
  readonly to: string
}

/** Each of them breaks a promise. */
export const MUTANTS: readonly Mutant[] = [
  mutant('policy', 'gives up at once what was answered 409', '404, 408, 409,', '404, 408,'),
  mutant('policy', 'gives up at once what was answered 500', 'status >= 500', 'status > 500'),
  mutant('policy', 'dead-letters what was answered 401', 'status === 401 || status === 403', 'status === 403'),
  mutant('policy', 'takes a redirect for success', 'status < 300', 'status < 400'),
  mutant('policy', 'does not honour Retry-After', 'Math.min(outcome.retryAfter ?? 0, LONGEST_RETRY_AFTER)', '0'),
  mutant('policy', 'does not double the backoff', '2 ** (attempts - 1)', '1'),
  mutant('policy', 'lets the backoff grow beyond its most', 'Math.min(policy.backoff.most, ', 'Math.max(0, '),

  mutant('ranges', 'moves the position over a hole', 'if (low <= position) {', 'if (low <= position + 1) {'),
  mutant('ranges', 'does not find an offset at the end of a range', 'find(offset + 1)', 'find(offset + 2)'),
  mutant('ranges', 'forgets the ranges that the position has reached', 'position = high', 'position = to'),

  mutant('gather', 'updates a row that the same write inserts', 'if (parked) park', 'if (!park) park'),
  mutant('gather', 'deletes a row that was never inserted', 'if (!park.delete(offset)) unpark', 'unpark'),
  mutant('gather', 'updates a row that the same write deletes', '      update.delete(offset)\n', ''),
  mutant('gather', 'takes changes twice', '      park.clear()\n', ''),

  mutant('writer', 'takes no answer for stored', "answer === 'unknown'", "answer === 'fenced'"),
  mutant('writer', 'gives two writes one number', '++number', 'Math.max(1, number++)'),
  mutant('writer', 'never writes mere progress', 'io.now() >= ripeAt()', 'false'),
  mutant(
    'writer',
    'does not write again what was not answered',
    'if (io.now() >= rewriteAt) send',
    'if (isEnded) send',
  ),
  mutant(
    'writer',
    'acts before its write is stored',
    'send(writing.changes)\n      }\n    },',
    'for (const go of writing.waiting) go()\n        send(writing.changes)\n      }\n    },',
  ),
  mutant('writer', 'acts on a write although it was given up', 'if (isEnded) return', ''),
  mutant('writer', 'goes on when it is fenced', "if (answer === 'fenced') {\n      fenced()\n    } else ", ''),

  mutant('slots', 'hands out one slot too many', 'used < parallel', 'used <= parallel'),
  mutant('slots', 'keeps a slot that was given back', 'used--\n      hand()', 'hand()'),
  mutant('slots', 'forgets a partition that got nothing', 'queued.delete(taker)', ''),

  mutant('lanes', 'keeps the tail of an empty lane', '        lane.tail = undefined\n', ''),
  mutant('lanes', 'gives each event of a partition a lane', "order === 'none'", "order !== 'key'"),
  mutant('lanes', 'has one lane for all keys too few', "order === 'key' ? record.key : ''", 'record.key'),
  mutant(
    'lanes',
    'forgets which rows of a lane are parked',
    'if (lane.lastRow === lane.head) lane.lastRow',
    'lane.lastRow',
  ),

  mutant(
    'partition',
    'delivers after a dead letter that is not stored',
    'whenStored(() => advance(entry))',
    'whenStored(() => {})\n    advance(entry)',
  ),
  mutant('partition', 'passes no parked event', '    rows++\n    pass(entry)\n', '    rows++\n'),
  mutant(
    'partition',
    'starts a second attempt that is not written',
    'entry.attempts === 0 || entry.written > entry.attempts',
    'entry.attempts >= 0',
  ),
  mutant(
    'partition',
    'takes the written attempt for the next',
    'entry.written > entry.attempts',
    'entry.written >= entry.attempts',
  ),
  mutant(
    'partition',
    'tries once more than the policy says',
    'entry.attempts >= policy.attempts',
    'entry.attempts > policy.attempts',
  ),
  mutant(
    'partition',
    'gives up at a takeover what has used its attempts',
    '    if (entry.lane.head === entry) proceed(entry.lane)',
    "    if (attempts >= policy.attempts) bury(entry, { status: null, code: '', message: '' })\n    else if (entry.lane.head === entry) proceed(entry.lane)",
  ),
  mutant(
    'partition',
    'counts attempts from zero after a takeover',
    'row: true, attempts, written',
    'row: true, attempts: 0, written',
  ),
  mutant(
    'partition',
    'takes parked events over in the order of the rows',
    '.sort((a, b) => a.record.offset - b.record.offset)',
    '',
  ),
  mutant('partition', 'counts an attempt that was refused', '    entry.attempts--\n', ''),
  mutant('partition', 'does not say that it was refused', 'if (isFirst) io.refused(outcome)', ''),
  mutant('partition', 'waits for offsets that do not exist', '        passed.add(next, offset)\n', ''),
  mutant('partition', 'takes a record that it has read before', '      if (offset < next) continue\n', ''),
  mutant('partition', 'reads a record again', 'next = offset + 1', 'next = offset'),
  mutant('partition', 'delivers what an earlier owner has settled', '      if (passed.has(offset)) continue\n', ''),
  mutant('partition', 'reads beyond its window', 'limits.window - (next - passed.position)', 'limits.window'),
  mutant(
    'partition',
    'starts new events at the bound of parked ones',
    'fresh.size > 0 && rows < limits.parked',
    'fresh.size > 0',
  ),
  mutant('partition', 'parks without a bound', 'if (rows >= limits.parked) {', 'if (rows >= 1000) {'),
  mutant(
    'partition',
    'parks the last of a lane first',
    'park(lane.lastRow.behind, io.now())',
    'park(lane.tail ?? lane.lastRow.behind, io.now())',
  ),
  mutant(
    'partition',
    'leaves the row of a handled event',
    '      writer.gather.unpark(entry.record.offset, io.now())\n',
    '',
  ),
  mutant('partition', 'counts the rows that are gone', '      rows--\n', ''),
  mutant(
    'partition',
    'keeps the slot of an attempt that a takeover has ended',
    'for (; starting > 0; starting--) free()',
    '',
  ),
  mutant(
    'partition',
    'keeps the slot of a delivery that no longer counts',
    'if (!isVoid) answered(entry, outcome)',
    'if (isVoid) return\n      answered(entry, outcome)',
  ),
  mutant(
    'partition',
    'does not wait for the time of a retry',
    'lane.waiting = head.due > io.now()',
    'lane.waiting = false',
  ),
  mutant('partition', 'never comes back to what waits', 'while (due.next <= io.now()) {', 'while (due.next < 0) {'),
  mutant('partition', 'waits as long as before, not as long as it wrote', '      entry.due = at\n', ''),
  mutant(
    'partition',
    'is closed before all has ended',
    'if (closed && inFlight === 0 && writer.isIdle)',
    'if (closed && writer.isIdle)',
  ),
  mutant(
    'partition',
    'is closed before all is stored',
    'if (closed && inFlight === 0 && writer.isIdle)',
    'if (closed && inFlight === 0)',
  ),
  mutant(
    'partition',
    'counts the characters of events that are gone',
    '    characters -= entry.record.value.length\n',
    '',
  ),
  mutant('partition', 'does nothing when it is resumed', 'paused = null\n      settle()', 'paused = null'),
  mutant(
    'partition',
    'starts a written attempt although it is paused',
    'if (paused === null && !closed) {',
    'if (!closed) {',
  ),
  mutant(
    'partition',
    'starts a written attempt although it is closed',
    'if (paused === null && !closed) {',
    'if (paused === null) {',
  ),
  mutant('partition', 'delivers while it is paused', 'isVoid || paused !== null || closed', 'isVoid || closed'),
  mutant(
    'partition',
    'delivers when it was given up',
    'isVoid || paused !== null || closed',
    'paused !== null || closed',
  ),
  mutant(
    'partition',
    'forgets a lane when its head is handled',
    '    lanes.shift(entry.lane)\n    proceed(entry.lane)',
    '    lanes.shift(entry.lane)',
  ),
  mutant('partition', 'is not woken again', '      wakeAt = Number.POSITIVE_INFINITY\n', ''),
]

function mutant(file: string, name: string, from: string, to: string): Mutant {
  return { file: `${file}.ts`, name, from, to }
}
