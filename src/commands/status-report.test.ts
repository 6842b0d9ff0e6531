import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { LEASE_MS } from '../core/adapters/sqlite/lease.ts'
import { HOUR, MINUTE, SECOND } from '../core/base/units.ts'
import type { CycleSnapshot } from '../core/engine/snapshot.ts'
import { isRenewed, noState, type StatusReport, statusReport } from './status-report.ts'
import { AT, CYCLES, parts, position, snapshot } from './views/model.fixture.ts'

const test = suite('status report')
/** Nothing but a cycle is looked at. */
const WELL = { positions: [], pending: [], gates: [], drift: '', isRecovering: false }
const HOLDER = { pid: 4711, host: 'desk', since: AT - MINUTE, renewedAt: AT }

function of(change: Parameters<typeof parts>[0] = {}, now = AT): StatusReport {
  return statusReport(parts({ holder: HOLDER, ...change }), now)
}

test('a loop runs as long as its lease is renewed', () => {
  assert.is(isRenewed(HOLDER, AT + LEASE_MS), true)
  assert.is(isRenewed(HOLDER, AT + LEASE_MS + 1), false)
  assert.is(isRenewed(HOLDER, AT - MINUTE), true, 'a clock that was set back ends no loop')
  assert.is(isRenewed(null, AT), false)
})

test('who runs is told while it runs, and what it left afterwards', () => {
  const { running, pid, host, since, positions } = of()
  assert.equal([running, pid, host, since, positions.length], [true, 4711, 'desk', AT - MINUTE, 3])
  const gone = of({}, AT + MINUTE + 1_000)
  assert.equal([gone.running, gone.pid, gone.since, gone.positions.length], [false, null, null, 3])
  assert.match(
    gone.health.notes[0],
    'process 4711 on desk has not written for 61 s: it hangs, its disk is full, or it has ended without a word',
  )
  const clean = of({ holder: null }, AT + MINUTE)
  assert.equal([clean.running, clean.health.notes.some(note => note.includes('4711'))], [false, false])
})

test('prices and quantities are plain decimal texts', () => {
  const odd = position({ entry: 0.1 + 0.2, mark: 1.5e-7, stop: '0.0000001', openedAt: AT - 90 * MINUTE })
  const [one] = of({ snapshot: snapshot({ positions: [odd] }) }).positions
  assert.equal(
    [one.entry, one.mark, one.stop, one.qty, one.ageHours],
    ['0.3', '0.00000015', '0.0000001', '0.016', 1.5],
  )
  assert.equal(one.targets[0], { leg: 'tp1', price: '63500.0', qty: '0.008' })
  assert.is(of().pending[0].price, '2.1034')
})

test('what is not known is null, and the record survives JSON as it is', () => {
  const unknown = snapshot({
    equity: Number.NaN,
    unrealised: Number.NaN,
    positions: [position({ mark: null, unrealised: Number.NaN, unrealisedPercent: null })],
  })
  const report = of({ snapshot: unknown })
  assert.equal([report.equity, report.pnl.unrealised, report.wallet], [null, 0, 1_036.82])
  assert.equal([report.positions[0].mark, report.positions[0].unrealised], [null, null])
  for (const one of [report, of(), of({ snapshot: null }), noState(AT)])
    assert.equal(JSON.parse(JSON.stringify(one)), one)
})

test('today is what the day has realised, and what its trades have made before there is a state', () => {
  assert.equal(of().pnl, { today: 3.2, total: 36.82, unrealised: -2.7 })
  const trades = { today: 1, total: 2, count: 3, wins: 1 }
  const { pnl, trades: counts, at, cycles } = of({ snapshot: null, trades })
  assert.equal(
    [pnl, counts, at, cycles],
    [{ today: 1, total: 2, unrealised: 0 }, { count: 3, wins: 1 }, null, []],
  )
})

test('gates, cycles, refusals and events are told with their reasons', () => {
  const { gates, cycles, refusals, events } = of()
  assert.equal(gates.at(-1), {
    gate: 'long-share',
    open: false,
    value: '100 % of 5',
    limit: '80 %',
    reason: 'of 5 positions all are long: at most 80 % may be',
  })
  assert.equal([cycles[1].cycle, cycles[1].tookMs, cycles[1].errors], ['heavy', 1_340, 2])
  assert.equal([refusals[0].kind, refusals[0].figures.gate], ['refused', 'score-threshold'])
  assert.is(events[4].code, 'W309')
})

test('health says all that is wrong, and is well only when nothing is', () => {
  const well = snapshot({ positions: [position()], pending: [], cycles: [] })
  assert.equal(of({ snapshot: well }).health, {
    ok: true,
    notes: [],
    drift: '',
    recovering: false,
    schemaVersion: 1,
    databaseBytes: 122_880,
  })
  const [pending] = snapshot().pending
  const ill = snapshot({
    pending: [{ ...pending, isUnknown: true }],
    drift: 'wallet 3 USDT apart',
    isRecovering: true,
  })
  const { ok, notes } = of({ snapshot: ill, notes: ['the log grows'] }, AT + SECOND).health
  assert.is(ok, false)
  assert.equal(notes, [
    'ADAUSDT short has no confirmed stop',
    'nothing says whether the entry on SUIUSDT has arrived',
    'books and exchange differ: wallet 3 USDT apart',
    'recovering: no entries until books and exchange agree',
    'heavy cycle: 2 failed, last: step scan: the exchange did not answer within 20 s',
    'the log grows',
  ])
})

test('a cycle that has come through since is no trouble: its failures are told for ten minutes', () => {
  const heavy = (change: Partial<CycleSnapshot>): StatusReport['health'] => {
    const cycles = CYCLES.map(one => (one.cycle === 'heavy' ? { ...one, ...change } : one))
    return of({ snapshot: snapshot({ ...WELL, cycles }) }).health
  }
  const failing = heavy({ isFailing: true, lastErrorAt: AT - 3 * HOUR })
  assert.is(failing.ok, false)
  assert.match(failing.notes[0], /^heavy cycle: 2 failed, last: step scan/)
  const over = heavy({ isFailing: false, lastErrorAt: AT - 3 * MINUTE })
  assert.is(over.ok, true)
  assert.match(over.notes[0], /^heavy cycle: 2 failed, none for 3 min; the last: step scan/)
  const past = { isFailing: false, lastErrorAt: AT - 11 * MINUTE }
  assert.equal([heavy(past).ok, heavy(past).notes], [true, []])
  const { isFailing: _, lastErrorAt: __, ...earlier } = CYCLES[1]
  const told = of({ snapshot: snapshot({ ...WELL, cycles: [earlier] }) }).health
  assert.equal([told.ok, told.notes], [true, []], 'an earlier bbw does not tell when')
})

test('a symbol without entries is no house without entries', () => {
  const readiness = { gate: 'readiness', isOpen: true, value: 'ready', limit: '' }
  const reason = 'SOLUSDT: a position here was not opened by bbw'
  const notesOf = (change: Partial<typeof readiness>): readonly string[] =>
    of({ snapshot: snapshot({ gates: [{ ...readiness, reason, ...change }] }) }).health.notes
  assert.ok(notesOf({}).includes(`no entries on ${reason}`))
  assert.ok(notesOf({ isOpen: false }).includes(`no entries: ${reason}`))
})

test('without a state nothing runs and nothing is held', () => {
  const { running, positions, equity, health } = noState(AT)
  assert.equal([running, positions, equity, health.ok], [false, [], null, true])
})

test.run()
