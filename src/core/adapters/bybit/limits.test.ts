import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Budgets, COOL_OFF, type Lane } from './limits.ts'

const test = suite('bybit limits')
const SEED = 20_261_127
const CREATE = '/v5/order/create'
const KLINE = '/v5/market/kline'

/** Sends as soon as the budget lets it; returns when. */
function send(budgets: Budgets, path: string, lane: Lane, now: number): number {
  let at = now
  for (let wait = budgets.wait(path, lane, at); wait > 0; wait = budgets.wait(path, lane, at)) at += wait
  budgets.take(path, at, lane)
  return at
}

test('half of a limit is used, and of that three tenths are kept for protection', () => {
  const budgets = new Budgets()
  const sent = Array.from({ length: 4 }, () => send(budgets, CREATE, 'normal', 0))
  // 10 a second: 5 are bbw's, 3 of them for what does not protect.
  assert.equal(sent, [0, 0, 0, 1_000])
  const fresh = new Budgets()
  for (let k = 0; k < 3; k++) fresh.take(CREATE, 0)
  assert.is(fresh.wait(CREATE, 'normal', 0), 1_000)
  assert.equal([send(fresh, CREATE, 'protective', 0), send(fresh, CREATE, 'protective', 0)], [0, 0])
  assert.is(fresh.wait(CREATE, 'protective', 0), 1_000)
})

test('endpoints have budgets of their own, and all of them that of the address', () => {
  const budgets = new Budgets()
  for (let k = 0; k < 5; k++) budgets.take(CREATE, 0)
  assert.is(budgets.wait('/v5/order/cancel', 'normal', 0), 0)
  for (let k = 0; k < 205; k++) budgets.take(KLINE, 0)
  assert.is(budgets.wait('/v5/order/cancel', 'normal', 0), 5_000)
  assert.is(budgets.wait('/v5/order/cancel', 'protective', 0), 0)
  for (let k = 0; k < 90; k++) budgets.take(KLINE, 1, 'protective')
  assert.is(budgets.wait('/v5/order/cancel', 'protective', 1), 4_999)
})

test('an endpoint without room waits for its reset, and is believed for five seconds', () => {
  const budgets = new Budgets()
  budgets.block(CREATE, 700, 0)
  assert.equal([budgets.wait(CREATE, 'protective', 0), budgets.wait(CREATE, 'protective', 700)], [700, 0])
  assert.is(budgets.wait('/v5/order/cancel', 'normal', 0), 0)
  budgets.block(CREATE, 10_000_000, 1_000)
  assert.is(budgets.wait(CREATE, 'normal', 1_000), 5_000)
  budgets.block(KLINE, 2_000, 1_000)
  assert.is(budgets.wait('/v5/market/tickers', 'normal', 1_000), 1_000)
})

test('a lower limit is learnt from a reply, a higher one is not used', () => {
  const budgets = new Budgets()
  budgets.learn(CREATE, 4)
  budgets.take(CREATE, 0)
  assert.is(budgets.wait(CREATE, 'normal', 0), 1_000)
  budgets.learn(CREATE, 100)
  assert.is(budgets.wait(CREATE, 'normal', 0), 1_000)
  budgets.learn(KLINE, 1)
  assert.is(budgets.wait(KLINE, 'normal', 0), 0)
})

test('a host that has blocked the address is left alone for ten minutes', () => {
  const budgets = new Budgets()
  assert.is(budgets.silentFor(5), 0)
  budgets.silence(5)
  assert.is(budgets.silentFor(5), COOL_OFF)
  assert.is(budgets.silentFor(5 + COOL_OFF), 0)
})

test(`no second ever has more than half of the exchange's limit (seed ${SEED})`, () => {
  const steps = fc.array(fc.tuple(fc.nat(120), fc.constantFrom<Lane>('normal', 'protective')), {
    maxLength: 80,
  })
  fc.assert(
    fc.property(steps, list => {
      const budgets = new Budgets()
      const times: number[] = []
      let now = 0
      for (const [pause, lane] of list) {
        now = send(budgets, CREATE, lane, now + pause)
        times.push(now)
      }
      for (const time of times) {
        assert.ok(times.filter(other => other > time - 1_000 && other <= time).length <= 5)
      }
    }),
    { seed: SEED },
  )
})

test.run()
