import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Ticks } from '../../../base/units.ts'
import { instrument } from '../exchange.fixture.ts'
import { Refusal } from './order.ts'
import { checkTrigger, protection, reached } from './triggers.ts'

const test = suite('triggers')

const at = (last: number, mark = last) => ({ time: 0, last, mark })

test('a take profit waits beyond the price and a stop before it, on either side', () => {
  const price = 1_000 as Ticks
  const direction = (type: 'TakeProfit' | 'StopLoss', side: 'long' | 'short'): string =>
    protection(type, side, price, 'LastPrice').direction
  assert.equal([direction('TakeProfit', 'long'), direction('StopLoss', 'long')], ['rise', 'fall'])
  assert.equal([direction('TakeProfit', 'short'), direction('StopLoss', 'short')], ['fall', 'rise'])
})

test('a trigger is reached at its share of the way, at once where the price is beyond, or not at all', () => {
  const trigger = protection('StopLoss', 'long', 950 as Ticks, 'LastPrice')
  assert.is(reached(instrument, trigger, at(100), at(90)), 0.5)
  assert.is(reached(instrument, trigger, at(94), at(99)), 0)
  assert.is(reached(instrument, trigger, at(100), at(96)), null)
  assert.is(reached(instrument, trigger, at(95), at(95)), 0)
})

test('a trigger by the mark price does not look at the last one', () => {
  const trigger = protection('StopLoss', 'long', 950 as Ticks, 'MarkPrice')
  assert.is(reached(instrument, trigger, at(90, 100), at(80, 96)), null)
  assert.is(reached(instrument, trigger, at(100, 100), at(100, 90)), 0.5)
})

test('a trigger that the market is beyond is refused with the code of its direction', () => {
  const code = (type: 'TakeProfit' | 'StopLoss'): number => {
    try {
      checkTrigger(instrument, protection(type, 'long', 1_000 as Ticks, 'LastPrice'), at(100))
      return 0
    } catch (error) {
      return error instanceof Refusal ? error.code : -1
    }
  }
  assert.equal([code('TakeProfit'), code('StopLoss')], [110_092, 110_093])
  checkTrigger(instrument, null, at(100))
})

test.run()
