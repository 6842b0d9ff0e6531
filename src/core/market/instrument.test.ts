import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Steps } from '../base/units.ts'
import { mostSteps } from './instrument.ts'

const test = suite('instrument')

test('an order at the market has a greatest quantity of its own where one is known', () => {
  const [maxQty, maxMarketQty] = [900 as Steps, 400 as Steps]
  assert.equal(
    [mostSteps({ maxQty, maxMarketQty }, 'market'), mostSteps({ maxQty, maxMarketQty }, 'limit')],
    [400, 900],
  )
  assert.equal([mostSteps({ maxQty }, 'market'), mostSteps({ maxQty: null }, 'market')], [900, null])
  assert.is(mostSteps({ maxQty: null, maxMarketQty }, 'limit'), null)
})

test.run()
