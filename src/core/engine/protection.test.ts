import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ticks } from '../decision/view.fixture.ts'
import { positionKey } from '../portfolio/position.ts'
import { HELD, Parts, RESTING } from './parts.fixture.ts'
import { Protection } from './protection.ts'
import type { Effect } from './protocol.ts'

const test = suite('protection')
const KEY = positionKey('SOLUSDT', 'long')
const TOLD = {
  type: 'stop-told',
  at: 0,
  symbol: 'SOLUSDT',
  side: 'long',
  time: Number.POSITIVE_INFINITY,
} as const

function sent(effects: readonly Effect[]): Extract<Effect, { readonly type: 'set-stop' }> {
  const request = effects.find(effect => effect.type === 'set-stop')
  if (request === undefined) throw new Error('a stop was asked for')
  return request
}

test('a wish is sent once, and in the books once the exchange says so', () => {
  const { core, protection } = new Parts().book([HELD])
  protection.desk.wish(HELD, ticks(980), 'trailing', 'tighter')
  protection.sendWishes()
  const request = sent(core.takeEffects())
  protection.sendWishes()
  assert.is(core.takeEffects().length, 0)
  assert.is(core.portfolio.positions.get(KEY)?.stop, 950)
  protection.answered({ type: 'stop', at: core.now, requestId: request.requestId, ok: true, reason: '' })
  assert.is(core.portfolio.positions.get(KEY)?.stop, 980)
  assert.is(core.revision, 1)
})

test('a stop that has moved takes back the adds that bear the old one, and no other entry', () => {
  const add = { ...RESTING, clientOrderId: 'add', symbol: 'SOLUSDT', signalId: HELD.signalId, rung: 0 }
  const { core, protection } = new Parts().book([HELD], [RESTING, add])
  protection.desk.wish(HELD, ticks(980), 'trailing', 'tighter')
  protection.sendWishes()
  const { requestId } = sent(core.takeEffects())
  protection.answered({ type: 'stop', at: core.now, requestId, ok: true, reason: '' })
  const cancelled = core.takeEffects().flatMap(one => (one.type === 'cancel' ? [one.clientOrderId] : []))
  assert.equal(cancelled, ['add'])
})

test('an answer for a position that is gone is taken, and nothing follows', () => {
  const parts = new Parts().book([HELD])
  parts.protection.desk.wish(HELD, ticks(980), 'trailing', 'tighter')
  parts.protection.sendWishes()
  const { requestId } = sent(parts.core.takeEffects())
  parts.book([])
  parts.protection.answered({ type: 'stop', at: parts.core.now, requestId, ok: true, reason: '' })
  assert.equal(parts.told(), [])
  assert.is(parts.protection.desk.keyOf(requestId), undefined)
})

test('a stop that the account shows no longer is missing until it is set again', () => {
  const parts = new Parts().book([HELD])
  parts.protection.readBack(HELD, HELD.stop)
  parts.protection.readBack(HELD, null)
  assert.is(parts.protection.desk.isProtected(KEY), false)
  assert.equal(parts.told(), [])
  parts.protection.protect()
  const { requestId } = sent(parts.core.takeEffects())
  parts.protection.answered({ type: 'stop', at: parts.core.now, requestId, ok: true, reason: '' })
  assert.equal(parts.told(), ['stop-restored W207'])
  assert.is(parts.protection.desk.isProtected(KEY), true)
})

test('a stop that is told to be gone is asked for at once, and once', () => {
  const parts = new Parts().book([HELD])
  const { protection, core } = parts
  protection.readBack(HELD, HELD.stop)
  protection.told({ ...TOLD, stop: null })
  const { requestId, stop } = sent(core.takeEffects())
  assert.is(stop, HELD.stop)
  protection.told({ ...TOLD, stop: null })
  assert.is(core.takeEffects().length, 0)
  protection.answered({ type: 'stop', at: core.now, requestId, ok: true, reason: '' })
  assert.equal(parts.told(), ['stop-restored W207'])
  protection.told({ ...TOLD, side: 'short', stop: null })
  protection.told({ ...TOLD, symbol: 'ADAUSDT', stop: null })
  assert.is(core.takeEffects().length, 0)
})

