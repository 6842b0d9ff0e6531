import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { instrumentOf, steps, ticks } from '../decision/view.fixture.ts'
import { isOrder, type Ladder, nextRung, rungLeft, withRungFilled } from './ladder.ts'

const test = suite('ladder')

const instrument = instrumentOf({ minQty: steps(10), minNotional: 5 })

const LADDER: Ladder = {
  firstEntry: ticks(1_000),
  budget: 10,
  takerFee: 0.00055,
  maxMargin: 80,
  rungs: [
    { price: ticks(950), steps: steps(300), filled: steps(0), margin: 9.5, isDropped: false },
    { price: ticks(900), steps: steps(600), filled: steps(0), margin: 18, isDropped: false },
  ],
  decided: 0,
}

test('an order has the least quantity and the least value, both included', () => {
  assert.not(isOrder(instrument, ticks(10_000), steps(9)))
  assert.ok(isOrder(instrument, ticks(10_000), steps(10)))
  assert.not(isOrder(instrument, ticks(1_000), steps(49)))
  assert.ok(isOrder(instrument, ticks(1_000), steps(50)))
})

test('the second rung comes once the first has nothing left that the exchange would take', () => {
  assert.is(nextRung(instrument, LADDER), 0)
  const part = withRungFilled(LADDER, 0, steps(240))
  assert.is(rungLeft(instrument, part.rungs[0]), 60)
  assert.is(nextRung(instrument, part), 0)
  // 50 steps at 95 are 4.75 USDT, below the least value of 5.
  const dust = withRungFilled(LADDER, 0, steps(250))
  assert.is(rungLeft(instrument, dust.rungs[0]), 0)
  assert.is(nextRung(instrument, dust), 1)
  assert.is(nextRung(instrument, withRungFilled(dust, 1, steps(600))), -1)
})

test('a dropped rung is never the next one', () => {
  const rungs = LADDER.rungs.map(rung => ({ ...rung, isDropped: true }))
  assert.is(nextRung(instrument, { ...LADDER, rungs }), -1)
})

test('a rung that is whole lets the next one be decided on at once, a part of one does not', () => {
  assert.is(withRungFilled(LADDER, 0, steps(299)).decided, 0)
  assert.is(withRungFilled(LADDER, 0, steps(300)).decided, null)
})

test('a rung that fills beyond its size has nothing left', () => {
  const over = withRungFilled(withRungFilled(LADDER, 0, steps(300)), 0, steps(300))
  assert.is(over.rungs[0].filled, 600)
  assert.is(rungLeft(instrument, over.rungs[0]), 0)
})

test.run()
