import { mean, sampleCorrelation, sampleKurtosis, standardDeviation } from 'simple-statistics'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { UsageError } from '../../base/errors.ts'
import { random } from '../../base/random.ts'
import { DAY, HOUR } from '../../base/units.ts'
import type { Candles } from '../../market/candles.ts'
import { FUNDING_LIMIT } from './funding.ts'
import { type SyntheticMarket, syntheticMarket } from './market.ts'

const test = suite('synthetic market')

/** Many small markets: symbols of one market move together, so only whole markets are independent samples. */
const SAMPLES: readonly SyntheticMarket[] = Array.from({ length: 300 }, (_, seed) =>
  syntheticMarket(seed, { symbols: 3, days: 150 }),
)
const LONG: readonly SyntheticMarket[] = [1, 2, 3, 4, 5].map(seed => syntheticMarket(seed))

/** The mean of independent samples in standard errors from zero. */
function fairness(samples: readonly number[]): number {
  return mean([...samples]) / standardError(samples)
}

function standardError(samples: readonly number[]): number {
  return standardDeviation([...samples]) / Math.sqrt(samples.length - 1)
}

function logReturns(candles: Candles): number[] {
  return Array.from(candles.close.subarray(1), (close, i) => Math.log(close / candles.close[i]))
}

function average(columns: readonly (readonly number[])[]): number[] {
  return columns[0].map((_, i) => mean(columns.map(column => column[i])))
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]
}

/** A number as a whole count of units, or a failure of the test. */
function count(value: number, unit: number): number {
  const units = Math.round(value / unit)
  assert.ok(Math.abs(value / unit - units) < 1e-6 * Math.max(1, units), `${value} is a multiple of ${unit}`)
  return units
}

test('equal seeds give equal markets, other seeds others', () => {
  const options = { symbols: 2, days: 20, minutes15Days: 3, minutes5Days: 2 }
  assert.equal(syntheticMarket(7, options), syntheticMarket(7, options))
  assert.not.equal(
    syntheticMarket(7, options).daily[0].close[19],
    syntheticMarket(8, options).daily[0].close[19],
  )
})

test('asking for more symbols leaves the first ones as they are', () => {
  const few = syntheticMarket(7, { symbols: 2, days: 50 })
  const many = syntheticMarket(7, { symbols: 12, days: 50 })
  assert.equal(few.daily, many.daily.slice(0, 2))
  assert.equal(few.funding, many.funding.slice(0, 2))
})

test('finer candles are made only where they are asked for, and all end together', () => {
  const end = Date.UTC(2024, 1, 29)
  const market = syntheticMarket(7, {
    symbols: 3,
    days: 30,
    minutes15Days: 4,
    minutes5Days: 6,
    minutes5Symbols: 1,
    end,
  })
  assert.equal(market.daily.length, 3)
  assert.equal(market.minutes15.length, 3)
  assert.equal(
    market.minutes5.map(candles => candles.symbol),
    ['BTCUSDT'],
  )
  assert.is(market.daily[0].length, 30)
  assert.is(market.minutes15[0].length, 4 * 96)
  assert.is(market.minutes5[0].length, 6 * 288)
  assert.is(market.daily[0].start[29], end - DAY)
  assert.is(market.minutes15[0].start[4 * 96 - 1], end - HOUR / 4)
  assert.is(market.minutes5[0].start[6 * 288 - 1], end - HOUR / 12)
  assert.equal(syntheticMarket(7, { symbols: 1, days: 30 }).minutes15, [])
})

test('finer candles add up to the coarser ones exactly', () => {
  const days = 5
  const market = syntheticMarket(11, { days: 40, minutes15Days: days, minutes5Days: days })
  market.instruments.forEach((instrument, s) => {
    for (const [coarse, fine] of [
      [market.daily[s], market.minutes15[s]],
      [market.minutes15[s], market.minutes5[s]],
    ]) {
      const span = coarse.start[1] - coarse.start[0]
      const per = span / (fine.start[1] - fine.start[0])
      const first = coarse.start.indexOf(fine.start[0])
      assert.ok(first >= 0)
      for (let row = first; row < coarse.length; row++) {
        const from = (row - first) * per
        const to = from + per
        assert.is(fine.start[from], coarse.start[row])
        assert.is(fine.open[from], coarse.open[row])
        assert.is(fine.close[to - 1], coarse.close[row])
        assert.is(Math.max(...fine.high.subarray(from, to)), coarse.high[row])
        assert.is(Math.min(...fine.low.subarray(from, to)), coarse.low[row])
        let volume = 0
        let turnover = 0
        for (let i = from; i < to; i++) {
          volume += count(fine.volume[i], instrument.stepSize)
          turnover += fine.turnover[i]
        }
        assert.is(volume, count(coarse.volume[row], instrument.stepSize))
        assert.is(turnover, coarse.turnover[row])
      }
    }
  })
})

