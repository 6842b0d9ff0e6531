import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DAY } from '../base/units.ts'
import { ticks } from '../decision/view.fixture.ts'
import { Management } from './management.ts'
import { HELD, Parts } from './parts.fixture.ts'

const test = suite('management')

test('a position with a target of its own has it placed once, and amended when it has grown', () => {
  const parts = new Parts().book([HELD])
  parts.management.target(HELD)
  assert.equal(parts.told(), ['persist', 'place'])
  parts.management.target(HELD)
  assert.equal(parts.told(), [])
  const order = parts.orders.find(HELD, 'target')
  if (order !== undefined) order.state = 'working'
  parts.management.target({ ...HELD, target: ticks(1_150) })
  assert.equal(parts.told(), ['amend'])
})

test('a position is closed when it is held for too long, once', () => {
  const parts = new Parts().book([HELD])
  parts.management.timeExits()
  assert.equal(parts.told(), [])
  parts.wait(parts.core.settings.maxBars * DAY).management.timeExits()
  assert.equal(parts.told(), ['exiting', 'persist', 'place'])
  parts.management.timeExits()
  assert.equal(parts.told(), [])
})

test('the cycles wake for what time alone brings to a position', () => {
  const parts = new Parts().book([HELD])
  assert.is(parts.core.schedule.wakeAt(null), null)
  parts.management.remember(HELD)
  const at = parts.core.schedule.wakeAt(null)
  assert.ok(at !== null && at > HELD.openedAt)
})

test('a strategy that is not switched on asks nothing, and what is wished waits for the end of the cycle', () => {
  const { core, orders, protection } = new Parts().book([HELD])
  const management = new Management(core, orders, protection)
  protection.desk.wish(HELD, ticks(980), 'trailing', 'tighter')
  management.manage('nothing', false)
  assert.equal(core.takeEffects(), [])
  protection.sendWishes()
  assert.equal(
    core.takeEffects().map(({ type }) => type),
    ['set-stop'],
  )
})

test.run()
