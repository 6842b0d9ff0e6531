/** The instrument of the tests that speak to the exchange itself: tick 0.1, step 0.001, leverage to 50. */
import type { Steps, Ticks } from '../../base/units.ts'
import { instrumentFrom } from '../../market/instruments.ts'

export const SYMBOL = 'XUSDT'

/** Leverage to 50 makes a maintenance margin of 1 %. */
export const instrument = instrumentFrom({
  symbol: SYMBOL,
  baseCoin: 'X',
  quoteCoin: 'USDT',
  tick: '0.1',
  step: '0.001',
  minQty: '0.001',
  maxQty: '100',
  minPrice: '0.1',
  maxLeverage: '50',
  date: '2025-01-01',
})

export const ticks = (price: number): Ticks => Math.round(price * 10) as Ticks
export const steps = (qty: number): Steps => Math.round(qty * 1000) as Steps
