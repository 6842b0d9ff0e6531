import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Act } from './core/adapters/sim/acts.ts'
import { hedged } from './core/adapters/sim/hedge.fixture.ts'
import { marketsOf, venueOf } from './core/adapters/sim/market.fixture.ts'
import type { Venue } from './core/adapters/sim/venue.ts'
import type { Ticks } from './core/base/units.ts'
import { defaultSettings } from './core/engine/settings.ts'
import type { Position } from './core/portfolio/position.ts'
import { everything, INVARIANTS, watchLive, watchSimulated } from './invariants.fixture.ts'

const test = suite('invariants')
const SEED = 20_260_413
console.log(`seed ${SEED}`)

for (const seed of [11, 12, 13]) {
  test(`over a synthetic market with everything on none is broken after any input (seed ${seed})`, async () => {
    const markets = marketsOf(seed, 40, {
      symbols: 6,
      minutes15Days: 20,
      minutes5Days: 10,
      minutes5Symbols: 3,
    })
    const settings = everything()
    const simulated = watchSimulated(venueOf(markets), settings)
    const live = await watchLive(venueOf(markets), settings)
    assert.equal(live.trades, simulated.trades)
    for (const { engine } of [simulated, live]) {
      for (const one of INVARIANTS) assert.ok((engine.asked.get(one) ?? 0) > 5, `${one} was asked`)
    }
  })
}

for (const seed of [11, 12]) {
  test(`in hedge mode none is broken while symbols are held on both sides (seed ${seed})`, async () => {
    const settings = hedged(everything())
    const markets = marketsOf(seed, 40, {
      symbols: 6,
      minutes15Days: 20,
      minutes5Days: 10,
      minutes5Symbols: 3,
    })
    const venue = (): Venue => venueOf(markets, { settings })
    const simulated = watchSimulated(venue(), settings)
    const live = await watchLive(venue(), settings)
    assert.equal(live.trades, simulated.trades)
    for (const { engine } of [simulated, live]) {
      assert.ok(engine.hedged.size >= 2, `${[...engine.hedged]} held on both sides`)
      for (const one of INVARIANTS) assert.ok((engine.asked.get(one) ?? 0) > 5, `${one} was asked`)
    }
  })
}

test('in one-way mode a symbol that is held on both sides is found out', () => {
  const settings = hedged()
  const caps = { ...settings, positionMode: 'one-way' } as const
  const venue = venueOf(marketsOf(11, 40, { symbols: 6, minutes15Days: 20 }), { settings })
  assert.throws(() => watchSimulated(venue, settings, caps), /both sides of/)
})

test('over any market in hedge mode the money of both sides, closed and open, is the change of the wallet', () => {
  let both = 0
  fc.assert(
    fc.property(fc.nat(1_000_000), seed => {
      const settings = hedged()
      const venue = venueOf(marketsOf(seed, 40, { symbols: 4 }), { settings })
      const { engine, trades } = watchSimulated(venue, settings)
      let sum = 0
      for (const { net } of trades) sum += net
      for (const { gross, fees, funding } of engine.portfolio.positions.values())
        sum += gross - fees + funding
      const change = engine.portfolio.wallet - venue.options.wallet
      assert.ok(Math.abs(change - sum) < 1e-6, `${change} is ${sum}`)
      if (engine.hedged.size > 0) both++
    }),
    { seed: SEED, numRuns: 12 },
  )
  assert.ok(both > 3, `${both} runs held both sides`)
})

test('none is broken where the house has little room, and its caps refuse', () => {
  const wide = everything()
  const guards = { ...wide.guards, 'total-margin': { percent: 3, usdt: null } }
  const { engine } = watchSimulated(venueOf(marketsOf(11, 40, MADE)), { ...wide, guards })
  assert.ok((engine.counts['refused:total-margin'] ?? 0) > 5, 'the cap was met')
})

test('a loss beyond what is allowed, and a plan beyond its margin, are found out', () => {
  const settings = everything()
  const under = (id: string, params: { readonly [name: string]: number }): typeof settings => ({
    ...settings,
    strategies: { ...settings.strategies, [id]: { ...settings.strategies[id], ...params } },
  })
  for (const caps of [
    under('atr-risk-sizing', { riskPercent: 0.2 }),
    under('dca-ladder', { maxMargin: 20 }),
  ]) {
    assert.throws(() => watchSimulated(venueOf(marketsOf(11, 40, MADE)), settings, caps), /I7 is broken/)
  }
})

const MADE = { symbols: 4, minutes15Days: 20 }

/** A run in which somebody does something to the first position that lives. */
function meddled(actOf: (position: Position) => Act): void {
  const venue = venueOf(marketsOf(11, 40, MADE))
  let isDone = false
  watchSimulated(venue, defaultSettings(), defaultSettings(), engine => {
    const [position] = engine.portfolio.positions.values()
    if (isDone || position === undefined) return
    isDone = true
    assert.is(venue.act(actOf(position)), null)
  })
}

test('a stop that is gone, one that is looser, and money from nowhere are found out', () => {
  assert.throws(() => meddled(({ symbol, side }) => ({ kind: 'remove-stop', symbol, side })), /I1 is broken/)
  const looser = ({ symbol, side, stop }: Position): Act => ({
    kind: 'move-stop',
    symbol,
    side,
    stop: (side === 'long' ? stop - 1 : stop + 1) as Ticks,
  })
  assert.throws(() => meddled(looser), /I2 is broken/)
  assert.throws(() => meddled(() => ({ kind: 'deposit', usdt: 1 })), /I16 is broken/)
})

test('caps that are not kept are found out', () => {
  const settings = defaultSettings()
  const { guards } = settings
  const markets = marketsOf(11, 40, MADE)
  for (const caps of [
    { ...guards, 'total-margin': { percent: 5, usdt: null } },
    { ...guards, 'long-share': { freePositions: 0, percent: 10 } },
  ]) {
    assert.throws(
      () => watchSimulated(venueOf(markets), settings, { ...settings, guards: caps }),
      /I7 is broken/,
    )
  }
})

test.run()