test('a stop is missing from when the exchange says so, however late that is heard', () => {
  for (const [late, seconds] of [
    [3_100, '3.1'],
    [-60_000, '0.0'],
  ] as const) {
    const parts = new Parts().book([HELD])
    const { protection, core } = parts
    protection.readBack(HELD, HELD.stop)
    protection.told({ ...TOLD, stop: null, time: core.now - late })
    const { requestId } = sent(core.takeEffects())
    protection.answered({ type: 'stop', at: core.now, requestId, ok: true, reason: '' })
    const words = core.takeEffects().flatMap(one => (one.type === 'event' ? [one.event.reason] : []))
    assert.equal(words, [`set again after ${seconds} s`])
  }
})

test('that of a position whose price is past it has fired: the next look says what is to be done', () => {
  const { protection, core } = new Parts().book([HELD])
  protection.readBack(HELD, HELD.stop)
  core.markets.introduce(HELD.instrument)
  core.markets.of('SOLUSDT').price(core.now, 94, 94)
  protection.told({ ...TOLD, stop: null })
  assert.is(core.takeEffects().length, 0)
  core.markets.of('SOLUSDT').price(core.now, 96, 96)
  protection.told({ ...TOLD, stop: null })
  assert.is(sent(core.takeEffects()).stop, HELD.stop)
})

test('a position that is told of before its stop waits for it for a moment, and for nothing else', () => {
  const parts = new Parts().book([HELD])
  const { protection, core } = parts
  protection.told({ ...TOLD, stop: null })
  assert.is(core.takeEffects().length, 0)
  assert.is(protection.desk.missingDue(core.now), core.now + 250)
  protection.told({ ...TOLD, stop: HELD.stop })
  assert.is(protection.desk.missingDue(core.now), null)
  assert.ok(protection.desk.isProtected(KEY))
  assert.equal(parts.told(), [])

  const bare = new Parts().book([HELD])
  bare.protection.told({ ...TOLD, stop: null })
  bare.core.now += 249
  bare.protection.sendMissing()
  // One that is looser is not the one that is wanted.
  bare.protection.told({ ...TOLD, stop: ticks(HELD.stop - 10) })
  assert.is(bare.core.takeEffects().length, 0)
  bare.core.now += 1
  bare.protection.sendMissing()
  assert.is(sent(bare.core.takeEffects()).stop, HELD.stop)
  bare.protection.sendMissing()
  assert.is(bare.core.takeEffects().length, 0)
})

test('a missing stop that is refused is asked for again half a second later, without a cycle', () => {
  const { protection, core } = new Parts().book([HELD])
  protection.readBack(HELD, HELD.stop)
  protection.told({ ...TOLD, stop: null })
  const { requestId } = sent(core.takeEffects())
  protection.answered({ type: 'stop', at: core.now, requestId, ok: false, reason: 'busy' })
  core.takeEffects()
  core.now += 499
  protection.sendMissing()
  assert.is(core.takeEffects().length, 0)
  assert.is(protection.desk.missingDue(core.now), core.now + 1)
  core.now += 1
  protection.sendMissing()
  assert.is(sent(core.takeEffects()).stop, HELD.stop)
})

test('what has to be closed is asked for again until the close is on its way', () => {
  const parts = new Parts().book([HELD])
  parts.protection.closeNow(HELD, 'the price is past the stop', 'C202')
  assert.equal(parts.told(), ['exiting C202', 'persist', 'place'])
  parts.protection.protect()
  assert.equal(parts.told(), [])
  const close = parts.orders.find(HELD, 'close')
  if (close !== undefined) parts.orders.forget(close)
  parts.protection.protect()
  assert.equal(parts.told(), ['exiting', 'persist', 'place'])
})

test('what was saved is there again', () => {
  const parts = new Parts().book([HELD])
  parts.protection.desk.wish(HELD, ticks(980), 'trailing', 'tighter')
  const next = new Protection(parts.core, parts.orders)
  next.load(parts.protection.save())
  assert.equal(next.save(), parts.protection.save())
})

test.run()
