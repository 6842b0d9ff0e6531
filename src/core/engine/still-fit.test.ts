import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { MINUTE, SECOND } from '../base/units.ts'
import { MIDNIGHT, ticks } from '../decision/view.fixture.ts'
import { RESTING } from './parts.fixture.ts'
import type { OrderRequest } from './protocol.ts'
import { defaultSettings } from './settings.ts'
import { type SeenPrice, unfit } from './still-fit.ts'

const test = suite('still fit')

const { guards } = defaultSettings()

/** The request of a long with its stop at 95. */
function request(over: Partial<OrderRequest> = {}): OrderRequest {
  const { clientOrderId, symbol, side, steps, stop, leverage } = RESTING
  const order = {
    clientOrderId,
    symbol,
    side,
    steps,
    stop,
    leverage,
    purpose: 'entry',
    postOnly: false,
  } as const
  return { ...order, type: 'market', price: null, ...over }
}

const seen = (last: number, age = 0): SeenPrice => ({ now: MIDNIGHT, last, lastAt: MIDNIGHT - age })

test('an entry at the market is fit on a price of now that is far from its stop', () => {
  assert.is(unfit(RESTING, request(), seen(100), guards), null)
  assert.is(unfit(RESTING, request(), seen(100, 10 * SECOND), guards), null)
  assert.is(unfit(RESTING, request(), seen(100, 11 * SECOND), guards), 'the price is 11 s old')
})

test('a limit may be judged by an older price, by the limits of the configuration', () => {
  const limit = request({ type: 'limit', price: ticks(990) })
  assert.is(unfit(RESTING, limit, seen(100, MINUTE), guards), null)
  assert.is(unfit(RESTING, limit, seen(100, 61 * SECOND), guards), 'the price is 61 s old')
  const wider = { ...guards, 'stale-data': { tickerSeconds: 90 } }
  assert.is(unfit(RESTING, limit, seen(100, 61 * SECOND), wider), null)
})

test('near its stop, past it, or without a price it is not sent, on both sides', () => {
  assert.is(unfit(RESTING, request(), seen(95.5), guards), 'the stop is 0.52 % away')
  assert.ok(unfit(RESTING, request(), seen(90), guards) !== null)
  assert.ok(unfit(RESTING, request(), seen(Number.NaN), guards) !== null)
  const short = { ...RESTING, side: 'short' as const, stop: ticks(1_050) }
  assert.is(unfit(short, request(), seen(100), guards), null)
  assert.is(unfit(short, request(), seen(104.5), guards), 'the stop is 0.48 % away')
  const past = request({ type: 'limit', price: ticks(949) })
  assert.is(unfit(RESTING, past, seen(100), guards), 'its price is past the stop')
})

test.run()
