import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { random } from '../base/random.ts'
import type { Steps, Ticks } from '../base/units.ts'
import { CandleSeries } from './candles.ts'
import {
  chooseInstrument,
  type InstrumentRow,
  type InstrumentSet,
  inferFilters,
  inferInstrument,
  instrumentFrom,
  maintenanceMarginRate,
} from './instruments.ts'
import {
  formatSteps,
  formatTicks,
  parseSteps,
  parseTicks,
  priceOf,
  qtyOf,
  toSteps,
  toTicks,
} from './quantise.ts'

const test = suite('instruments')
const data = new URL('../../../../shared/data/', import.meta.url)
const hasData = existsSync(data)
const real = hasData ? test : test.skip
if (!hasData) console.log('real data not found: tests over recorded instruments and candles are skipped')

const BTC: InstrumentRow = {
  symbol: 'BTCUSDT',
  baseCoin: 'BTC',
  quoteCoin: 'USDT',
  tick: '0.10',
  step: '0.001',
  minQty: '0.001',
  maxQty: '1190.000',
  minPrice: '0.10',
  maxLeverage: '100.00',
  date: '2025-06-09',
}

/** Rows of a recorded set. What its columns lack is `null`. */
function recorded(date: string, name: string): readonly InstrumentRow[] {
  const [head, ...lines] = readFileSync(new URL(`instruments/${name}.csv`, data), 'utf8')
    .trim()
    .split('\n')
  const columns = head.split(',')
  return lines.map(line => {
    const cells = new Map(line.split(',').map((cell, i) => [columns[i], cell]))
    const text = (column: string): string => {
      const cell = cells.get(column)
      if (cell === undefined) throw new Error(`${name}: no column ${column}`)
      return cell
    }
    return {
      symbol: text('symbol'),
      baseCoin: cells.get('baseCoin') ?? null,
      quoteCoin: text('quoteCoin'),
      tick: text('tickSize'),
      step: cells.get('qtyStep') ?? null,
      minQty: text('minOrderQty'),
      maxQty: cells.get('maxOrderQty') ?? null,
      minPrice: cells.get('minPrice') ?? null,
      maxLeverage: cells.get('maxLeverage') ?? null,
      date,
    }
  })
}

const june = (): readonly InstrumentRow[] => recorded('2025-06-09', 'bybit-linear-usdt-2025-06-09')
const august = (): readonly InstrumentRow[] => recorded('2025-08-08', 'bybit-linear-usdt-2025-08-08')
const lean = (): readonly InstrumentRow[] => recorded('2026-08-21', 'bybit-linear-lean-2026-08-21')

function bySymbol(rows: readonly InstrumentRow[]): InstrumentSet {
  return new Map(rows.map(row => [row.symbol, row]))
}

test('a row becomes an instrument in whole ticks and steps', () => {
  assert.equal(instrumentFrom(BTC), {
    symbol: 'BTCUSDT',
    baseCoin: 'BTC',
    quoteCoin: 'USDT',
    tick: '0.10',
    step: '0.001',
    tickSize: 0.1,
    stepSize: 0.001,
    minQty: 1,
    maxQty: 1_190_000,
    minPrice: 1,
    minNotional: 5,
    maxLeverage: 100,
    maintenanceMarginRate: 0.005,
    source: 'recorded 2025-06-09',
  })
})

test('what a set does not say takes the careful side', () => {
  const instrument = instrumentFrom({
    ...BTC,
    baseCoin: null,
    step: null,
    minQty: '0.01',
    maxQty: null,
    minPrice: null,
    maxLeverage: null,
  })
  assert.is(instrument.baseCoin, 'BTC')
  assert.is(instrument.step, '0.01')
  assert.is(instrument.minQty, 1)
  assert.is(instrument.maxQty, null)
  assert.is(instrument.minPrice, 1)
  assert.is(instrument.maxLeverage, 12.5)
  assert.is(instrument.maintenanceMarginRate, 0.04)
})

