import { DAY } from '../base/units.ts'
import type { Trade } from '../portfolio/trade.ts'
import type { EquityPoint } from './equity.ts'

/** For the tests of this folder: a closed trade of 100 USDT in which only what a test is about is given. */
export function testTrade(fields: Partial<Trade>): Trade {
  return {
    id: 'grid:BTCUSDT:long:0',
    strategy: 'grid',
    symbol: 'BTCUSDT',
    side: 'long',
    openedAt: 0,
    closedAt: DAY,
    entry: 100,
    exit: 100,
    qty: 1,
    notional: 100,
    leverage: 3,
    score: 6,
    gross: 0,
    fees: 0,
    funding: 0,
    net: 0,
    netPercent: 0,
    mae: 0,
    mfe: 0,
    entryReason: 'for a test',
    exitReason: 'target',
    exits: [],
    ...fields,
  }
}

/** For the tests of this folder: trades with these net results, in USDT and in percent alike. */
export function tradesWithNet(...nets: readonly number[]): readonly Trade[] {
  return nets.map(net => testTrade({ net, netPercent: net }))
}

/** For the tests of this folder: an equity series of one point a day. */
export function dailyEquity(...values: readonly number[]): readonly EquityPoint[] {
  return values.map((equity, i) => ({ time: i * DAY, equity }))
}
