import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Steps, Ticks } from '../../../base/units.ts'
import { BY_HAND, changed, isAgainst } from './wishes.ts'

const test = suite('wishes')

test('what an order brings along is changed leg by leg, and taken away by 0', () => {
  const first = changed(null, null, 900 as Ticks)
  assert.equal([first?.takeProfit, first?.stopLoss, first?.mode], [null, 900, 'Full'])
  const second = changed(first, 1_100 as Ticks, null)
  assert.equal([second?.takeProfit, second?.stopLoss], [1_100, 900])
  assert.is(changed(second, 0, 0), null)
  assert.is(changed(null, null, null), null)
})

test('in hedge mode an order against the side that it names takes from it', () => {
  const wish = { ...BY_HAND, symbol: 'XUSDT', steps: 1 as Steps }
  const against = (side: 'Buy' | 'Sell', positionIdx: 0 | 1 | 2): boolean =>
    isAgainst({ ...wish, side, positionIdx })
  assert.equal(
    [against('Buy', 1), against('Sell', 1), against('Buy', 2), against('Sell', 2)],
    [false, true, true, false],
  )
  assert.not(against('Sell', 0))
})

test.run()
