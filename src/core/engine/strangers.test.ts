import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Steps } from '../base/units.ts'
import { Parts, RESTING } from './parts.fixture.ts'
import type { AccountPosition } from './protocol.ts'
import { foreignOf, Strangers } from './strangers.ts'

const test = suite('strangers')

const THERE: AccountPosition = {
  symbol: 'ADAUSDT',
  side: 'long',
  steps: 500 as Steps,
  entry: 100,
  leverage: 5,
  stop: null,
}

test('marking one symbol frees no other, a look at the account does', () => {
  const parts = new Parts()
  parts.strangers.mark('SOLUSDT', 'short')
  parts.strangers.mark('ADAUSDT', 'long')
  parts.strangers.mark('ADAUSDT', 'long')
  assert.equal([...parts.strangers.foreign], ['SOLUSDT', 'ADAUSDT'])
  assert.equal(parts.told(), ['foreign W303', 'foreign W303'])
  parts.strangers.foreignSeen([THERE], ['SOLUSDT:short'])
  assert.equal([...parts.strangers.foreign], ['ADAUSDT'])
  assert.equal(parts.told(), ['reconciled'])
})

test('the side that is told is the side that was seen', () => {
  const { core, strangers } = new Parts()
  strangers.mark('SOLUSDT', 'short')
  const [effect] = core.takeEffects()
  assert.match(effect.type === 'event' ? effect.event.reason : '', /^SOLUSDT short was not opened by bbw/)
})

test('orders of another bbw halt entries when they are seen twice in a row', () => {
  const parts = new Parts()
  parts.strangers.rivalsSeen(['a'])
  assert.equal(parts.told(), ['foreign C305'])
  assert.is(parts.strangers.rivals, 1)
  parts.strangers.rivalsSeen([])
  assert.is(parts.strangers.rivals, 0)
  parts.strangers.rivalsSeen(['a'])
  assert.is(parts.gatekeeper.isHalted, false)
  parts.strangers.rivalsSeen(['a', 'b'])
  assert.is(parts.gatekeeper.isHalted, true)
})

test('what was saved is there again', () => {
  const parts = new Parts()
  parts.strangers.mark('SOLUSDT', 'short')
  parts.strangers.rivalsSeen(['a'])
  const next = new Strangers(parts.core, parts.gatekeeper, parts.orders)
  next.load(parts.strangers.save())
  const foreign = [{ symbol: 'SOLUSDT', side: 'short', shown: null }]
  assert.equal(next.save(), { foreign, rivals: 1 })
  assert.equal(next.keys().map(foreignOf), foreign)
})

test('what the account shows of a position is kept, and both sides of a symbol are two positions', () => {
  const { strangers, told } = partsOf()
  const short = { ...THERE, side: 'short' } as const
  strangers.foreignSeen([THERE, short], [])
  assert.equal(strangers.shown(), [THERE, short])
  assert.equal(told(), ['foreign W303', 'foreign W303'])
  strangers.give('ADAUSDT', 'short')
  assert.equal([strangers.keys(), [...strangers.foreign]], [['ADAUSDT:long'], ['ADAUSDT']])
  strangers.foreignSeen([], strangers.keys())
  assert.equal([told(), strangers.shown()], [['reconciled'], []])
})

test('one that an earlier bbw has told of by its symbol alone is not told again', () => {
  const { strangers, told } = partsOf()
  strangers.load({ foreign: ['ADAUSDT'].map(foreignOf), rivals: 0 })
  assert.equal([...strangers.foreign], ['ADAUSDT'])
  strangers.foreignSeen([THERE], [])
  assert.equal([told(), strangers.keys()], [[], ['ADAUSDT:long']])
})

test('an entry that waits on the symbol of a stranger is taken back, and no other', () => {
  for (const symbol of ['ADAUSDT', 'SOLUSDT']) {
    const parts = new Parts().book([], [RESTING])
    parts.strangers.mark(symbol, 'short')
    assert.equal(parts.told(), symbol === 'ADAUSDT' ? ['cancel', 'foreign W303'] : ['foreign W303'])
  }
})

function partsOf(): { readonly strangers: Strangers; readonly told: () => readonly string[] } {
  const parts = new Parts()
  return { strangers: parts.strangers, told: () => parts.told() }
}

test.run()
