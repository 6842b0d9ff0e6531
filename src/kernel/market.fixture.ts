/** The market of a simulation: quiet days, then minutes that move by chance, with wicks now and then. */
import { DAY, MINUTE, type Price, type Timestamp } from '../core/base/units.ts'
import { instrumentOf, steps, ticks } from '../core/decision/view.fixture.ts'
import { CandleSeries } from '../core/market/candles.ts'
import type { Instrument } from '../core/market/instrument.ts'
import type { SymbolMarket } from '../core/market/symbol-market.ts'
import { Draws } from './draws.fixture.ts'

const HISTORY = 30

interface Listed {
  readonly instrument: Instrument
  readonly price: Price
}

/** Four grids: from a coarse tick to one of many decimals, from thousandths of a coin to whole ones. */
export const LISTED: readonly Listed[] = [
  { price: 102, instrument: named('SOLUSDT', '0.1', '0.001') },
  { price: 0.61, instrument: named('ADAUSDT', '0.0001', '1') },
  { price: 62_480, instrument: named('BTCUSDT', '0.1', '0.001') },
  { price: 0.01234, instrument: named('DOGEUSDT', '0.00001', '10') },
]

function named(symbol: string, tick: string, step: string): Instrument {
  const baseCoin = symbol.replace('USDT', '')
  return instrumentOf({ symbol, baseCoin, tick, step, minQty: steps(1), minPrice: ticks(1) })
}

/** Ordinary moves of a minute, and wicks, as shares of the price. */
const MOVE = 0.0012
const WICK = 0.035
const WICKS = 1 / 240

/** Markets that trade from `start` on for so many days. */
export function marketsOf(seed: number, start: Timestamp, days: number): readonly SymbolMarket[] {
  return LISTED.map(({ instrument, price }) => marketOf(instrument, price, new Draws(seed), start, days))
}

function marketOf(
  instrument: Instrument,
  price: Price,
  draws: Draws,
  start: Timestamp,
  days: number,
): SymbolMarket {
  const { symbol, tickSize } = instrument
  const onGrid = (value: Price): Price => Number((Math.round(value / tickSize) * tickSize).toPrecision(12))
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
    const close = onGrid(before * (1 + pull + MOVE * (drawn('move') + drawn('move') + drawn('move') - 1.5)))
    const isWick = drawn('wick') < WICKS
    const reach = (isWick ? WICK : MOVE / 2) * drawn('reach')
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
