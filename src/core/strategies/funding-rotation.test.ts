import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { random } from '../base/random.ts'
import { HOUR, MINUTE } from '../base/units.ts'
import type { Intent } from '../decision/intent.ts'
import type { Signal } from '../decision/signal.ts'
import type { Alternative } from '../decision/strategy.ts'
import {
  MIDNIGHT,
  positionOf,
  positionViewOf,
  type Sketch,
  signalOf,
  ticks,
} from '../decision/view.fixture.ts'
import type { PositionView } from '../decision/view.ts'
import type { Side } from '../market/side.ts'
import { fundingRotation } from './funding-rotation.ts'

const test = suite('funding-rotation')

const { params } = fundingRotation
const SIDES: readonly Side[] = ['long', 'short']
/** An hour after midnight, well between settlements at midnight and at 08:00. */
const NOON = MIDNIGHT + HOUR

const signed = (side: Side, pays: number): number => (side === 'long' ? pays : -pays)

/** A position on a side that pays so much per 8 h. */
function held(side: Side, pays: number | null, sketch: Sketch = {}): PositionView {
  const funding = pays === null ? null : signed(side, pays)
  return positionViewOf(positionOf({ side }), { now: NOON, lastAt: NOON, funding, ...sketch })
}

/** An alternative on a side that receives so much per 8 h. */
function other(
  side: Side,
  receives: number | null,
  over: Partial<Alternative> = {},
  signal: Partial<Signal> = {},
): Alternative {
  const funding = receives === null ? null : -signed(side, receives)
  return {
    signal: signalOf({ symbol: 'ADAUSDT', side, funding, order: { type: 'market' }, ...signal }),
    now: NOON,
    lastAt: NOON,
    nextFunding: MIDNIGHT + 8 * HOUR,
    fundingInterval: 8 * HOUR,
    ...over,
  }
}

const kinds = (intents: readonly Intent[]): string => intents.map(({ kind }) => kind).join(' ')
const decided = (view: PositionView, ...alternatives: readonly Alternative[]): string =>
  kinds(fundingRotation.decide(view, params, alternatives))

test('a position is flagged when it pays more than 0.01 % at its next settlement, at its own interval', () => {
  for (const side of SIDES) {
    assert.is(decided(held(side, 0.0001)), '', side)
    assert.is(decided(held(side, 0.000101)), 'hold', side)
    // Half of it every 4 h, an eighth every hour.
    const every = (hours: number, pays: number): string =>
      decided(held(side, pays, { fundingInterval: hours * HOUR, nextFunding: MIDNIGHT + 2 * HOUR }))
    assert.is(every(4, 0.0002), '', side)
    assert.is(every(4, 0.000202), 'hold', side)
    assert.is(every(1, 0.0008), '', side)
    assert.is(every(1, 0.00081), 'hold', side)
    // Who is paid is not flagged, nor one of whom nobody knows.
    assert.is(decided(held(side, -0.002)), '', side)
    assert.is(decided(held(side, null)), '', side)
    assert.is(decided(held(side, 0.002, { fundingInterval: null })), '', side)
  }
})

test('what it says it would never choose it does not choose, and nothing else keeps an alternative from being shown', () => {
  const source = random('may choose')
  const tenthOfBasis = (): number => Math.round(200 * source.normal()) / 1e6
  let chosen = 0
  for (let round = 0; round < 4_000; round += 1) {
    const side = SIDES[round % 2]
    const view = held(side, Math.abs(tenthOfBasis()))
    const alternative = other(side, tenthOfBasis())
    const isChosen = decided(view, alternative) === 'enter exit'
    if (isChosen) {
      chosen += 1
      assert.ok(fundingRotation.mayChoose(view, alternative.signal.funding, params), String(round))
    }
  }
  assert.ok(chosen > 100, String(chosen))
  for (const side of SIDES) {
    const may = (receives: number | null): boolean =>
      fundingRotation.mayChoose(held(side, 0.0003), other(side, receives).signal.funding, params)
    assert.equal([may(0.000199), may(0.000201), may(null)], [false, true, false])
    assert.not(fundingRotation.mayChoose(held(side, null), 0.01, params))
  }
})

test('it is exchanged where what is saved over 24 h is more than both orders cost, not where it is as much', () => {
  // Both orders: 2 x (0.055 % + 0.02 %) = 0.15 %, so more than 0.05 % per 8 h.
  for (const side of SIDES) {
    assert.is(decided(held(side, 0.0003), other(side, 0.000199)), 'hold', side)
    assert.is(decided(held(side, 0.0003), other(side, 0.000201)), 'enter exit', side)
    const free = { ...params, slippageBasisPoints: 0 }
    const alternatives = [other(side, 0.00007)]
    // 0.11 % without slippage: 0.0003667 per 8 h.
    assert.is(kinds(fundingRotation.decide(held(side, 0.00029), free, alternatives)), 'hold', side)
    assert.is(kinds(fundingRotation.decide(held(side, 0.0003), free, alternatives)), 'enter exit', side)
  }
})

