import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { marketsOf, runLive, said, simulate } from '../../adapters/sim/market.fixture.ts'
import { isRecorded, RECORDED_SYMBOLS, recordedMarkets } from '../../adapters/sim/recorded.fixture.ts'
import { INTERVALS } from '../../market/interval.ts'

const test = suite('parity of the drivers, at length')

test('over many synthetic markets both drivers say the same', async () => {
  for (let seed = 1; seed <= 40; seed++) {
    const markets = marketsOf(seed, 150, {
      symbols: 8,
      minutes15Days: 60,
      minutes5Days: 20,
      minutes5Symbols: 3,
    })
    assert.is(said(await runLive(markets)), said(simulate(markets)), `seed ${seed}`)
  }
})

const withData = isRecorded ? test : test.skip
withData(
  isRecorded
    ? 'over all recorded years and intervals of six symbols both drivers say the same'
    : 'over all recorded years: skipped, as ../shared/data is not there',
  async () => {
    const from = Date.UTC(2021, 6, 1)
    const markets = await recordedMarkets(RECORDED_SYMBOLS, INTERVALS, Date.UTC(2025, 5, 1))
    const simulated = simulate(markets, { from })
    assert.is(said(await runLive(markets, { from })), said(simulated))
    assert.ok(simulated.trades.length > 100, `${simulated.trades.length} trades`)
  },
)

test.run()
