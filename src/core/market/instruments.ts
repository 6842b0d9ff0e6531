import { decimalsOf, gridOf, parseCount, toCount } from '../base/decimal.ts'
import { DataError } from '../base/errors.ts'
import type { Fraction, Steps, Ticks, Timestamp, Usdt } from '../base/units.ts'
import type { Candles } from './candles.ts'
import type { Instrument } from './instrument.ts'

/** The filters of one symbol as a dated set has them. Decimals are texts in plain notation, as the exchange writes them. */
export interface InstrumentRow {
  readonly symbol: string
  /** `null` where the set does not say: the symbol without its quote coin. */
  readonly baseCoin: string | null
  readonly quoteCoin: string
  readonly tick: string
  /** `null` where the set does not say: the least quantity, which is the step of all but a few instruments. */
  readonly step: string | null
  readonly minQty: string
  readonly maxQty: string | null
  /** Of an order at the market; left out where the set does not say. */
  readonly maxMarketQty?: string
  readonly minPrice: string | null
  readonly maxLeverage: string | null
  /** The day of the set, YYYY-MM-DD. */
  readonly date: string
}

/** The exchange's least value of an order that adds exposure: `minNotionalValue` of USDT perpetuals. */
export const MIN_NOTIONAL: Usdt = 5

/**
 * What stands for an unknown leverage limit: the least that the recorded sets know. Being the careful side it
 * overstates the maintenance margin, so that a liquidation is assumed too early rather than too late.
 */
export const LEAST_MAX_LEVERAGE = 12.5

/**
 * The maintenance margin of an instrument's first risk tier as a share of the position's value, 0.5 / greatest leverage:
 *
 * | greatest leverage | 12.5 | 16.67 | 20 | 25 | 50 | 75 | 100 | 125 |
 * | --- | --- | --- | --- | --- | --- | --- | --- | --- |
 * | maintenance margin % | 4 | 3 | 2.5 | 2 | 1 | 0.667 | 0.5 | 0.4 |
 *
 * It is half the initial margin at that leverage, as Bybit's risk limits have it (100x: 0.5 %, 50x: 1 %, 25x: 2 %).
 * Later tiers, for positions of hundreds of thousands of USDT, are not modelled.
 */
export function maintenanceMarginRate(maxLeverage: number): Fraction {
  return 0.5 / maxLeverage
}

/** The instrument of a row. Throws a `DataError` naming the symbol when a filter is missing or makes no sense. */
export function instrumentFrom(row: InstrumentRow): Instrument {
  return build(row, row.maxLeverage, `recorded ${row.date}`)
}

/** One dated set: its rows by symbol. */
export type InstrumentSet = ReadonlyMap<string, InstrumentRow>

/**
 * The symbol's filters in the set dated nearest to `at` among those that know the symbol (of two equally near ones the
 * earlier), or `undefined` when none does. A leverage limit that this set does not give is taken from the nearest set
 * that gives it, and `source` says so.
 */
export function chooseInstrument(
  sets: readonly InstrumentSet[],
  symbol: string,
  at: Timestamp,
): Instrument | undefined {
  let nearest: InstrumentRow | undefined
  let levered: InstrumentRow | undefined
  for (const set of sets) {
    const row = set.get(symbol)
    if (row === undefined) continue
    if (nearest === undefined || isNearer(row, nearest, at)) nearest = row
    if (row.maxLeverage !== null && (levered === undefined || isNearer(row, levered, at))) levered = row
  }
  if (nearest === undefined) return undefined
  if (nearest.maxLeverage !== null || levered === undefined) return instrumentFrom(nearest)
  return build(nearest, levered.maxLeverage, `recorded ${nearest.date}, leverage ${levered.date}`)
}

function isNearer(row: InstrumentRow, than: InstrumentRow, at: Timestamp): boolean {
  const difference = Math.abs(dayOf(row) - at) - Math.abs(dayOf(than) - at)
  return difference < 0 || (difference === 0 && dayOf(row) < dayOf(than))
}

