import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DAY, HOUR, MINUTE, type Steps, type Ticks } from '../../base/units.ts'
import { runSimulated } from '../../engine/drivers/simulated.ts'
import { Engine } from '../../engine/engine.ts'
import type { EngineEvent, Input, OrderRequest } from '../../engine/protocol.ts'
import { defaultSettings } from '../../engine/settings.ts'
import { CandleSeries, type Candles } from '../../market/candles.ts'
import { instrumentFrom } from '../../market/instruments.ts'
import { INTERVAL_MS, type Interval } from '../../market/interval.ts'
import type { MarkCandles } from '../../market/mark.ts'
import type { SymbolMarket } from '../../market/symbol-market.ts'
import type { Trade } from '../../portfolio/trade.ts'
import { DEFAULT_COSTS } from './exchange.ts'
import { marketsOf, said, venueOf, WALLET } from './market.fixture.ts'
import { Venue, type VenueOptions } from './venue.ts'

const test = suite('venue')
const SEEDS = 6

function series(symbol: string, interval: Interval, from: number, count: number): CandleSeries {
  const candles = new CandleSeries(symbol, interval, count)
  for (let i = 0; i < count; i++) candles.push(from + i * INTERVAL_MS[interval], 100, 102, 98, 101, 10, 1_000)
  return candles
}

function market(symbol: string, ...candles: readonly Candles[]): SymbolMarket {
  const instrument = instrumentFrom({
    symbol,
    baseCoin: null,
    quoteCoin: 'USDT',
    tick: '0.1',
    step: '0.001',
    minQty: '0.001',
    maxQty: null,
    minPrice: null,
    maxLeverage: '50',
    date: '2025-01-01',
  })
  return {
    instrument,
    candles: new Map(candles.map(one => [one.interval, one])),
    mark: new Map(),
    funding: null,
  }
}

const OPTIONS: VenueOptions = {
  from: 2 * DAY,
  to: null,
  costs: DEFAULT_COSTS,
  wallet: 1000,
  checkMargin: true,
  detail: true,
}

const text = (input: Input): string =>
  input.type === 'candle' ? `${input.symbol} ${input.interval} ${input.start / HOUR}` : input.type

/** All that the venue tells a trader who does nothing, with the hour of each instant. */
function tellings(venue: Venue): string[] {
  const lines = venue.history().map(input => `history ${text(input)}`)
  for (let at = venue.nextAt; at !== null; at = venue.nextAt) {
    for (const _ of venue.advance(at))
      for (const input of venue.take()) lines.push(`${at / HOUR} ${text(input)}`)
  }
  return lines
}

test('candles that closed until trading begins are history, later ones come as they close', () => {
  assert.equal(tellings(new Venue([market('AUSDT', series('AUSDT', '1d', 0, 4))], OPTIONS)), [
    'history instrument',
    'history AUSDT 1d 0',
    'history AUSDT 1d 24',
    '72 AUSDT 1d 48',
    '96 AUSDT 1d 72',
  ])
})

test('trading ends where it is told to, with the candles that have closed by then', () => {
  const venue = new Venue([market('AUSDT', series('AUSDT', '1d', 0, 9))], { ...OPTIONS, to: 4 * DAY })
  assert.equal(tellings(venue).slice(3), ['72 AUSDT 1d 48', '96 AUSDT 1d 72'])
})

test('the order in which symbols are given changes nothing', () => {
  const a = market('AUSDT', series('AUSDT', '1d', 0, 5))
  const b = market('BUSDT', series('BUSDT', '1d', DAY, 4), series('BUSDT', '15m', 2 * DAY, 96))
  assert.equal(tellings(new Venue([b, a], OPTIONS)), tellings(new Venue([a, b], OPTIONS)))
})

test('candles of different intervals come in order of time, and at one instant in order of their symbols', () => {
  const b = market('BUSDT', series('BUSDT', '1d', 0, 4), series('BUSDT', '15m', 2 * DAY, 96))
  const lines = tellings(new Venue([b, market('AUSDT', series('AUSDT', '1d', 0, 5))], OPTIONS))
  const times = lines.filter(line => !line.startsWith('history')).map(line => Number(line.split(' ')[0]))
  assert.equal(
    times,
    [...times].sort((x, y) => x - y),
  )
  assert.equal(lines.slice(-6), [
    '72 AUSDT 1d 48',
    '72 BUSDT 15m 71.75',
    '72 BUSDT 1d 48',
    '96 AUSDT 1d 72',
    '96 BUSDT 1d 72',
    '120 AUSDT 1d 96',
  ])
})

