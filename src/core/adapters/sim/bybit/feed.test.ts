import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DAY, MINUTE } from '../../../base/units.ts'
import { marketOf, START } from './bybit.fixture.ts'
import { SymbolFeed, shifted } from './feed.ts'

const test = suite('feed')

const market = marketOf([
  [100, 110, 95, 105],
  [106, 106, 100, 101],
])
const feed = new SymbolFeed(market, 0.0001)

test('the price is on the way of the candle that is under way, and stays where the last one ended', () => {
  assert.is(feed.at(START - 1).last, 100)
  assert.is(feed.at(START + 20_000).last, 95)
  assert.is(feed.at(START + 40_000).last, 110)
  assert.is(feed.at(START + MINUTE).last, 106)
  assert.is(feed.at(START + 10 * DAY).last, 101)
})

test('the way over two candles jumps where the second opens elsewhere than the first closed', () => {
  const points = feed.way(START + 50_000, START + MINUTE + 10_000)
  const jump = points.findIndex((point, k) => k > 0 && point.time === points[k - 1].time)
  assert.equal([points[jump - 1].last, points[jump].last], [105, 106])
  assert.is(points[0].time, START + 50_000)
  assert.is(points[points.length - 1].time, START + MINUTE + 10_000)
})

test('a candle under way has what has been so far, and nothing of what comes', () => {
  const open = feed.candle('last', START, START + MINUTE, START + 20_000)
  assert.equal([open?.open, open?.high, open?.low, open?.close], [100, 100, 95, 95])
  assert.is(open?.volume, 20)
  const closed = feed.candle('last', START, START + MINUTE, START + MINUTE)
  assert.equal(
    [closed?.open, closed?.high, closed?.low, closed?.close, closed?.volume],
    [100, 110, 95, 105, 60],
  )
  assert.is(feed.candle('last', START + MINUTE, START + 2 * MINUTE, START + MINUTE), null)
})

test('longer candles are summed up, also before they have closed', () => {
  const five = feed.candle('last', START, START + 5 * MINUTE, START + 2 * MINUTE)
  assert.equal([five?.open, five?.high, five?.low, five?.close, five?.volume], [100, 110, 95, 101, 120])
})

test('where no mark price is recorded it is the last price, and the premium is nothing', () => {
  assert.is(feed.candle('mark', START, START + MINUTE, START + MINUTE)?.high, 110)
  assert.is(feed.candle('premium', START, START + MINUTE, START + MINUTE)?.close, 0)
})

test('the last day has the candle that is under way in its extremes', () => {
  const day = feed.day(START + 40_000)
  assert.is(day.high, 110)
  assert.is(day.previous, 100)
  assert.is(feed.hourAgo(START + 40_000), 100)
  assert.ok(Math.abs(feed.volumeOfMinute(START + 40_000) - 60) < 0.1)
})

test('a market moved by a week is the same market a week later', () => {
  const moved = new SymbolFeed(shifted(market, 7 * DAY), 0.0001)
  assert.is(moved.at(START + 7 * DAY + 40_000).last, 110)
  assert.is(moved.firstAt, feed.firstAt + 7 * DAY)
  assert.is(shifted(market, 0), market)
})

test('without a candle before a time there is no price', () => {
  assert.not(feed.isPriced(feed.firstAt - 1))
  assert.ok(Number.isNaN(feed.at(feed.firstAt - 1).last))
})

test.run()
