/** BB Scalping on the embedded exchange: from the 5-minute candle to the closed trade, worked out by hand. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DEFAULT_COSTS } from '../adapters/sim/exchange.ts'
import { marketsOf, runLive, said, simulate } from '../adapters/sim/market.fixture.ts'
import { Venue } from '../adapters/sim/venue.ts'
import { DAY, MINUTE } from '../base/units.ts'
import { CandleSeries } from '../market/candles.ts'
import { instrumentFrom } from '../market/instruments.ts'
import type { Side } from '../market/side.ts'
import type { SymbolMarket } from '../market/symbol-market.ts'
import type { Trade } from '../portfolio/trade.ts'
import { runSimulated } from './drivers/simulated.ts'
import { Engine } from './engine.ts'
import type { EngineEvent } from './protocol.ts'
import { defaultSettings, type Settings } from './settings.ts'

const test = suite('scalping')
const BAR = 5 * MINUTE
const FROM = Date.UTC(2025, 5, 1)
/** The candle decided on, and the bar that the order fills in. */
const DECIDED = 31
const ENTRY = DECIDED + 1

/** Scalping alone, of the market's guards only those that every entry passes, whatever its score. */
function settings(): Settings {
  const standard = defaultSettings()
  const strategies = Object.fromEntries(
    Object.entries(standard.strategies).map(([id, params]) => [
      id,
      id === 'bb-scalping' || id === 'trailing-x10' ? params : { ...params, enabled: false },
    ]),
  )
  const guards = { ...standard.guards, confluence: { least: 0 }, 'score-threshold': { least: 0 } }
  return { ...standard, strategies, guards }
}

type Prices = readonly [open: number, high: number, low: number, close: number]

/**
 * A day of 5-minute candles about 100, the closes by turns a little under and over it; candle `DECIDED` falls to 96 (or
 * rises to 104, for a short), and `after` says what comes `bars` after that of the entry, the price standing still
 * where it says nothing. All prices are those of the long; for a short they are mirrored at 100.
 */
function marketWith(side: Side, after: (bars: number) => Prices | undefined): SymbolMarket {
  const instrument = instrumentFrom({
    symbol: 'SOLUSDT',
    baseCoin: 'SOL',
    quoteCoin: 'USDT',
    tick: '0.1',
    step: '0.001',
    minQty: '0.001',
    maxQty: null,
    minPrice: null,
    maxLeverage: '50',
    date: '2025-01-01',
  })
  const daily = new CandleSeries('SOLUSDT', '1d', 31)
  for (let day = 30; day > 0; day--) {
    const close = day % 2 === 0 ? 97.5 : 102.5
    daily.push(FROM - day * DAY, close, close, close, close, 1e6, 50e6)
  }
  daily.push(FROM, 100, 110, 90, 100, 1e6, 50e6)
  const minutes = new CandleSeries('SOLUSDT', '5m', 288)
  for (let i = 0; i < 288; i++) {
    const still = i % 2 === 0 ? 99.9 : 100.1
    const usual: Prices = i < DECIDED ? [still, still, still, still] : [96, 96, 96, 96]
    const prices = i >= ENTRY ? (after(i - ENTRY) ?? usual) : usual
    const [open, high, low, close] =
      side === 'long' ? prices : [200 - prices[0], 200 - prices[2], 200 - prices[1], 200 - prices[3]]
    minutes.push(FROM + i * BAR, open, high, low, close, 1, 100)
  }
  const candles = new Map([['1d', daily] as const, ['5m', minutes] as const])
  return { instrument, candles, mark: new Map(), funding: null }
}

function run(side: Side, after: (bars: number) => Prices | undefined) {
  const venue = new Venue([marketWith(side, after)], {
    from: FROM,
    to: null,
    costs: DEFAULT_COSTS,
    wallet: 1000,
    checkMargin: true,
    detail: true,
    tells: [{ interval: '5m', isDecidedOn: true }],
  })
  const events: EngineEvent[] = []
  const trades: Trade[] = []
  const engine = new Engine(settings(), { wallet: 1000 })
  runSimulated(engine, venue, { event: event => events.push(event), trade: trade => trades.push(trade) })
  return { events, trades }
}

const near = (actual: number, expected: number): void =>
  assert.ok(Math.abs(actual - expected) < 1e-9, `${actual}, not ${expected}`)

