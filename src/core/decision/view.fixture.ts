/** Views, positions and signals for tests: a literal with everything named that a test does not care about. */
import { DAY, HOUR, MINUTE, type Percent, type Price, type Steps, type Ticks } from '../base/units.ts'
import { percentB } from '../indicators/percent-b.ts'
import type { Instrument } from '../market/instrument.ts'
import type { Side } from '../market/side.ts'
import type { Position } from '../portfolio/position.ts'
import { agreement } from './agreement.ts'
import type { Signal } from './signal.ts'
import type { Fees, IntradayView, PositionView, StopOut, View } from './view.ts'

/** 2026-01-01T00:00Z. */
export const MIDNIGHT = 1_767_225_600_000

export const FEES: Fees = Object.freeze({ maker: 0.0002, taker: 0.00055 })

export const ticks = (count: number): Ticks => count as Ticks
export const steps = (count: number): Steps => count as Steps

/** The doubles next to a number. */
export const below = (x: number): number => x - Math.abs(x) * 2 ** -52
export const above = (x: number): number => x + Math.abs(x) * 2 ** -52

export function instrumentOf(over: Partial<Instrument> = {}): Instrument {
  const { tick = '0.1', step = '0.001' } = over
  return Object.freeze({
    symbol: 'SOLUSDT',
    baseCoin: 'SOL',
    quoteCoin: 'USDT',
    tick,
    step,
    tickSize: Number(tick),
    stepSize: Number(step),
    minQty: steps(1),
    maxQty: null,
    minPrice: ticks(1),
    minNotional: 5,
    maxLeverage: 50,
    maintenanceMarginRate: 0.01,
    source: 'recorded 2026-01-01',
    ...over,
  })
}

/** 5-minute candles: bands 99, 100, 101 and the newest close in the middle, unless it is said otherwise. */
export function minutes5Of(over: Partial<Omit<IntradayView, 'bbPercent'>> = {}): IntradayView {
  const data = {
    candleStart: MIDNIGHT - 5 * MINUTE,
    price: 100,
    lower: 99,
    middle: 100,
    upper: 101,
    rsi: 50,
    ...over,
  }
  const { lower, upper } = data
  return Object.freeze({
    ...data,
    bbPercent: (of: Price) =>
      lower === undefined || upper === undefined ? undefined : percentB(of, lower, upper),
  } satisfies IntradayView)
}

type Bands = readonly [lower: Price, upper: Price]

/** A view as data: weekly and monthly bands as pairs, all else as the view names it. */
export type Sketch = Partial<
  Omit<View, 'bbPercent' | 'weekBb' | 'monthBb' | 'agreement' | 'closeAgo' | 'rangeSince' | 'stopOut'>
> & {
  /** Daily closes, the newest last; left out: the price alone. */
  readonly closes?: readonly Price[]
  /** What a stop has closed, and the range since then; left out: the price alone. */
  readonly stopOuts?: readonly StopOut[]
  readonly since?: { readonly low: Price; readonly high: Price }
  readonly week?: Bands
  readonly month?: Bands
}

/** Bands 100, 150, 200 and nothing known of weeks and months, unless the sketch says otherwise. */
export function viewOf(sketch: Sketch = {}): View {
  const { week, month, closes, stopOuts, since, ...given } = sketch
  const price = given.price ?? 150
  const data = {
    now: MIDNIGHT,
    symbol: 'SOLUSDT',
    instrument: instrumentOf(),
    tier: 'A' as const,
    neverShort: false,
    candleStart: MIDNIGHT - DAY,
    price,
    last: price,
    mark: price,
    lastAt: MIDNIGHT,
    lower: 100,
    middle: 150,
    upper: 200,
    width: 66.7,
    rsi: 50,
    turnover: 50e6,
    change: 0,
    funding: 0.0001,
    fundingInterval: 8 * HOUR,
    nextFunding: MIDNIGHT + 8 * HOUR,
    fees: FEES,
    minutes5: undefined,
    wantsReasons: false,
    ...given,
  }
  const within = (of: Price, bands: Bands | undefined): Percent | undefined =>
    bands === undefined ? undefined : percentB(of, bands[0], bands[1])
  const { lower, upper } = data
  const day: Bands | undefined = lower === undefined || upper === undefined ? undefined : [lower, upper]
  return Object.freeze({
    ...data,
    rangeSince: () => since ?? { low: price, high: price },
    stopOut: (side: Side) => stopOuts?.find(one => one.side === side),
    closeAgo: (ago: number) => (closes ?? [price]).at(-1 - ago),
    bbPercent: (of: Price) => within(of, day),
    weekBb: (of: Price) => within(of, week),
    monthBb: (of: Price) => within(of, month),
    agreement: (side, of) => agreement(side, within(of, day), within(of, week), within(of, month)),
  } satisfies View)
}

/** A long grid position of 1 coin from 100 with its stop at 95, opened at midnight. */
export function positionOf(over: Partial<Position> = {}): Position {
  const entry = over.entry ?? 100
  const size = over.steps ?? steps(1000)
  const stop = over.stop ?? ticks(over.side === 'short' ? 1050 : 950)
  return Object.freeze({
    symbol: 'SOLUSDT',
    side: 'long',
    instrument: instrumentOf(),
    strategy: 'bollinger-grid-long',
    timeframe: '1d',
    signalId: 'bollinger-grid-long:SOLUSDT:long:0',
    clientOrderId: 'entry-1',
    score: 6.5,
    leverage: 3,
    entry,
    steps: size,
    enteredSteps: size,
    openedAt: MIDNIGHT,
    stop,
    stopKind: 'initial',
    initialStop: stop,
    target: null,
    targetsFilled: 0,
    weekBbAtEntry: null,
    halved: false,
    gross: 0,
    fees: 0,
    funding: 0,
    exits: [],
    lowest: entry,
    highest: entry,
    reason: 'BB% 20.0 < 25',
    ...over,
  } satisfies Position)
}

/** A view of the position's symbol an hour after it was opened. */
export function positionViewOf(position: Position, sketch: Sketch = {}): PositionView {
  const view = viewOf({ instrument: position.instrument, now: position.openedAt + HOUR, ...sketch })
  return Object.freeze({ ...view, position })
}

/** A long grid signal at midnight: limit 97, stop 93, last price 102, all bands agreeing. */
export function signalOf(over: Partial<Signal> = {}): Signal {
  return Object.freeze({
    id: 'bollinger-grid-long:SOLUSDT:long:0',
    strategy: 'bollinger-grid-long',
    symbol: 'SOLUSDT',
    side: 'long',
    timeframe: '1d',
    candleStart: MIDNIGHT - DAY,
    candleEnd: MIDNIGHT,
    price: 102,
    last: 102,
    lastAt: MIDNIGHT,
    lower: 100,
    middle: 110,
    upper: 120,
    bbPercent: 10,
    weekBb: 40,
    monthBb: 40,
    width: 18.2,
    squeeze: null,
    rsi: 30,
    downDays: 3,
    upDays: 0,
    turnover: 50e6,
    change: -5,
    funding: 0.0001,
    tier: 'A',
    atr15m: null,
    missingCandles: 0,
    order: { type: 'limit', price: ticks(970) },
    stop: ticks(930),
    target: null,
    leverage: 3,
    margin: null,
    instrument: instrumentOf(),
    reason: 'BB% 10.0 < 25',
    ...over,
  } satisfies Signal)
}
