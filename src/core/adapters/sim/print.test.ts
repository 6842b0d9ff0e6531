import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DAY } from '../../base/units.ts'
import { CandleSeries } from '../../market/candles.ts'
import type { SymbolMarket } from '../../market/symbol-market.ts'
import { marketsOf } from './market.fixture.ts'
import { differenceOf, isWhole, printOf } from './print.ts'

const test = suite('print of a market')

const [{ instrument }] = marketsOf(1, 2, { symbols: 1 })
const { symbol } = instrument

function market(days: number, change: Partial<SymbolMarket> = {}, close = 100): SymbolMarket {
  const candles = new CandleSeries(symbol, '1d')
  for (let day = 0; day < days; day++) candles.push(day * DAY, 100, 101, 99, close, 1, 100)
  const mark = { ...candles, interval: '1d' as const, length: candles.length, symbol }
  const time = Float64Array.from({ length: days }, (_, day) => day * DAY)
  return {
    instrument,
    candles: new Map([['1d', candles]]),
    mark: new Map([['1d', mark]]),
    funding: { time, rate: new Float64Array(days).fill(0.0001) },
    ...change,
  }
}

/** What is said of a market that was `was` and is `is`, at a moment. */
function difference(was: SymbolMarket, is: SymbolMarket, now = DAY): string | null {
  const ends = (one: SymbolMarket): ReadonlyMap<string, number> => {
    const length = one.candles.get('1d')?.length ?? 0
    return new Map([[one.instrument.symbol, length * DAY]])
  }
  const before = printOf([was], ends(was), null)
  return differenceOf(before, printOf([is], ends(is), before), now)
}

test('a market is itself, through JSON too, and with rows appended to any series', () => {
  assert.is(difference(market(5), market(5)), null)
  assert.is(difference(market(5), market(9)), null)
  const print = printOf([market(5)], new Map([[symbol, 5 * DAY]]), null)
  assert.is(differenceOf(JSON.parse(JSON.stringify(print)), print, DAY), null)
  assert.equal([isWhole(print, [market(5)]), isWhole(print, [market(6)])], [true, false])
  // Room behind the rows is no data.
  const roomy = new CandleSeries(symbol, '1d', 999)
  for (let day = 0; day < 5; day++) roomy.push(day * DAY, 100, 101, 99, 100, 1, 100)
  assert.is(difference(market(5), market(5, { candles: new Map([['1d', roomy]]) })), null)
})

test('what is another market is said', () => {
  const other = { ...instrument, symbol: 'OTHERUSDT' }
  for (const [was, is, words] of [
    [market(5), market(5, { instrument: other }), `${symbol} is missing`],
    [
      market(5),
      market(5, { instrument: { ...instrument, maxLeverage: 7 } }),
      `the filters of ${symbol} are others`,
    ],
    [market(5), market(5, {}, 100.5), `the candles of 1d of ${symbol} are others`],
    [market(5), market(4), `${symbol} has only 4 rows of candles of 1d, and had 5`],
    [market(5), market(5, { mark: new Map() }), `the mark candles of 1d of ${symbol} are missing`],
    [market(5, { funding: null }), market(5), `the funding settlements of ${symbol} are new`],
  ] as const) {
    assert.is(difference(was, is), words)
  }
  const two = printOf([market(5), market(5, { instrument: other })], new Map(), null)
  assert.is(differenceOf(printOf([market(5)], new Map(), null), two, 0), 'OTHERUSDT is new')
})

test('trading that had ended must not go on, trading that goes on may last longer', () => {
  assert.is(difference(market(5), market(9), 5 * DAY - 1), null)
  assert.is(
    difference(market(5), market(9), 5 * DAY),
    `trading of ${symbol} ended at 1970-01-06T00:00Z, now at 1970-01-10T00:00Z`,
  )
})

test.run()
