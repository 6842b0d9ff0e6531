import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { MINUTE } from '../../base/units.ts'
import { ReplyTimes } from './reply-times.ts'

const test = suite('reply times')

test('a slow twentieth is told once, and again only after it was fast', () => {
  const times = new ReplyTimes()
  for (let at = 0; at < 19; at++) times.take(at, 5_000)
  assert.is(times.news(20), null, 'too few say nothing')
  times.take(20, 5_000)
  assert.is(times.news(21), 5_000)
  assert.is(times.news(22), null)
  for (let at = 6 * MINUTE; at < 6 * MINUTE + 40; at++) times.take(at, 1_500)
  assert.equal([times.percentile(6 * MINUTE + 40), times.news(6 * MINUTE + 40)], [1_500, null])
  for (let at = 12 * MINUTE; at < 12 * MINUTE + 40; at++) times.take(at, 100)
  assert.is(times.news(12 * MINUTE + 40), null)
  for (let at = 13 * MINUTE; at < 13 * MINUTE + 3; at++) times.take(at, 8_000)
  assert.is(times.news(13 * MINUTE + 3), 8_000)
})

test('one slow answer in a hundred is nothing', () => {
  const times = new ReplyTimes()
  for (let at = 0; at < 100; at++) times.take(at, at === 50 ? 9_000 : 80)
  assert.equal([times.percentile(100), times.news(100)], [80, null])
})

test.run()
