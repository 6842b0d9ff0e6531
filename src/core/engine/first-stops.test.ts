import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { instrument, steps, ticks } from '../adapters/sim/exchange.fixture.ts'
import { type BookedPosition, bareOf } from './first-stops.ts'
import type { AccountPosition } from './protocol.ts'

const test = suite('first stops')

const HELD: BookedPosition = {
  ...{ symbol: 'XUSDT', side: 'long', instrument, entry: 100, steps: steps(2), stop: ticks(95) },
}
const SHOWN: AccountPosition = {
  ...{ symbol: 'XUSDT', side: 'long', steps: steps(2), entry: 100, leverage: 10, stop: null },
}

test('a position that stands as it is booked, without its stop, is bare', () => {
  assert.equal(bareOf([HELD], [SHOWN]), [HELD])
  const rounded = { ...SHOWN, entry: 100 + instrument.tickSize / 2 }
  assert.equal(bareOf([HELD], [rounded]), [HELD])
})

test('one that has a stop, or may be somebody else’s, or is not there, is left alone', () => {
  for (const other of [
    { stop: ticks(90) },
    { steps: steps(1) },
    { entry: 100 + 2 * instrument.tickSize },
    { side: 'short' },
    { symbol: 'YUSDT' },
  ] as const) {
    assert.equal(bareOf([HELD], [{ ...SHOWN, ...other }]), [], JSON.stringify(other))
  }
  assert.equal(bareOf([HELD], []), [])
  assert.equal(bareOf([], [SHOWN]), [])
})

test.run()
