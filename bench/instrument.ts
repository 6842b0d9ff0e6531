import type { Instrument } from '../src/core/market/instrument.ts'
import { instrumentFrom } from '../src/core/market/instruments.ts'

/** A perpetual as benchmarks trade it: nothing about it limits what they enter. */
export function benchInstrument(symbol: string): Instrument {
  return instrumentFrom({
    symbol,
    baseCoin: null,
    quoteCoin: 'USDT',
    tick: '0.01',
    step: '0.001',
    minQty: '0.001',
    maxQty: null,
    minPrice: null,
    maxLeverage: '100',
    date: '1970-01-01',
  })
}