test('limits that are no multiple are rounded so that what is allowed here is allowed there', () => {
  const instrument = instrumentFrom({ ...BTC, minQty: '0.0015', maxQty: '10.0019', minPrice: '0.25' })
  assert.is(instrument.minQty, 2)
  assert.is(instrument.maxQty, 10_001)
  assert.is(instrument.minPrice, 3)
})

test('the maintenance margin follows the stated table', () => {
  for (const [leverage, percent] of [
    [12.5, 4],
    [16.67, 3],
    [20, 2.5],
    [25, 2],
    [50, 1],
    [75, 0.667],
    [100, 0.5],
    [125, 0.4],
  ]) {
    assert.ok(Math.abs(100 * maintenanceMarginRate(leverage) - percent) < 0.001, `${leverage}`)
  }
})

test('a filter that makes no sense is a data error naming the symbol', () => {
  const wrong: readonly Partial<InstrumentRow>[] = [
    { tick: '0' },
    { tick: 'x' },
    { step: '-1' },
    { minQty: '' },
    { maxQty: '1e5' },
    { maxQty: '0' },
    { maxQty: '99999999999999' },
    { minPrice: 'NaN' },
    { maxLeverage: '0' },
    { maxLeverage: '0.5' },
    { maxLeverage: 'ten' },
    { maxQty: `1${'0'.repeat(400)}` },
  ]
  for (const change of wrong) {
    assert.throws(
      () => instrumentFrom({ ...BTC, ...change }),
      (error: Error) => error.name === 'DataError' && error.message.startsWith('BTCUSDT: '),
      JSON.stringify(change),
    )
  }
})

test('the nearest dated set is chosen, the earlier one of two equally near, and none for an unknown symbol', () => {
  const early = bySymbol([BTC])
  const late = bySymbol([{ ...BTC, tick: '0.5', date: '2025-06-19' }])
  const at = (day: string): string | undefined =>
    chooseInstrument([late, early], 'BTCUSDT', Date.parse(`${day}T00:00:00Z`))?.source
  assert.is(at('2020-01-01'), 'recorded 2025-06-09')
  assert.is(at('2025-06-13'), 'recorded 2025-06-09')
  assert.is(at('2025-06-14'), 'recorded 2025-06-09')
  assert.is(at('2025-06-15'), 'recorded 2025-06-19')
  assert.is(at('2030-01-01'), 'recorded 2025-06-19')
  assert.is(chooseInstrument([early, late], 'NOSUCHUSDT', 0), undefined)
  assert.is(chooseInstrument([], 'BTCUSDT', 0), undefined)
  assert.throws(
    () => chooseInstrument([bySymbol([{ ...BTC, date: 'x' }]), early], 'BTCUSDT', 0),
    /not a date/,
  )
})

test('a leverage limit that the nearest set lacks comes from the nearest set that has it, and the source says so', () => {
  const early = bySymbol([BTC])
  const late = bySymbol([{ ...BTC, tick: '0.5', maxLeverage: null, date: '2026-06-09' }])
  const instrument = chooseInstrument([early, late], 'BTCUSDT', Date.parse('2026-07-01T00:00:00Z'))
  assert.is(instrument?.tick, '0.5')
  assert.is(instrument?.maxLeverage, 100)
  assert.is(instrument?.source, 'recorded 2026-06-09, leverage 2025-06-09')
  const alone = chooseInstrument([late], 'BTCUSDT', 0)
  assert.is(alone?.maxLeverage, 12.5)
  assert.is(alone?.source, 'recorded 2026-06-09')
})

real('every recorded row of all three sets becomes an instrument', () => {
  for (const rows of [june(), august(), lean()]) {
    assert.ok(rows.length >= 500)
    for (const row of rows) {
      const instrument = instrumentFrom(row)
      assert.is(instrument.tickSize, Number(row.tick))
      assert.ok(instrument.minQty >= 1 && instrument.minPrice >= 1)
      assert.ok(instrument.maintenanceMarginRate > 0 && instrument.maintenanceMarginRate <= 0.04)
    }
  }
})

