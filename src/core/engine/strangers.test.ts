import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Parts } from './parts.fixture.ts'
import { Strangers } from './strangers.ts'

const test = suite('strangers')

test('marking one symbol frees no other, a look at the account does', () => {
  const parts = new Parts()
  parts.strangers.mark('SOLUSDT', 'short')
  parts.strangers.mark('ADAUSDT', 'long')
  parts.strangers.mark('ADAUSDT', 'short')
  assert.equal([...parts.strangers.foreign], ['SOLUSDT', 'ADAUSDT'])
  assert.equal(parts.told(), ['foreign W303', 'foreign W303'])
  parts.strangers.foreignSeen([{ symbol: 'ADAUSDT', side: 'long' }])
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
  const next = new Strangers(parts.core, parts.gatekeeper)
  next.load(parts.strangers.save())
  assert.equal(next.save(), { foreign: ['SOLUSDT'], rivals: 1 })
})

test.run()