test('the last settled rate is told at the beginning and whenever it changes at a daily close', () => {
  const rates = {
    time: Float64Array.of(40 * HOUR, 48 * HOUR, 72 * HOUR),
    rate: Float64Array.of(0.001, 0.002, 0.002),
  }
  const venue = new Venue([{ ...market('AUSDT', series('AUSDT', '1d', 0, 6)), funding: rates }], OPTIONS)
  const told = (inputs: readonly Input[]): (number | null)[] =>
    inputs.flatMap(input => (input.type === 'funding-rate' ? [input.per8h] : []))
  assert.equal(told(venue.history()), [0.002])
  const later: (number | null)[][] = []
  for (let at = venue.nextAt; at !== null; at = venue.nextAt) {
    for (const _ of venue.advance(at)) later.push(told(venue.take()))
  }
  // Told still at 72:00, of 8 h before 96:00 nothing is known, and that does not change.
  assert.equal(later, [[], [null], [], []])
})

test('the interval and the next settlement are told, and again once they are not as they were announced', () => {
  // Every 8 h up to 64:00, every 4 h up to 72:00, every hour up to 100:00; always at the same rate per 8 h.
  const hours = [48, 56, 64, 68, 72, ...Array.from({ length: 28 }, (_, k) => 73 + k)]
  const rates = {
    time: Float64Array.from(hours, hour => hour * HOUR),
    rate: Float64Array.from(hours, hour => (hour <= 64 ? 0.0008 : hour <= 72 ? 0.0004 : 0.0001)),
  }
  const made = market('AUSDT', series('AUSDT', '1d', 0, 4), series('AUSDT', '5m', 2 * DAY, 576))
  const venue = new Venue([{ ...made, funding: rates }], DECIDED)
  const found: string[] = []
  const note = (inputs: readonly Input[]): void => {
    for (const input of inputs) {
      if (input.type !== 'funding-rate') continue
      const { at, per8h, interval, next } = input
      found.push(
        `${at / HOUR}: ${per8h?.toFixed(6)} every ${Number(interval) / HOUR} h, next ${Number(next) / HOUR}`,
      )
    }
  }
  note(venue.history())
  for (let at = venue.nextAt; at !== null; at = venue.nextAt)
    for (const _ of venue.advance(at)) note(venue.take())
  assert.equal(found, [
    '48: 0.000800 every 8 h, next 56',
    '64: 0.000800 every 4 h, next 68',
    '72: 0.000800 every 1 h, next 73',
  ])
})

/** An entry that fills at 99 in the first bar of `series`. */
const ENTRY: OrderRequest = {
  clientOrderId: 'one',
  symbol: 'AUSDT',
  side: 'long',
  purpose: 'entry',
  type: 'limit',
  price: 990 as Ticks,
  steps: 1000 as Steps,
  stop: 900 as Ticks,
  leverage: 3,
  postOnly: false,
}

/** Runs a venue to its end and returns the fills, as `hour price`. */
function fills(venue: Venue): string[] {
  const found: string[] = []
  for (let at = venue.nextAt; at !== null; at = venue.nextAt) {
    for (const _ of venue.advance(at)) {
      for (const input of venue.take()) {
        if (input.type === 'fill') found.push(`${input.cause} ${input.time / HOUR} ${input.price}`)
      }
    }
  }
  return found
}

test('an order is matched by the finest candles there are, and by daily ones alone where detail is switched off', () => {
  // By the hour the price goes to 98 at 05:00, and to 89 at 07:00; the day says both at once.
  const hours = new CandleSeries('AUSDT', '1h', 24)
  const low = (hour: number): number => (hour === 5 ? 98 : hour === 7 ? 89 : 99.5)
  for (let hour = 0; hour < 24; hour++) hours.push(2 * DAY + hour * HOUR, 100, 101, low(hour), 100, 1, 100)
  const daily = new CandleSeries('AUSDT', '1d', 3)
  for (let day = 0; day < 3; day++) daily.push(day * DAY, 100, 101, day === 2 ? 89 : 98, 100, 24, 2_400)
  for (const [detail, expected] of [
    // 90 - 0.018 - 2 % of 12 = 89.742.
    [true, ['order 53 990', 'stop 56 897']],
    [false, ['order 48 990', 'stop 72 897']],
  ] as const) {
    const venue = new Venue([market('AUSDT', daily, hours)], { ...OPTIONS, detail })
    venue.history()
    venue.place(ENTRY)
    assert.equal(fills(venue), expected)
  }
})