test('every candle is possible: ordered, gapless, in whole ticks and steps, paid for within its range', () => {
  const market = syntheticMarket(3, { days: 300, minutes15Days: 10, minutes5Days: 5 })
  market.instruments.forEach((instrument, s) => {
    for (const candles of [market.daily[s], market.minutes15[s], market.minutes5[s]]) {
      const { start, open, high, low, close, volume, turnover } = candles
      for (let i = 0; i < candles.length; i++) {
        assert.ok(low[i] > 0 && low[i] <= Math.min(open[i], close[i]))
        assert.ok(high[i] >= Math.max(open[i], close[i]))
        for (const price of [open[i], high[i], low[i], close[i]]) count(price, instrument.tickSize)
        assert.ok(count(volume[i], instrument.stepSize) > 0)
        assert.ok(turnover[i] >= volume[i] * low[i] * 0.999 && turnover[i] <= volume[i] * high[i] * 1.001)
        if (i === 0) continue
        assert.is(open[i], close[i - 1])
        assert.is(start[i] - start[i - 1], start[1] - start[0])
      }
    }
  })
})

test('random entries with random holding times earn nothing before costs, on either side', () => {
  const long: number[] = []
  const short: number[] = []
  const either: number[] = []
  let halfVariance = 0
  SAMPLES.forEach((market, seed) => {
    const dice = random(`entries ${seed}`)
    const trades = Array.from({ length: 60 }, () => {
      const { close } = market.daily[dice.int(3)]
      const entry = dice.int(120)
      const exit = entry + 1 + dice.int(29)
      return { move: close[exit] / close[entry] - 1, side: dice.int(2) === 0 ? 1 : -1 }
    })
    long.push(mean(trades.map(trade => trade.move)))
    short.push(mean(trades.filter(trade => trade.side < 0).map(trade => -trade.move)))
    either.push(mean(trades.map(trade => trade.side * trade.move)))
    halfVariance += mean(trades.map(trade => trade.move ** 2)) / 2 / SAMPLES.length
  })
  assert.ok(Math.abs(fairness(long)) < 3, `longs ${fairness(long)} standard errors from 0`)
  assert.ok(Math.abs(fairness(short)) < 3, `shorts ${fairness(short)} standard errors from 0`)
  assert.ok(Math.abs(fairness(either)) < 3, `both ${fairness(either)} standard errors from 0`)
  assert.ok(halfVariance > 3 * standardError(long), 'a log price without its compensation would be noticed')
})

test('each day alone is fair, whatever the volatility of the day before', () => {
  const all: number[] = []
  const afterFall: number[] = []
  const afterWild: number[] = []
  const squares: number[] = []
  for (const market of SAMPLES) {
    const sums = { all: 0, fall: 0, wild: 0, square: 0, n: 0 }
    for (const { close, high, low, length } of market.daily) {
      for (let i = 1; i < length - 1; i++) {
        const move = close[i + 1] / close[i] - 1
        sums.all += move
        sums.square += move * move
        sums.n++
        if (close[i] < close[i - 1]) sums.fall += move
        if (high[i] / low[i] > 1.08) sums.wild += move
      }
    }
    all.push(sums.all / sums.n)
    afterFall.push(sums.fall / sums.n)
    afterWild.push(sums.wild / sums.n)
    squares.push(sums.square / sums.n)
  }
  for (const samples of [all, afterFall, afterWild]) {
    assert.ok(Math.abs(fairness(samples)) < 3, `${fairness(samples)} standard errors from 0`)
  }
  assert.ok(
    mean(squares) / 2 > 4 * standardError(all),
    'a log price without its compensation would be noticed',
  )
})

test('an order at any level inside a candle is fair, though only high and low are known', () => {
  const bought: number[] = []
  const sold: number[] = []
  SAMPLES.forEach((market, seed) => {
    const dice = random(`levels ${seed}`)
    let below = 0
    let above = 0
    for (const { close, high, low, length } of market.daily) {
      for (let i = 0; i < length - 1; i++) {
        const distance = 0.005 + 0.055 * dice.next()
        const bid = close[i] * (1 - distance)
        const offer = close[i] * (1 + distance)
        if (low[i + 1] <= bid) below += close[i + 1] / bid - 1
        if (high[i + 1] >= offer) above += 1 - close[i + 1] / offer
      }
    }
    bought.push(below)
    sold.push(above)
  })
  assert.ok(Math.abs(fairness(bought)) < 3, `bids ${fairness(bought)} standard errors from 0`)
  assert.ok(Math.abs(fairness(sold)) < 3, `offers ${fairness(sold)} standard errors from 0`)
})

test('an order inside a five-minute candle is fair too', () => {
  const bought: number[] = []
  const sold: number[] = []
  for (let seed = 0; seed < 40; seed++) {
    const market = syntheticMarket(seed, { symbols: 1, days: 8, minutes5Days: 8 })
    const { close, high, low, length } = market.minutes5[0]
    const dice = random(`levels ${seed}`)
    let below = 0
    let above = 0
    for (let i = 0; i < length - 1; i++) {
      const distance = 0.003 * dice.next()
      const bid = close[i] * (1 - distance)
      const offer = close[i] * (1 + distance)
      if (low[i + 1] <= bid) below += close[i + 1] / bid - 1
      if (high[i + 1] >= offer) above += 1 - close[i + 1] / offer
    }
    bought.push(below)
    sold.push(above)
  }
  assert.ok(Math.abs(fairness(bought)) < 3, `bids ${fairness(bought)} standard errors from 0`)
  assert.ok(Math.abs(fairness(sold)) < 3, `offers ${fairness(sold)} standard errors from 0`)
})

