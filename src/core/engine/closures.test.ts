import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Steps, Ticks } from '../base/units.ts'
import { MINUTE, SECOND } from '../base/units.ts'
import { CLOSE_PATIENCE } from './closure-rules.ts'
import { Closures } from './closures.ts'
import { Desk, placed, reversionSignal } from './desk.fixture.ts'
import { HELD, Parts, RESTING } from './parts.fixture.ts'
import type { Account, AccountPosition, Closure, ClosureInput, Effect } from './protocol.ts'

const test = suite('closures')

const THERE: AccountPosition = {
  symbol: 'ADAUSDT',
  side: 'long',
  steps: 500 as Steps,
  entry: 101,
  leverage: 5,
  stop: 950 as Ticks,
}

const account = (...positions: readonly AccountPosition[]): Account => ({
  wallet: 1_000,
  positions,
  orders: [],
})

function input(over: Partial<Closure> = {}): ClosureInput {
  return {
    ...{ type: 'closure', at: 0, id: 'request', kind: 'close', symbol: null, side: null },
    ...{ isForeignToo: false, halts: false, by: 'me', reason: 'test' },
    ...over,
  } as ClosureInput
}

const answers = (effects: readonly Effect[]): readonly (readonly [boolean, string])[] =>
  effects.flatMap(effect => (effect.type === 'answer' ? [[effect.ok, effect.reason] as const] : []))

test('positions are closed and entries taken back at once, once, and the end is what the account shows', () => {
  const parts = new Parts().book([HELD], [RESTING])
  parts.closures.take(input({ halts: true }))
  assert.equal(parts.told(), ['halted C132', 'cancel', 'exiting I140', 'persist', 'place'])
  parts.closures.take(input({ halts: true }))
  parts.closures.proceed()
  assert.equal(parts.told(), [], 'asked for once')
  assert.is(parts.gatekeeper.isHalted, true)
  assert.equal(parts.closures.blocks(), [{ symbol: null, reason: 'everything is being closed for me' }])
  parts.closures.seen(account())
  assert.equal(answers(parts.core.takeEffects()), [], 'the books hold it still')
  parts.book([])
  for (const order of parts.orders.exits.values()) parts.orders.drop(order)
  parts.closures.proceed()
  assert.is(parts.core.isDoubted, true, 'the account is to say so')
  parts.closures.seen(account())
  assert.equal(answers(parts.core.takeEffects()), [[true, 'flat: SOLUSDT long']])
  assert.equal([parts.closures.isAny, parts.closures.blocks()], [false, []])
})

test('one symbol, or one side of it, leaves the others alone', () => {
  for (const [over, orders] of [
    [{ symbol: 'ADAUSDT' }, ['cancel']],
    [{ symbol: 'SOLUSDT', side: 'short' as const }, []],
    [{ symbol: 'SOLUSDT', side: 'long' as const }, ['exiting I140', 'persist', 'place']],
  ] as const) {
    const parts = new Parts().book([HELD], [RESTING])
    parts.closures.take(input(over))
    assert.equal(parts.told(), orders)
    assert.is(parts.gatekeeper.isHalted, false)
  }
})

test('what bbw did not open is left unless that is said, and of nothing there is nothing to close', () => {
  const denied = new Parts()
  denied.closures.take(input({ symbol: 'ADAUSDT' }))
  denied.closures.seen(account(THERE))
  assert.equal(answers(denied.core.takeEffects()), [
    [false, 'close: it was not opened by bbw: say --foreign'],
  ])
  const missing = new Parts()
  missing.closures.take(input({ symbol: 'ADAUSDT' }))
  missing.closures.seen(account())
  assert.equal(answers(missing.core.takeEffects()), [[false, 'close: it is not held']])
  const parts = new Parts()
  parts.closures.take(input({ isForeignToo: true }))
  for (const _ of [1, 2]) parts.closures.seen(account(THERE))
  const effects = parts.core.takeEffects()
  const placed = effects.flatMap(effect => (effect.type === 'place' ? [effect.order] : []))
  assert.equal(
    placed.map(({ symbol, side, purpose, type, steps, stop }) => [symbol, side, purpose, type, steps, stop]),
    [['ADAUSDT', 'long', 'exit', 'market', 500, null]],
    'once, reduce-only',
  )
  const [order] = placed
  parts.fills.book(parts.fill({ clientOrderId: order.clientOrderId, symbol: 'ADAUSDT', steps: 500 as Steps }))
  parts.closures.seen(account())
  assert.equal(answers(parts.core.takeEffects()), [[true, 'flat: ADAUSDT long']])
})

