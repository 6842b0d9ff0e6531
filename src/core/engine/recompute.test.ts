import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { marketsOf, tradingFrom } from '../adapters/sim/market.fixture.ts'
import { isRecorded, RECORDED_SYMBOLS, recordedMarkets } from '../adapters/sim/recorded.fixture.ts'
import { DAY, HOUR, type Timestamp } from '../base/units.ts'
import { CandleSeries, type Candles } from '../market/candles.ts'
import { INTERVAL_MS, type Interval } from '../market/interval.ts'
import type { SymbolMarket } from '../market/symbol-market.ts'
import { shortHash } from './decision-record.ts'
import { again, everythingOn, journaled, MemoryJournal, presentOf } from './decisions.fixture.ts'
import type { Difference } from './recompute.ts'
import type { Settings } from './settings.ts'

const test = suite('recompute')

const SETTINGS = everythingOn()
const DAILY = marketsOf(3, 60)
const FINE = marketsOf(7, 8, { minutes15Days: 9, minutes5Days: 8, minutes5Symbols: 1 })
const ON_DAILY = journaled(DAILY, SETTINGS).journal
const ON_FINE = journaled(FINE, SETTINGS).journal

/** The markets with one field of one candle changed; `null` takes the candle out. */
function changed(
  markets: readonly SymbolMarket[],
  symbol: string,
  interval: Interval,
  start: Timestamp,
  change: ((candles: Candles, row: number) => void) | null,
): readonly SymbolMarket[] {
  return markets.map(market => {
    const series = market.candles.get(interval)
    if (market.instrument.symbol !== symbol || series === undefined) return market
    const row = series.start.indexOf(start)
    assert.ok(row >= 0, 'the candle is there')
    const keep = (column: Float64Array): Float64Array =>
      column.slice(0, series.length).filter((_, i) => change !== null || i !== row)
    const copy = {
      ...series,
      length: series.length - (change === null ? 1 : 0),
      start: keep(series.start),
      open: keep(series.open),
      high: keep(series.high),
      low: keep(series.low),
      close: keep(series.close),
      volume: keep(series.volume),
      turnover: keep(series.turnover),
    }
    change?.(copy, row)
    return { ...market, candles: new Map([...market.candles, [interval, copy]]) }
  })
}

const byOneTick =
  (tick: number) =>
  (candles: Candles, row: number): void => {
    candles.close[row] += tick
  }

function inputs(differences: readonly Difference[]): readonly Difference[] {
  return differences.filter(({ kind }) => kind !== 'answer')
}

test('decisions made again under the same conditions are the same, all of them', () => {
  for (const [journal, markets] of [
    [ON_DAILY, DAILY],
    [ON_FINE, FINE],
  ] as const) {
    const { compared, unmade, differences } = again(journal, presentOf(markets, SETTINGS))
    assert.equal(differences, [])
    assert.equal([compared, unmade], [journal.decisions.length, 0])
    assert.ok(compared > 200, `${compared} decisions`)
  }
})

test('a close that is one tick off is named, whether it lies among the decisions or before the first', () => {
  const [{ instrument }] = DAILY
  const from = tradingFrom(DAILY)
  for (const start of [from + 10 * DAY, from - DAY, from - 100 * DAY, from - 145 * DAY]) {
    const markets = changed(DAILY, instrument.symbol, '1d', start, byOneTick(instrument.tickSize))
    const { differences } = again(ON_DAILY, presentOf(markets, SETTINGS))
    const expected = { kind: 'candle', symbol: instrument.symbol, interval: '1d', start, fields: ['close'] }
    assert.equal(inputs(differences), [expected])
  }
})

test('so is one of any field and of any interval that is looked at', () => {
  const [{ instrument, candles }] = FINE
  const { symbol } = instrument
  for (const [interval, field] of [
    ['1d', 'open'],
    ['1d', 'turnover'],
    ['15m', 'high'],
    ['15m', 'volume'],
    ['5m', 'low'],
  ] as const) {
    const series = candles.get(interval)
    assert.ok(series !== undefined)
    const start = series.start[series.length - 40]
    const markets = changed(FINE, symbol, interval, start, (copy, row) => {
      copy[field][row] = copy[field][row] * (1 + 1e-12) + 1e-12
    })
    const found = inputs(again(ON_FINE, presentOf(markets, SETTINGS)).differences)
    // The hour that it is a part of is made of it.
    const hour = interval === '15m' ? [Math.floor(start / HOUR) * HOUR] : []
    assert.equal(found, [
      { kind: 'candle', symbol, interval, start, fields: [field] },
      ...hour.map(of => ({ kind: 'candle', symbol, interval: '1h', start: of, fields: [field] })),
    ])
  }
})

