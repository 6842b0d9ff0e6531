import type { Fraction, Price, Qty, Steps, Ticks, Usdt } from '../base/units.ts'

/**
 * What the exchange prescribes for one perpetual. `tick` and `step` are decimal strings as the exchange writes them
 * ("0.0001"); `tickSize` and `stepSize` are the same as numbers, for arithmetic inside rules only.
 */
export interface Instrument {
  readonly symbol: string
  readonly baseCoin: string
  readonly quoteCoin: string
  readonly tick: string
  readonly step: string
  readonly tickSize: Price
  readonly stepSize: Qty
  /** Least order quantity, in steps. */
  readonly minQty: Steps
  /** Greatest order quantity, in steps; `null` where the source does not say. */
  readonly maxQty: Steps | null
  /** The same of an order at the market; left out where the source does not say: as any other. */
  readonly maxMarketQty?: Steps
  /** Least price of an order, in ticks (at least 1). */
  readonly minPrice: Ticks
  /** Least value of an order that adds exposure. */
  readonly minNotional: Usdt
  readonly maxLeverage: number
  /** Maintenance margin as a share of the position's value. */
  readonly maintenanceMarginRate: Fraction
  /** Where the filters are from: `recorded YYYY-MM-DD` for a dated set, `inferred` when read off the prices. */
  readonly source: string
}

/** What a price has to keep to. */
export type PriceFilters = Pick<Instrument, 'symbol' | 'tick' | 'tickSize' | 'minPrice'>

/** The greatest quantity of one order, in steps; `null`: there is none that is known. */
export function mostSteps(
  { maxQty, maxMarketQty }: Pick<Instrument, 'maxQty' | 'maxMarketQty'>,
  type: 'limit' | 'market',
): Steps | null {
  return type === 'market' ? (maxMarketQty ?? maxQty) : maxQty
}
