import type { Fraction, Usdt } from '../../base/units.ts'

/** What sets one synthetic perpetual apart. Filters are decimal strings, as the exchange writes them. */
export interface Profile {
  readonly baseCoin: string
  readonly tick: string
  readonly step: string
  readonly minQty: string
  readonly maxQty: string
  readonly maxPrice: string
  readonly maxLeverage: string
  /** Price at the start of the first day, in USDT. */
  readonly price: number
  /** Turnover of an ordinary day. */
  readonly turnover: Usdt
  /** How much of the common factor's return the symbol takes. */
  readonly beta: number
  /** Standard deviation of the symbol's own daily log return on an ordinary day. */
  readonly ownVolatility: Fraction
}

type Row = readonly [
  baseCoin: string,
  tick: string,
  step: string,
  minQty: string,
  maxQty: string,
  maxPrice: string,
  maxLeverage: string,
  price: number,
  turnover: Usdt,
  beta: number,
  ownVolatility: Fraction,
]

/**
 * Ordered so that a market of the first few symbols already spans tiers, ticks and turnovers. Names, ticks and sizes
 * are of the kind the exchange lists; nothing else here is anybody's history.
 */
const ROWS: readonly Row[] = [
  ['BTC', '0.10', '0.001', '0.001', '1190.000', '1999999.80', '100.00', 38_000, 1_400e6, 1, 0.011],
  ['ETH', '0.01', '0.01', '0.01', '7240.00', '199999.98', '100.00', 2_100, 800e6, 1.15, 0.015],
  ['ARB', '0.0001', '0.1', '0.1', '1799900.0', '1999.9998', '50.00', 1.1, 62e6, 1.35, 0.028],
  ['SOL', '0.010', '0.1', '0.1', '79770.0', '199999.980', '100.00', 62, 320e6, 1.3, 0.023],
  ['AAVE', '0.01', '0.01', '0.01', '11100.00', '199999.98', '75.00', 105, 70e6, 1.2, 0.027],
  ['LINK', '0.001', '0.1', '0.1', '196310.0', '19999.998', '50.00', 14.5, 90e6, 1.2, 0.024],
  ['INJ', '0.0010', '0.1', '0.1', '60140.0', '19999.9980', '50.00', 18, 34e6, 1.35, 0.032],
  ['XRP', '0.0001', '1', '1', '10965300', '1999.9998', '75.00', 0.62, 210e6, 1, 0.024],
  ['OP', '0.0001', '0.1', '0.1', '841260.0', '1999.9998', '50.00', 1.7, 44e6, 1.35, 0.029],
  ['ADA', '0.0001', '1', '1', '6315500', '1999.9998', '75.00', 0.39, 75e6, 1.15, 0.022],
  ['ATOM', '0.001', '0.1', '0.1', '139180.0', '19999.998', '75.00', 9.6, 30e6, 1.1, 0.021],
  ['1000PEPE', '0.0000001', '100', '100', '350000000', '1.9999998', '50.00', 0.0032, 130e6, 1.4, 0.04],
]

export const PROFILES: readonly Profile[] = ROWS.map(row => ({
  baseCoin: row[0],
  tick: row[1],
  step: row[2],
  minQty: row[3],
  maxQty: row[4],
  maxPrice: row[5],
  maxLeverage: row[6],
  price: row[7],
  turnover: row[8],
  beta: row[9],
  ownVolatility: row[10],
}))

/** Standard deviation of the common factor's daily log return on an ordinary day. */
export const FACTOR_VOLATILITY: Fraction = 0.024
