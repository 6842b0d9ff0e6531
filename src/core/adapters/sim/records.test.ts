import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Steps, Ticks } from '../../base/units.ts'
import type { FillInput } from '../../engine/protocol.ts'
import { Records } from './records.ts'

const test = suite('records of the exchange')

function fill(at: number, clientOrderId: string | null, steps: number, complete: boolean): FillInput {
  return {
    type: 'fill',
    at,
    time: at,
    execId: `e${at}`,
    clientOrderId,
    cause: 'order',
    symbol: 'XUSDT',
    side: 'long',
    price: 5 as Ticks,
    steps: steps as Steps,
    fee: 0,
    liquidity: 'taker',
    complete,
  }
}

const known = (records: Records, id: string, now: number): string => {
  const { state, filled, reason } = records.lookUp('XUSDT', id, now)
  return `${state} ${filled} ${reason}`.trim()
}

test('an order is known with its state and all that was filled', () => {
  const records = new Records(100)
  records.accepted('a', 'XUSDT')
  assert.is(known(records, 'a', 1), 'resting 0')
  records.executed(fill(1, 'a', 3, false), 1)
  assert.is(known(records, 'a', 1), 'resting 3')
  records.executed(fill(2, 'a', 4, true), 2)
  assert.is(known(records, 'a', 2), 'filled 7')
  records.accepted('b', 'XUSDT')
  records.executed(fill(3, 'b', 2, false), 3)
  records.cancelled('b', 'on request', 3)
  assert.is(known(records, 'b', 3), 'cancelled 2 on request')
  records.rejected('c', 'XUSDT', 'no margin', 4)
  assert.is(known(records, 'c', 4), 'rejected 0 no margin')
  records.accepted('d', 'XUSDT')
  records.rejected('d', 'XUSDT', 'after all', 5)
  assert.is(known(records, 'd', 5), 'rejected 0 after all')
  assert.match(known(records, 'e', 5), /^absent 0 no order e on XUSDT/)
})

test('executions are given from a time on, oldest first, and none twice', () => {
  const records = new Records(100)
  for (const at of [1, 2, 2, 5]) records.executed(fill(at, null, 1, true), at)
  assert.equal(
    records.executions(2, 5).map(one => one.at),
    [2, 2, 5],
  )
  assert.equal(records.executions(6, 6), [])
  assert.is(records.executions(0, 6).length, 4)
})

test('much that is old is forgotten, and its ids stay used', () => {
  const records = new Records(100)
  for (let at = 1; at <= 5_000; at++) {
    records.accepted(`o${at}`, 'XUSDT')
    records.executed(fill(at, `o${at}`, 1, true), at)
  }
  assert.is(records.executions(0, 5_000).length, 101)
  assert.is(known(records, 'o4900', 5_000), 'filled 1')
  assert.match(known(records, 'o4899', 5_000), /^absent/)
  assert.ok(records.isUsed('o1') && !records.isUsed('o0'))
})

test.run()