/** The markets with an hour's candle for each hour from three days before trading begins. */
function hourly(markets: readonly SymbolMarket[], days: number): readonly SymbolMarket[] {
  const from = tradingFrom(markets)
  return markets.map((market, k) => {
    const hours = new CandleSeries(market.instrument.symbol, '1h', (days + 3) * 24)
    for (let start = from - 3 * DAY, i = 0; start < from + days * DAY; start += HOUR, i++) {
      const price = 100 + 5 * Math.sin(i * 1.7 + k) + 3 * Math.sin(i * 0.61)
      hours.push(start, price, price, price, price, 1, price)
    }
    return { ...market, candles: new Map([...market.candles, ['1h' as const, hours]]) }
  })
}

test('so is one of an hour, by which the correlation of what is held is judged', () => {
  const markets = hourly(DAILY, 60)
  const { journal } = journaled(markets, SETTINGS)
  assert.equal(again(journal, presentOf(markets, SETTINGS)).differences, [])
  const { symbol } = DAILY[0].instrument
  const start = tradingFrom(DAILY) + 20 * DAY
  const other = changed(markets, symbol, '1h', start, byOneTick(0.01))
  const { differences } = again(journal, presentOf(other, SETTINGS))
  assert.equal(inputs(differences), [{ kind: 'candle', symbol, interval: '1h', start, fields: ['close'] }])
})

test('decisions until a moment in the middle of a run are the same, and candles that closed after it no matter', () => {
  for (const [journal, markets, days] of [
    [ON_DAILY, DAILY, 60],
    [ON_FINE, FINE, 8],
  ] as const) {
    const present = presentOf(markets, SETTINGS)
    for (const part of [0.3, 0.5, 0.77]) {
      const until = tradingFrom(markets) + part * days * DAY
      const known = {
        ...present,
        candles: (symbol: string, interval: Interval) =>
          present.candles(symbol, interval).filter(({ start }) => start + INTERVAL_MS[interval] <= until),
      }
      const made = again(journal, known, until)
      assert.equal([made.compared > 0, made.differences], [true, []], `${part}`)
    }
  }
})

test('a candle after the last look at its symbol is compared as well', () => {
  const last = ON_FINE.decisions.at(-1)?.at ?? 0
  const looked = new Map<string, Timestamp>()
  for (const { symbol, told } of ON_FINE.decisions)
    for (const { interval, newest } of told) looked.set(`${symbol} ${interval}`, newest)
  let tried = 0
  for (const { instrument, candles } of FINE) {
    const { symbol } = instrument
    const newest = looked.get(`${symbol} 15m`) ?? Number.NEGATIVE_INFINITY
    const start = [...(candles.get('15m')?.start ?? [])].find(
      one => one > newest && one + INTERVAL_MS['15m'] <= last && one >= tradingFrom(FINE),
    )
    if (start === undefined) continue
    tried++
    const other = changed(FINE, symbol, '15m', start, byOneTick(0.5))
    const [found] = inputs(again(ON_FINE, presentOf(other, SETTINGS)).differences)
    assert.equal(found, { kind: 'candle', symbol, interval: '15m', start, fields: ['close'] })
  }
  assert.ok(tried > 0, 'candles were told after the last look')
})

test('a candle that is missing now is named; one that has come since, and was not seen, is none', () => {
  const [{ instrument }] = DAILY
  const { symbol } = instrument
  for (const start of [tradingFrom(DAILY) + 10 * DAY, tradingFrom(DAILY) - 145 * DAY]) {
    const less = changed(DAILY, symbol, '1d', start, null)
    const { differences } = again(ON_DAILY, presentOf(less, SETTINGS))
    assert.equal(inputs(differences), [{ kind: 'candle', symbol, interval: '1d', start, fields: null }])
    const { journal } = journaled(less, SETTINGS)
    assert.equal(again(journal, presentOf(DAILY, SETTINGS)).differences, [])
  }
})

test('a symbol that the market does not have is named once, not candle by candle', () => {
  const [{ instrument }, ...others] = DAILY
  const { symbol } = instrument
  const { differences } = again(ON_DAILY, presentOf(others, SETTINGS))
  const found = inputs(differences).map(one => [
    one.kind,
    'symbol' in one && one.symbol,
    one.kind === 'candles' && one.areGone,
  ])
  assert.equal(found, [
    ['instrument', symbol, false],
    ['candles', symbol, true],
  ])
})