test('daily returns have fat tails and volatility comes in clusters', () => {
  for (const market of LONG) {
    const returns = market.daily.map(logReturns)
    const kurtosis = returns.map(series => sampleKurtosis(series) + 3)
    assert.ok(Math.min(...kurtosis) > 3.2, `least kurtosis ${Math.min(...kurtosis)}`)
    assert.ok(median(kurtosis) > 4, `median kurtosis ${median(kurtosis)}`)
    const clusters = returns.map(series => {
      const squares = series.map(value => value ** 2)
      return sampleCorrelation(squares.slice(1), squares.slice(0, -1))
    })
    assert.ok(mean(clusters) > 0.05, `mean autocorrelation of squared returns ${mean(clusters)}`)
  }
})

test('five-minute returns have fat tails of their own, at one level of volatility', () => {
  const market = syntheticMarket(1, { days: 20, minutes5Days: 20 })
  for (const candles of market.minutes5) {
    const returns = logReturns(candles)
    const scaled: number[] = []
    for (let from = 0; from + 48 <= returns.length; from += 48) {
      const block = returns.slice(from, from + 48)
      const level = standardDeviation(block)
      for (const value of block) scaled.push(value / level)
    }
    const kurtosis = sampleKurtosis(scaled) + 3
    assert.ok(kurtosis > 3.5, `${candles.symbol}: ${kurtosis}`)
  }
})

test('symbols move together, but not as one', () => {
  for (const market of LONG) {
    const returns = market.daily.map(logReturns)
    returns.forEach((series, s) => {
      const others = average(returns.filter((_, other) => other !== s))
      const correlation = sampleCorrelation(series, others)
      assert.ok(correlation > 0.2 && correlation < 0.95, `${market.instruments[s].symbol}: ${correlation}`)
    })
  }
})

test('closes leave the Bollinger Bands often, on both sides', () => {
  for (const market of LONG) {
    for (const { symbol, close, length } of market.daily) {
      let below = 0
      let above = 0
      for (let i = 19; i < length; i++) {
        const window = [...close.subarray(i - 19, i + 1)]
        const reach = 2 * standardDeviation(window)
        if (close[i] < mean(window) - reach) below++
        if (close[i] > mean(window) + reach) above++
      }
      assert.ok(below >= 7 && above >= 7, `${symbol}: ${below} below and ${above} above in ${length} days`)
    }
  }
})

test('turnover grades the symbols and grows with the range of the day', () => {
  for (const market of LONG) {
    const typical = market.daily.map(candles => median([...candles.turnover]))
    assert.ok(Math.min(...typical) > 10e6 && Math.min(...typical) < 50e6)
    assert.ok(Math.max(...typical) > 500e6)
    for (const { turnover, high, low } of market.daily) {
      assert.ok(Math.min(...turnover) > 1e6)
      const ranges = [...high].map((price, i) => Math.log(price / low[i]))
      assert.ok(sampleCorrelation([...turnover], ranges) > 0.4)
    }
  }
})

test('funding is settled every eight hours, bounded, of both signs, and unknown at times', () => {
  for (const market of LONG) {
    market.funding.forEach((history, s) => {
      const daily = market.daily[s]
      const end = daily.start[daily.length - 1] + DAY
      const { time, rate } = history
      assert.is(history.symbol, daily.symbol)
      assert.is(time.length, rate.length)
      assert.ok(time[0] > daily.start[0] && time[time.length - 1] < end)
      for (let i = 0; i < time.length; i++) {
        assert.is(time[i] % (8 * HOUR), 0)
        if (i > 0) assert.ok(time[i] > time[i - 1])
        assert.ok(Math.abs(rate[i]) <= FUNDING_LIMIT)
        assert.is(rate[i], Math.round(rate[i] * 1e8) / 1e8)
      }
      assert.ok(time.length < 3 * daily.length - 1, 'some settlements are left out')
      assert.ok(time.length > 0.9 * 3 * daily.length, 'most settlements are there')
      assert.ok(rate.some(value => value < 0) && rate.some(value => value > 0))
      assert.ok(Math.abs(mean([...rate])) < 0.0004)
    })
    const rates = market.funding.flatMap(history => [...history.rate])
    assert.ok(rates.some(value => value > 0.001) && rates.some(value => value < -0.001))
  }
})

test('options out of range are refused', () => {
  for (const options of [
    { days: 0 },
    { days: 1501 },
    { days: 1.5 },
    { symbols: 0 },
    { symbols: 13 },
    { days: 10, minutes15Days: 11 },
    { days: 10, minutes5Days: -1 },
    { symbols: 3, minutes5Symbols: 4 },
    { end: Date.UTC(2025, 0, 1) + 1 },
  ]) {
    assert.throws(
      () => syntheticMarket(1, options),
      (error: unknown) => error instanceof UsageError,
      JSON.stringify(options),
    )
  }
})

test.run()
