import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DAY, HOUR, MINUTE, SECOND, type Steps, type Ticks } from '../../../base/units.ts'
import { instrument } from '../exchange.fixture.ts'
import { FundingTape } from '../tape.ts'
import { marketOf, START, still } from './bybit.fixture.ts'
import { SymbolFeed } from './feed.ts'
import { FundingSchedule } from './funding-schedule.ts'
import { Ledger } from './ledger.ts'
import { limitRatios, priceLimits } from './limits.ts'
import { bookOf, klineEnd, klineStart, recentTrades, tradeAt } from './quotes.ts'
import { averageText, priceText, quoteText, roundText, stepsText } from './text.ts'

const test = suite('quotes')

const feed = new SymbolFeed(marketOf(still(100)), 0.0001)

test('the book is the same at every asking within a second, and has sizes on the grid', () => {
  assert.equal(bookOf(feed, START, 5), bookOf(feed, START + 900, 5))
  assert.not.equal(bookOf(feed, START, 5), bookOf(feed, START + SECOND, 5))
  for (const [, size] of bookOf(feed, START, 5).asks) assert.match(size, /^\d+\.\d{3}$/)
})

test('at a price of a few ticks the book has no bid below the least price', () => {
  const cheap = new SymbolFeed(marketOf(still(0.3)), 0.0001)
  assert.is(bookOf(cheap, START, 10).bids.length, 2)
})

test('each second has a trade at its price until the market ends', () => {
  assert.is(tradeAt(feed, START)?.price, 1_000)
  assert.equal(tradeAt(feed, START), tradeAt(feed, START))
  assert.is(tradeAt(feed, feed.endAt), null)
  assert.is(recentTrades(feed, feed.firstAt + 3 * SECOND, 10).length, 3)
})

test('candles begin on round times, weeks on Mondays, months on the first', () => {
  assert.is(klineStart('15', START), START)
  assert.is(klineStart('W', START), Date.UTC(2025, 2, 3))
  assert.is(klineStart('M', START), Date.UTC(2025, 2, 1))
  assert.is(klineEnd('M', Date.UTC(2025, 1, 1)), Date.UTC(2025, 2, 1))
  assert.is(klineStart('2', START), null)
  assert.is(klineStart('constructor', START), null)
})

test('more leverage comes with nearer price limits', () => {
  assert.equal(limitRatios(instrument), { x: 0.02, y: 0.04 })
  const limits = priceLimits(instrument, { time: 0, last: 103, mark: 100 })
  assert.equal([limits.buy, limits.sell], [1_040, 980])
})

test('an interval that the exchange orders holds from then on, at the same rate by the hour', () => {
  const schedule = new FundingSchedule(new FundingTape(null, 0.0008), 0.0008)
  const midnight = Date.UTC(2025, 2, 3)
  const first = { rate: 0.0008, per8h: 0.0008, next: midnight + 8 * HOUR, interval: 8 * HOUR }
  assert.equal(schedule.announced(midnight), first)
  schedule.order(midnight + HOUR, HOUR)
  const settled = schedule.within(midnight, midnight + 4 * HOUR)
  assert.equal(
    settled.map(({ time, rate }) => [(time - midnight) / HOUR, rate]),
    [
      [2, 0.0001],
      [3, 0.0001],
      [4, 0.0001],
    ],
  )
  assert.is(schedule.announced(midnight + 90 * MINUTE).next, midnight + 2 * HOUR)
  assert.is(schedule.within(midnight - DAY, midnight).length, 3)
})

test('a ledger adds what it is told and nothing else', () => {
  const ledger = new Ledger(100n)
  const nothing = { symbol: '', side: 'None', orderId: '', orderLinkId: '', tradeId: '' } as const
  const zero = { price: 0, qty: '0', size: '0', feeRate: 0 }
  ledger.add({ ...nothing, ...zero, time: 1, type: 'TRADE', cashFlow: 5n, funding: 0n, fee: 2n })
  ledger.add({ ...nothing, ...zero, time: 2, type: 'SETTLEMENT', cashFlow: 0n, funding: -1n, fee: 0n })
  assert.is(ledger.balance, 102n)
  assert.equal(
    ledger.entries.map(({ change, balance }) => [change, balance]),
    [
      [3n, 103n],
      [-1n, 102n],
    ],
  )
})

test('numbers are written in plain notation with the decimals of their grid', () => {
  assert.is(priceText(instrument, 1_005 as Ticks), '100.5')
  assert.is(priceText(instrument, 0), '0.0')
  assert.is(stepsText(instrument, 1_500 as Steps), '1.500')
  assert.is(quoteText(instrument, 99.96), '100.0')
  assert.is(averageText(instrument, 99.96789), '99.968')
  assert.is(roundText(1e-7, 8), '0.0000001')
  assert.is(roundText(-0, 8), '0')
  assert.is(roundText(Number.NaN, 8), '')
})

test.run()
