import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DAY, MINUTE } from '../base/units.ts'
import { MIDNIGHT, steps, ticks } from '../decision/view.fixture.ts'
import { Fills, fundingId } from './fills.ts'
import { HELD, Parts, RESTING } from './parts.fixture.ts'

const test = suite('fills')
const FUNDING = {
  type: 'funding',
  at: MIDNIGHT,
  symbol: 'SOLUSDT',
  side: 'long',
  time: MIDNIGHT + 1,
  amount: -0.5,
  rate: 0.0001,
} as const

test('an execution is booked once, however often it is told', () => {
  const parts = new Parts().book([HELD])
  const fill = parts.fill({ cause: 'stop', price: HELD.stop, steps: steps(400), complete: false })
  parts.fills.book(fill)
  assert.is(parts.fills.isKnown(fill.execId), true)
  parts.told()
  parts.fills.book(fill)
  assert.equal(parts.told(), ['reconciled I212'])
  assert.is(parts.core.revision, 1)
})

test('funding is booked once a settlement, and told where nothing is held', () => {
  const parts = new Parts().book([HELD])
  parts.fills.bookFunding(FUNDING)
  parts.fills.bookFunding(FUNDING)
  assert.is(parts.fills.isKnown(fundingId(FUNDING)), true)
  assert.is(parts.core.portfolio.wallet, 999.5)
  parts.fills.bookFunding({ ...FUNDING, symbol: 'ADAUSDT' })
  assert.equal(parts.told(), ['drift'])
})

test('an entry that fills is a position with its target, and leaves nothing to cancel', () => {
  const parts = new Parts().book([], [RESTING])
  parts.orders.cancelEntry(RESTING, 'not-wanted')
  parts.told()
  parts.fills.book(parts.fill({ clientOrderId: RESTING.clientOrderId, symbol: 'ADAUSDT' }))
  assert.equal(parts.told(), ['outcome', 'filled I410', 'persist', 'place'])
  assert.is(parts.orders.cancelling.size, 0)
  assert.is(parts.orders.asked.size, 0)
  assert.equal([...parts.core.held], ['ADAUSDT'])
})

test('what happened before a position was there is no part of it: it may have been handed over with it', () => {
  const parts = new Parts().book([HELD])
  const before = { clientOrderId: null, cause: 'order', time: HELD.openedAt - 1 } as const
  parts.fills.book(parts.fill({ ...before, execId: 'a', opens: true }), true)
  parts.fills.book(parts.fill({ ...before, execId: 'b', opens: false, steps: steps(1) }), true)
  const [position] = parts.core.portfolio.positions.values()
  assert.is(position.steps, HELD.steps)
  assert.equal(parts.told(), [])
  assert.is(parts.core.isDoubted, true, 'the account tells whether it was')
  parts.fills.book(parts.fill({ ...before, execId: 'c', opens: true, time: HELD.openedAt + 1 }), true)
  assert.ok([...parts.core.portfolio.positions.values()][0].steps > HELD.steps)
})

test('what somebody else opens marks its symbol alone, under its own side', () => {
  const parts = new Parts().book([HELD])
  parts.strangers.mark('XRPUSDT', 'long')
  parts.told()
  parts.fills.book(parts.fill({ symbol: 'ADAUSDT', side: 'short', opens: true }))
  assert.equal(parts.told(), ['foreign W303'])
  assert.equal([...parts.strangers.foreign], ['XRPUSDT', 'ADAUSDT'])
  assert.is(parts.core.isDoubted, true)
})

test('a position that closes takes its orders with it', () => {
  const parts = new Parts().book([HELD])
  parts.orders.placeTarget(HELD, 'target', ticks(1_100), steps(1_000))
  parts.told()
  parts.fills.book(parts.fill({ cause: 'stop', price: HELD.stop }))
  assert.equal(parts.told(), ['exited', 'trade', 'outcome'])
  assert.is(parts.orders.exits.size, 0)
  assert.is(parts.core.held.size, 0)
})

test('an entry that had ended and fills after all is one again for its part', () => {
  const parts = new Parts().book([], [RESTING])
  parts.fates.entryGone(RESTING, 'expired', 'taken back', null)
  parts.told()
  parts.fills.book(
    parts.fill({
      clientOrderId: RESTING.clientOrderId,
      symbol: 'ADAUSDT',
      steps: steps(300),
      complete: false,
    }),
  )
  assert.is(parts.core.portfolio.positions.get('ADAUSDT:long')?.steps, 300)
  assert.is(parts.core.portfolio.pending.size, 0)
})