test('an order that comes in the middle of a day knows nothing of the hours before it', () => {
  const hours = new CandleSeries('AUSDT', '1h', 24)
  for (let hour = 0; hour < 24; hour++) {
    hours.push(2 * DAY + hour * HOUR, 100, 101, hour === 5 || hour === 15 ? 98 : 99.5, 100, 1, 100)
  }
  const venue = new Venue([market('AUSDT', series('AUSDT', '1d', 0, 3), hours)], OPTIONS)
  venue.history()
  venue.exchange.setTime(2 * DAY + 10 * HOUR + MINUTE)
  venue.place(ENTRY)
  // 100 - 0.02 - 2 % of 1.5 = 99.95.
  assert.equal(fills(venue), ['order 63 990', 'settlement 72 999'])
})

test('reports come before what the market tells, and prices only while a position is held', () => {
  const venue = new Venue([market('AUSDT', series('AUSDT', '1d', 0, 6))], OPTIONS)
  venue.history()
  venue.place({ ...ENTRY, price: 970 as Ticks })
  for (const _ of venue.advance(3 * DAY));
  assert.equal(
    venue.take().map(input => input.type),
    ['order', 'candle'],
  )
  venue.place({ ...ENTRY, clientOrderId: 'two' })
  for (const _ of venue.advance(4 * DAY));
  // Three settlements of the day follow the fill.
  assert.equal(
    venue.take().map(input => input.type),
    ['order', 'fill', 'funding', 'funding', 'funding', 'price', 'candle'],
  )
})

test('a symbol whose candles ended before trading begins takes no orders', () => {
  const venue = new Venue(
    [market('AUSDT', series('AUSDT', '1d', 0, 2)), market('BUSDT', series('BUSDT', '1d', 0, 4))],
    OPTIONS,
  )
  venue.history()
  venue.place(ENTRY)
  assert.equal(
    venue.take().map(input => (input.type === 'order' ? `${input.status}: ${input.reason}` : input.type)),
    ['rejected: AUSDT is not trading'],
  )
})

test('without recorded daily candles they are summed up from finer ones, and so are those of 15 minutes', () => {
  const lines = tellings(new Venue([market('AUSDT', series('AUSDT', '5m', 2 * DAY, 288))], OPTIONS))
  assert.is(lines.filter(line => line.includes('15m')).length, 96)
  assert.is(lines[lines.length - 1], '72 AUSDT 1d 48')
})

// --- candles within the day ---------------------------------------------------------------------------------------

const DECIDED: VenueOptions = { ...OPTIONS, tells: [{ interval: '5m', isDecidedOn: true }] }

/** What is told of one interval while trading: its closes, in 5 minutes since the beginning. */
const closesOf = (venue: Venue, interval: Interval): number[] =>
  tellings(venue).flatMap(line => {
    const [at, , told] = line.split(' ')
    return told === interval ? [Math.round(Number(at) * 12)] : []
  })

test('candles within the day are told on request alone, the shorter ones first, those before trading as history', () => {
  const markets = [
    market('AUSDT', series('AUSDT', '1d', 0, 3), series('AUSDT', '5m', 2 * DAY - 2 * 5 * MINUTE, 290)),
  ]
  const lines = tellings(new Venue(markets, DECIDED))
  assert.equal(lines.slice(0, 6), [
    'history instrument',
    `history AUSDT 5m ${47 + 5 / 6}`,
    `history AUSDT 5m ${47 + 11 / 12}`,
    'history AUSDT 1d 0',
    'history AUSDT 1d 24',
    `${48 + 1 / 12} AUSDT 5m 48`,
  ])
  assert.is(lines.filter(line => !line.startsWith('history') && line.includes(' 5m ')).length, 288)
  const midnight = lines.filter(line => line.startsWith('72 '))
  assert.equal(
    midnight.map(line => line.split(' ')[2]),
    ['5m', '15m', '1d'],
  )
  assert.equal(
    tellings(new Venue(markets, OPTIONS)).filter(line => line.includes(' 5m ')),
    [],
  )
})

