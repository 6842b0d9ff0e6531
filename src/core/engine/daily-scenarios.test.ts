/** Daily strategies on the embedded exchange: from the daily candle to the closed trade, worked out by hand. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DEFAULT_COSTS } from '../adapters/sim/exchange.ts'
import { Venue } from '../adapters/sim/venue.ts'
import { DAY, HOUR, type Timestamp } from '../base/units.ts'
import { CandleSeries } from '../market/candles.ts'
import { instrumentFrom } from '../market/instruments.ts'
import { type Side, sign } from '../market/side.ts'
import type { SymbolMarket } from '../market/symbol-market.ts'
import type { Trade } from '../portfolio/trade.ts'
import type { EngineOptions } from './core.ts'
import { runSimulated } from './drivers/simulated.ts'
import { Engine } from './engine.ts'
import type { EngineEvent } from './protocol.ts'
import { defaultSettings, overlay, type Settings } from './settings.ts'

const test = suite('daily scenarios')
const FROM = Date.UTC(2025, 5, 1)
const HISTORY = 30

/** One strategy alone, of the guards only those that every entry passes, whatever its score. */
function alone(...ids: readonly string[]): Settings {
  const standard = defaultSettings()
  const strategies = Object.fromEntries(
    Object.entries(standard.strategies).map(([id, params]) => [id, { ...params, enabled: ids.includes(id) }]),
  )
  const guards = { ...standard.guards, confluence: { least: 0 }, 'score-threshold': { least: 0 } }
  return { ...standard, strategies, guards }
}

type Prices = readonly [open: number, high: number, low: number, close: number]

interface Story {
  readonly symbol?: string
  readonly side: Side
  /** The days from `FROM` on, the first being decided on; prices of a long, mirrored at 100 for a short. */
  readonly days: readonly Prices[]
  /** Rate per 8 h at a time, of a long: mirrored for a short. */
  readonly funding?: (time: Timestamp) => number
}

/** Thirty days that close by turns at 97.5 and 102.5, bands about 95, 100 and 105, then the story. */
function marketOf({ symbol = 'SOLUSDT', side, days, funding }: Story): SymbolMarket {
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
  const daily = new CandleSeries(symbol, '1d', HISTORY + days.length)
  const push = (start: Timestamp, [open, high, low, close]: Prices): void => {
    const mirrored = side === 'long' ? [open, high, low, close] : [open, low, high, close].map(p => 200 - p)
    daily.push(start, mirrored[0], mirrored[1], mirrored[2], mirrored[3], 1e6, 50e6)
  }
  for (let day = HISTORY; day > 0; day--) {
    const close = day % 2 === 0 ? 97.5 : 102.5
    push(FROM - day * DAY, [close, close, close, close])
  }
  days.forEach((prices, day) => {
    push(FROM + day * DAY, prices)
  })
  const count = (HISTORY + days.length) * 3
  const time = Float64Array.from({ length: count }, (_, i) => FROM - HISTORY * DAY + i * 8 * HOUR)
  const rate = time.map(at => (funding?.(at) ?? 0.0001) * (side === 'long' ? 1 : -1))
  return { instrument, candles: new Map([['1d', daily]]), mark: new Map(), funding: { time, rate } }
}

interface Told {
  readonly events: EngineEvent[]
  readonly trades: Trade[]
  readonly counts: Engine['counts']
}

function run(
  stories: Story | readonly Story[],
  settings: Settings,
  options: Partial<EngineOptions> = {},
): Told {
  const markets = 'side' in stories ? [marketOf(stories)] : stories.map(marketOf)
  const venue = new Venue(markets, {
    from: FROM,
    to: null,
    costs: DEFAULT_COSTS,
    wallet: 1000,
    checkMargin: true,
    detail: true,
  })
  const events: EngineEvent[] = []
  const trades: Trade[] = []
  const engine = new Engine(settings, { wallet: 1000, ...options })
  runSimulated(engine, venue, { event: event => events.push(event), trade: trade => trades.push(trade) })
  return { events, trades, counts: engine.counts }
}

const still = (price: number): Prices => [price, price, price, price]

/** Near the band on the last day, and yet less far than three days before. */
const EDGE: readonly Prices[] = [still(94.8), still(97), still(97), still(95.2)]