test('of two entries that both fill the second adds to the position of the first', () => {
  const parts = new Parts().book([], [RESTING])
  const second = { ...RESTING, clientOrderId: 'bbw-0000-second', signalId: 'grid:ADAUSDT:long:0' }
  parts.fates.entryGone(RESTING, 'expired', 'taken back', null)
  parts.core.fold({ type: 'entry-sent', entry: second })
  parts.told()
  parts.fills.book(parts.fill({ clientOrderId: RESTING.clientOrderId, symbol: 'ADAUSDT' }))
  assert.equal(parts.told(), ['cancel', 'outcome', 'filled', 'persist', 'place'])
  const filled = { clientOrderId: second.clientOrderId, symbol: 'ADAUSDT', complete: false }
  parts.fills.book(parts.fill({ ...filled, steps: steps(400) }))
  assert.equal(parts.told(), ['outcome', 'grown I304'])
  // What of it fills before its cancellation arrives is known for what it is, however many parts it comes in.
  for (const part of [300, 200, 100]) parts.fills.book(parts.fill({ ...filled, steps: steps(part) }))
  assert.equal(parts.told(), ['grown I304', 'grown I304', 'grown I304'])
  assert.is(parts.core.portfolio.positions.get('ADAUSDT:long')?.steps, 2_000)
  assert.is(parts.core.portfolio.pending.size, 0)
  assert.is(parts.core.isDoubted, true)
})

test('what closes more than was told as opened waits until the list of executions tells all in order', () => {
  for (const told of [0, 400]) {
    const parts = new Parts().book([], [RESTING])
    const id = { clientOrderId: RESTING.clientOrderId, symbol: 'ADAUSDT' }
    const first = parts.fill({ ...id, steps: steps(400), complete: false })
    const second = parts.fill({ ...id, steps: steps(600) })
    const stopped = parts.fill({ symbol: 'ADAUSDT', cause: 'stop', price: RESTING.stop, steps: steps(1_000) })
    if (told > 0) parts.fills.book(first)
    parts.told()
    parts.fills.book(stopped)
    assert.equal(parts.told(), [])
    assert.is(parts.fills.isKnown(stopped.execId), false)
    assert.is(parts.core.isDoubted, true)
    for (const one of [first, second, stopped]) if (!parts.fills.isKnown(one.execId)) parts.fills.book(one)
    assert.ok(parts.told().includes('exited'))
    assert.equal([parts.core.portfolio.positions.size, parts.core.portfolio.pending.size], [0, 0])
  }
})

test('before the first execution those since the first order are asked for: it may have filled unheard', () => {
  assert.is(new Parts().fills.since, 0)
  assert.is(new Parts().book([], [RESTING]).fills.since, RESTING.sentAt - MINUTE)
  const earlier = { ...HELD, openedAt: RESTING.sentAt - DAY }
  assert.is(new Parts().book([earlier], [RESTING]).fills.since, earlier.openedAt - MINUTE)
})

test('executions are asked for from a day before the newest, and known for as long', () => {
  const parts = new Parts().book([HELD])
  parts.core.now = FUNDING.time
  parts.fills.bookFunding(FUNDING)
  assert.is(parts.fills.since, FUNDING.time - DAY)
  parts.wait(30 * DAY).fills.forgetOld()
  assert.is(parts.fills.isKnown(fundingId(FUNDING)), true)
  parts.fills.bookFunding({ ...FUNDING, time: MIDNIGHT + 30 * DAY })
  parts.wait(2 * DAY).fills.forgetOld()
  assert.is(parts.fills.isKnown(fundingId(FUNDING)), false)
})

test('what was saved is there again', () => {
  const parts = new Parts().book([HELD])
  parts.fills.bookFunding(FUNDING)
  const next = new Fills(parts)
  next.load(parts.fills.save())
  assert.equal(next.save(), parts.fills.save())
})

test('a fill that seems early waits for the list of executions, and not for another one', () => {
  const parts = new Parts().book([], [RESTING])
  const fill = parts.fill({ symbol: RESTING.symbol })
  parts.fills.book(fill)
  assert.is(parts.fills.isKnown(fill.execId), false)
  assert.is(parts.core.isDoubted, true, 'the list is asked for')
  parts.fills.book(fill, true)
  assert.is(parts.fills.isKnown(fill.execId), true, 'or it would be asked for without end')
})

test('an execution that is dated ahead does not keep those of the meantime from being asked for', () => {
  const parts = new Parts().book([HELD])
  parts.fills.book(parts.fill({ time: MIDNIGHT + 30 * DAY, symbol: 'ADAUSDT', opens: true }))
  assert.is(parts.fills.since, MIDNIGHT - DAY)
})

test.run()