test('candles within the day are summed up from shorter ones, and are none where there are only longer ones', () => {
  const daily = series('AUSDT', '1d', 0, 3)
  const minutes = new Venue([market('AUSDT', daily, series('AUSDT', '1m', 2 * DAY, 1440))], DECIDED)
  assert.is(closesOf(minutes, '5m').length, 288)
  const quarters = new Venue([market('AUSDT', daily, series('AUSDT', '15m', 2 * DAY, 96))], DECIDED)
  assert.is(closesOf(quarters, '5m').length, 0)
  assert.equal(quarters.replaced().untold.get('5m'), ['AUSDT'])
  assert.equal(minutes.replaced().untold.get('5m'), [])
})

test('a decision within the day knows the rate that was settled last before it, at the very moment included', () => {
  const rates = {
    time: Float64Array.of(48 * HOUR, 56 * HOUR, 64 * HOUR),
    rate: Float64Array.of(0.001, 0.002, 0.003),
  }
  const made = market('AUSDT', series('AUSDT', '1d', 0, 3), series('AUSDT', '5m', 2 * DAY, 288))
  const told = (options: VenueOptions): (readonly [number, number | null])[] => {
    const venue = new Venue([{ ...made, funding: rates }], options)
    venue.history()
    const found: (readonly [number, number | null])[] = []
    for (let at = venue.nextAt; at !== null; at = venue.nextAt) {
      for (const _ of venue.advance(at)) {
        for (const input of venue.take()) {
          if (input.type === 'funding-rate') found.push([at / HOUR, input.per8h])
        }
      }
    }
    return found
  }
  assert.equal(told(DECIDED), [
    [56, 0.002],
    [64, 0.003],
    [72, null],
  ])
  assert.equal(told(OPTIONS), [[72, null]])
})

test('of several shorter series the one that reaches over most time is summed up', () => {
  const some = series('AUSDT', '1m', 2 * DAY, 60)
  const most = series('AUSDT', '3m', 2 * DAY, 480)
  const markets = [market('AUSDT', series('AUSDT', '1d', 0, 3), some, most)]
  assert.is(closesOf(new Venue(markets, OPTIONS), '15m').length, 96)
})

test('a candle that is decided on is told only where the next bar answers at once: not before a hole, nor within longer bars', () => {
  const bars = (...rows: readonly number[]): CandleSeries => {
    const candles = new CandleSeries('AUSDT', '5m', rows.length)
    for (const row of rows) candles.push(2 * DAY + row * 5 * MINUTE, 100, 102, 98, 101, 10, 1_000)
    return candles
  }
  const span = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i)
  // A hole of twelve bars, and no daily candles to fill it.
  const holed = market('AUSDT', bars(...span(0, 100), ...span(112, 288)))
  const past = closesOf(new Venue([holed], DECIDED), '5m')
  assert.equal(
    past,
    [...span(1, 100), ...span(113, 289)].map(bar => 2 * 288 + bar),
  )
  // Two whole days beside daily candles that go on before and after them, and one that is told by its daily candle.
  const daily = series('AUSDT', '1d', 0, 7)
  const whole = market('AUSDT', daily, bars(...span(288, 3 * 288), ...span(3 * 288 + 10, 4 * 288)))
  assert.equal(closesOf(new Venue([whole], DECIDED), '5m'), span(3 * 288 + 1, 5 * 288))
  // Without detail every order waits for a day.
  const coarse = new Venue([whole], { ...DECIDED, detail: false })
  assert.equal(closesOf(coarse, '5m'), [])
  assert.equal(coarse.replaced().untold.get('5m'), ['AUSDT'])
})

test('a candle that nothing is decided on is told whatever orders are matched by', () => {
  const tells = [{ interval: '1h' as const, isDecidedOn: false }]
  const markets = [market('AUSDT', series('AUSDT', '1d', 0, 4), series('AUSDT', '1h', 2 * DAY, 24))]
  assert.is(closesOf(new Venue(markets, { ...OPTIONS, tells, detail: false }), '1h').length, 24)
})

