import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { MINUTE } from '../base/units.ts'
import { RecentCandles } from './recent-candles.ts'

const test = suite('recent candles')
const SPAN = 15 * MINUTE

function filled(count: number, capacity: number): RecentCandles {
  const candles = new RecentCandles('15m', capacity)
  for (let i = 0; i < count; i++) candles.push(i * SPAN, 100 + i, i)
  return candles
}

test('the newest candles are kept, whatever came before them', () => {
  for (const count of [1, 3, 4, 5, 8, 9]) {
    const candles = filled(count, 4)
    const kept = Math.min(count, 4)
    assert.is(candles.length, kept)
    for (let ago = 0; ago < kept; ago++) {
      assert.is(candles.close(ago), 100 + count - 1 - ago)
      assert.is(candles.volume(ago), count - 1 - ago)
    }
    assert.is(candles.close(kept), undefined)
    assert.is(candles.volume(kept), undefined)
    assert.is(candles.newest, (count - 1) * SPAN)
  }
})

test('closes are given oldest first, and not at all when there are too few', () => {
  assert.equal([...(filled(9, 4).closes(3) ?? [])], [106, 107, 108])
  assert.is(filled(2, 4).closes(3), undefined)
  assert.is(filled(9, 4).closes(5), undefined)
})

test('what came before a hole is forgotten', () => {
  const candles = filled(4, 4)
  candles.push(5 * SPAN, 1, 2)
  assert.is(candles.length, 1)
  assert.is(candles.close(0), 1)
  assert.is(candles.close(1), undefined)
})

test('a candle that is not later than the last is refused', () => {
  const candles = filled(2, 4)
  assert.throws(() => candles.push(SPAN, 1, 1))
})

test('saved and loaded it goes on as if nothing had happened', () => {
  for (const count of [0, 1, 3, 4, 7]) {
    const candles = filled(count, 4)
    const loaded = new RecentCandles('15m', 4)
    loaded.load(JSON.parse(JSON.stringify(candles.save())))
    assert.equal(loaded.save(), candles.save())
    for (const one of [candles, loaded]) one.push(count * SPAN, 7, 8)
    assert.equal(loaded.save(), candles.save())
    assert.is(loaded.close(0), 7)
  }
})

test.run()