test('what the code of now cannot look at is a difference of that decision, and the others are made again', () => {
  const journal = new (class extends MemoryJournal {
    override context(hash: string): string {
      return ON_DAILY.context(hash)
    }
    override prints(symbol: string, interval: Interval): ReturnType<MemoryJournal['prints']> {
      return ON_DAILY.prints(symbol, interval)
    }
  })()
  const seen = '{"house":{},"proposal":{}}'
  const strange = ON_DAILY.decisions.findIndex(({ kind }) => kind === 'guards')
  for (const [k, decision] of ON_DAILY.decisions.entries()) {
    const inputs = { ...decision.inputs, state: shortHash(seen) }
    journal.decisions.push(k === strange ? { ...decision, seen, inputs } : decision)
  }
  const { compared, differences } = again(journal, presentOf(DAILY, SETTINGS))
  assert.is(compared, ON_DAILY.decisions.length)
  assert.equal(
    differences.map(one => one.kind === 'answer' && [one.row, one.now.slice(0, 17)]),
    [[strange + 1, 'it cannot be made']],
  )
})

test('several candles are named each, and once', () => {
  const from = tradingFrom(DAILY)
  const [{ instrument: first }, { instrument: second }] = DAILY
  const one = changed(DAILY, first.symbol, '1d', from - 3 * DAY, byOneTick(first.tickSize))
  const two = changed(one, first.symbol, '1d', from + 3 * DAY, byOneTick(first.tickSize))
  const all = changed(two, second.symbol, '1d', from + 9 * DAY, byOneTick(second.tickSize))
  const { differences } = again(ON_DAILY, presentOf(all, SETTINGS))
  assert.equal(
    inputs(differences).map(one => one.kind === 'candle' && [one.symbol, (one.start - from) / DAY]),
    [
      [first.symbol, -3],
      [first.symbol, 3],
      [second.symbol, 9],
    ],
  )
})

test('candles whose prints are gone are told as a range', () => {
  const [{ instrument }] = DAILY
  const start = tradingFrom(DAILY) + 10 * DAY
  const markets = changed(DAILY, instrument.symbol, '1d', start, byOneTick(instrument.tickSize))
  const without = new (class extends MemoryJournal {
    override context(hash: string): string {
      return ON_DAILY.context(hash)
    }
    override prints(symbol: string, interval: Interval): ReturnType<MemoryJournal['prints']> {
      return new Map([...ON_DAILY.prints(symbol, interval)].filter(([time]) => time !== start))
    }
  })()
  without.decisions.push(...ON_DAILY.decisions)
  const { differences } = again(without, presentOf(markets, SETTINGS))
  const [found] = inputs(differences)
  assert.is(found?.kind, 'candles')
})

test('one parameter, of a strategy, a guard, the universe or the house, is named with what it was and is', () => {
  const other: readonly (readonly [string, unknown, unknown, Settings])[] = [
    [
      'strategies.mean-reversion.longBbPercentBelow',
      5,
      4,
      withStrategy('mean-reversion', { longBbPercentBelow: 4 }),
    ],
    [
      'strategies.partial-tp.firstSharePercent',
      20,
      21,
      withStrategy('partial-tp', { firstSharePercent: 21 }),
    ],
    ['strategies.dca-ladder.enabled', true, false, withStrategy('dca-ladder', { enabled: false })],
    [
      'guards.total-margin.percent',
      60,
      59,
      { ...SETTINGS, guards: { ...SETTINGS.guards, 'total-margin': { percent: 59, usdt: null } } },
    ],
    ['maxBars', 30, 29, { ...SETTINGS, maxBars: 29 }],
    ['universe.top', 50, 3, { ...SETTINGS, universe: { ...SETTINGS.universe, top: 3 } }],
  ]
  for (const [path, was, now, settings] of other) {
    const { differences } = again(ON_DAILY, presentOf(DAILY, settings))
    assert.equal(inputs(differences), [{ kind: 'parameter', path, was, now }])
  }
})

test('decisions that come out differently under another parameter are named with both answers', () => {
  const settings = withStrategy('mean-reversion', { stopBeyondPercent: 6 })
  const { differences } = again(ON_DAILY, presentOf(DAILY, settings))
  const answers = differences.flatMap(one => (one.kind === 'answer' ? [one] : []))
  assert.ok(answers.length > 0)
  for (const { was, now } of answers) assert.is.not(was, now)
  assert.ok(answers.every(({ decision }) => decision !== 'time-exit'))
})

