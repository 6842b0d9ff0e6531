import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Steps, Ticks } from '../../../base/units.ts'
import { instrument } from '../exchange.fixture.ts'
import { BybitAccount } from './account.ts'
import type { BybitPosition } from './order.ts'
import { Stops } from './stops.ts'
import { changed } from './wishes.ts'

const test = suite('stops')

function held(): {
  readonly stops: Stops
  readonly account: BybitAccount
  readonly position: BybitPosition
  move(last: number): void
} {
  let point = { time: 0, last: 100, mark: 100 }
  const account = new BybitAccount(0n, '1', () => instrument)
  const stops = new Stops(account, { stamp: 1, instrument: () => instrument, point: () => point })
  const position = account.position('XUSDT', 0, 0)
  position.side = 'long'
  position.steps = 1_000 as Steps
  const move = (last: number): void => {
    point = { time: 0, last, mark: last }
    stops.follow('XUSDT', point)
  }
  return { stops, account, position, move }
}

test('the stop of a whole position is set once, changed in place and taken away', () => {
  const { stops, position } = held()
  const set = (price: number): boolean => stops.setWhole(position, 'StopLoss', price as Ticks, 'LastPrice', 1)
  assert.equal([set(950), set(950), set(960)], [true, false, true])
  assert.equal(
    stops.protecting('XUSDT', 0).map(({ trigger }) => trigger?.price),
    [960],
  )
  assert.equal([set(0), set(0)], [true, false])
  assert.is(stops.protecting('XUSDT', 0).length, 0)
})

test('a stop that follows goes up with the price, once it is armed, and never down', () => {
  const { stops, position, move } = held()
  assert.ok(stops.trail(position, 50 as Ticks, 1_050 as Ticks, 1))
  const price = (): number | undefined => stops.protecting('XUSDT', 0)[0]?.trigger?.price
  assert.is(price(), undefined)
  move(104)
  assert.is(price(), undefined)
  move(106)
  assert.is(price(), 1_010)
  move(103)
  assert.is(price(), 1_010)
  move(110)
  assert.is(price(), 1_050)
  assert.not(stops.trail(position, 50 as Ticks, 1_050 as Ticks, 1))
  assert.ok(stops.trail(position, 0, null, 1))
  assert.is(price(), undefined)
})

test('one pair too many is refused where it is asked for, and lost where an order brings it along', () => {
  const { stops, position } = held()
  const attached = changed(null, 1_100 as Ticks, 900 as Ticks)
  if (attached === null) throw new Error('something is brought along')
  const pair = { ...attached, mode: 'Partial' as const }
  for (let k = 0; k < 20; k++) stops.attach(position, pair, 10 as Steps, 1)
  assert.is(stops.protecting('XUSDT', 0).length, 40)
  stops.attach(position, pair, 10 as Steps, 1)
  assert.is(stops.protecting('XUSDT', 0).length, 40)
  assert.throws(() => stops.addPair(position, pair, 10 as Steps, 1), /limited to 20/)
})

test('a stop can be lost when it comes and left behind when the position goes, each once', () => {
  const { stops, position } = held()
  const attached = changed(null, null, 900 as Ticks)
  if (attached === null) throw new Error('something is brought along')
  const count = (): number => stops.protecting('XUSDT', 0).length
  stops.lose('XUSDT')
  stops.attach(position, attached, 10 as Steps, 1)
  assert.is(count(), 0)
  stops.attach(position, attached, 10 as Steps, 1)
  stops.keep('XUSDT')
  stops.clear(position, 1)
  assert.is(count(), 1)
  stops.clear(position, 1)
  assert.is(count(), 0)
})

test.run()
