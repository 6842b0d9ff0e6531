import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Steps } from '../base/units.ts'
import { regridded } from '../portfolio/grid-change.ts'
import { Filters } from './filters.ts'
import { HELD, Parts, RESTING } from './parts.fixture.ts'

const test = suite('filters')

test('the same filters again are no news, others are told of once for each position', () => {
  const parts = new Parts().book([HELD])
  const filters = new Filters(parts)
  filters.introduce({ ...HELD.instrument, source: 'another day' })
  assert.equal(parts.told(), [])
  const least = { ...HELD.instrument, minQty: 5 as Steps }
  filters.introduce(least)
  filters.introduce(least)
  assert.equal(parts.told(), ['alert I601'])
  assert.is(parts.core.portfolio.positions.get('SOLUSDT:long')?.instrument.minQty, 5)
})

test('in other units position, stop and orders are counted anew, and an entry is taken back', () => {
  const parts = new Parts().book([HELD], [RESTING])
  const filters = new Filters(parts)
  parts.management.target(HELD)
  const [order] = parts.orders.exits.values()
  order.state = 'working'
  parts.told()
  filters.introduce(regridded(HELD.instrument, '0.01', '0.0001'))
  const held = parts.core.portfolio.positions.get('SOLUSDT:long')
  assert.equal([held?.stop, held?.steps, held?.target], [9_500, 10_000, 11_000])
  assert.equal([order.price, order.steps], [11_000, 10_000])
  assert.equal(parts.told(), ['alert I601'], 'an order at the same price needs no amendment')
  filters.introduce(regridded(RESTING.instrument, '0.01', '0.001'))
  assert.equal(parts.told(), ['cancel'])
  assert.is(parts.core.portfolio.pending.get(RESTING.clientOrderId)?.stop, 9_500)
})

test.run()
