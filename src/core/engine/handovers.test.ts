import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Steps, Ticks } from '../base/units.ts'
import { positionKey } from '../portfolio/position.ts'
import { Handovers } from './handovers.ts'
import { HELD, Parts, RESTING } from './parts.fixture.ts'
import type { Account, AccountPosition, Effect, Handover, HandoverInput } from './protocol.ts'

const test = suite('handovers')

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

function input(kind: Handover['kind'], over: Partial<Handover> = {}): HandoverInput {
  const none = { side: null, stop: null, target: null, isOwn: false }
  return { type: 'handover', at: 0, id: 'request', kind, symbol: 'ADAUSDT', by: 'me', ...none, ...over }
}

const answers = (effects: readonly Effect[]): readonly (readonly [string, boolean, string])[] =>
  effects.flatMap(effect =>
    effect.type === 'answer' ? [[effect.id, effect.ok, effect.reason] as const] : [],
  )

test('an adoption waits for the account, is carried out once, and is answered once', () => {
  const parts = new Parts()
  parts.handovers.take(input('adopt'))
  parts.handovers.take(input('adopt'))
  assert.is(parts.core.isDoubted, true, 'everything executed is asked for first')
  assert.equal(parts.told(), [])
  parts.strangers.foreignSeen([THERE], [])
  parts.core.takeEffects()
  for (const _ of [1, 2]) parts.handovers.adopt(account(THERE))
  assert.equal(answers(parts.core.takeEffects()), [['request', true, 'ADAUSDT long is handed over']])
  assert.is(parts.core.portfolio.positions.get('ADAUSDT:long')?.stop, 950)
  assert.equal([...parts.strangers.foreign], [])
})

test('an account that cannot be read is said, and the request is over', () => {
  const parts = new Parts()
  parts.handovers.take(input('adopt'))
  parts.handovers.unreadable()
  assert.equal(answers(parts.core.takeEffects()), [
    ['request', false, 'adopt: the account cannot be read at present'],
  ])
  parts.handovers.adopt(account(THERE))
  assert.is(parts.core.portfolio.positions.size, 0)
})

test('of two sides one has to be said, and beside one of its own bbw takes none', () => {
  const short = { ...THERE, side: 'short', stop: 1_050 } as AccountPosition
  const told = (parts: Parts, over: Partial<Handover>, ...there: readonly AccountPosition[]): string => {
    parts.handovers.take(input('adopt', over))
    parts.handovers.adopt(account(...there))
    return answers(parts.core.takeEffects())[0][2]
  }
  assert.match(told(new Parts(), {}, THERE, short), 'is held on both sides')
  const parts = new Parts()
  assert.match(told(parts, { side: 'short' }, THERE, short), 'ADAUSDT short is handed over')
  assert.match(told(parts, {}, THERE, short), 'bbw holds the short side of it')
  assert.match(told(new Parts(), { symbol: 'XUSDT' }, { ...THERE, symbol: 'XUSDT' }), 'not among the symbols')
})

test('a release waits until targets and entries of the symbol are gone, and the stop does not move', () => {
  const sol = { symbol: 'SOLUSDT', isOwn: true }
  const parts = new Parts().book([HELD], [{ ...RESTING, symbol: 'SOLUSDT', side: 'short' }])
  parts.management.target(HELD)
  const [order] = parts.orders.exits.values()
  order.state = 'working'
  parts.told()
  parts.handovers.take(input('release', sol))
  assert.equal(parts.told(), ['cancel', 'cancel'])
  parts.management.target(HELD)
  parts.management.manage('partial-tp', false)
  parts.handovers.proceed()
  assert.equal(parts.told(), [], 'nothing is asked twice, and nothing is placed any more')
  parts.orders.forget(order)
  parts.handovers.proceed()
  assert.is(parts.core.portfolio.positions.size, 1)
  parts.orders.entryFilled(RESTING.clientOrderId)
  parts.core.fold({ type: 'entry-gone', clientOrderId: RESTING.clientOrderId })
  parts.handovers.proceed()
  assert.equal(parts.told().slice(-2), ['released I312', 'answer'])
  assert.is(parts.core.portfolio.positions.size, 0)
  assert.is(parts.core.leaving.size, 0)
  const { symbol, side, steps, entry, leverage, stop } = HELD
  assert.equal(parts.strangers.shown(), [{ symbol, side, steps, entry, leverage, stop }])
})

test('what is being closed, or closes meanwhile, is not released', () => {
  const sol = { symbol: 'SOLUSDT', isOwn: true }
  const closing = new Parts().book([HELD])
  closing.orders.close(HELD, 'time-exit', 'test')
  closing.core.takeEffects()
  closing.handovers.take(input('release', sol))
  assert.match(answers(closing.core.takeEffects())[0][2], 'is being closed')
  const parts = new Parts().book([HELD])
  parts.management.target(HELD)
  parts.handovers.take(input('release', sol))
  parts.handovers.take(input('release', { ...sol, id: 'second' }))
  assert.match(answers(parts.core.takeEffects())[0][2], 'is being released already')
  parts.book([])
  parts.handovers.proceed()
  assert.match(answers(parts.core.takeEffects())[0][2], 'has closed meanwhile')
  assert.is(parts.core.leaving.size, 0)
})

test('what waits is there again after a load', () => {
  const parts = new Parts().book([HELD])
  parts.management.target(HELD)
  parts.handovers.take(input('release', { symbol: 'SOLUSDT', isOwn: true }))
  parts.handovers.take(input('adopt', { id: 'second' }))
  const saved = parts.handovers.save()
  assert.is(saved.handovers.length, 2)
  const next = new Parts().book([HELD])
  const loaded = new Handovers(next)
  loaded.load(JSON.parse(JSON.stringify(saved)))
  assert.equal(loaded.save(), saved)
  assert.equal([...next.core.leaving], [positionKey('SOLUSDT', 'long')])
})

test.run()
