import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { HOUR, MINUTE, SECOND } from '../../base/units.ts'
import type { Candle } from '../../market/candles.ts'
import { CandleKeeper, type Tellable } from './candle-keeper.ts'

const test = suite('candle keeper')

const SEED = 20261127
console.log(`seed ${SEED}`)

const BAR = 5 * MINUTE
const BEGIN = 1_000 * BAR

const candle = (k: number): Candle => ({
  start: BEGIN + k * BAR,
  open: 1,
  high: 1,
  low: 1,
  close: 1,
  volume: 1,
  turnover: 1,
})

/** Numbers of the candles told. */
const told = ({ candles }: Tellable): readonly number[] => candles.map(({ start }) => (start - BEGIN) / BAR)

function keeper(): CandleKeeper {
  const made = new CandleKeeper()
  made.follow('AUSDT', '5m', BEGIN)
  return made
}

const confirm = (on: CandleKeeper, k: number): readonly number[] =>
  told(on.confirmed('AUSDT', '5m', candle(k)))

test('a candle is told when it is confirmed, once, and one that nobody follows is not', () => {
  const one = keeper()
  assert.equal(confirm(one, 0), [0])
  assert.equal(confirm(one, 0), [])
  assert.equal(told(one.confirmed('BUSDT', '5m', candle(1))), [])
  assert.equal(
    told(one.confirmed('AUSDT', '5m', { ...candle(1), start: BEGIN + BAR + 1 })),
    [],
    'off the grid',
  )
  assert.equal(confirm(one, 1), [1])
  one.drop('AUSDT')
  assert.equal(confirm(one, 2), [])
})

test('one that is not confirmed within 3 s of its close is asked for, once at a time', () => {
  const one = keeper()
  const close = BEGIN + BAR
  assert.equal(one.due(close + 3 * SECOND - 1), [])
  const [wanted, ...others] = one.due(close + 3 * SECOND)
  assert.equal(wanted, { symbol: 'AUSDT', interval: '5m', from: BEGIN, to: close })
  assert.equal([others, one.due(close + HOUR)], [[], []], 'the answer is on its way')
  assert.equal(one.listed(wanted, [candle(0)], close + 3 * SECOND), { candles: [candle(0)], missing: 0 })
  assert.equal(one.due(close + BAR), [])
})

test('behind a missing one candles wait, and are told in order once it is there', () => {
  const one = keeper()
  assert.equal(confirm(one, 0), [0])
  assert.equal(confirm(one, 2), [])
  assert.equal(confirm(one, 3), [])
  const now = BEGIN + 4 * BAR
  const [wanted] = one.due(now)
  assert.equal(told(one.listed(wanted, [candle(1)], now)), [1, 2, 3])
})

test('what the list does not have between others is a gap; what it does not have yet is asked for again, later and later', () => {
  const one = keeper()
  let now = BEGIN + 4 * BAR + 3 * SECOND
  const [wanted] = one.due(now)
  const found = one.listed(wanted, [candle(0), candle(2)], now)
  assert.equal([told(found), found.missing], [[0, 2], 1])
  for (const pause of [10, 20, 40, 80, 120, 120]) {
    assert.equal(one.due(now + pause * SECOND - 1), [])
    now += pause * SECOND
    const [again] = one.due(now)
    assert.is(again.from, BEGIN + 3 * BAR)
    one.listed(again, [], now)
  }
})

test('a list that could not be had is asked for again after a pause', () => {
  const one = keeper()
  const now = BEGIN + BAR + 3 * SECOND
  const [wanted] = one.due(now)
  one.failed(wanted, now)
  assert.equal(one.due(now + 5 * SECOND - 1), [])
  assert.is(one.due(now + 5 * SECOND).length, 1)
})

test('whatever is lost, late, doubled or out of order, every candle is told once and in order', () => {
  const property = fc.property(
    fc.array(fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 4 }), { minLength: 1, maxLength: 60 }),
    fc.array(fc.boolean(), { minLength: 60, maxLength: 60 }),
    (pushes, answers) => {
      const one = keeper()
      const seen: number[] = []
      let now = BEGIN
      const ask = (answered: boolean): void => {
        for (const wanted of one.due(now)) {
          if (!answered) one.failed(wanted, now)
          else {
            const last = (wanted.to - BEGIN) / BAR
            const list = Array.from({ length: last }, (_, k) => candle(k))
            seen.push(...told(one.listed(wanted, list, now)))
          }
        }
      }
      for (const [k, batch] of pushes.entries()) {
        now += BAR
        const closed = Math.floor((now - BEGIN) / BAR)
        for (const pushed of batch) if (pushed < closed) seen.push(...confirm(one, pushed))
        ask(answers[k] === true)
      }
      now += HOUR
      ask(true)
      assert.equal(
        seen,
        Array.from({ length: (now - BEGIN) / BAR }, (_, k) => k),
      )
    },
  )
  fc.assert(property, { seed: SEED, numRuns: 200 })
})

test.run()