test('less than the least order is left and named; another refusal is tried again and told in time', () => {
  for (const [least, code, words] of [
    [2_000, 'rejected I604', 'close: SOLUSDT long: the rest of 1.000 is below the least order of 2.000'],
    [1, 'exiting', "close: not flat after 60 s: SOLUSDT long: no; what is bbw's is closed on while bbw runs"],
  ] as const) {
    const parts = new Parts().book([HELD])
    parts.core.markets.introduce({ ...HELD.instrument, minQty: least as Steps })
    parts.closures.take(input())
    const [order] = parts.orders.exits.values()
    parts.told()
    parts.orders.refuse(order, HELD, 'other', 'no')
    parts.closures.proceed()
    parts.orders.refusedNow = null
    if (least > 1) parts.closures.seen(account())
    else {
      parts.wait(SECOND).protection.protect()
      parts.wait(CLOSE_PATIENCE).closures.proceed()
    }
    const effects = parts.core.takeEffects()
    assert.equal(answers(effects), [[false, words]])
    const events = effects.flatMap(one => (one.type === 'event' ? [one.event] : []))
    const [kind, number = null] = code.split(' ')
    assert.ok(
      events.some(one => one.kind === kind && one.code === number),
      code,
    )
    const closing = parts.protection.desk.of('SOLUSDT:long').closing
    assert.is(closing === null, least > 1, 'what is too small is asked for no further')
    // What goes on keeps its own symbols shut, and no others.
    assert.equal(
      parts.closures.blocks().map(({ symbol }) => symbol),
      least > 1 ? [] : [null],
    )
  }
})

test('a close that the exchange has accepted waits for its market without losing patience', () => {
  const parts = new Parts().book([HELD])
  parts.closures.take(input())
  const [order] = parts.orders.exits.values()
  order.state = 'working'
  parts.orders.doubts.settle(order.clientOrderId)
  for (const _ of [1, 2, 3]) parts.wait(CLOSE_PATIENCE).closures.proceed()
  assert.equal(answers(parts.core.takeEffects()), [])
  assert.is(parts.closures.isAwaited, true)
})

test('what a closure decides is taken down, and what it waits for meanwhile is not, however much is told', () => {
  const desk = new Desk().introduce('SOLUSDT', 'ADAUSDT')
  desk.live(0)
  desk.open(reversionSignal('SOLUSDT'))
  desk.price('SOLUSDT', 100)
  desk.live(MINUTE)
  const kept = (): readonly string[] =>
    desk.decisions.flatMap(({ kind, answer }) => (kind.startsWith('closure') ? [`${kind} ${answer}`] : []))
  const { at: _, ...request } = input({ symbol: 'SOLUSDT' })
  desk.feed(request)
  const [close] = placed(desk.effects).filter(one => one.purpose === 'exit' && one.type === 'market')
  assert.equal(kept(), [
    'closure {"takesBack":[],"closes":["SOLUSDT:long"]}',
    'closure-course {"isOpen":true,"isAccepted":false,"stuck":null}',
    // That nothing more is to be done is said once.
    'closure null',
    'closure-course {"isOpen":true,"isAccepted":false,"stuck":null}',
  ])
  desk.order(close.clientOrderId, 'accepted')
  const waiting = kept().length
  for (let second = 0; second < 120; second++) {
    desk.price('SOLUSDT', 100 + (second % 2))
    desk.price('ADAUSDT', 100 + (second % 2))
    desk.live(SECOND)
  }
  assert.ok(kept().length - waiting <= 1, kept().slice(waiting).join())
  desk.fill(close)
  desk.live(MINUTE)
  assert.match(
    desk.decisions.findLast(({ kind }) => kind === 'closure-account')?.answer ?? '',
    '"end":{"kind":"flat","words":"flat: SOLUSDT long"}',
  )
  assert.ok(kept().length < 10, kept().join())
})

test('what waits is there again after a load; of a restart a position of a person is left', () => {
  const parts = new Parts().book([HELD])
  parts.closures.take(input({ isForeignToo: true }))
  const saved = parts.closures.save()
  const loaded = new Closures(new Parts().book([HELD]))
  loaded.load(JSON.parse(JSON.stringify(saved)))
  assert.equal(loaded.save(), saved)
  assert.equal(
    loaded.lasting().map(({ isForeignToo }) => isForeignToo),
    [false],
  )
})

test.run()
