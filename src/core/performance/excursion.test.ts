import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { averageMae, averageMfe } from './excursion.ts'
import { testTrade } from './trades.fixture.ts'

const test = suite('excursion')

test('adverse and favourable excursions are averaged apart', () => {
  const trades = [testTrade({ mae: -3, mfe: 1 }), testTrade({ mae: -1, mfe: 0 })]
  assert.is(averageMae(trades), -2)
  assert.is(averageMfe(trades), 0.5)
})

test('without trades there are none', () => {
  assert.is(averageMae([]), null)
  assert.is(averageMfe([]), null)
})

test.run()