for (const side of ['long', 'short'] as const) {
  test(`funding momentum ${side}: enters at the next open, and leaves when it begins to pay`, () => {
    // Shorts pay 0.2 % for three days from the close decided on; then longs pay.
    const funding = (time: Timestamp): number =>
      time >= FROM + 4 * DAY && time < FROM + 7 * DAY ? -0.002 : 0.0001
    const days = [...EDGE, still(95.3), still(95.3), still(95.3), still(95.3), still(95.3)]
    const { trades, events } = run({ side, days, funding }, alone('funding-momentum'))
    const [trade] = trades
    assert.equal(
      [trade.strategy, trade.side, trade.leverage, trade.openedAt, trade.exitReason],
      ['funding-momentum', side, 10, FROM + 4 * DAY, 'funding-sign'],
    )
    assert.is(trade.closedAt, FROM + 7 * DAY)
    assert.ok(trade.funding > 0, 'it was paid for being held')
    const [exiting] = events.filter(event => event.kind === 'exiting')
    assert.match(exiting.reason, /the position pays/)
  })

  test(`funding momentum ${side}: its target is the middle, its stop 4 % from the close`, () => {
    const funding = (time: Timestamp): number => (time >= FROM + 4 * DAY ? -0.002 : 0.0001)
    const settings = alone('funding-momentum')
    const won = run({ side, days: [...EDGE, still(95.3), [95.3, 101, 95.3, 101]], funding }, settings)
    assert.is(won.trades[0].exitReason, 'target')
    const lost = run({ side, days: [...EDGE, still(95.3), [95.3, 95.3, 91, 92]], funding }, settings)
    assert.is(lost.trades[0].exitReason, 'stop')
    // 95.2 x 0.96 = 91.392, tighter 91.4; 104.8 x 1.04 = 108.992, tighter 108.9.
    const stop = side === 'long' ? 91.4 : 108.9
    assert.ok((stop - lost.trades[0].exit) * sign(side) >= 0)
    assert.ok(Math.abs(stop - lost.trades[0].exit) < 0.3, `${lost.trades[0].exit}`)
  })
}

/** Days of a coin of no standing, that has nearly doubled on the first; told as a short sees them. */
function junk(...days: readonly Prices[]): Story {
  return { symbol: 'JUNKUSDT', side: 'long', days: [[102.5, 190, 102.5, 190], ...days] }
}

test('junk short: sells into the pump, and takes its profit at the middle of the bands', () => {
  // The bands include the pump: ten closes of 102.5, nine of 97.5 and one of 190 make 104.625; passive 104.6.
  const { trades } = run(junk([190, 195, 185, 190], [190, 190, 100, 101]), alone('junk-short'))
  const [trade] = trades
  assert.equal([trade.strategy, trade.side, trade.exitReason], ['junk-short', 'short', 'target'])
  assert.is(trade.entry, 193.8)
  assert.is(trade.exit, 104.6)
  assert.ok(trade.net > 0)
})

test('junk short: the stop is there from the first moment, 7 % above the entry', () => {
  const { trades } = run(junk([190, 215, 185, 214]), alone('junk-short'))
  assert.is(trades[0].exitReason, 'stop')
  // 193.8 x 1.07 = 207.366, tighter 207.3.
  assert.ok(trades[0].exit >= 207.3 && trades[0].exit < 209, `${trades[0].exit}`)
})

test('junk short: what loses after 48 h is closed, what wins rides on with its stop behind it', () => {
  const lost = run(junk([190, 195, 190, 195], still(195), still(195), still(195)), alone('junk-short'))
  assert.is(lost.trades[0].exitReason, 'time-exit')
  // Filled within the second day, so 48 h old at the close of the third.
  assert.equal([lost.trades[0].openedAt, lost.trades[0].closedAt], [FROM + DAY, FROM + 3 * DAY])
  // 150 is a move of 22.6 %: 70 % of it locked at 163.14, tighter 163.1.
  const won = run(
    junk([190, 195, 185, 190], [190, 190, 150, 150], still(150), [150, 170, 150, 170], still(170)),
    alone('junk-short'),
  )
  assert.is(won.trades[0].exitReason, 'trailing-stop')
  assert.ok(Math.abs(won.trades[0].exit - 163.1) < 0.6, `${won.trades[0].exit}`)
})

