import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { marketsOf, simulate, tradingFrom } from '../adapters/sim/market.fixture.ts'
import { FundingTape } from '../adapters/sim/tape.ts'
import { DAY, type Timestamp } from '../base/units.ts'
import { signalId } from '../decision/signal.ts'
import { GUARDS } from '../guards/list.ts'
import type { Candles } from '../market/candles.ts'
import { INTERVAL_MS } from '../market/interval.ts'
import type { SymbolMarket } from '../market/symbol-market.ts'
import { score } from '../scoring/score.ts'
import { gridSignal, reversionSignal } from './desk.fixture.ts'
import {
  boundGuards,
  compareText,
  enabledEntries,
  rank,
  scanSymbol,
  scoreInputs,
  scoreSignal,
} from './pipeline.ts'
import type { EngineEvent, Scored } from './protocol.ts'
import { defaultSettings, overlay } from './settings.ts'
import { Cursor, SymbolState } from './symbol.ts'

const test = suite('pipeline')
const SEED = 20_260_305
console.log(`seed ${SEED}`)

/** A symbol as it is known at `now`: of the candles those that have closed. */
function symbolAt(market: SymbolMarket, now: Timestamp): SymbolState {
  const symbol = new SymbolState(market.instrument, defaultSettings().universe)
  for (const interval of ['1d', '15m'] as const) {
    const candles = market.candles.get(interval)
    const span = interval === '1d' ? DAY : DAY / 96
    for (let i = 0; candles !== undefined && i < candles.length && candles.start[i] + span <= now; i++) {
      const candle = rowOf(candles, i)
      if (interval === '1d') symbol.closeDaily(candle)
      else symbol.close15(candle)
    }
  }
  return symbol
}

function rowOf(candles: Candles, i: number) {
  return {
    start: candles.start[i],
    open: candles.open[i],
    high: candles.high[i],
    low: candles.low[i],
    close: candles.close[i],
    volume: candles.volume[i],
    turnover: candles.turnover[i],
  }
}

/** The market as if the world had ended at `end`. */
function truncated(market: SymbolMarket, end: Timestamp): SymbolMarket {
  const candles = new Map(
    [...market.candles].map(([interval, series]) => {
      const span = INTERVAL_MS[interval]
      let length = 0
      while (length < series.length && series.start[length] + span <= end) length++
      return [interval, { ...series, length }] as const
    }),
  )
  return { ...market, candles }
}

// --- no look ahead ----------------------------------------------------------------------------------------------

test('a decision on data cut off at its time is the decision made with all the data there', () => {
  // What comes back after a stop, or waits for that, depends on what was traded, and so on more than candles.
  const standard = defaultSettings()
  const reentry = { ...standard.strategies['sl-reentry'], enabled: false }
  // So does what one position is exchanged for.
  const rotation = { ...standard.strategies['funding-rotation'], enabled: false }
  const strategies = { ...standard.strategies, 'sl-reentry': reentry, 'funding-rotation': rotation }
  const settings = { ...standard, strategies }
  const entries = enabledEntries(settings)
  let found = 0
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1_000_000 }), seed => {
      const markets = marketsOf(seed, 20, { symbols: 6, minutes15Days: 21 })
      // What the engine decides in a run over everything.
      const decided = simulate(markets, { settings }).events.filter(
        ({ kind }) => kind === 'entered' || kind === 'refused',
      )
      for (let day = 0; day < 19; day++) {
        const now = tradingFrom(markets) + day * DAY
        const signals = markets.flatMap(market => {
          const known = symbolAt(market, now)
          known.funding = new FundingTape(market.funding, 0).settledPer8h(now)
          const made: ReturnType<typeof gridSignal>[] = []
          scanSymbol(entries, new Cursor(settings.fees), known, now, made)
          return made
        })
        const there = decided.filter(event => event.ts === now)
        assert.equal(there.map(event => event.signalId).sort(), signals.map(one => one.id).sort())
        for (const signal of signals) {
          const event = there.find(one => one.signalId === signal.id)
          assert.is(event?.figures.score, scoreSignal(signal).score.value)
          if (event?.kind === 'entered') assert.is(event.reason, signal.reason)
          found++
        }
      }
    }),
    { seed: SEED, numRuns: 5 },
  )
  assert.ok(found > 60, `${found} signals`)
})

