import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { instrumentOf, steps } from '../../decision/view.fixture.ts'
import type { Instrument } from '../../market/instrument.ts'
import { qtyOf } from '../../market/quantise.ts'
import { type Hour, KINDS, type Managed, manage, thin } from './managed.fixture.ts'

const test = suite('managed positions')
const SEED = 20_260_410
console.log(`seed ${SEED}`)

/** Instruments from fine to so coarse that the parts of a position are below the least order. */
const INSTRUMENTS: readonly Instrument[] = [
  instrumentOf(),
  instrumentOf({ tick: '0.01', step: '0.1', minQty: steps(1) }),
  instrumentOf({ tick: '0.5', step: '0.1', minQty: steps(3) }),
  instrumentOf({ tick: '0.1', step: '1', minQty: steps(1) }),
  instrumentOf({ tick: '0.1', step: '0.1', minQty: steps(7) }),
]

/** Hours whose moves add up, in tenths of a percent of 100. */
const moves = fc.array(
  fc.record({
    move: fc.oneof(fc.integer({ min: -15, max: 15 }), fc.integer({ min: -60, max: 60 })),
    gap: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, fc.integer({ min: -40, max: 40 })),
    act: fc.option(fc.constantFrom(1, 7, 200, null), { freq: 12 }),
  }),
  { minLength: 12, maxLength: 120 },
)

type Drawn = typeof moves extends fc.Arbitrary<infer T> ? T : never

function hoursOf(drawn: Drawn): readonly Hour[] {
  let close = 100
  return drawn.map(({ move, gap, act }) => {
    const open = Math.max(60, close + gap / 10)
    close = Math.max(60, open + move / 10)
    return { open, close, ...(act === null ? {} : { act: thin(act) }) }
  })
}

test('incident 16: over any prices, sides and leverages a stop never loosens or is gone, targets add up, and one request is on its way', () => {
  const total = { stops: 0, amendments: 0, partTargets: 0, cancellations: 0 }
  let trades = 0
  fc.assert(
    fc.property(
      fc.constantFrom(...KINDS),
      fc.constantFrom(...INSTRUMENTS),
      moves,
      (kind, instrument, drawn) => {
        const engine = manage(kind, instrument, hoursOf(drawn))
        for (const one of ['stops', 'amendments', 'partTargets', 'cancellations'] as const) {
          total[one] += engine.seen[one]
        }
        trades += engine.trades.length
        addsUp(engine, instrument)
      },
    ),
    { seed: SEED, numRuns: 300 },
  )
  const { stops, amendments, partTargets, cancellations } = total
  assert.ok(stops > 300 && amendments > 100, `${stops} stops and ${amendments} targets moved`)
  assert.ok(partTargets > 5 && cancellations > 2, `${partTargets} in part, ${cancellations} replaced`)
  assert.ok(trades > 150, `${trades} trades`)
})

/** What was sold of each trade is what was bought, to the step. */
function addsUp({ trades }: Managed, instrument: Instrument): void {
  for (const { qty, exits } of trades) {
    const sold = exits.reduce((sum, exit) => sum + Math.round(exit.qty / instrument.stepSize), 0)
    assert.is(qtyOf(instrument, steps(sold)), qty)
  }
}

test.run()
