import { readdirSync, readFileSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { marketsOf, venueOf } from './core/adapters/sim/market.fixture.ts'
import { instrumentSets, isRecorded } from './core/adapters/sim/recorded.fixture.ts'
import type { Venue } from './core/adapters/sim/venue.ts'
import { type Random, random } from './core/base/random.ts'
import type { Steps, Ticks } from './core/base/units.ts'
import type { Signal } from './core/decision/signal.ts'
import { instrumentOf, ticks } from './core/decision/view.fixture.ts'
import {
  Desk,
  events,
  gates,
  gridSignal,
  instrument,
  placed,
  reversionSignal,
} from './core/engine/desk.fixture.ts'
import { runSimulated } from './core/engine/drivers/simulated.ts'
import { Engine } from './core/engine/engine.ts'
import type { Effect, Input, OrderRequest } from './core/engine/protocol.ts'
import { defaultSettings } from './core/engine/settings.ts'
import type { Instrument } from './core/market/instrument.ts'
import { instrumentFrom } from './core/market/instruments.ts'
import { formatSteps, formatTicks, priceOf, qtyOf } from './core/market/quantise.ts'
import { UNIVERSE } from './core/market/tiers.ts'

const test = suite('incidents of orders')
const SEED = 20_260_411
console.log(`seed ${SEED}`)

const recorded = isRecorded ? test : test.skip
const ofRecorded = (title: string): string =>
  isRecorded ? title : `${title}: skipped, as ../shared/data is not there`

/** Every instrument of every recorded set. */
async function recordedInstruments(): Promise<readonly Instrument[]> {
  return (await instrumentSets()).flatMap(set => [...set.values()].map(instrumentFrom))
}

/** Instruments with ticks and steps of all sizes, and least orders of one step to many. */
function madeInstruments(source: Random): readonly Instrument[] {
  const unit = (exponent: number): string =>
    exponent < 0 ? `0.${'1'.padStart(-exponent, '0')}` : String(10 ** exponent)
  return Array.from({ length: 200 }, () =>
    instrumentOf({
      tick: unit(source.int(9) - 7),
      step: unit(source.int(7) - 3),
      minQty: (1 + source.int(source.next() < 0.5 ? 2 : 100)) as Steps,
      maxQty: source.next() < 0.3 ? ((200 + source.int(1_000)) as Steps) : null,
    }),
  )
}

/** An entry of the grid or of mean reversion at a made-up price of the instrument. */
function entryAt(one: Instrument, source: Random): Signal {
  const price = (100 + source.int(source.next() < 0.5 ? 2_000 : 900_000)) as Ticks
  const last = priceOf(one, price)
  const common = { symbol: one.symbol, instrument: one, last, price: last }
  const stop = Math.floor(price * 0.97) as Ticks
  const order = { type: 'limit', price } as const
  return source.next() < 0.5
    ? gridSignal(one.symbol, { ...common, order, stop })
    : reversionSignal(one.symbol, { ...common, order, stop, target: Math.ceil(price * 1.1) as Ticks })
}

interface Tried {
  entered: number
  refused: number
  targets: number
}

/** Proposes an entry, fills it, and looks at every order that comes of it. */
function tryOne(one: Instrument, source: Random, seen: Tried): void {
  const desk = new Desk()
  desk.feed({ type: 'instrument', instrument: one })
  const signal = entryAt(one, source)
  desk.price(one.symbol, signal.last)
  const effects = desk.propose(signal)
  const [entry] = placed(effects)
  if (entry === undefined) {
    assert.ok(
      ['sizing', 'universe', 'cascade'].includes(String(gates(effects)[0])),
      `${one.symbol}: ${gates(effects)}`,
    )
    seen.refused++
    return
  }
  seen.entered++
  const what = `${one.symbol} (${one.source}): ${entry.steps} steps at ${entry.price} ticks`
  assert.ok(Number.isSafeInteger(entry.steps) && entry.steps >= one.minQty, what)
  assert.ok(one.maxQty === null || entry.steps <= one.maxQty, what)
  assert.ok(entry.price !== null && entry.price >= one.minPrice, what)
  assert.ok(qtyOf(one, entry.steps) * priceOf(one, entry.price as Ticks) >= one.minNotional, what)
  texts(one, entry)
  const [said] = events(effects, 'entered')
  assert.is(said.figures.qty, exact(one.step, entry.steps))
  assert.is(said.figures.price, exact(one.tick, entry.price as Ticks))
  desk.order(entry.clientOrderId, 'accepted')
  let sold = 0
  for (const target of placed(desk.fill(entry))) {
    seen.targets++
    sold += target.steps
    assert.ok(target.steps >= one.minQty, `${what}: a target of ${target.steps}`)
    texts(one, target)
  }
  assert.ok(sold <= entry.steps, `${what}: targets of ${sold}`)
}

/** So many units, written out by whole numbers alone. */
function exact(unit: string, count: number): string {
  const plain = unit.includes('.') ? unit.replace(/\.?0+$/, '') : unit
  const decimals = plain.split('.')[1]?.length ?? 0
  const digits = (BigInt(plain.replace('.', '')) * BigInt(count)).toString().padStart(decimals + 1, '0')
  return decimals === 0 ? digits : `${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`
}

/** Price, quantity and stop as they are sent. */
function texts(one: Instrument, { price, steps, stop }: OrderRequest): void {
  assert.is(formatSteps(one, steps), exact(one.step, steps))
  for (const at of [price, stop]) if (at !== null) assert.is(formatTicks(one, at), exact(one.tick, at))
}

function tryAll(instruments: readonly Instrument[], times: number): Tried {
  const source = random(SEED)
  const seen: Tried = { entered: 0, refused: 0, targets: 0 }
  for (const one of instruments) for (let k = 0; k < times; k++) tryOne(one, source, seen)
  return seen
}

// --- 13, 14, 15 ---------------------------------------------------------------------------------------------------

test('incident 13: whatever tick, step and least order, an order is within them or is refused', () => {
  const seen = tryAll(madeInstruments(random(SEED)), 4)
  assert.ok(seen.entered > 200 && seen.refused > 50 && seen.targets > 100, JSON.stringify(seen))
})

recorded(
  ofRecorded(
    'incident 13: with the filters of every recorded instrument an order is within them or is refused',
  ),
  async () => {
    const seen = tryAll(await recordedInstruments(), 1)
    assert.ok(seen.entered > 1_000 && seen.targets > 400, JSON.stringify(seen))
  },
)

test('incident 14: without the filters of its symbol, or with others, nothing is entered; with them it is', () => {
  const known = instrument('SOLUSDT')
  const desk = new Desk()
  // Many failures mute nothing.
  for (let k = 0; k < 6; k++) assert.equal(gates(desk.propose(gridSignal())), ['instrument'])
  desk.feed({ type: 'instrument', instrument: { ...known, step: '0.1', stepSize: 0.1 } })
  desk.price('SOLUSDT', 102)
  assert.equal(gates(desk.propose(gridSignal())), ['instrument'])
  desk.feed({ type: 'instrument', instrument: { ...known, tick: '0.01', tickSize: 0.01 } })
  assert.equal(gates(desk.propose(gridSignal())), ['instrument'])
  desk.feed({ type: 'instrument', instrument: known })
  assert.is(placed(desk.propose(gridSignal())).length, 1)
})

test('incident 14: a row without a usable step or tick is an error, and never a guess', () => {
  const row = {
    symbol: 'CHEAPUSDT',
    baseCoin: 'CHEAP',
    quoteCoin: 'USDT',
    tick: '0.000001',
    step: '0.1',
    minQty: '0.1',
    maxQty: null,
    minPrice: null,
    maxLeverage: '25',
    date: '2026-01-01',
  }
  assert.is(instrumentFrom(row).stepSize, 0.1)
  for (const broken of [{ step: '' }, { step: '0' }, { tick: '' }, { tick: 'x' }, { minQty: '' }]) {
    assert.throws(() => instrumentFrom({ ...row, ...broken }), /CHEAPUSDT/)
  }
})

test('incident 15: a quantity or a price is written as its exact decimal, for every count', () => {
  const source = random(SEED)
  for (const one of madeInstruments(source)) {
    for (let k = 0; k < 20; k++) {
      const count = 1 + source.int(k < 10 ? 1_000 : 1_000_000_000)
      assert.is(formatSteps(one, count as Steps), exact(one.step, count))
      assert.is(formatTicks(one, count as Ticks), exact(one.tick, count))
    }
  }
})

recorded(ofRecorded('incident 15: so it is with every recorded instrument'), async () => {
  const source = random(SEED)
  for (const one of await recordedInstruments()) {
    for (const count of [1, 3, 7, 1 + source.int(1_000_000), 1 + source.int(1_000_000_000)]) {
      assert.is(formatSteps(one, count as Steps), exact(one.step, count))
      assert.is(formatTicks(one, count as Ticks), exact(one.tick, count))
    }
  }
})

// --- 19 -----------------------------------------------------------------------------------------------------------

test('incident 19: a stop nearer than 1 % of the price is no entry, on both sides and at both leverages', () => {
  const tried = (side: 'long' | 'short', stop: number, leverage: number): readonly unknown[] => {
    const desk = new Desk().introduce('SOLUSDT')
    desk.price('SOLUSDT', 100)
    const common = { side, last: 100, order: { type: 'market' }, stop: ticks(stop), target: null } as const
    const bands =
      side === 'long' ? {} : { bbPercent: 97, weekBb: 60, monthBb: 60, tier: 'B' as const, funding: 0 }
    const make = leverage === 3 ? gridSignal : reversionSignal
    const strategy = leverage === 3 && side === 'short' ? { strategy: 'bollinger-grid-short' } : {}
    const effects = desk.propose(make('SOLUSDT', { ...common, ...bands, ...strategy }))
    return placed(effects).length === 1 ? ['entered'] : gates(effects)
  }
  for (const leverage of [3, 10]) {
    assert.equal(tried('long', 990, leverage), ['entered'])
    assert.equal(tried('long', 991, leverage), ['distance-to-stop'])
    assert.equal(tried('short', 1_010, leverage), ['entered'])
    assert.equal(tried('short', 1_009, leverage), ['distance-to-stop'])
  }
})

// --- 36 -----------------------------------------------------------------------------------------------------------

/** All texts and keys of a value. */
function wordsOf(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value]
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) => [key, ...wordsOf(inner)])
}

