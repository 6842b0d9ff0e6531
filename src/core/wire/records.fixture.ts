/** Random signals and scores on the fixtures' instruments and others, for tests of the records. */
import fc from 'fast-check'
import { readInstruments } from '../adapters/csv/instruments.ts'
import { openFile } from '../adapters/csv/source.ts'
import { DAY } from '../base/units.ts'
import { type Signal, signalId } from '../decision/signal.ts'
import { steps, ticks } from '../decision/view.fixture.ts'
import type { Scored } from '../engine/protocol.ts'
import type { Instrument } from '../market/instrument.ts'
import { instrumentFrom } from '../market/instruments.ts'
import { INTERVAL_MS, INTERVALS } from '../market/interval.ts'
import type { Score } from '../scoring/score.ts'
import { METRICS } from '../scoring/table.ts'

const LIST = new URL('../../../fixtures/market/instruments/synthetic-2025-11-01.csv', import.meta.url)
  .pathname

/** All instruments of the fixtures, and some with the coarsest and finest units there are. */
export async function instruments(): Promise<readonly Instrument[]> {
  const rows = (await readInstruments(openFile(LIST), { date: '2025-11-01' })) ?? []
  const odd = [
    { tick: '0.0000000001', step: '1000000' },
    { tick: '1000', step: '0.00000001' },
    { tick: '0.00050', step: '10' },
  ].map(({ tick, step }) => ({
    symbol: '1000ODDUSDT',
    baseCoin: '1000ODD',
    quoteCoin: 'USDT',
    tick,
    step,
    minQty: step,
    maxQty: null,
    minPrice: null,
    maxLeverage: '12.5',
    date: '2025-11-01',
  }))
  return [...rows, ...odd].map(instrumentFrom)
}

const figure = fc.double({ min: -1e12, max: 1e12, noNaN: true })
const positive = fc.double({ min: 1e-12, max: 1e12, noNaN: true })
const notNegative = fc.double({ min: 0, max: 1e12, noNaN: true })
const orNull = <T>(of: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(of, { freq: 3 })
const count = fc.integer({ min: 0, max: 10_000 })
/** Prices of all magnitudes, in ticks. */
const price = fc.oneof(fc.integer({ min: 1, max: 1_000 }), fc.integer({ min: 1, max: 2 ** 49 })).map(ticks)
const text = fc.string({ minLength: 1, maxLength: 80, unit: 'grapheme' }).filter(one => one.length <= 200)

export function signals(of: readonly Instrument[]): fc.Arbitrary<Signal> {
  return fc
    .record({
      strategy: fc.constantFrom('mean-reversion', 'bollinger-grid-long', 'bollinger-grid-short'),
      side: fc.constantFrom('long' as const, 'short' as const),
      timeframe: fc.constantFrom(...INTERVALS),
      candleStart: fc.integer({ min: 0, max: 40_000 }).map(day => day * DAY),
      price: positive,
      last: positive,
      lastAt: fc.maxSafeNat(),
      lower: figure,
      middle: positive,
      upper: positive,
      bbPercent: figure,
      weekBb: orNull(figure),
      monthBb: orNull(figure),
      width: notNegative,
      squeeze: orNull(figure),
      rsi: fc.double({ min: 0, max: 100, noNaN: true }),
      downDays: count,
      upDays: count,
      turnover: notNegative,
      change: orNull(figure),
      funding: orNull(figure),
      tier: fc.constantFrom(
        'S' as const,
        'A' as const,
        'B' as const,
        'C' as const,
        'D' as const,
        'E' as const,
      ),
      atr15m: orNull(notNegative),
      missingCandles: count,
      order: fc.oneof(
        fc.constant({ type: 'market' as const }),
        price.map(at => ({ type: 'limit' as const, price: at })),
      ),
      stop: price,
      target: orNull(price),
      leverage: fc.double({ min: 1, max: 125, noNaN: true }),
      margin: orNull(positive),
      instrument: fc
        .tuple(
          fc.constantFrom(...of),
          fc.integer({ min: 1, max: 1_000 }),
          orNull(fc.integer({ min: 1_000, max: 1e9 })),
        )
        .map(
          ([one, least, most]): Instrument => ({
            ...one,
            minQty: steps(least),
            maxQty: most === null ? null : steps(most),
          }),
        ),
      reason: text,
    })
    .map(made => {
      const { strategy, side, candleStart, timeframe, instrument } = made
      const { symbol } = instrument
      const id = signalId(strategy, symbol, side, candleStart)
      return { ...made, id, symbol, candleEnd: candleStart + INTERVAL_MS[timeframe] }
    })
}

export function scores(): fc.Arbitrary<Score> {
  return fc
    .record({
      tenths: fc.integer({ min: 0, max: 100 }),
      rejectedBy: orNull(fc.constantFrom(...METRICS)),
      points: fc.array(fc.integer({ min: 0, max: 15 }), {
        minLength: METRICS.length,
        maxLength: METRICS.length,
      }),
      adjustmentTenths: fc.integer({ min: -10, max: 10 }).map(value => value + 0),
      fundingAssumed: fc.boolean(),
    })
    .map(({ points, tenths, ...rest }) => ({
      ...rest,
      tenths,
      value: tenths / 10,
      parts: Object.fromEntries(METRICS.map((metric, i) => [metric, points[i]])) as Score['parts'],
    }))
}

export function scoredSignals(of: readonly Instrument[]): fc.Arbitrary<Scored> {
  return fc.record({ signal: signals(of), score: scores() }, { noNullPrototype: true })
}