/** A price of the long, or its mirror image for a short. */
const on = (side: Side, price: number): number => (side === 'long' ? price : 200 - price)

for (const side of ['long', 'short'] as const) {
  test(`${side}: the order fills at the open after its candle, and its target closes it at the middle`, () => {
    // The 5-minute middle at the decision: ten closes of 99.9, nine of 100.1 and one of 96 make 99.795; passive 99.8.
    const { events, trades } = run(side, bars => (bars === 3 ? [96, 99.9, 96, 99] : undefined))
    const [entered] = events.filter(event => event.kind === 'entered')
    assert.equal(
      [entered.ts, entered.strategy, entered.side, entered.figures.order, entered.figures.leverage],
      [FROM + ENTRY * BAR, 'bb-scalping', side, 'market', 10],
    )
    // 3 % beyond 96, and beyond 104.
    assert.is(entered.figures.stop, side === 'long' ? '93.2' : '107.1')
    assert.is(entered.figures.target, side === 'long' ? '99.8' : '100.2')
    const [trade] = trades
    // Two basis points of slippage on a bar without a range: 96.0192, rounded against the taker.
    near(trade.entry, on(side, 96.1))
    assert.is(trade.openedAt, FROM + ENTRY * BAR)
    assert.is(trade.exitReason, 'target')
    near(trade.exit, on(side, 99.8))
    assert.is(trade.closedAt, FROM + (ENTRY + 4) * BAR)
    assert.ok(trade.net > 0)
  })

  test(`${side}: the stop goes with the order and ends it 3 % from the candle's close`, () => {
    const { trades } = run(side, bars => (bars === 1 ? [96, 96, 92, 94] : undefined))
    assert.is(trades[0].exitReason, 'stop')
    assert.is(trades[0].closedAt, FROM + (ENTRY + 2) * BAR)
    const slip = side === 'long' ? trades[0].exit <= 93.2 : trades[0].exit >= 107.1
    assert.ok(slip, `${trades[0].exit}`)
    assert.ok(Math.abs(trades[0].exit - (side === 'long' ? 93.2 : 107.1)) < 0.25)
  })

  test(`${side}: what has met neither is closed at the close of its thirtieth bar, the entry's included`, () => {
    const { trades } = run(side, () => undefined)
    assert.is(trades[0].exitReason, 'time-exit')
    assert.is(trades[0].openedAt, FROM + ENTRY * BAR)
    assert.is(trades[0].closedAt, FROM + (ENTRY + 30) * BAR)
  })
}

test('an hour passes between two entries of a coin', () => {
  // Ever faster down, so that every candle is one to buy and no position lives long.
  const at = (bars: number): number => 96 - 0.02 * bars ** 2
  const { events } = run('long', bars =>
    bars < 50 ? [at(bars), at(bars), at(bars + 1), at(bars + 1)] : undefined,
  )
  const times = events.filter(event => event.kind === 'entered').map(event => event.ts)
  assert.ok(times.length > 2)
  times.slice(1).forEach((time, i) => {
    assert.ok(time >= times[i] + 12 * BAR, `${(time - times[i]) / MINUTE} min`)
  })
  assert.ok(events.some(event => event.figures.gate === 'cooldown'))
})

test('both drivers scalp alike on synthetic candles, and every trade keeps the rules', async () => {
  const own: Settings = { ...settings(), guards: { ...settings().guards, 'score-threshold': { least: 3 } } }
  let scalped = 0
  for (const seed of [3, 8]) {
    const markets = marketsOf(seed, 12, { symbols: 4, minutes15Days: 12, minutes5Days: 12 })
    const simulated = simulate(markets, { settings: own })
    assert.is(said(await runLive(markets, { settings: own })), said(simulated))
    for (const trade of simulated.trades) {
      assert.is(trade.strategy, 'bb-scalping')
      assert.is(trade.openedAt % BAR, 0)
      assert.ok(trade.closedAt - trade.openedAt <= 30 * BAR)
      assert.is(trade.id, `bb-scalping:${trade.symbol}:${trade.side}:${trade.openedAt - BAR}`)
      scalped++
    }
  }
  assert.ok(scalped > 10, `${scalped} trades`)
})

test.run()
