import { assert } from '../base/assert.ts'
import type { Candles } from '../market/candles.ts'
import { bandwidthColumn } from './bandwidth.ts'
import { bollinger } from './bollinger.ts'
import type { DailyColumns } from './daily.ts'
import { higherBands } from './higher-bands.ts'
import { rsi } from './rsi.ts'
import { squeeze } from './squeeze.ts'
import { streaks } from './streak.ts'

/** The columns of all candles at once. Throws when they are not daily and in order. */
export function dailyColumns(candles: Candles): DailyColumns {
  assert(candles.interval === '1d', `daily figures of ${candles.interval} candles were asked for`)
  const { length, close } = candles
  const bands = bollinger(close, length)
  const width = bandwidthColumn(bands, length)
  const streak = streaks(close, length)
  const week = higherBands(candles, 'week')
  const month = higherBands(candles, 'month')
  return {
    length,
    lower: bands.lower,
    middle: bands.middle,
    upper: bands.upper,
    width,
    squeeze: squeeze(width, length),
    rsi: rsi(close, length),
    downDays: streak.down,
    upDays: streak.up,
    weekLower: week.lower,
    weekUpper: week.upper,
    monthLower: month.lower,
    monthUpper: month.upper,
  }
}
