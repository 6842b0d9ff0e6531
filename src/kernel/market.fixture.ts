/** The market of a simulation: quiet days, then minutes that move by chance, with wicks now and then. */
import { DAY, HOUR, MINUTE, type Price, type Timestamp } from '../core/base/units.ts'
import { instrumentOf, steps, ticks } from '../core/decision/view.fixture.ts'
import { CandleSeries } from '../core/market/candles.ts'
import type { Instrument } from '../core/market/instrument.ts'
import type { SymbolMarket } from '../core/market/symbol-market.ts'
import { Draws } from './draws.fixture.ts'

const HISTORY = 30
/** Of the hours before the beginning so many are known, where an exchange tells hours. */
const HOURS = 8 * 24

/** A perpetual, and the price that its market begins at. */
export interface Listed {
  readonly instrument: Instrument
  readonly price: Price
  /** Its price stays where it is. */
  readonly isStill?: boolean
}

/** Four grids: from a coarse tick to one of many decimals, from thousandths of a coin to whole ones. */
export const LISTED: readonly Listed[] = [
  { price: 102, instrument: named('SOLUSDT', '0.1', '0.001') },
  { price: 0.61, instrument: named('ADAUSDT', '0.0001', '1') },
  { price: 62_480, instrument: named('BTCUSDT', '0.1', '0.001') },
  { price: 0.01234, instrument: named('DOGEUSDT', '0.00001', '10') },
]

export function named(symbol: string, tick: string, step: string): Instrument {
  const baseCoin = symbol.replace('USDT', '')
  return instrumentOf({ symbol, baseCoin, tick, step, minQty: steps(1), minPrice: ticks(1) })
}

/** Ordinary moves of a minute, and wicks, as shares of the price. */
const MOVE = 0.0012
const WICK = 0.035
const WICKS = 1 / 240

/**
 * Markets that trade from `start` on for so many days.
 *
 * @param hasHours whether hours of the days before are known, too
 */
export function marketsOf(
  seed: number,
  start: Timestamp,
  days: number,
  listed: readonly Listed[] = LISTED,
  hasHours = false,
): readonly SymbolMarket[] {
  return listed.map(one => {
    const market = marketOf(one, new Draws(seed), start, days)
    return hasHours ? withHours(market, one, new Draws(seed), start) : market
  })
}

/** The price goes its own way from hour to hour, and is at the end where the minutes begin. */
function withHours(
  market: SymbolMarket,
  { instrument: { symbol, tickSize }, price, isStill = false }: Listed,
  draws: Draws,
  start: Timestamp,
): SymbolMarket {
  const onGrid = gridded(tickSize)
  const hours = new CandleSeries(symbol, '1h', HOURS)
  let before = onGrid(price)
  for (let hour = HOURS; hour > 0; hour--) {
    const move = isStill ? 0 : 0.004 * (draws.next(`hour of ${symbol}`) - 0.5)
    const close = onGrid(hour === 1 ? price : price * (1 + move))
    hours.push(start - hour * HOUR, before, Math.max(before, close), Math.min(before, close), close, 1, 1e6)
    before = close
  }
  return { ...market, candles: new Map([...market.candles, ['1h', hours]]) }
}

function gridded(tick: Price): (value: Price) => Price {
  return value => Number((Math.round(value / tick) * tick).toPrecision(12))
}

function marketOf(
  { instrument, price, isStill = false }: Listed,
  draws: Draws,
  start: Timestamp,
  days: number,
): SymbolMarket {
  const { symbol, tickSize } = instrument
  const onGrid = gridded(tickSize)
  const daily = new CandleSeries(symbol, '1d', HISTORY)
  for (let day = HISTORY; day > 0; day--) {
    const close = onGrid(day === 1 ? price : price * (0.955 + 0.05 * (day % 2)))
    daily.push(start - day * DAY, close, close, close, close, 1, 50e6)
  }
  const minutes = days * (DAY / MINUTE)
  const fine = new CandleSeries(symbol, '1m', minutes)
  let before = onGrid(price)
  for (let minute = 0; minute < minutes; minute++) {
    const drawn = (what: string): number => draws.next(`${what} of ${symbol}`)
    // Drawn back to where it began: a walk of days would leave every grid.
    const pull = (price - before) / price / 2_000
    const move = isStill ? 0 : MOVE * (drawn('move') + drawn('move') + drawn('move') - 1.5)
    const close = onGrid(before * (1 + pull + move))
    const isWick = !isStill && drawn('wick') < WICKS
    const reach = isStill ? 0 : (isWick ? WICK : MOVE / 2) * drawn('reach')
    const isUp = drawn('way') < 0.5
    const high = onGrid(Math.max(before, close) * (isUp ? 1 + reach : 1))
    const low = onGrid(Math.min(before, close) * (isUp ? 1 : 1 - reach))
    fine.push(start + minute * MINUTE, before, high, low, close, 1, 100)
    before = close
  }
  return {
    instrument,
    candles: new Map([
      ['1d', daily],
      ['1m', fine],
    ] as const),
    mark: new Map(),
    funding: null,
  }
}