real(
  'the least quantity may stand for the step: in the sets with both they differ for one symbol alone',
  () => {
    const differ = [...june(), ...lean()].filter(row => Number(row.step) !== Number(row.minQty))
    assert.equal(
      differ.map(row => row.symbol),
      ['1000000VINUUSDT'],
    )
  },
)

real(
  'on every recorded instrument rounding has its direction, multiples are exact and texts go round',
  () => {
    const seed = 42
    console.log(`seed ${seed}`)
    const source = random(seed)
    const all = [...june(), ...lean()].map(instrumentFrom)
    assert.ok(all.length > 1_100)
    for (const instrument of all) {
      for (let i = 0; i < 40; i++) {
        const ticks = Math.floor(1 + 10 ** (8 * source.next())) as Ticks
        const steps = Math.floor(1 + 10 ** (8 * source.next())) as Steps
        const say = `seed ${seed}: ${instrument.symbol} ${ticks} ticks, ${steps} steps`

        // A multiple is itself however it was reckoned, and its text is exact, plain and leads back.
        const price = priceOf(instrument, ticks)
        const qty = qtyOf(instrument, steps)
        for (const rounding of ['down', 'up', 'nearest'] as const) {
          for (const value of [price, ticks * instrument.tickSize, (price / 3) * 3, price * (1 + 2e-10)]) {
            if (value !== price && ticks > 1e6) continue
            assert.is(toTicks(instrument, value, rounding), ticks, say)
          }
          assert.is(toSteps(instrument, qty, rounding), steps, say)
        }
        const priceText = formatTicks(instrument, ticks)
        const qtyText = formatSteps(instrument, steps)
        assert.match(priceText, /^\d+(\.\d+)?$/, say)
        assert.match(qtyText, /^\d+(\.\d+)?$/, say)
        assert.is(Number(priceText), price, say)
        assert.is(Number(qtyText), qty, say)
        assert.is(parseTicks(instrument, priceText), ticks, say)
        assert.is(parseSteps(instrument, qtyText), steps, say)
        assert.is(scaled(priceText), BigInt(ticks) * scaled(instrument.tick), say)
        assert.is(scaled(qtyText), BigInt(steps) * scaled(instrument.step), say)

        // A value between two multiples goes down, up or to the nearer one.
        const part = 0.01 + 0.98 * source.next()
        const between = (ticks + part) * instrument.tickSize
        assert.is(toTicks(instrument, between, 'down'), ticks, say)
        assert.is(toTicks(instrument, between, 'up'), ticks + 1, say)
        if (Math.abs(part - 0.5) > 0.01) {
          assert.is(toTicks(instrument, between, 'nearest'), part < 0.5 ? ticks : ticks + 1, say)
        }
        const amount = (steps + part) * instrument.stepSize
        assert.is(toSteps(instrument, amount, 'down'), steps, say)
        assert.ok(qtyOf(instrument, toSteps(instrument, amount, 'down')) <= amount, say)
      }
    }
  },
)

/** A plain decimal text in units of 10^-18. */
function scaled(text: string): bigint {
  const [whole, rest = ''] = text.split('.')
  return BigInt(whole + rest.padEnd(18, '0'))
}

function candles(rows: readonly (readonly [price: number, volume: number])[]): CandleSeries {
  const series = new CandleSeries('XUSDT', '1d')
  rows.forEach(([price, volume], i) => {
    series.push(i * 86_400_000, price, price, price, price, volume, Number.NaN)
  })
  return series
}

