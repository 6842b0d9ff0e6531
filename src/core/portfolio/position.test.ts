import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { instrumentOf, positionOf, steps } from '../decision/view.fixture.ts'
import { positionKey, positionMargin, unrealised } from './position.ts'

const test = suite('position')

test('the key tells symbols and sides apart', () => {
  assert.is(positionKey('SOLUSDT', 'long'), 'SOLUSDT:long')
  assert.is.not(positionKey('SOLUSDT', 'long'), positionKey('SOLUSDT', 'short'))
})

test('the margin is the open value at entry divided by the leverage', () => {
  assert.is(positionMargin(positionOf({ steps: steps(3000), entry: 100, leverage: 3 })), 100)
  // Of 3 coins entered, 1.2 are left: 120 / 3.
  assert.is(positionMargin(positionOf({ steps: steps(1200), enteredSteps: steps(3000), leverage: 3 })), 40)
  const instrument = instrumentOf({ step: '100' })
  assert.is(positionMargin(positionOf({ instrument, steps: steps(2), entry: 0.5, leverage: 10 })), 10)
})

test('a long earns when the mark rises, a short when it falls, each on the open quantity', () => {
  for (const [side, mark, expected] of [
    ['long', 110, 20],
    ['long', 90, -20],
    ['long', 100, 0],
    ['short', 110, -20],
    ['short', 90, 20],
  ] as const) {
    assert.is(unrealised(positionOf({ side, steps: steps(2000), enteredSteps: steps(5000) }), mark), expected)
  }
})

test.run()
