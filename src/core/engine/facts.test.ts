import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DAY, HOUR, MINUTE } from '../base/units.ts'
import { Facts } from './facts.ts'
import { HELD, Parts, RESTING } from './parts.fixture.ts'
import type { Listing } from './protocol.ts'

const test = suite('facts')

interface House {
  readonly parts: Parts
  readonly facts: Facts
}

function house(): House {
  const parts = new Parts().book([HELD], [RESTING])
  return { parts, facts: new Facts(parts) }
}

function tell({ parts, facts }: House, over: Partial<Listing>): void {
  const listing = { symbol: HELD.symbol, status: 'trading', delistsAt: null, ...over } as const
  facts.listed({ type: 'listing', at: parts.core.now, ...listing })
}

test('an entry on what is delisted is taken back, and a position told of once', () => {
  const one = house()
  tell(one, { symbol: RESTING.symbol, delistsAt: one.parts.core.now + 3 * DAY })
  assert.ok(one.parts.told().includes('cancel'))
  tell(one, { delistsAt: one.parts.core.now + 3 * DAY })
  one.facts.look()
  assert.equal(one.parts.told(), ['alert C602'])
  tell(one, { delistsAt: one.parts.core.now + 3 * DAY })
  one.facts.look()
  assert.equal(one.parts.told(), [])
  assert.equal(
    [one.parts.core.obstacles.isOn(HELD.symbol), one.parts.core.obstacles.isOn('BTCUSDT')],
    [true, false],
  )
})

test('what is held is closed a day before its end, once, and not where nothing is traded', () => {
  const one = house()
  tell(one, { delistsAt: one.parts.core.now + DAY + HOUR })
  one.facts.look()
  assert.equal(one.parts.told(), ['alert C602'])
  one.parts.wait(HOUR)
  one.facts.look()
  one.facts.look()
  assert.equal(one.parts.told(), ['exiting C602', 'persist', 'place'])
  const stopped = house()
  tell(stopped, { status: 'stopped', delistsAt: stopped.parts.core.now })
  stopped.facts.look()
  assert.equal(stopped.parts.told(), ['alert C602'])
})

test('another end of trading is told of anew, and none any more frees the symbol', () => {
  const one = house()
  tell(one, { delistsAt: one.parts.core.now + 9 * DAY })
  one.facts.look()
  tell(one, { delistsAt: one.parts.core.now + 8 * DAY })
  one.facts.look()
  tell(one, {})
  one.facts.look()
  assert.equal(one.parts.told(), ['alert C602', 'alert C602', 'reconciled'])
  assert.is(one.parts.core.obstacles.isOn(HELD.symbol), false)
})

test('maintenance is over once, after which everything is to be compared', () => {
  const { parts, facts } = house()
  const from = parts.core.now + 10 * MINUTE
  facts.announced({ type: 'maintenance', at: 0, from, until: from + HOUR })
  assert.equal([facts.look(), parts.core.obstacles.isOn('BTCUSDT')], [false, false])
  parts.wait(5 * MINUTE)
  assert.equal([facts.look(), parts.core.obstacles.isOn('BTCUSDT')], [false, true])
  parts.wait(HOUR + 5 * MINUTE)
  assert.equal([facts.look(), facts.look()], [true, false])
  assert.is(parts.core.obstacles.isOn('BTCUSDT'), false)
  assert.equal(parts.told(), ['paused W404'])
})

test('what is known of the exchange survives', () => {
  const one = house()
  tell(one, { delistsAt: one.parts.core.now + 9 * DAY })
  one.facts.look()
  one.facts.announced({ type: 'maintenance', at: 0, from: one.parts.core.now, until: null })
  const terms = { marginMode: 'isolated', accountType: 'unified', mayOnlyReduce: true, marginUse: 0.7 }
  one.facts.trades(terms)
  one.facts.trades({ ...terms, marginMode: 'cross' })
  const saved = JSON.parse(JSON.stringify(one.facts.save()))
  const later = new Facts(one.parts)
  later.load(saved)
  assert.equal(later.save(), one.facts.save())
  one.parts.told()
  later.look()
  assert.ok(!one.parts.told().includes('alert C602'), 'it is not told of again')
  later.resumed()
  assert.is(later.save().terms?.marginMode, 'isolated', 'no resume makes cross margin the one that is wanted')
  later.trades({ ...terms, marginMode: 'isolated', accountType: 'other' })
  later.resumed()
  assert.is(later.save().terms?.accountType, 'other')
})

test.run()