test('only one on the same side that receives will do', () => {
  for (const side of SIDES) {
    const opposite = side === 'long' ? 'short' : 'long'
    const view = held(side, 0.005)
    assert.is(decided(view, other(side, 0)), 'hold', side)
    assert.is(decided(view, other(side, -0.0001)), 'hold', side)
    assert.is(decided(view, other(side, null)), 'hold', side)
    assert.is(decided(view, other(opposite, 0.01)), 'hold', side)
    assert.is(decided(view, other(side, 0.00001)), 'enter exit', side)
  }
})

test('the chain enters the better one at the market with its stop and target, then exits this one', () => {
  for (const side of SIDES) {
    const signal = { stop: ticks(900), target: ticks(1_200), leverage: 10 }
    const chain = fundingRotation.decide(held(side, 0.001), params, [other(side, 0.001, {}, signal)])
    assert.equal(chain, [
      {
        kind: 'enter',
        symbol: 'ADAUSDT',
        side,
        order: { type: 'market' },
        ...signal,
        reason: 'instead of SOLUSDT: 0.600 % of funding saved in 24 h, 0.150 % of costs',
      },
      {
        kind: 'exit',
        why: 'rotated',
        reason:
          'pays 0.1000 % at the next funding, more than 0.01: exchanged for ADAUSDT, 0.600 % of funding saved in 24 h, 0.150 % of costs',
      },
    ])
  }
})

test('of several the first that is worth it is taken', () => {
  const alternatives = [
    other('long', 0.00001, {}, { symbol: 'DOTUSDT' }),
    other('long', 0.0003, {}, { symbol: 'ADAUSDT' }),
    other('long', 0.003, {}, { symbol: 'LTCUSDT' }),
  ]
  const [enter] = fundingRotation.decide(held('long', 0.0003), params, alternatives)
  assert.is(enter.kind === 'enter' && enter.symbol, 'ADAUSDT')
})

test('nothing is exchanged within 2 min of a settlement of either symbol, before it or after it', () => {
  const settlement = MIDNIGHT + 8 * HOUR
  /** Whether it is exchanged so many milliseconds from a settlement at which the other symbol has none. */
  const at = (offset: number, whose: 'own' | 'other'): string => {
    const now = settlement + offset
    const near = { nextFunding: offset < 0 ? settlement : settlement + 8 * HOUR, fundingInterval: 8 * HOUR }
    const far = { nextFunding: settlement + 3 * HOUR, fundingInterval: 8 * HOUR }
    const [own, others] = whose === 'own' ? [near, far] : [far, near]
    const lastAt = now - 1
    return decided(
      held('long', 0.003, { now, lastAt, ...own }),
      other('long', 0.003, { now, lastAt, ...others }),
    )
  }
  for (const whose of ['own', 'other'] as const) {
    assert.is(at(-2 * MINUTE - 1, whose), 'enter exit', whose)
    assert.is(at(-2 * MINUTE, whose), 'enter exit', whose)
    assert.is(at(-2 * MINUTE + 1, whose), 'hold', whose)
    assert.is(at(-1, whose), 'hold', whose)
    assert.is(at(0, whose), 'hold', whose)
    assert.is(at(1, whose), 'hold', whose)
    assert.is(at(2 * MINUTE - 1, whose), 'hold', whose)
    assert.is(at(2 * MINUTE, whose), 'enter exit', whose)
  }
})

test('at the very moment of a settlement it is over where the price is of that moment, and only there', () => {
  const now = MIDNIGHT + 8 * HOUR
  const next = { now, nextFunding: now + 8 * HOUR, fundingInterval: 8 * HOUR }
  const of = (own: number, others: number): string =>
    decided(held('long', 0.003, { ...next, lastAt: own }), other('long', 0.003, { ...next, lastAt: others }))
  assert.is(of(now, now), 'enter exit')
  assert.is(of(now - 1, now), 'hold')
  assert.is(of(now, now - 1), 'hold')
})

test('until when it is quiet is the end of the quiet around the settlement', () => {
  const until = (sketch: Sketch): number | null => {
    const found = fundingRotation.quietUntil(held('long', 0.001, sketch), params)
    return found === null ? null : found - MIDNIGHT
  }
  const eight = MIDNIGHT + 8 * HOUR
  assert.is(until({ now: eight - MINUTE, nextFunding: eight }), 8 * HOUR + 2 * MINUTE)
  assert.is(until({ now: eight + MINUTE, nextFunding: eight + 8 * HOUR }), 8 * HOUR + 2 * MINUTE)
  assert.is(until({ now: eight - HOUR, nextFunding: eight }), null)
  // A settlement that is not known, or an interval that is not, cannot be kept clear of.
  assert.is(until({ now: eight, nextFunding: null }), null)
  assert.is(until({ now: eight, nextFunding: eight + 8 * HOUR, fundingInterval: null }), null)
})

test('what nobody knows the next settlement of is not exchanged, and nothing is exchanged for it', () => {
  for (const unknown of [{ nextFunding: null }, { fundingInterval: null }]) {
    assert.is(decided(held('long', 0.003), other('long', 0.003, unknown)), 'hold')
  }
  assert.is(decided(held('long', 0.003, { nextFunding: null }), other('long', 0.003)), 'hold')
})

test('three a day and 24 h a coin are what its settings say', () => {
  assert.equal(fundingRotation.limits(params), { perDay: 3, coinRest: 24 * HOUR })
})

test.run()
