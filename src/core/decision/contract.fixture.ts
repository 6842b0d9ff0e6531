/**
 * Puts a strategy to its contract on thousands of generated markets: from a fraction of a tick to a billion ticks, with
 * and without bands, bands below zero, least prices and quantities of every size.
 */
import fc from 'fast-check'
import type { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DAY, HOUR } from '../base/units.ts'
import type { Instrument } from '../market/instrument.ts'
import { entryBreaches, ladderBreaches, managementBreaches, sizingBreaches } from './contract.ts'
import type { EntryStrategy, LadderStrategy, ManagementStrategy, SizingStrategy } from './strategy.ts'
import {
  instrumentOf,
  MIDNIGHT,
  minutes5Of,
  positionOf,
  positionViewOf,
  signalOf,
  steps,
  ticks,
  viewOf,
} from './view.fixture.ts'
import type { IntradayView, PositionView } from './view.ts'

type Test = ReturnType<typeof suite>

const SEED = 20_260_101
const RUNS = 4_000

const TICKS = ['0.0000001', '0.00001', '0.0005', '0.01', '0.1', '0.5', '1', '25', '1000']

const instruments: fc.Arbitrary<Instrument> = fc
  .record({
    tick: fc.constantFrom(...TICKS),
    step: fc.constantFrom('0.001', '0.1', '1', '100'),
    minQty: fc.constantFrom(1, 1, 2, 7, 50).map(steps),
    minPrice: fc.constantFrom(1, 1, 1, 5).map(ticks),
  })
  .map(instrumentOf)

/** Numbers of a range, one as likely as another (`fc.double` draws from the bits, and so nearly always about zero). */
const evenly = (min: number, max: number): fc.Arbitrary<number> =>
  fc.integer({ min: 0, max: 1_000_000 }).map(part => min + ((max - min) * part) / 1_000_000)

