import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DAY, MINUTE, SECOND } from '../base/units.ts'
import { steps, ticks } from '../decision/view.fixture.ts'
import { PLACING, REFUSED_EXIT, ROOM, type SeenPlacing, type SeenRefused, TAKE_BACK } from './order-rules.ts'
import { HELD } from './parts.fixture.ts'
import { asking } from './rules.fixture.ts'
import type { RefusedLeg } from './state.ts'

const test = suite('order rules')
const ask = asking()
const NOW = 1_000_000

const OF = { symbol: 'SOLUSDT', side: 'long', steps: steps(1_000), signalId: HELD.signalId } as const

const refusal = (over: Partial<RefusedLeg> = {}): RefusedLeg => ({
  tries: 1,
  until: NOW + SECOND,
  why: 'other',
  steps: OF.steps,
  signalId: OF.signalId,
  ...over,
})

const placing = (over: Partial<SeenPlacing> = {}) =>
  ask(PLACING, {
    of: OF,
    strategy: 'mean-reversion',
    leg: 'close',
    price: null,
    steps: OF.steps,
    most: null,
    refused: null,
    refusedClose: null,
    isKeyRefused: false,
    now: NOW,
    ...over,
  })

test('an order goes out whole where there is no bound, and in parts that add up where there is one', () => {
  assert.equal(placing(), { kind: 'place', parts: [1_000] })
  assert.equal(placing({ most: steps(1_000) }), { kind: 'place', parts: [1_000] })
  assert.equal(placing({ most: steps(400) }), { kind: 'place', parts: [400, 400, 200] })
  const many = placing({ most: steps(1) })
  assert.is(many.kind === 'place' && many.parts.length, 20, 'the rest follows them')
  const target = placing({ leg: 'target', price: ticks(1_100), most: steps(400) })
  assert.equal(target, { kind: 'place', parts: [400] })
})

test('what was refused waits for its time, unless it is another position, or for too little and of another size', () => {
  const waits = (over: Partial<RefusedLeg>): boolean => placing({ refused: refusal(over) }).kind === 'wait'
  assert.is(waits({}), true)
  assert.is(waits({ until: NOW }), false)
  assert.is(waits({ signalId: 'another' }), false)
  assert.is(waits({ steps: steps(900) }), true)
  assert.is(waits({ why: 'small', steps: steps(900) }), false)
  assert.is(waits({ why: 'small' }), true)
})

test('what was too great is tried by half, and by half of that', () => {
  const half = (tries: number, most: number | null = null) =>
    placing({
      refused: refusal({ why: 'large', tries, until: NOW }),
      most: most === null ? null : steps(most),
    })
  assert.equal(half(1), { kind: 'place', parts: [500, 500] })
  assert.equal(half(2), { kind: 'place', parts: [250, 250, 250, 250] })
  assert.equal(half(1, 400), { kind: 'place', parts: [400, 400, 200] })
})

test('of dust no target is placed, its close is tried again when it is time, and without a key nothing leaves', () => {
  const close = refusal({ why: 'small', until: NOW + DAY })
  assert.equal(placing({ leg: 'target', price: ticks(1_100), refusedClose: close }), {
    kind: 'wait',
    why: 'dust',
    until: NOW + DAY,
  })
  assert.is(placing({ refused: close, refusedClose: close, now: NOW + DAY }).kind, 'place')
  assert.equal(placing({ isKeyRefused: true }), { kind: 'wait', why: 'key-refused', until: null })
})

const refused = (over: Partial<SeenRefused> = {}) =>
  ask(REFUSED_EXIT, {
    order: {
      clientOrderId: 'id',
      symbol: 'SOLUSDT',
      side: 'long',
      leg: 'close',
      price: null,
      steps: OF.steps,
    },
    isLast: true,
    position: HELD,
    why: 'other',
    before: null,
    last: 100,
    now: NOW,
    ...over,
  })

const TARGET = { ...refused, clientOrderId: 'id', symbol: 'SOLUSDT', side: 'long', steps: OF.steps } as const

test('a close that is refused again and again waits ever longer, half a minute at most', () => {
  const rests: number[] = []
  let before: RefusedLeg | null = null
  let now = NOW
  for (let k = 0; k < 8; k++) {
    const { rest } = refused({ before, now })
    assert.ok(rest !== null)
    rests.push((rest.until - now) / SECOND)
    before = rest
    now = rest.until
  }
  assert.equal(rests, [1, 2, 4, 8, 16, 30, 30, 30])
})

test('parts of one close that are refused together are refused once', () => {
  const first = refused().rest
  assert.is(refused({ before: first }).rest?.tries, 1)
  assert.is(refused({ before: first, now: NOW + SECOND }).rest?.tries, 2)
})

test('the reason of a refusal says how long its part rests', () => {
  const rest = (why: SeenRefused['why'], price: number | null): number | undefined => {
    const { rest: one } = refused({
      order: { ...TARGET, leg: 'target', price: price === null ? null : ticks(price) },
      why,
      last: 50,
    })
    return one === null ? undefined : one.until - NOW
  }
  assert.is(rest('small', null), DAY)
  for (const why of ['too-many', 'price', 'parameters'] as const) {
    assert.is(rest(why, 1_100), 15 * MINUTE, why)
    assert.is(rest(why, null), SECOND, why)
  }
  assert.is(rest('balance', 1_100), SECOND)
})

test('a target out of the bounds of prices goes at the market once the market has reached it', () => {
  const order = { ...TARGET, leg: 'target', price: ticks(1_100) } as const
  for (const [last, expected] of [
    [109.9, false],
    [110, true],
    [120, true],
    [Number.NaN, false],
  ] as const) {
    assert.is(refused({ order, why: 'price', last }).goesAtMarket, expected, String(last))
  }
  assert.is(refused({ order, why: 'balance', last: 120 }).goesAtMarket, false)
  assert.is(refused({ order: { ...order, price: null }, why: 'price', last: 120 }).goesAtMarket, false)
})

test('one that finds nothing to take from has the account asked, and one without a position rests nowhere', () => {
  assert.is(refused({ why: 'flat' }).asksAccount, true)
  assert.is(refused({ why: 'balance' }).asksAccount, false)
  assert.equal(refused({ position: null, why: 'flat' }), {
    rest: null,
    asksAccount: true,
    goesAtMarket: false,
  })
})

test('the farthest target makes room for a stop', () => {
  const room = ask(ROOM, { of: OF, targets: ['near', 'far'], now: NOW })
  assert.is(room?.id, 'far')
  assert.is(room?.rest.until, NOW + 15 * MINUTE)
  assert.is(ask(ROOM, { of: OF, targets: [], now: NOW }), null)
})

test('what is wanted no more is cancelled, or dropped where it was never sent; one on its way is left unless asked again', () => {
  const unwanted = {
    id: 'id',
    symbol: 'SOLUSDT',
    side: 'long',
    strategy: null,
    why: 'expired',
    isHeld: false,
    stage: null,
    again: false,
  } as const
  assert.is(ask(TAKE_BACK, unwanted), 'cancel')
  assert.is(ask(TAKE_BACK, { ...unwanted, isHeld: true }), 'drop')
  for (const stage of ['sent', 'refused', 'asked'] as const) {
    assert.is(ask(TAKE_BACK, { ...unwanted, stage }), null)
    assert.is(ask(TAKE_BACK, { ...unwanted, stage, again: true }), 'cancel')
  }
})

test.run()