test('the choice of the symbols of a day is made again, and the candles of those not chosen are compared', () => {
  const settings = { ...SETTINGS, universe: { ...SETTINGS.universe, top: 1 } }
  const markets = marketsOf(3, 20)
  const { journal } = journaled(markets, settings)
  const choices = journal.decisions.filter(({ kind }) => kind === 'universe')
  assert.ok(choices.length >= 20, `${choices.length} choices`)
  assert.equal(again(journal, presentOf(markets, settings)).differences, [])
  const scanned = new Set(journal.decisions.flatMap(({ kind, symbol }) => (kind === 'scan' ? [symbol] : [])))
  const other = markets.find(({ instrument }) => !scanned.has(instrument.symbol))
  assert.ok(other !== undefined, 'one is never chosen')
  const { symbol } = other.instrument
  const start = tradingFrom(markets) + 5 * DAY
  const richer = changed(markets, symbol, '1d', start, (copy, row) => {
    copy.turnover[row] = 1e12
  })
  const { differences } = again(journal, presentOf(richer, settings))
  assert.equal(inputs(differences), [{ kind: 'candle', symbol, interval: '1d', start, fields: ['turnover'] }])
  const [answer] = differences.flatMap(one => (one.kind === 'answer' ? [one] : []))
  assert.equal([answer?.decision, answer?.now], ['universe', JSON.stringify([symbol])])
})

test('a fee is named as one', () => {
  const settings = { ...SETTINGS, fees: { ...SETTINGS.fees, taker: 0.0006 } }
  const { differences } = again(ON_DAILY, presentOf(DAILY, settings))
  assert.equal(inputs(differences), [{ kind: 'fee', path: 'fees.taker', was: 0.00055, now: 0.0006 }])
  assert.ok(differences.length > 1, 'it decides something')
})

test('one filter of one instrument is named', () => {
  const [first] = DAILY
  const { symbol, minNotional } = first.instrument
  const markets = DAILY.map(market =>
    market === first
      ? { ...market, instrument: { ...market.instrument, minNotional: minNotional + 1 } }
      : market,
  )
  const { differences } = again(ON_DAILY, presentOf(markets, SETTINGS))
  assert.equal(inputs(differences), [
    { kind: 'instrument', symbol, field: 'minNotional', was: minNotional, now: minNotional + 1 },
  ])
})

test('another version of the code is named', () => {
  const { differences } = again(ON_DAILY, presentOf(DAILY, SETTINGS, '1.2.4'))
  assert.equal(differences, [{ kind: 'code', was: '1.2.3', now: '1.2.4' }])
})

test('what was stored with a decision, and is not what it saw, is named with its row', () => {
  const kept = ON_DAILY.decisions
  const row = kept.findIndex(({ kind, seen }) => kind === 'manage' && seen.includes('"entry":')) + 1
  assert.ok(row > 0)
  const tampered = kept.map(one =>
    one.row === row ? { ...one, seen: one.seen.replace(/"entry":/, '"entry":1') } : one,
  )
  const journal = new (class extends MemoryJournal {
    override context(hash: string): string {
      return ON_DAILY.context(hash)
    }
    override prints(symbol: string, interval: Interval): ReturnType<MemoryJournal['prints']> {
      return ON_DAILY.prints(symbol, interval)
    }
  })()
  journal.decisions.push(...tampered)
  const { differences } = again(journal, presentOf(DAILY, SETTINGS))
  assert.equal(inputs(differences), [{ kind: 'stored', row, what: 'state' }])
})

const withData = isRecorded ? test : test.skip
withData(
  isRecorded
    ? 'decisions on recorded candles, of days and of minutes, are made again without a difference'
    : 'on recorded candles: skipped, as ../shared/data is not there',
  async () => {
    const [from, to] = [Date.UTC(2025, 8, 24), Date.UTC(2025, 9, 4)]
    const markets = await recordedMarkets(RECORDED_SYMBOLS.slice(0, 3), ['1d', '15m', '5m'], from)
    const { journal } = journaled(markets, SETTINGS, { from, to })
    const { compared, unmade, differences } = again(journal, presentOf(markets, SETTINGS))
    assert.equal(differences, [])
    assert.equal([compared, unmade], [journal.decisions.length, 0])
    assert.ok(compared > 1_000, `${compared} decisions`)
  },
)

function withStrategy(id: string, over: { readonly [name: string]: number | boolean }): Settings {
  return {
    ...SETTINGS,
    strategies: { ...SETTINGS.strategies, [id]: { ...SETTINGS.strategies[id], ...over } },
  }
}

test.run()
