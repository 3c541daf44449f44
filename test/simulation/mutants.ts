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

  mutant('lanes', 'gives each event of a partition a lane', "order === 'none'", "order !== 'key'"),
  mutant('lanes', 'has one lane for all keys too few', "order === 'key' ? record.key : ''", 'record.key'),

  mutant(
    'partition',
    'delivers after a dead letter that is not stored',
    'whenStored(() => advance(entry))',
    'whenStored(() => {})\n    advance(entry)',
  ),
  mutant('parking', 'passes no parked event', '    pass(entry)\n    entry.due', '    entry.due'),
  mutant(
    'partition',
    'starts a second attempt that is not written',
    'entry.attempts === 0 || entry.written > entry.attempts',
    'entry.attempts >= 0',
  ),
  mutant(
    'partition',
    'takes the written attempt for the next',
    '=== 0 || entry.written > entry.attempts',
    '=== 0 || entry.written >= entry.attempts',
  ),
  mutant(
    'partition',
    'tries once more than the policy says',
    'entry.attempts < policy.attempts',
    'entry.attempts <= policy.attempts',
  ),
  mutant(
    'partition',
    'gives up at a takeover what has used its attempts',
    '    if (entry.lane.head === entry) proceed(entry.lane)',
    "    if (attempts >= policy.attempts) bury(entry, { status: null, code: '', message: '' })\n    else if (entry.lane.head === entry) proceed(entry.lane)",
  ),
  mutant('partition', 'counts attempts from zero after a takeover', '{ attempts, written', '{ attempts: 0, written'),
  mutant(
    'partition',
    'takes parked events over in the order of the rows',
    '.sort((a, b) => a.record.offset - b.record.offset)',
    '',
  ),
  mutant('partition', 'counts an attempt that was refused', '    entry.attempts--\n', ''),
  mutant(
    'partition',
    'takes a refused attempt for written',
    '      entry.written = entry.attempts\n      gather',
    '      gather',
  ),
  mutant('partition', 'does not say that it was refused', 'if (isFirst) io.refused(outcome)', ''),
  mutant('intake', 'waits for offsets that do not exist', '        passed.add(next, offset)\n', ''),
  mutant('intake', 'takes a record that it has read before', '      if (offset < next) continue\n', ''),
  mutant('intake', 'reads a record again', 'next = offset + 1', 'next = offset'),
  mutant('intake', 'delivers what an earlier owner has settled', '      if (passed.has(offset)) continue\n', ''),
  mutant('intake', 'reads beyond its window', 'limits.window - (next - passed.position)', 'limits.window'),
  mutant(
    'partition',
    'starts new events at the bound of parked ones',
    'fresh.size > 0 && !parking.isFull',
    'fresh.size > 0',
  ),
  mutant('parking', 'parks without a bound', 'if (isFull()) {', 'if (rows >= 1000) {'),
  mutant(
    'parking',
    'parks the last of a lane first',
    'park(lane.lastRow.behind, now())',
    'park(lane.tail ?? lane.lastRow.behind, now())',
  ),
  mutant('parking', 'leaves the row of a handled event', '        gather.unpark(entry.record.offset, now())\n', ''),
  mutant('parking', 'counts the rows that are gone', '        rows--\n', ''),
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
  mutant('partition', 'delivers while it is paused', '!isOpen() || paused !== null', '!isOpen()'),
  mutant('partition', 'delivers when it was given up', '!isVoid && !closed', '!closed'),
  mutant(
    'partition',
    'forgets a lane when its head is handled',
    '    lanes.shift(entry.lane)\n    proceed(entry.lane)',
    '    lanes.shift(entry.lane)',
  ),
  mutant('partition', 'begins nothing when there is room again', '    if (canStart()) slots.request(taker)\n', ''),
  mutant(
    'partition',
    'wakes for the later of two things',
    'Math.min(writer.next, due.next)',
    'Math.max(writer.next, due.next)',
  ),
  mutant('partition', 'buries although the budget is spent', 'io.mayBury(entry.record, outcome)', 'true'),
  mutant('partition', 'buries what it may not, without asking again', '    else putBack(entry)\n', ''),
  mutant('partition', 'delivers what is too old', '!entry || !io.isTooOld(entry.record)', 'true'),
  mutant(
    'partition',
    'does not write what it buried on the way',
    '      bury(entry, TOO_OLD)\n      writer.write(false)',
    '      bury(entry, TOO_OLD)',
  ),
  mutant('partition', 'goes on after the dead letter that stops it', '    paused ??= stop\n    io.stopped(stop)', ''),
  mutant('gather', 'does not write that the trigger stops', 'stop ??= reason', ''),
  mutant('gather', 'stops once more with each write', '      stop = undefined\n', ''),
  mutant('gather', 'changes a row that the same write deletes', '      update.delete(offset)\n', ''),
  mutant('heap', 'wakes the last first', 'a.at < b.at', 'a.at > b.at'),
  mutant('partition', 'is not woken again', '      wakeAt = Number.POSITIVE_INFINITY\n', ''),
]

function mutant(file: string, name: string, from: string, to: string): Mutant {
  return { file: `${file}.ts`, name, from, to }
}
