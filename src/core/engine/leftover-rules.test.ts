import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DAY, SECOND } from '../base/units.ts'
import { LEFTOVERS, type LeftoverCourse, type SeenLeftovers } from './leftover-rules.ts'
import type { ConditionalReport } from './protocol.ts'
import { isSilent } from './rule.ts'
import { asking } from './rules.fixture.ts'

const test = suite('leftover rules')

const NOW = 10 * DAY
const END = NOW - 60 * SECOND
/** The stop of a position that is gone. */
const STOP: ConditionalReport = {
  id: 'f3a1',
  symbol: 'SOLUSDT',
  side: 'long',
  purpose: 'exit',
  isGuard: true,
  since: END - DAY,
}
const OWN = { ...STOP, id: 'bbw-0a1f-1', isGuard: false }
const SEEN: SeenLeftovers = {
  orders: [STOP],
  held: [],
  doubtful: [],
  ended: [['SOLUSDT:long', END]],
  told: [],
  asked: [],
  instance: '0a1f',
  now: NOW,
}

const course = (over: Partial<SeenLeftovers> = {}): LeftoverCourse =>
  asking()(LEFTOVERS, { ...SEEN, ...over })
const cancelled = (over?: Partial<SeenLeftovers>): readonly string[] =>
  course(over).cancels.map(({ id }) => id)
const told = (over?: Partial<SeenLeftovers>): readonly string[] => course(over).strange.map(({ id }) => id)

test('the stop of a position of bbw’s that is gone is taken back, and asked for once', () => {
  assert.equal(cancelled(), [STOP.id])
  assert.equal(told(), [])
  assert.equal(cancelled({ asked: [STOP.id] }), [])
  assert.equal([cancelled({ orders: [] }), told({ orders: [] })], [[], []])
})

test('what may protect something is never taken back, whoever holds it', () => {
  for (const orders of [[STOP], [OWN]]) {
    assert.equal(cancelled({ orders, held: ['SOLUSDT:long'] }), [])
    assert.equal(told({ orders, held: ['SOLUSDT:long'] }), [])
    assert.equal(cancelled({ orders, doubtful: ['SOLUSDT:long'] }), [], 'an entry may have filled')
  }
  assert.equal(cancelled({ held: ['SOLUSDT:short'] }), [STOP.id], 'the other side is another matter')
})

test('an order with an id of this bbw’s is its own; one that would open is never kept', () => {
  assert.equal(cancelled({ orders: [OWN], ended: [] }), [OWN.id])
  const entry = { ...OWN, purpose: 'entry' } as const
  assert.equal(cancelled({ orders: [entry], held: ['SOLUSDT:long'] }), [entry.id])
  const rival = { ...OWN, id: 'bbw-ffff-1' }
  assert.equal([cancelled({ orders: [rival] }), told({ orders: [rival] })], [[], []])
})

test('what is somebody else’s is left alone and told of once', () => {
  for (const over of [
    { ended: [] },
    { orders: [{ ...STOP, since: END + 1 }] },
    { orders: [{ ...STOP, isGuard: false }] },
    { orders: [{ ...STOP, purpose: 'entry', isGuard: false }] },
  ] as const) {
    assert.equal([cancelled(over), told(over)], [[], [STOP.id]])
    const again = course({ ...over, told: [STOP.id] })
    assert.equal([again.cancels, again.strange, again.told], [[], [], [STOP.id]])
  }
  assert.equal(course({ orders: [], told: [STOP.id] }).told, [], 'it is gone')
  // One that was told of as somebody else's does not become bbw's by a position that comes and goes.
  assert.equal(cancelled({ told: [STOP.id] }), [])
})

test('nothing is concluded of what is too young, and it is looked at when it is not', () => {
  const young = { orders: [STOP], ended: [['SOLUSDT:long', NOW - SECOND]] } as const
  assert.equal([cancelled(young), course(young).lookAt], [[], NOW + 4 * SECOND])
  const new_ = { orders: [{ ...STOP, since: NOW - SECOND }], ended: [] }
  assert.equal([told(new_), course(new_).lookAt], [[], NOW + 4 * SECOND])
  assert.equal(course().lookAt, null)
})

test('that a position was bbw’s is known for a day, and longer while something of it is left', () => {
  const now = END + DAY + SECOND
  assert.equal(course({ now }).ended, SEEN.ended)
  assert.equal(course({ now, orders: [] }).ended, [])
  assert.equal(course({ now: END + DAY, orders: [] }).ended, SEEN.ended)
})

test('nothing to do and nothing to tell is said in silence', () => {
  assert.ok(isSilent(LEFTOVERS, course({ orders: [] }), { ...SEEN, orders: [] }))
  assert.not.ok(isSilent(LEFTOVERS, course(), SEEN))
  const strange = { ...SEEN, ended: [] }
  assert.not.ok(isSilent(LEFTOVERS, course(strange), strange))
})

test.run()