/** How many ticks the market is about: few as likely as many. */
const scales = evenly(-0.5, 9).map(power => 10 ** power)
/** Where something lies, in half widths of the bands around their middle. */
const places = evenly(-2.5, 2.5)
const maybe = <T>(of: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(of, { nil: undefined, freq: 9 })

const markets = fc
  .record({
    instrument: instruments,
    scale: scales,
    /** Half the width of the bands as a share of the middle; above 1 the lower band is below zero. */
    half: evenly(0, 1.2),
    price: places,
    last: evenly(0.8, 1.2),
    isWarm: maybe(fc.constant(true)),
    week: maybe(fc.tuple(places, evenly(0.01, 2))),
    month: maybe(fc.tuple(places, evenly(0.01, 2))),
    tier: fc.constantFrom('S' as const, 'A' as const, 'B' as const, 'C' as const, 'D' as const, 'E' as const),
    neverShort: fc.boolean(),
    /** 5-minute bands: where their close lies in them, half their width as a share of the close, RSI. */
    minutes: maybe(fc.tuple(places, evenly(0, 0.1), evenly(0, 100))),
    funding: fc.option(evenly(-0.004, 0.004)),
    change: maybe(evenly(-50, 300)),
    turnover: evenly(0, 3e6),
    /** The three closes before the newest, as shares of it. */
    before: fc.array(evenly(0.8, 1.2), { minLength: 3, maxLength: 3 }),
  })
  .map(({ instrument, scale, half, price, last, isWarm, week, month, minutes, before, ...given }) => {
    const middle = scale * instrument.tickSize
    const at = (place: number): number => middle * (1 + place * half)
    const close = Math.max(at(price), instrument.tickSize / 2)
    const bands = (of: readonly [number, number] | undefined): readonly [number, number] | undefined =>
      of === undefined ? undefined : [at(of[0]), at(of[0]) + of[1] * middle]
    const known =
      isWarm === true
        ? { lower: at(-1), middle, upper: at(1) }
        : { lower: undefined, middle: undefined, upper: undefined }
    return {
      instrument,
      price: close,
      last: close * last,
      mark: close * last,
      ...known,
      week: bands(week),
      month: bands(month),
      ...given,
      closes: [...before.map(share => share * close), close],
      minutes5: minutes && minutesOf(close, ...minutes),
    }
  })

function minutesOf(price: number, place: number, half: number, rsi: number): IntradayView {
  const middle = price * (1 - place * half)
  return minutes5Of({ price, lower: middle - price * half, middle, upper: middle + price * half, rsi })
}

/** Registers the contract of an entry strategy, and that the generated markets do make it enter. */
export function keepsEntryContract(test: Test, strategy: EntryStrategy): void {
  test(`it keeps the contract of entry strategies on generated markets (seed ${SEED})`, () => {
    let entered = 0
    const property = fc.property(markets, market => {
      const { week, month, ...sketch } = market
      const view = viewOf({ ...sketch, ...(week && { week }), ...(month && { month }) })
      assert.equal(entryBreaches(strategy, view), [])
      entered += strategy.decide(view, strategy.params).length
    })
    fc.assert(property, { seed: SEED, numRuns: RUNS })
    assert.ok(entered > RUNS / 100, `only ${entered} entries`)
  })
  const { id, params, manage } = strategy
  if (manage !== undefined) {
    test(`it manages its own positions by the contract of management strategies (seed ${SEED})`, () => {
      for (const moment of ['time-exits', 'trailing', 'funding-sign'] as const) {
        const own: ManagementStrategy = {
          id,
          role: 'management',
          params,
          decide: (view, p) => strategy.manage?.(moment, view, p) ?? [],
        }
        const property = fc.property(positions, one => assert.equal(managementBreaches(own, heldIn(one)), []))
        fc.assert(property, { seed: SEED, numRuns: RUNS })
      }
    })
  }

  test('it wants nothing before the bands are known', () => {
    for (const price of [1, 99, 100, 150, 200, 201, 1000]) {
      const view = viewOf({
        price,
        lower: undefined,
        middle: undefined,
        upper: undefined,
        week: [0, 1],
        month: [0, 1],
      })
      assert.equal(strategy.decide(view, strategy.params), [])
    }
  })
}

const positions = fc.record({
  market: markets,
  side: fc.constantFrom('long' as const, 'short' as const),
  entry: fc.oneof(
    places.map(place => ({ place })),
    evenly(0.7, 1.4).map(share => ({ share })),
  ),
  stopTicksAway: fc.integer({ min: 1, max: 50 }),
  stopShare: evenly(-0.05, 0.1),
  size: fc.integer({ min: 1, max: 400 }),
  sold: evenly(0, 0.9),
  targetsFilled: fc.constantFrom(0 as const, 1 as const, 2 as const),
  leverage: fc.constantFrom(3, 10, 25),
  weekBbAtEntry: fc.option(evenly(-50, 150)),
  hours: fc.integer({ min: 0, max: 24 * 30 }),
})

type Held = typeof positions extends fc.Arbitrary<infer T> ? T : never

/** A generated position on its generated market. */
function heldIn(one: Held): PositionView {
  const { week, month, ...sketch } = one.market
  const { instrument } = sketch
  const direction = one.side === 'long' ? 1 : -1
  const wanted =
    'place' in one.entry ? sketch.price * (1 + 0.1 * one.entry.place) : sketch.price * one.entry.share
  const entry = Math.max(wanted, instrument.tickSize)
  const stop = Math.max(
    instrument.minPrice,
    Math.round((entry * (1 - direction * one.stopShare)) / instrument.tickSize) -
      direction * one.stopTicksAway,
  )
  const entered = Math.max(one.size, instrument.minQty)
  const open =
    one.targetsFilled === 0 ? entered : Math.max(entered - Math.floor(entered * one.sold), instrument.minQty)
  const position = positionOf({
    instrument,
    side: one.side,
    entry,
    stop: ticks(stop),
    enteredSteps: steps(entered),
    steps: steps(open),
    targetsFilled: one.targetsFilled,
    leverage: one.leverage,
    weekBbAtEntry: one.weekBbAtEntry,
  })
  const now = MIDNIGHT + one.hours * HOUR
  return positionViewOf(position, {
    ...sketch,
    now,
    candleStart: Math.floor(now / DAY) * DAY - DAY,
    ...(week && { week }),
    ...(month && { month }),
  })
}

/** Registers the contract of a management strategy, and that the generated positions do make it act. */
export function keepsManagementContract(test: Test, strategy: ManagementStrategy): void {
  test(`it keeps the contract of management strategies on generated positions (seed ${SEED})`, () => {
    let acted = 0
    const property = fc.property(positions, one => {
      const view = heldIn(one)
      assert.equal(managementBreaches(strategy, view), [])
      acted += strategy.decide(view, strategy.params).length > 0 ? 1 : 0
    })
    fc.assert(property, { seed: SEED, numRuns: RUNS })
    assert.ok(acted > RUNS / 100, `acted only ${acted} times`)
  })
  test('it does nothing to a fresh position before the bands are known and before it has earned 15 % on margin', () => {
    for (const side of ['long', 'short'] as const) {
      for (const leverage of [3, 10]) {
        for (const move of [-10, -1, 0, 1, 1.5]) {
          const view = positionViewOf(positionOf({ side, leverage }), {
            mark: side === 'long' ? 100 + move : 100 - move,
            lower: undefined,
            middle: undefined,
            upper: undefined,
          })
          assert.equal(strategy.decide(view, strategy.params), [])
        }
      }
    }
  })
}

/** Registers the contract of a ladder strategy, and that the generated plans do make it add. */
export function keepsLadderContract(test: Test, strategy: LadderStrategy): void {
  const ladders = fc.record({
    market: markets,
    entry: evenly(0.8, 1.3),
    size: fc.integer({ min: 1, max: 10 ** 6 }),
    equity: evenly(0, 1e5),
    filled: fc.tuple(evenly(0, 1.2), evenly(0, 1.2)),
    isReduced: fc.boolean(),
  })
  test(`it keeps the contract of ladder strategies on generated plans (seed ${SEED})`, () => {
    let added = 0
    const property = fc.property(ladders, one => {
      const { week, month, ...sketch } = one.market
      const { instrument } = sketch
      const entry =
        Math.max(Math.round((sketch.price * one.entry) / instrument.tickSize), 1) * instrument.tickSize
      const stop = strategy.stop(signalOf({ instrument }), entry, strategy.params)
      if (stop === undefined) return
      const shown = {
        signal: signalOf({ instrument, stop }),
        entry,
        steps: steps(one.size),
        equity: one.equity,
        takerFee: 0.00055,
      }
      const plan = strategy.plan(shown, strategy.params)
      if ('refused' in plan) return
      const rungs = plan.ladder.rungs.map((rung, i) => ({
        ...rung,
        filled: steps(Math.floor(rung.steps * Math.min(1, one.filled[i] ?? 0))),
      }))
      const exits = [{ time: MIDNIGHT, price: entry, qty: 1, reason: 'partial-target-1' as const }]
      const position = positionOf({
        instrument,
        entry,
        steps: plan.steps,
        stop,
        ladder: { ...plan.ladder, rungs },
        ...(one.isReduced ? { exits } : {}),
      })
      const view = positionViewOf(position, { ...sketch, ...(week && { week }), ...(month && { month }) })
      assert.equal(ladderBreaches(strategy, view), [])
      added += strategy.decide(view, strategy.params).length
    })
    fc.assert(property, { seed: SEED, numRuns: RUNS })
    assert.ok(added > RUNS / 100, `only ${added} adds`)
  })
}

/** Registers the contract of a sizing strategy, and that the generated proposals do make it cut. */
export function keepsSizingContract(test: Test, strategy: SizingStrategy): void {
  const proposals = fc.record({
    instrument: instruments,
    scale: evenly(1, 8).map(power => 10 ** power),
    side: fc.constantFrom('long' as const, 'short' as const),
    away: evenly(0, 0.5),
    atr: fc.option(evenly(0, 0.5)),
    size: fc.integer({ min: 0, max: 10 ** 9 }),
    equity: fc.oneof(evenly(-100, 1e6), fc.constant(0)),
    takerFee: fc.constantFrom(0, 0.00055, 0.01),
    leverage: fc.constantFrom(3, 10),
  })
  test(`it keeps the contract of sizing strategies on generated proposals (seed ${SEED})`, () => {
    let cut = 0
    const property = fc.property(proposals, one => {
      const { instrument, side, leverage } = one
      const entry = one.scale * instrument.tickSize
      const direction = side === 'long' ? 1 : -1
      const stop = ticks(Math.max(1, Math.round(one.scale * (1 - direction * one.away))))
      const atr15m = one.atr === null ? null : one.atr * entry
      const signal = signalOf({ instrument, side, leverage, stop, atr15m })
      const proposal = { signal, entry, steps: steps(one.size), equity: one.equity, takerFee: one.takerFee }
      assert.equal(sizingBreaches(strategy, proposal), [])
      cut += strategy.decide(proposal, strategy.params).length
    })
    fc.assert(property, { seed: SEED, numRuns: RUNS })
    assert.ok(cut > RUNS / 100, `only ${cut} cuts`)
  })
}
