import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Steps, Ticks } from '../base/units.ts'
import type { Side } from '../market/side.ts'
import { Parts, RESTING } from './parts.fixture.ts'
import type { AccountPosition, FillInput } from './protocol.ts'
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

function fillOf(
  clientOrderId: string | null,
  symbol: string,
  side: Side,
  opens: boolean,
  steps: number,
): FillInput {
  return {
    type: 'fill',
    at: 0,
    time: 0,
    execId: `${symbol}-${clientOrderId}`,
    clientOrderId,
    cause: clientOrderId === null ? 'stop' : 'order',
    symbol,
    side,
    opens,
    price: 1_000 as Ticks,
    steps: steps as Steps,
    fee: 0,
    liquidity: 'taker',
    complete: true,
  }
}

test('what orders of this bbw have opened is its own until it is closed, whoever adds to it', () => {
  const { strangers, told } = partsOf()
  const own = 'bbw-0a1f-entry'
  const lost = (...words: readonly [string | null, boolean, number]): readonly string[] => {
    const [id, opens, steps] = words
    strangers.executed(fillOf(id, 'ADAUSDT', 'long', opens, steps), true)
    return strangers.lost
  }
  const ada = ['ADAUSDT:long']
  assert.equal(lost(null, true, 100), [], 'of somebody else')
  assert.equal(lost('bbw-ffff-entry', true, 100), [], 'of another bbw')
  assert.equal(lost(own, false, 100), [], 'a close opens nothing')
  assert.equal(lost(own, true, 100), ada)
  assert.equal(lost('by-hand', true, 50), ada)
  assert.equal(lost(null, false, 149), ada)
  assert.equal(lost(null, false, 1), [])
  assert.equal(told(), [], 'whether something is there the account says')
  strangers.foreignSeen([THERE], [])
  assert.equal(lost(own, true, 100), [], 'what a person has taken back is not taken again')
  assert.equal(told(), ['foreign W303'])
})

test('what is told to be opened by somebody else is left alone at once, what is listed may be over', () => {
  const { strangers, told } = partsOf()
  strangers.executed(fillOf('by-hand', 'ADAUSDT', 'long', true, 100), true)
  assert.equal([told(), strangers.keys()], [[], []])
  strangers.executed(fillOf('by-hand', 'ADAUSDT', 'long', true, 100), false)
  assert.equal([told(), strangers.keys()], [['foreign W303'], ['ADAUSDT:long']])
})

test('one whose market is not known yet is waited for, is told once, and is lost when it has gone', () => {
  const { strangers, told } = partsOf()
  for (const _ of [1, 2]) strangers.awaits(THERE)
  assert.equal([told(), strangers.lost], [['foreign W303'], ['ADAUSDT:long']])
  assert.equal([...strangers.foreign], ['ADAUSDT'], 'nothing is entered there')
  strangers.lostGone(['ADAUSDT:long'])
  assert.equal(strangers.lost, [])
})

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
  const parts = new Parts({ instance: '0a1f' })
  parts.strangers.mark('SOLUSDT', 'short')
  parts.strangers.executed(fillOf('bbw-0a1f-entry', 'ADAUSDT', 'long', true, 500), true)
  parts.strangers.rivalsSeen(['a'])
  const next = new Strangers(parts.core, parts.gatekeeper, parts.orders)
  next.load(parts.strangers.save())
  const foreign = [{ symbol: 'SOLUSDT', side: 'short', shown: null }]
  assert.equal(next.save(), { foreign, lost: [['ADAUSDT:long', 500]], rivals: 1 })
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
  strangers.load({ foreign: ['ADAUSDT'].map(foreignOf), lost: [], rivals: 0 })
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
  const parts = new Parts({ instance: '0a1f' })
  return { strangers: parts.strangers, told: () => parts.told() }
}

test.run()
