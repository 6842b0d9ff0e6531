import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { SECOND } from '../base/units.ts'
import { MIDNIGHT } from '../decision/view.fixture.ts'
import { Leftovers } from './leftovers.ts'
import { HELD, Parts } from './parts.fixture.ts'
import type { Account } from './protocol.ts'

const test = suite('leftovers')

const ACCOUNT: Account = {
  wallet: 1_000,
  positions: [],
  orders: [],
  conditional: [
    {
      id: 'f3a1',
      symbol: HELD.symbol,
      side: HELD.side,
      purpose: 'exit',
      isGuard: true,
      since: MIDNIGHT - SECOND,
    },
  ],
}

/** What was told and done, by kind and code, with the ids that were cancelled. */
function look(parts: Parts, leftovers: Leftovers, account = ACCOUNT): readonly string[] {
  leftovers.seen(account)
  return parts.core.takeEffects().flatMap(effect => {
    if (effect.type === 'cancel') return [`cancel ${effect.clientOrderId}`]
    return effect.type === 'event' ? [`${effect.event.kind} ${effect.event.code}`] : []
  })
}

test('the stop of a position that has ended is cancelled by the exchange’s id, and told', () => {
  const parts = new Parts()
  const { leftovers } = parts
  leftovers.ended(HELD.symbol, HELD.side, MIDNIGHT)
  assert.equal(look(parts, leftovers), [], 'the exchange may be about to')
  parts.wait(10 * SECOND)
  assert.equal(look(parts, leftovers), ['reconciled I211', 'cancel f3a1'])
  assert.equal(look(parts, leftovers), [], 'its answer is awaited')
})

test('while the books hold something it is no leftover, whatever the account shows', () => {
  const parts = new Parts().book([HELD])
  parts.core.takeEffects()
  parts.leftovers.ended(HELD.symbol, HELD.side, MIDNIGHT)
  parts.wait(10 * SECOND)
  assert.equal(look(parts, parts.leftovers), [])
})

test('where a position cannot be read its stop is no leftover', () => {
  const parts = new Parts()
  parts.leftovers.ended(HELD.symbol, HELD.side, MIDNIGHT)
  parts.wait(10 * SECOND)
  const unread = [{ type: 'unread', what: 'position', symbol: HELD.symbol, reason: 'size is "x"' }] as const
  assert.equal(look(parts, parts.leftovers, { ...ACCOUNT, unread }), [])
  assert.equal(look(parts, parts.leftovers), ['reconciled I211', 'cancel f3a1'])
})

test('one of somebody else is told of once, also by what was saved', () => {
  const parts = new Parts()
  parts.wait(10 * SECOND)
  assert.equal(look(parts, parts.leftovers), ['foreign W314'])
  assert.equal(look(parts, parts.leftovers), [])
  const next = new Leftovers(parts.core, parts.orders)
  next.load(JSON.parse(JSON.stringify(parts.leftovers.save())))
  assert.equal(look(parts, next), [])
  assert.equal(look(parts, next, { ...ACCOUNT, conditional: [] }), [])
  assert.equal(look(parts, next), ['foreign W314'], 'it has come again')
})

test('that a position was bbw’s survives what was saved', () => {
  const parts = new Parts()
  parts.leftovers.ended(HELD.symbol, HELD.side, MIDNIGHT)
  const next = new Leftovers(parts.core, parts.orders)
  next.load(JSON.parse(JSON.stringify(parts.leftovers.save())))
  parts.wait(10 * SECOND)
  assert.equal(look(parts, next), ['reconciled I211', 'cancel f3a1'])
})

test.run()