test('the last candle of the data is told, so that data that grow lead where they led', () => {
  const daily = (days: number) => series('AUSDT', '1d', 0, days)
  const minutes = (days: number) => series('AUSDT', '5m', 2 * DAY, 288 * days)
  const short = closesOf(new Venue([market('AUSDT', daily(3), minutes(1))], DECIDED), '5m')
  const long = closesOf(new Venue([market('AUSDT', daily(4), minutes(2))], DECIDED), '5m')
  assert.equal(
    long.filter(at => at <= 3 * 288),
    short,
  )
  assert.is(short.length, 288)
})

test('a position is settled when the candles of its symbol end, while the others go on', () => {
  const venue = new Venue(
    [market('AUSDT', series('AUSDT', '1d', 0, 4)), market('BUSDT', series('BUSDT', '1d', 0, 6))],
    OPTIONS,
  )
  venue.history()
  venue.place(ENTRY)
  const heard: string[] = []
  for (let at = venue.nextAt; at !== null; at = venue.nextAt) {
    for (const _ of venue.advance(at)) {
      for (const input of venue.take())
        heard.push(input.type === 'fill' ? `${at / DAY} ${input.cause}` : `${at / DAY} ${input.type}`)
    }
  }
  assert.ok(heard.includes('3 order'), heard.join())
  assert.ok(heard.includes('4 settlement'), heard.join())
  assert.is(heard[heard.length - 1], '6 candle')
  assert.equal(venue.exchange.account().positions, [])
})

test('what the data lacked is counted', () => {
  const venue = new Venue([market('AUSDT', series('AUSDT', '1d', 0, 4))], OPTIONS)
  tellings(venue)
  const { withoutMark, withoutMinutes15, inferredFilters, bars } = venue.replaced()
  assert.equal([withoutMark, withoutMinutes15, inferredFilters], [['AUSDT'], ['AUSDT'], []])
  assert.equal([...bars], [['1d', 2]])
})

test('settlements are counted as a position has them, and a mark price has to cover every bar', () => {
  const hourly = (count: number): MarkCandles => ({
    ...series('AUSDT', '1h', 2 * DAY, count),
    interval: '1h',
  })
  const rates = { time: Float64Array.of(56 * HOUR), rate: Float64Array.of(0.001) }
  for (const [marks, missing] of [
    [72, []],
    [71, ['AUSDT']],
  ] as const) {
    const venue = new Venue(
      [
        {
          ...market('AUSDT', series('AUSDT', '1d', 0, 5)),
          mark: new Map([['1h', hourly(marks)]]),
          funding: rates,
        },
      ],
      OPTIONS,
    )
    venue.history()
    venue.place(ENTRY)
    // 101 - 0.0202 - 2 % of 4 = 100.8998.
    assert.equal(fills(venue), ['order 48 990', 'settlement 120 1008'])
    const { fundingRecorded, fundingAssumed, withoutMark } = venue.replaced()
    // Nine settlements in three days; that of 56:00 is recorded.
    assert.equal([fundingRecorded, fundingAssumed, withoutMark], [1, 8, missing])
  }
})

test(`a venue that matches every bar and looks at every symbol tells the same story (seeds 1 to ${SEEDS})`, () => {
  let trades = 0
  for (let seed = 1; seed <= SEEDS; seed++) {
    const markets = marketsOf(seed, 12, { symbols: 4, minutes15Days: 8, minutes5Days: 5, minutes5Symbols: 2 })
    const run = (isThorough: boolean): string => {
      const venue = venueOf(markets)
      if (isThorough) {
        venue.exchange.isUntouched = () => false
        venue.exchange.isActive = () => true
      }
      const engine = new Engine(defaultSettings(), { wallet: WALLET, lacking: 'skip' })
      const events: EngineEvent[] = []
      const closed: Trade[] = []
      runSimulated(engine, venue, { event: event => events.push(event), trade: trade => closed.push(trade) })
      trades += closed.length
      return said({ events, trades: closed, engine })
    }
    assert.is(run(true), run(false))
  }
  assert.ok(trades > 20, `${trades} trades`)
})

test('a market without candles has no next instant', () => {
  assert.is(new Venue([], OPTIONS).nextAt, null)
})

test.run()
