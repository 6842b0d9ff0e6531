import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { marketsOf, type RunOptions, runLive, said, simulate } from '../../adapters/sim/market.fixture.ts'
import { isRecorded, RECORDED_SYMBOLS, recordedMarkets } from '../../adapters/sim/recorded.fixture.ts'
import { defaultSettings, type Settings } from '../settings.ts'

const test = suite('parity of the drivers')
const SEED = 20_260_303
console.log(`seed ${SEED}`)

const NERVOUS: Settings = {
  ...defaultSettings(),
  drawdown: { percent: 3, pauseHours: 24, haltPauses: 6, haltDays: 30, haltPercent: 30, closeAll: false },
}

test('the live driver over the embedded exchange says exactly what the simulated driver says', async () => {
  let trades = 0
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 1_000_000 }),
      fc.constantFrom('none', '15', '5'),
      fc.boolean(),
      async (seed, minutes, isNervous) => {
        const markets = marketsOf(seed, 40, {
          symbols: 4,
          ...(minutes === 'none' ? {} : { minutes15Days: 15 }),
          ...(minutes === '5' ? { minutes5Days: 8, minutes5Symbols: 2 } : {}),
        })
        const options = { settings: isNervous ? NERVOUS : defaultSettings() }
        const simulated = simulate(markets, options)
        const live = await runLive(markets, options)
        assert.equal(live.trades, simulated.trades)
        assert.is(said(live), said(simulated))
        trades += simulated.trades.length
      },
    ),
    { seed: SEED, numRuns: 6 },
  )
  assert.ok(trades > 20, `${trades} trades`)
})

test('a cost that is set otherwise on one side alone is found', async () => {
  const markets = marketsOf(2, 40, { symbols: 5 })
  // Without its funding history, what is assumed counts.
  const silent = markets.map(market => ({ ...market, funding: null }))
  const same = said(simulate(silent))
  assert.is(said(await runLive(silent)), same)
  const others: readonly RunOptions['costs'][] = [
    { makerFee: 0.00021 },
    { takerFee: 0.00056 },
    { slippage: 0.00021 },
    { slippageOfRange: 0.021 },
    { assumedFunding: 0.00011 },
  ]
  for (const costs of others) {
    assert.is.not(said(await runLive(silent, { costs })), same, JSON.stringify(costs))
  }
})

test('everything that can happen in a run is told in the same order', async () => {
  const markets = marketsOf(7, 60, { symbols: 6, minutes15Days: 20 })
  const { events } = simulate(markets, { settings: NERVOUS })
  const live = await runLive(markets, { settings: NERVOUS })
  assert.equal(
    live.events.map(event => event.kind),
    events.map(event => event.kind),
  )
  const kinds = new Set(events.map(event => event.kind))
  for (const kind of [
    'entered',
    'filled',
    'targets',
    'reduced',
    'stop-moved',
    'exited',
    'expired',
    'paused',
  ] as const) {
    assert.ok(kinds.has(kind), `${kind} has happened`)
  }
  assert.not.ok(kinds.has('drift'), 'books and exchange agree throughout')
})

const withData = isRecorded ? test : test.skip
withData(
  isRecorded
    ? 'on recorded candles, of days and of minutes, both say the same'
    : 'on recorded candles: skipped, as ../shared/data is not there',
  async () => {
    const from = Date.UTC(2025, 8, 24)
    const to = Date.UTC(2025, 10, 1)
    const markets = await recordedMarkets(RECORDED_SYMBOLS, ['1d', '15m', '5m'], from)
    const simulated = simulate(markets, { from, to })
    const live = await runLive(markets, { from, to })
    assert.is(said(live), said(simulated))
    assert.ok(simulated.trades.length > 3, `${simulated.trades.length} trades`)
  },
)

test.run()
