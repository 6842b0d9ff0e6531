import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { EmbeddedExchange } from './core/adapters/sim/embedded.ts'
import { marketsOf, venueOf, WALLET } from './core/adapters/sim/market.fixture.ts'
import { LiveDriver } from './core/engine/drivers/live.ts'
import { runSimulated } from './core/engine/drivers/simulated.ts'
import { defaultSettings, type Settings } from './core/engine/settings.ts'
import type { SymbolMarket } from './core/market/symbol-market.ts'
import { INVARIANTS, WatchedEngine } from './invariants.fixture.ts'

const test = suite('invariants')

/** All strategies, those too that are off by default. */
export function everything(): Settings {
  const settings = defaultSettings()
  const strategies = Object.fromEntries(
    Object.entries(settings.strategies).map(([id, params]) => [id, { ...params, enabled: true }]),
  )
  return { ...settings, strategies }
}

function simulated(markets: readonly SymbolMarket[], settings: Settings): WatchedEngine {
  const venue = venueOf(markets, { settings })
  const engine = new WatchedEngine(settings, { wallet: WALLET }, venue)
  runSimulated(engine, venue, { event() {}, trade() {} })
  engine.end()
  return engine
}

async function live(markets: readonly SymbolMarket[], settings: Settings): Promise<WatchedEngine> {
  const venue = venueOf(markets, { settings })
  const engine = new WatchedEngine(settings, { wallet: WALLET }, venue)
  const exchange = new EmbeddedExchange(venue)
  const driver = new LiveDriver(engine, {
    clock: exchange.clock,
    broker: exchange,
    feed: exchange,
    journal: { event() {}, trade() {} },
    store: null,
  })
  driver.start(await exchange.history())
  await exchange.run(
    () => driver.idle(),
    () => Promise.resolve(true),
    null,
  )
  engine.end()
  return engine
}

for (const seed of [11, 12, 13]) {
  test(`over a synthetic market with everything on none is broken after any input (seed ${seed})`, async () => {
    const markets = marketsOf(seed, 40, {
      symbols: 6,
      minutes15Days: 20,
      minutes5Days: 10,
      minutes5Symbols: 3,
    })
    for (const engine of [simulated(markets, everything()), await live(markets, everything())]) {
      for (const one of INVARIANTS) assert.ok((engine.asked.get(one) ?? 0) > 5, `${one} was asked`)
    }
  })
}

test.run()