test('incident 36: no default and no rule knows a symbol; coins stand in the lists of the universe alone', () => {
  const { universe, ...others } = defaultSettings()
  const coins = new Set([
    ...Object.values(UNIVERSE.tiers).flat(),
    ...UNIVERSE.neverShort,
    ...UNIVERSE.neverTrade,
  ])
  assert.ok(coins.size > 40 && wordsOf(universe).filter(word => coins.has(word)).length >= coins.size)
  assert.equal(
    wordsOf(others).filter(word => coins.has(word) || /[A-Z0-9]{2,}(?:USDT|PERP)$/.test(word)),
    [],
  )
  const named: string[] = []
  for (const folder of ['strategies', 'guards', 'scoring', 'decision', 'engine', 'portfolio', 'indicators']) {
    const at = new URL(`core/${folder}/`, import.meta.url)
    for (const file of readdirSync(at)) {
      if (!file.endsWith('.ts') || /\.(?:test|fixture)\.ts$/.test(file)) continue
      const code = readFileSync(new URL(file, at), 'utf8')
      for (const [, word] of code.matchAll(/['"`]([A-Z0-9]+)['"`]/g)) {
        const isSymbol = /.(?:USDT|PERP)$/.test(word) || (coins.has(word) && word.length > 1)
        if (isSymbol) named.push(`${folder}/${file}: ${word}`)
      }
    }
  }
  assert.equal(named, [])
})

// --- 75 -----------------------------------------------------------------------------------------------------------

/** An engine that looks, at each reducing order, whether there is at the exchange what it reduces. */
class Reducing extends Engine {
  readonly naked: string[] = []
  orders = 0
  readonly #venue: Venue

  constructor(venue: Venue) {
    super(defaultSettings(), { wallet: venue.options.wallet, lacking: 'skip' })
    this.#venue = venue
  }

  override step(input: Input): readonly Effect[] {
    const effects = super.step(input)
    const { positions } = this.#venue.exchange.account()
    for (const order of placed(effects)) {
      if (order.purpose !== 'exit') continue
      this.orders++
      const held = positions.find(one => one.symbol === order.symbol && one.side === order.side)
      if (held === undefined || held.steps < order.steps) this.naked.push(`${input.at} ${order.symbol}`)
    }
    return effects
  }
}

test('incident 75: a target is sent after the fill of what it sells, and none is refused', () => {
  const venue = venueOf(marketsOf(11, 60, { symbols: 4 }))
  const engine = new Reducing(venue)
  const refused: string[] = []
  runSimulated(engine, venue, {
    event: event => {
      if (event.kind === 'rejected') refused.push(event.reason)
    },
    trade() {},
  })
  assert.ok(engine.orders > 20, `${engine.orders} reducing orders`)
  assert.equal([engine.naked, refused], [[], []])
})

test.run()
