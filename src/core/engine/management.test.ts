import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DAY, HOUR, type Milliseconds } from '../base/units.ts'
import { ticks } from '../decision/view.fixture.ts'
import { Desk, events, gridSignal, only, placed, resumed } from './desk.fixture.ts'
import { Management } from './management.ts'
import { HELD, Parts } from './parts.fixture.ts'
import { defaultSettings } from './settings.ts'

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

/** A desk that holds SOL for too long, beside an exchange that no order comes to. */
function overdue(): Desk {
  const desk = new Desk().introduce('SOLUSDT')
  desk.live(0)
  const [entry] = placed(desk.propose(gridSignal()))
  desk.order(entry.clientOrderId, 'accepted')
  desk.fill(entry)
  desk.effects.length = 0
  desk.now += desk.settings.maxBars * DAY
  return desk
}

/** Lets time pass; every order for the market comes back as never sent. */
function withoutReach(desk: Desk, span: Milliseconds): void {
  const until = desk.now + span
  for (;;) {
    const effects = desk.live(0)
    for (const { order } of only(effects, 'place')) {
      const reason = 'connect ECONNREFUSED'
      const { clientOrderId } = order
      desk.feed({ type: 'order', clientOrderId, status: 'rejected', reason, why: 'unsent' })
    }
    if (desk.now >= until) return
    desk.now = Math.min(until, Math.max(desk.now + 1, desk.engine.wakeAt ?? until))
  }
}

test('a close that never comes to the exchange stays one order, is told once, and is tried to the end', () => {
  let desk = overdue()
  withoutReach(desk, HOUR)
  const before = desk.effects
  desk = resumed(desk, defaultSettings())
  desk.feed({ type: 'instrument', instrument: gridSignal().instrument })
  desk.price('SOLUSDT', 102)
  withoutReach(desk, HOUR)
  const effects = [...before, ...desk.effects]
  const sent = only(effects, 'place').filter(({ order }) => order.purpose === 'exit' && order.price === null)
  assert.ok(sent.length > 100, `sent ${sent.length} times`)
  const ids = new Set(sent.map(({ order }) => order.clientOrderId))
  assert.is(ids.size, 1)
  const rows = only(effects, 'persist').filter(({ key }) => ids.has(key))
  assert.is(rows.length, 1, 'one intent')
  assert.equal(
    events(effects, 'exiting').map(({ reason }) => reason),
    [`held for ${desk.settings.maxBars * 24} h, the longest allowed`],
  )
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