function dayOf(row: InstrumentRow): Timestamp {
  const time = Date.parse(`${row.date}T00:00:00Z`)
  if (Number.isNaN(time)) throw new DataError(`${row.symbol}: "${row.date}" is not a date (YYYY-MM-DD)`)
  return time
}

function build(row: InstrumentRow, knownLeverage: string | null, source: string): Instrument {
  const { symbol, quoteCoin } = row
  const fail = (field: string, value: string | null): never => {
    throw new DataError(`${symbol}: ${field} ${JSON.stringify(value)} is not usable`)
  }
  const plain = (field: string, text: string): number =>
    /^\d{1,15}(\.\d+)?$/.test(text) ? Number(text) : fail(field, text)
  // Least limits are rounded up and greatest ones down: what is allowed here is allowed there.
  const count = (field: string, unit: string, text: string, rounding: 'up' | 'down'): number => {
    const grid = gridOf(unit)
    const value = plain(field, text)
    if (value / Number(unit) >= Number.MAX_SAFE_INTEGER) fail(field, text)
    return parseCount(grid, text) ?? toCount(grid, value, rounding)
  }
  const step = row.step ?? row.minQty
  const tick = row.tick
  const tickSize = unitSize(symbol, 'tick', tick)
  const stepSize = unitSize(symbol, 'step', step)
  const minQty = Math.max(1, count('least quantity', step, row.minQty, 'up'))
  const maxQty = row.maxQty === null ? null : count('greatest quantity', step, row.maxQty, 'down')
  const maxMarketQty =
    row.maxMarketQty === undefined
      ? null
      : count('greatest quantity at the market', step, row.maxMarketQty, 'down')
  const minPrice = row.minPrice === null ? 1 : Math.max(1, count('least price', tick, row.minPrice, 'up'))
  if (maxQty !== null && maxQty < minQty) fail('greatest quantity', row.maxQty)
  if (maxMarketQty !== null && maxMarketQty < minQty)
    fail('greatest quantity at the market', row.maxMarketQty ?? null)
  const maxLeverage = knownLeverage === null ? LEAST_MAX_LEVERAGE : plain('greatest leverage', knownLeverage)
  if (maxLeverage < 1) fail('greatest leverage', knownLeverage)
  return {
    symbol,
    baseCoin: row.baseCoin ?? withoutQuote(symbol, quoteCoin),
    quoteCoin,
    tick,
    step,
    tickSize,
    stepSize,
    minQty: minQty as Steps,
    maxQty: maxQty as Steps | null,
    ...(maxMarketQty === null ? {} : { maxMarketQty: maxMarketQty as Steps }),
    minPrice: minPrice as Ticks,
    minNotional: MIN_NOTIONAL,
    maxLeverage,
    maintenanceMarginRate: maintenanceMarginRate(maxLeverage),
    source,
  }
}

function unitSize(symbol: string, field: string, text: string): number {
  try {
    return Number(gridOf(text).unit)
  } catch (error) {
    if (error instanceof DataError) throw new DataError(`${symbol}: ${field}: ${error.message}`)
    throw error
  }
}

function withoutQuote(symbol: string, quote: string): string {
  return symbol.endsWith(quote) && symbol.length > quote.length ? symbol.slice(0, -quote.length) : symbol
}

/** Rows looked at, spread evenly over the candles. */
const SAMPLE = 500
/** A tick below this share of the price says that prices were computed, not quoted. */
const FINEST_TICK = 1e-7
/** The tick that such prices are given, as a share of the price: about what most instruments have. */
const USUAL_TICK = 1e-4
/** Volumes with more decimals are no sums of quantities that an exchange accepts: they were computed, or bear noise. */
const MOST_VOLUME_DECIMALS = 6
/** With fewer usable volumes than this, that all end in a zero says nothing. */
const LEAST_VOLUMES = 20
/** What a step is worth at most where volumes do not say: small against the least order of 5 USDT. */
const SMALL_STEP_VALUE: Usdt = 0.1

