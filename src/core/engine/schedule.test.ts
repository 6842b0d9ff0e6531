import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { marketsOf, type RunOptions, simulate, tradingFrom, without } from '../adapters/sim/market.fixture.ts'
import { DAY, HOUR, MINUTE, SECOND } from '../base/units.ts'
import { MIDNIGHT } from '../decision/view.fixture.ts'
import type { SymbolMarket } from '../market/symbol-market.ts'
import type { Trade } from '../portfolio/trade.ts'
import type { CycleId } from './cycles.ts'
import { cycleOf, Schedule } from './schedule.ts'
import { defaultSettings, type Settings } from './settings.ts'

const test = suite('schedule')
const SEED = 20_260_302
console.log(`seed ${SEED}`)

/** Drawdowns small enough that pauses happen within the days of a test. */
function nervous(percent: number): Settings {
  return {
    ...defaultSettings(),
    drawdown: { percent, pauseHours: 24, haltPauses: 5, haltDays: 30, haltPercent: 30, closeAll: false },
  }
}

interface Seen {
  readonly exits: Set<string>
  readonly kinds: Set<string>
  trades: number
}

/** Runs both schedules over one market; every event has to be the same, at the same time and in the same order. */
function compare(markets: readonly SymbolMarket[], options: RunOptions, seen: Seen): void {
  const skipping = simulate(markets, options)
  const full = simulate(markets, { ...options, everyCycle: true })
  assert.equal(full.trades, skipping.trades)
  assert.equal(full.events, skipping.events)
  assert.is(full.engine.equity(), skipping.engine.equity())
  for (const { kind } of skipping.events) seen.kinds.add(kind)
  for (const trade of skipping.trades) seen.exits.add(exitOf(trade))
  seen.trades += skipping.trades.length
}

function exitOf(trade: Trade): string {
  return trade.exitReason === 'time-exit' && trade.closedAt - trade.openedAt === 72 * HOUR
    ? '72 h'
    : trade.exitReason
}

const nothing = (): Seen => ({ exits: new Set(), kinds: new Set(), trades: 0 })

// --- when what is due -------------------------------------------------------------------------------------------

/** What `tick` queues at a time, in order. */
function ticked(schedule: Schedule, now: number, running: CycleId | null = null): CycleId[] {
  schedule.tick(now, running)
  const queued: CycleId[] = []
  for (let next = schedule.next(); next !== undefined; next = schedule.next()) queued.push(next)
  return queued
}

test('at the first time every cycle is due at its next turn, and nothing before it', () => {
  const schedule = new Schedule(false)
  assert.is(schedule.wakeAt(null), null)
  schedule.touch('light', MIDNIGHT)
  assert.is(schedule.wakeAt(null), null)
  assert.equal(ticked(schedule, MIDNIGHT + SECOND), [])
  assert.is(schedule.wakeAt(null), MIDNIGHT + 30 * SECOND)
  assert.equal(ticked(schedule, MIDNIGHT + 30 * SECOND), ['light'])
  assert.equal(ticked(schedule, MIDNIGHT + 2 * MINUTE), ['heavy'])
  assert.equal(ticked(schedule, MIDNIGHT + 5 * MINUTE), ['daily'])
  assert.equal(ticked(schedule, MIDNIGHT + 8 * MINUTE), ['x10'])
  assert.is(schedule.wakeAt(null), MIDNIGHT + DAY + 5 * MINUTE)
})

test('a cycle is due at its next turn after it was touched, once, and the turn it had does not count again', () => {
  const schedule = new Schedule(false)
  assert.equal(ticked(schedule, MIDNIGHT), ['light', 'heavy', 'x10'])
  schedule.touch('heavy', MIDNIGHT)
  schedule.touch('heavy', MIDNIGHT + MINUTE)
  assert.is(schedule.wakeAt(null), MIDNIGHT + 2 * MINUTE)
  assert.equal(ticked(schedule, MIDNIGHT + 2 * MINUTE), ['heavy'])
  assert.equal(ticked(schedule, MIDNIGHT + 4 * MINUTE), [])
})

test('a timer touches its cycle at its moment, and only then', () => {
  const schedule = new Schedule(false)
  ticked(schedule, MIDNIGHT)
  ticked(schedule, MIDNIGHT + 5 * MINUTE)
  schedule.touchAt('x10', MIDNIGHT + HOUR + SECOND)
  schedule.touchAt('light', MIDNIGHT + HOUR)
  assert.is(schedule.wakeAt(null), MIDNIGHT + HOUR)
  assert.equal(ticked(schedule, MIDNIGHT + HOUR), ['light'])
  assert.is(schedule.wakeAt(null), MIDNIGHT + HOUR + SECOND)
  assert.equal(ticked(schedule, MIDNIGHT + HOUR + SECOND), [])
  assert.is(schedule.wakeAt(null), MIDNIGHT + HOUR + 4 * MINUTE)
  assert.equal(ticked(schedule, MIDNIGHT + HOUR + 4 * MINUTE), ['x10'])
  assert.is(schedule.wakeAt(null), MIDNIGHT + DAY + 5 * MINUTE)
})