test('tick and step are read off prices and volumes', () => {
  const rows = Array.from({ length: 30 }, (_, i): readonly [number, number] => [1 + i / 1000, 100 + 10 * i])
  const instrument = inferInstrument('XUSDT', candles(rows))
  assert.is(instrument.tick, '0.001')
  assert.is(instrument.step, '10')
  assert.is(instrument.minQty, 1)
  assert.is(instrument.baseCoin, 'X')
  assert.is(instrument.maxLeverage, 12.5)
  assert.is(instrument.source, 'inferred')
  assert.is(inferInstrument('XUSDT', candles([[3e-7, 1]])).tick, '0.0000001')
  assert.is(inferInstrument('XUSDT', candles([[120, 1]])).tick, '1')
})

test('few, blank and noisy volumes leave the step to the price: at most 0.1 USDT', () => {
  const noisy = Array.from({ length: 40 }, (): readonly [number, number] => [0.5, 12.300000001])
  const blank = Array.from({ length: 40 }, (): readonly [number, number] => [0.5, 0])
  for (const rows of [noisy, blank, [[0.5, 1000]] as const]) {
    assert.is(inferInstrument('XUSDT', candles(rows)).step, '0.1')
  }
  assert.is(inferInstrument('XUSDT', candles([[50_000, 1]])).step, '0.000001')
  assert.is(inferInstrument('XUSDT', candles([[0.00002, 1]])).step, '1000')
})

test('computed prices, which have no tick, are given one of about a ten-thousandth of the price', () => {
  assert.is(inferInstrument('XUSDT', candles([[123.456789012345, 1]])).tick, '0.01')
  assert.is(inferInstrument('XUSDT', candles([[0.00123456789012345, 1]])).tick, '0.0000001')
  assert.is(inferInstrument('XUSDT', candles([[1_234_567.890123, 1]])).tick, '1')
})

test('candles without a price have no tick', () => {
  assert.throws(() => inferInstrument('XUSDT', candles([])), /no candle has a price/)
  assert.throws(() => inferInstrument('XUSDT', candles([[0, 5]])), /no candle has a price/)
})

real(
  'on recorded candles the inferred step is the recorded one, and the tick at most one decimal finer',
  () => {
    const set = bySymbol(june())
    const until = Date.parse('2025-06-09T00:00:00Z')
    let compared = 0
    let exact = 0
    for (const file of readdirSync(new URL('klines/1d/', data))) {
      const symbol = file.replace('.csv.gz', '')
      const row = set.get(symbol)
      if (row === undefined) continue
      const series = new CandleSeries(symbol, '1d')
      const text = gunzipSync(readFileSync(new URL(`klines/1d/${file}`, data))).toString()
      for (const line of text.trim().split('\n').slice(1)) {
        const [start, open, high, low, close, volume] = line.split(',').map(Number)
        if (start < until) series.push(start, open, high, low, close, volume, Number.NaN)
      }
      if (series.length < 20) continue
      const inferred = inferInstrument(symbol, series)
      const known = instrumentFrom(row)
      assert.is(inferred.stepSize, known.stepSize, symbol)
      const finer = Math.round(Math.log10(known.tickSize / inferred.tickSize))
      assert.ok(finer === 0 || finer === 1, `${symbol}: ${inferred.tick} for ${known.tick}`)
      compared++
      if (finer === 0) exact++
    }
    assert.ok(compared > 200, `${compared} compared`)
    assert.ok(exact > 0.9 * compared, `${exact} of ${compared} ticks equal`)
  },
)

test('filters read off orders say each of their prices and quantities exactly, and nothing is finer than it has to be', () => {
  const { tick, step, minQty, maxQty, maxLeverage, source } = inferFilters(
    'YUSDT',
    [0.3071, 0.4],
    [12.5, 2.25],
  )
  assert.equal([tick, step, minQty, maxQty, source], ['0.0001', '0.01', 1, null, 'inferred'])
  assert.is(maxLeverage, 12.5)
  const whole = inferFilters('YUSDT', [], [1_200])
  assert.equal([whole.tick, whole.step], ['1', '1'])
})

test.run()
