import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DEFAULT_COSTS } from '../adapters/sim/exchange.ts'
import { Venue } from '../adapters/sim/venue.ts'
import { syntheticMarket } from '../adapters/synthetic/market.ts'
import { DAY } from '../base/units.ts'
import type { Candles } from '../market/candles.ts'
import type { Interval } from '../market/interval.ts'
import type { SymbolMarket } from '../market/symbol-market.ts'
import type { Trade } from '../portfolio/trade.ts'
import { runSimulated } from './drivers/simulated.ts'
import { Engine } from './engine.ts'
import { defaultSettings, type Settings } from './settings.ts'

const test = suite('what candles can know')

/** Every signal for itself, with fewer bars to hold so that the limit is met often. */
function settings(maxBars: number): Settings {
  const standard = defaultSettings()
  return {
    ...standard,
    maxBars,
    portfolioGates: false,
    guards: {
      ...standard.guards,
      confluence: { least: 0 },
      sizing: { ...standard.guards.sizing, fixedNotional: 100 },
    },
  }
}

function run(markets: readonly SymbolMarket[], maxBars: number): Trade[] {
  const venue = new Venue(markets, {
    from: null,
    to: null,
    costs: DEFAULT_COSTS,
    wallet: 1000,
    checkMargin: false,
    detail: true,
  })
  const trades: Trade[] = []
  const engine = new Engine(settings(maxBars), { wallet: 1000, journal: false })
  runSimulated(engine, venue, { event: () => {}, trade: trade => trades.push(trade) })
  return trades
}

function markets(symbols: number, days: number, minutes5Days: number): SymbolMarket[] {
  const made = syntheticMarket(7, { symbols, days, minutes5Days, minutes5Symbols: symbols })
  return made.instruments.map(instrument => {
    const series = [...made.daily, ...made.minutes15, ...made.minutes5].filter(
      one => one.symbol === instrument.symbol,
    )
    const candles = new Map<Interval, Candles>(series.map(one => [one.interval, one]))
    return { instrument, candles, mark: new Map(), funding: null }
  })
}

test('a position ends with its last bar, that of the entry being the first, whatever minute it was entered in', () => {
  const trades = run(markets(4, 90, 45), 4)
  const late = trades.filter(trade => trade.openedAt % DAY !== 0 && trade.exitReason === 'time-exit')
  assert.ok(late.length > 0, 'some are entered inside a day and held to the limit')
  for (const { openedAt, closedAt } of trades) {
    assert.ok(closedAt <= Math.floor(openedAt / DAY) * DAY + 4 * DAY, `${openedAt} to ${closedAt}`)
  }
})

test('a rest of hours after a stop does not show on daily candles', () => {
  const trades = run(markets(12, 700, 0), 30).filter(trade => trade.strategy === 'bollinger-grid-long')
  const again = trades.filter(({ exitReason, symbol, closedAt }) => {
    // Decided at the close of the candle of the stop, filled on the next.
    const next = trades.find(trade => trade.symbol === symbol && trade.openedAt === closedAt)
    return exitReason === 'stop' && next !== undefined
  })
  assert.ok(again.length > 0, `of ${trades.length} trades some follow a stop at once`)
})

test.run()
