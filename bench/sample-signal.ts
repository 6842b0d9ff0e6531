import type { Signal } from '../src/core/decision/signal.ts'
import { instrumentFrom } from '../src/core/market/instruments.ts'
import { parseTicks } from '../src/core/market/quantise.ts'

/** One signal with figures of an ordinary dip, for the one-shot `score`. */
export function sampleSignal(): Signal {
  const instrument = instrumentFrom({
    symbol: 'BTCUSDT',
    baseCoin: 'BTC',
    quoteCoin: 'USDT',
    tick: '0.10',
    step: '0.001',
    minQty: '0.001',
    maxQty: '1190',
    minPrice: '0.10',
    maxLeverage: '100',
    date: '2025-06-09',
  })
  return {
    id: 'bollinger-grid-long:BTCUSDT:long:1749340800000',
    strategy: 'bollinger-grid-long',
    symbol: 'BTCUSDT',
    side: 'long',
    timeframe: '1d',
    candleStart: 1749340800000,
    candleEnd: 1749427200000,
    price: 101000,
    last: 101000,
    lastAt: 1749427200000,
    lower: 100500,
    middle: 105000,
    upper: 109500,
    bbPercent: 5.56,
    weekBb: 41,
    monthBb: 62,
    width: 8.57,
    squeeze: 40,
    rsi: 31,
    downDays: 3,
    upDays: 0,
    turnover: 4.2e9,
    change: -2.1,
    funding: 0.0001,
    tier: 'S',
    atr15m: 310,
    missingCandles: 0,
    order: { type: 'limit', price: parseTicks(instrument, '97485.0') },
    stop: parseTicks(instrument, '93465.0'),
    target: null,
    leverage: 3,
    margin: null,
    instrument,
    reason: 'a sample',
  }
}