for (const [side, grid] of [
  ['long', 'bollinger-grid-long'],
  ['short', 'bollinger-grid-short'],
] as const) {
  test(`re-entry ${side}: the grid is stopped out, waits, and its place is taken once with half the margin`, () => {
    const settings = alone('sl-reentry', 'partial-tp', grid)
    const reentry = { ...settings.strategies['sl-reentry'], leastParentScore: 0 }
    // Thirty days make no weekly bands, let alone monthly ones, that could agree.
    const parent = { ...settings.strategies[grid], ...(side === 'short' ? { minAgreement: 1 } : {}) }
    // Into the edge of the bands, through the grid's limit and its stop, and back to the band.
    const { trades, events } = run(
      {
        side,
        days: [
          still(94.5),
          side === 'long' ? [94.5, 94.5, 91, 91.5] : [94.5, 94.5, 90.2, 91],
          side === 'long' ? [91.5, 91.5, 87.4, 90] : [91, 91, 85.2, 89],
          side === 'long' ? [90, 90.5, 89, 89.8] : [89, 89.5, 88, 88.8],
          still(90),
        ],
      },
      { ...settings, strategies: { ...settings.strategies, 'sl-reentry': reentry, [grid]: parent } },
    )
    const entered = events.filter(event => event.kind === 'entered')
    const stop = trades.find(trade => trade.strategy === grid)
    assert.is(stop?.exitReason, 'stop')
    const after = entered.filter(event => event.ts > (stop?.closedAt ?? 0))
    assert.equal(after.map(event => event.strategy)[0], 'sl-reentry')
    const [first] = after
    assert.is(first.side, side)
    assert.ok(Number(first.figures.margin) <= (stop?.notional ?? 0) / 3 / 2 + 1e-9)
    // The decision is spent: the grid has the next one again.
    assert.is(after.filter(event => event.strategy === 'sl-reentry').length, 1)
  })
}

for (const side of ['long', 'short'] as const) {
  test(`funding rotation ${side}: what begins to pay is exchanged for what receives, and that trade runs to its own end`, () => {
    // SOL is bought at its lower band and pays 0.2 % per 8 h from then on; ADA lies low in its bands and receives 0.1 %.
    const pays = (time: Timestamp): number => (time >= FROM + DAY ? 0.002 : 0)
    const sol = [
      still(94.6),
      [94.6, 94.6, 94, 94.4] as const,
      still(94.4),
      still(94.4),
      still(94.4),
      still(94.4),
    ]
    const ada = [
      still(95.3),
      still(95.3),
      still(95.3),
      still(95.3),
      [95.3, 101, 95.3, 101] as const,
      still(101),
    ]
    const stories = (adaSide: Side): readonly Story[] => [
      { side, days: sol, funding: pays },
      { symbol: 'ADAUSDT', side: adaSide, days: ada, funding: () => -0.001 },
    ]
    // At leverage 10 the liquidation of an entry this far above its stop would be too near to that.
    const lower = { strategies: { 'mean-reversion': { leverage: 5 } } }
    const settings = overlay({ ...alone('mean-reversion', 'funding-rotation') }, lower)
    const { trades, events, counts } = run(stories(side), settings, { lacking: 'skip' })
    // Candles of a day: the better one opens at the open after the decision, the other closes at the next one.
    assert.equal(
      trades.map(one => [
        one.symbol,
        one.side,
        one.strategy,
        one.exitReason,
        (one.openedAt - FROM) / DAY,
        one.leverage,
      ]),
      [
        ['SOLUSDT', side, 'mean-reversion', 'rotated', 1, 5],
        ['ADAUSDT', side, 'mean-reversion', 'target', 2, 5],
      ],
    )
    const [first, second] = trades
    assert.is(first.closedAt, FROM + 3 * DAY)
    // Two days of 0.6 % each; and two and a part of 0.3 % received.
    assert.ok(
      Math.abs(first.funding / first.notional + 0.012) < 0.0005,
      String(first.funding / first.notional),
    )
    assert.ok(second.funding > 0)
    // Of equal value at the marks of the decision.
    assert.ok(Math.abs(second.notional / (first.qty * (side === 'long' ? 94.4 : 105.6)) - 1) < 0.002)
    assert.equal(
      events.flatMap(({ code, ts }) =>
        code === 'I512' || code === 'I214' ? [[code, Math.floor((ts - FROM) / DAY)]] : [],
      ),
      [
        ['I512', 2],
        ['I214', 4],
      ],
    )
    assert.equal([counts.rotations, counts.rotated, counts['skipped:funding-window']], [1, 1, 1])
    // Live nothing is done at the moment of a settlement, and candles of a day know no other.
    assert.is(run(stories(side), settings, { lacking: 'refuse' }).counts.rotations, undefined)
    const off = alone('mean-reversion')
    assert.is(run(stories(side), off, { lacking: 'skip' }).counts['flagged:funding'], undefined)
  })
}

test.run()