test('a running cycle is not due before it has ended, and then at once', () => {
  const schedule = new Schedule(false)
  ticked(schedule, MIDNIGHT)
  schedule.touch('light', MIDNIGHT)
  assert.equal(ticked(schedule, MIDNIGHT + MINUTE, 'light'), [])
  assert.is(schedule.wakeAt('light'), MIDNIGHT + 5 * MINUTE)
  assert.is(schedule.wakeAt(null), MIDNIGHT + 30 * SECOND)
  assert.equal(ticked(schedule, MIDNIGHT + MINUTE), ['light'])
})

test('a saved schedule goes on as it would have, timers and queue included', () => {
  const schedule = new Schedule(false)
  ticked(schedule, MIDNIGHT)
  schedule.touch('light', MIDNIGHT)
  schedule.touchAt('heavy', MIDNIGHT + HOUR)
  schedule.tick(MIDNIGHT + 30 * SECOND, null)
  const loaded = Schedule.load(false, JSON.parse(JSON.stringify(schedule.save())))
  assert.is(loaded.isQueued, true)
  assert.is(loaded.next(), 'light')
  assert.is(loaded.isQueued, false)
  assert.is(loaded.wakeAt(null), MIDNIGHT + 5 * MINUTE)
  assert.equal(ticked(loaded, MIDNIGHT + 5 * MINUTE), ['daily'])
  assert.is(loaded.wakeAt(null), MIDNIGHT + HOUR)
  assert.equal(ticked(loaded, MIDNIGHT + HOUR), ['heavy'])
})

test('there is a cycle of each name, and no other', () => {
  assert.is(cycleOf('x10').period, 480 * SECOND)
  assert.throws(() => cycleOf('weekly' as CycleId), /broken invariant: weekly is no cycle/)
})

// --- skipping changes nothing -----------------------------------------------------------------------------------

test('every cycle at every period trades as the schedule that skips what cannot matter, on daily candles', () => {
  const seen = nothing()
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1_000_000 }), fc.constantFrom(15, 3, 1.5), (seed, percent) => {
      compare(marketsOf(seed, 16, { symbols: 8 }), { settings: nervous(percent) }, seen)
    }),
    { seed: SEED, numRuns: 4 },
  )
  for (const kind of ['expired', 'paused', 'resumed', 'stop-moved', 'reduced', 'exiting']) {
    assert.ok(seen.kinds.has(kind), `${kind} has happened`)
  }
  for (const exit of ['stop', 'target', '72 h', 'trailing-stop'])
    assert.ok(seen.exits.has(exit), `${exit} has happened`)
  assert.ok(seen.trades > 25, `${seen.trades} trades`)
})

test('and on finer candles, where positions move between the daily closes', () => {
  const seen = nothing()
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1_000_000 }), fc.boolean(), (seed, with5m) => {
      const markets = marketsOf(seed, 6, {
        symbols: 6,
        minutes15Days: 7,
        ...(with5m ? { minutes5Days: 6, minutes5Symbols: 2 } : {}),
      })
      compare(markets, { settings: nervous(1) }, seen)
    }),
    { seed: SEED, numRuns: 4 },
  )
  for (const kind of ['targets', 'stop-moved', 'paused'])
    assert.ok(seen.kinds.has(kind), `${kind} has happened`)
  assert.ok(seen.trades > 10, `${seen.trades} trades`)
})

test('and where candles are missing, so that a time comes without a price', () => {
  const seen = nothing()
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1_000_000 }),
      fc.integer({ min: 3 * 24, max: 5 * 24 }),
      fc.integer({ min: 6, max: 80 }),
      fc.boolean(),
      (seed, afterHours, holeHours, isFine) => {
        const markets = marketsOf(seed, 9, { symbols: 6, ...(isFine ? { minutes15Days: 10 } : {}) })
        const hole = tradingFrom(markets) + afterHours * HOUR
        // The whole market is silent for a while: what is due meanwhile is due all the same.
        const holed = markets.map(market =>
          without(market, start => start < hole || start >= hole + holeHours * HOUR),
        )
        compare(holed, { settings: nervous(3) }, seen)
      },
    ),
    { seed: SEED, numRuns: 6 },
  )
  assert.ok(seen.trades > 10, `${seen.trades} trades`)
  assert.ok(seen.kinds.has('expired'))
})

test('the journal changes nothing but what is written down', () => {
  let trades = 0
  for (let seed = 1; seed <= 4; seed++) {
    const markets = marketsOf(seed, 40, { symbols: 5, minutes15Days: 10 })
    const on = simulate(markets, { journal: true })
    const off = simulate(markets, { journal: false })
    assert.equal(off.trades, on.trades)
    assert.equal(off.engine.counts, on.engine.counts)
    assert.is(off.engine.equity(), on.engine.equity())
    assert.equal(
      off.events.map(event => event.kind),
      on.events.filter(event => event.kind === 'digest').map(event => event.kind),
    )
    trades += on.trades.length
  }
  assert.ok(trades > 20, `${trades} trades`)
})

test.run()
