/** Ninety days with every strategy on, over the synthetic market and over recorded candles of days and of minutes. */
import process from 'node:process'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { defaultConfig } from './commands/config.ts'
import { loadMarket } from './commands/market.ts'
import { venueOf } from './commands/simulate.ts'
import { isRecorded, RECORDED_SYMBOLS, recordedMarkets } from './core/adapters/sim/recorded.fixture.ts'
import { DAY } from './core/base/units.ts'
import type { SymbolMarket } from './core/market/symbol-market.ts'
import { everything, INVARIANTS, watchLive, watchSimulated } from './invariants.fixture.ts'

const test = suite('invariants over ninety days')
const DAYS = 90

async function watch(markets: readonly SymbolMarket[], to: number): Promise<void> {
  const config = { ...defaultConfig(), ...everything() }
  const range = { from: to - DAYS * DAY, to }
  const simulated = watchSimulated(venueOf(markets, config, range, true), config)
  const live = await watchLive(venueOf(markets, config, range, true), config)
  assert.equal(live.trades, simulated.trades)
  for (const { engine } of [simulated, live]) {
    for (const one of INVARIANTS) assert.ok((engine.asked.get(one) ?? 0) > 100, `${one} was asked`)
  }
  const traded = new Set(live.trades.map(trade => trade.strategy))
  console.log(`${live.engine.steps} inputs, ${live.trades.length} trades of ${[...traded].sort().join(', ')}`)
  assert.ok(live.trades.length > 10, `${live.trades.length} trades`)
}

test('of the synthetic market break none of them', async () => {
  const stdin = (async function* () {})()
  const world = { env: { BBW_DATA_DIR: '/nowhere' }, cwd: process.cwd(), stdin }
  const { markets } = await loadMarket(world, { flags: { market: 'fixtures' }, args: [] }, 'replay', null)
  await watch(markets, Date.UTC(2025, 10, 1))
})

const withData = isRecorded ? test : test.skip
withData(
  isRecorded
    ? 'of recorded candles break none of them'
    : 'of recorded candles: skipped, as ../shared/data is not there',
  async () => {
    const to = Date.UTC(2026, 1, 28)
    await watch(await recordedMarkets(RECORDED_SYMBOLS, ['1d', '15m', '5m'], to), to)
  },
)

test.run()