test('a run over data that end at some day says, up to that day, what the run over all the data says', () => {
  let compared = 0
  let scalped = 0
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1_000_000 }), fc.integer({ min: 3, max: 29 }), (seed, days) => {
      const markets = marketsOf(seed, 30, {
        symbols: 5,
        minutes15Days: 31,
        minutes5Days: 14,
        minutes5Symbols: 2,
      })
      const end = tradingFrom(markets) + days * DAY
      const before = (run: ReturnType<typeof simulate>): readonly EngineEvent[] =>
        run.events.filter(event => event.ts < end)
      const whole = before(simulate(markets))
      assert.equal(before(simulate(markets.map(market => truncated(market, end)))), whole)
      assert.equal(before(simulate(markets, { to: end })), whole)
      compared += whole.length
      scalped += whole.filter(event => event.strategy === 'bb-scalping').length
    }),
    { seed: SEED, numRuns: 8 },
  )
  assert.ok(compared > 300, `${compared} events`)
  assert.ok(scalped > 100, `${scalped} of decisions within the day`)
})

// --- the parts --------------------------------------------------------------------------------------------------

test('a score is made of the figures of the side: down days for a long, up days for a short', () => {
  const long = gridSignal('SOLUSDT', { downDays: 4, upDays: 0 })
  assert.is(scoreInputs(long).streak, 4)
  assert.is(scoreInputs({ ...long, side: 'short', upDays: 2 }).streak, 2)
  assert.equal(scoreSignal(long), { signal: long, score: score(scoreInputs(long)) })
})

test('ranking is by score, turnover, the narrower rule, symbol and side, and leaves its input alone', () => {
  const grid = scoreSignal(gridSignal())
  const as = (over: Partial<Scored['signal']>, tenths = 60): Scored => ({
    signal: { ...grid.signal, ...over },
    score: { ...grid.score, tenths, value: tenths / 10 },
  })
  const expected = [
    as({ symbol: 'ZUSDT' }, 70),
    as({ symbol: 'YUSDT', turnover: 90e6 }),
    as({ symbol: 'XUSDT', strategy: 'mean-reversion' }),
    as({ symbol: 'AUSDT', side: 'long' }),
    as({ symbol: 'AUSDT', side: 'short' }),
    as({ symbol: 'BUSDT' }),
    as({ symbol: 'AUSDT', strategy: 'bollinger-grid-short' }),
    as({ symbol: 'AUSDT', strategy: 'unknown' }),
    as({ symbol: 'AUSDT', turnover: 1e6 }),
  ]
  fc.assert(
    fc.property(fc.shuffledSubarray(expected, { minLength: expected.length }), shuffled => {
      const before = [...shuffled]
      assert.equal(rank(shuffled), expected)
      assert.equal(shuffled, before)
    }),
    { seed: SEED, numRuns: 100 },
  )
})

test('texts are compared by code units, whatever the locale', () => {
  assert.equal(['b', 'a', 'B', 'ä', '1'].sort(compareText), ['1', 'B', 'a', 'b', 'ä'])
  assert.is(compareText('same', 'same'), 0)
})

test('switched-off strategies and, without portfolio gates, the guards of the portfolio are left out', () => {
  const all = defaultSettings()
  const some = overlay(
    { ...all },
    { portfolioGates: false, strategies: { 'mean-reversion': { enabled: false } } },
  )
  assert.equal(
    enabledEntries(some).map(one => one.strategy.id),
    enabledEntries(all)
      .map(one => one.strategy.id)
      .filter(id => id !== 'mean-reversion'),
  )
  assert.equal(
    boundGuards(some).map(one => one.guard.id),
    GUARDS.filter(guard => guard.scope === 'signal').map(guard => guard.id),
  )
  assert.equal(
    boundGuards(all).map(one => one.guard.id),
    GUARDS.map(guard => guard.id),
  )
})

test('guards and strategies run under the parameters that were set', () => {
  const set = overlay(
    { ...defaultSettings() },
    {
      guards: { 'score-threshold': { least: 9 } },
      strategies: { 'mean-reversion': { leverage: 3 } },
    },
  )
  assert.equal(boundGuards(set).find(one => one.guard.id === 'score-threshold')?.params, { least: 9 })
  assert.is(enabledEntries(set).find(one => one.strategy.id === 'mean-reversion')?.terms.leverage, 3)
})

test('ids of signals follow from strategy, symbol, side and candle', () => {
  const { id, strategy, symbol, side, candleStart } = reversionSignal()
  assert.is(id, signalId(strategy, symbol, side, candleStart))
})

test.run()
