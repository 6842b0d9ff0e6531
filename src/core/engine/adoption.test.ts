import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Steps, Ticks } from '../base/units.ts'
import { instrumentOf, MIDNIGHT } from '../decision/view.fixture.ts'
import { adoption, adoptionProblem } from './adoption.ts'
import type { AccountPosition } from './protocol.ts'

const test = suite('adoption')

const INSTRUMENT = instrumentOf()
const THERE: AccountPosition = {
  symbol: INSTRUMENT.symbol,
  side: 'long',
  steps: 1_500 as Steps,
  entry: 101.25,
  leverage: 7,
  stop: null,
}
const ASKED = { id: 'adopt-1', stop: 95, target: null, by: 'me' }

test('the terms are judged at their very limits, for both sides alike', () => {
  // Mirrored at the mark of 100: what is 5 below it for a long is 5 above it for a short.
  const cases: readonly (readonly [
    shown: number | null,
    stop: number | null,
    target: number | null,
    words: RegExp | null,
  ])[] = [
    [null, null, null, /no stop at the exchange/],
    [null, -5, null, null],
    [-5, null, null, null],
    [null, 0, null, /past a stop/],
    [null, 1, null, /past a stop/],
    [null, -0.1, null, null],
    [-5, -5, null, null],
    [-5, -4.9, null, null],
    [-5, -5.1, null, /is tighter than/],
    [null, -5, 0, /not beyond the mark/],
    [null, -5, -1, /not beyond the mark/],
    [null, -5, 0.1, null],
  ]
  for (const side of ['long', 'short'] as const) {
    const at = (distance: number | null): number | null =>
      distance === null ? null : 100 + (side === 'long' ? distance : -distance)
    for (const [shown, stop, target, words] of cases) {
      const problem = adoptionProblem({
        side,
        mark: 100,
        shown: at(shown),
        stop: at(stop),
        target: at(target),
        liquidation: null,
      })
      if (words === null) assert.is(problem, null, `${side} ${shown} ${stop} ${target}`)
      else assert.match(problem ?? '', words)
    }
  }
})

test('a stop that lies where the position is liquidated before is refused, on both sides', () => {
  for (const [side, liquidation] of [
    ['long', 90],
    ['short', 110],
  ] as const) {
    const problem = (distance: number, which: 'shown' | 'stop'): string | null => {
      const price = liquidation + (side === 'long' ? distance : -distance)
      const none = { side, mark: 100, shown: null, stop: null, target: null, liquidation }
      return adoptionProblem({ ...none, [which]: price })
    }
    for (const which of ['shown', 'stop'] as const) {
      assert.is(problem(0.1, which), null)
      assert.match(problem(0, which) ?? '', /liquidated at/)
      assert.match(problem(-5, which) ?? '', /say a nearer --stop/)
    }
  }
  const far = adoption(THERE, INSTRUMENT, 100, { ...ASKED, stop: 86 }, MIDNIGHT)
  assert.match('refused' in far ? far.refused : '', 'liquidated')
})

test('without a mark nothing is taken over', () => {
  assert.match(
    adoptionProblem({
      side: 'long',
      mark: Number.NaN,
      shown: 90,
      stop: null,
      target: null,
      liquidation: null,
    }) ?? '',
    /mark price is not known/,
  )
})

test('entry, size and leverage are those of the exchange, the stop goes to the tighter tick, the target to the passive one', () => {
  for (const [side, stop, target, ticks] of [
    ['long', 95.01, 110.01, [951, 1_101]],
    ['short', 104.99, 90.09, [1_049, 900]],
  ] as const) {
    const made = adoption({ ...THERE, side }, INSTRUMENT, 100, { ...ASKED, stop, target }, MIDNIGHT)
    if ('refused' in made) throw new Error(made.refused)
    const { position } = made
    assert.equal([position.stop, position.target], ticks)
    assert.equal(
      [position.entry, position.steps, position.enteredSteps, position.leverage],
      [101.25, 1_500, 1_500, 7],
    )
    assert.equal([position.strategy, position.openedAt, position.initialStop], ['manual', MIDNIGHT, ticks[0]])
    assert.equal([position.lowest, position.highest], [100, 101.25])
  }
})

test('its own stop is kept where none is said, and every request has orders of its own', () => {
  const there = { ...THERE, stop: 960 as Ticks }
  const ids = ['a', 'b'].map(id => {
    const made = adoption(there, INSTRUMENT, 100, { ...ASKED, id, stop: null }, MIDNIGHT)
    if ('refused' in made) throw new Error(made.refused)
    assert.is(made.position.stop, 960)
    return made.position.signalId
  })
  assert.is.not(ids[0], ids[1])
})

test('what no exchange takes for a price is refused', () => {
  for (const price of [0.01, 1e300, Number.NaN]) {
    for (const over of [{ stop: price }, { target: price }]) {
      const made = adoption(THERE, INSTRUMENT, 100, { ...ASKED, ...over }, MIDNIGHT)
      assert.match('refused' in made ? made.refused : '', /is no price of/)
    }
  }
})

test.run()