/**
 * An instrument read off its candles, for symbols of which no set knows the filters. The tick is the finest decimal
 * in a sample of the prices (a tick of 0.5 or 0.05 therefore comes out as 0.1 or 0.01). The step is the greatest
 * power of ten that divides all usable volumes of the sample, and where these are too few, the greatest one worth no
 * more than 0.1 USDT. Everything else is on the careful side, and `source` is `inferred`. Throws a `DataError` when no
 * candle has a price.
 */
export function inferInstrument(symbol: string, candles: Candles, quoteCoin = 'USDT'): Instrument {
  const stride = Math.max(1, Math.ceil(candles.length / SAMPLE))
  let priceDecimals = 0
  let lowest = Number.POSITIVE_INFINITY
  let recent = 0
  let volumes = 0
  let volumeExponent = Number.POSITIVE_INFINITY
  for (let i = candles.length - 1; i >= 0; i -= stride) {
    for (const price of [candles.open[i], candles.high[i], candles.low[i], candles.close[i]]) {
      if (!(price > 0)) continue
      priceDecimals = Math.max(priceDecimals, decimalsOf(price))
      lowest = Math.min(lowest, price)
      if (recent === 0) recent = price
    }
    const volume = candles.volume[i]
    if (!(volume > 0) || decimalsOf(volume) > MOST_VOLUME_DECIMALS) continue
    volumes++
    volumeExponent = Math.min(volumeExponent, trailingExponent(volume))
  }
  if (recent === 0) throw new DataError(`${symbol}: no candle has a price to read the tick from`)
  const isComputed = Number(`1e-${priceDecimals}`) < FINEST_TICK * lowest
  const tickExponent = isComputed ? Math.min(0, floorLog10(USUAL_TICK * lowest)) : -priceDecimals
  const stepExponent = volumes >= LEAST_VOLUMES ? volumeExponent : floorLog10(SMALL_STEP_VALUE / recent)
  return inferred(symbol, quoteCoin, powerOfTen(tickExponent), powerOfTen(stepExponent))
}

/**
 * An instrument read off orders and positions, for a symbol whose filters are not told: the tick is the finest decimal of
 * the prices, the step that of the quantities, so that each of them can be said again exactly. Everything else is on the
 * careful side, and `source` is `inferred`.
 */
export function inferFilters(
  symbol: string,
  prices: readonly number[],
  quantities: readonly number[],
  quoteCoin = 'USDT',
): Instrument {
  const finest = (values: readonly number[]): string => powerOfTen(-Math.max(0, ...values.map(decimalsOf)))
  return inferred(symbol, quoteCoin, finest(prices), finest(quantities))
}

/** An instrument of which nothing but tick and step is known: everything else is on the careful side. */
function inferred(symbol: string, quoteCoin: string, tick: string, step: string): Instrument {
  const row: InstrumentRow = {
    symbol,
    baseCoin: null,
    quoteCoin,
    tick,
    step,
    minQty: step,
    maxQty: null,
    minPrice: null,
    maxLeverage: null,
    date: '',
  }
  return build(row, null, 'inferred')
}

/** The greatest power of ten that divides the value's shortest decimal. */
function trailingExponent(value: number): number {
  const decimals = decimalsOf(value)
  if (decimals > 0) return -decimals
  let exponent = 0
  for (let rest = value; rest % 10 === 0; rest /= 10) exponent++
  return exponent
}

function floorLog10(value: number): number {
  return Math.floor(Math.log10(value))
}

function powerOfTen(exponent: number): string {
  return exponent >= 0 ? `1${'0'.repeat(exponent)}` : `0.${'0'.repeat(-exponent - 1)}1`
}
