import { DataError } from '../../base/errors.ts'
import type { Timestamp } from '../../base/units.ts'
import { CandleSeries } from '../../market/candles.ts'
import { INTERVAL_MS, INTERVALS, type Interval } from '../../market/interval.ts'
import type { MarkCandles } from '../../market/mark.ts'
import { impossibility } from '../../market/possible.ts'
import type { ByteSource } from './source.ts'
import {
  BAD_ROWS_SHOWN,
  type BadRow,
  type ColumnSpec,
  readTable,
  type Table,
  type TableSpec,
} from './table.ts'

/** A hole in a file of candles: `missing` bars between the bar at `after` and the bar at `before`, which is on `line`. */
export interface Gap {
  readonly line: number
  readonly after: Timestamp
  readonly before: Timestamp
  readonly missing: number
}

/** What is to be said about a file that was read. */
export interface ReadReport {
  /** Rows used. */
  readonly rows: number
  /** The first rows left out. */
  readonly bad: readonly BadRow[]
  readonly badCount: number
  readonly gaps: readonly Gap[]
  /** True where times of day stood without a zone and were read as UTC. */
  readonly assumedUtc: boolean
}

export interface ReadOptions {
  readonly symbol: string
  /** What the candles must be; recognised from their spacing where it is left out. */
  readonly interval?: Interval
  /** What fewer than two candles, which tell no spacing, are taken for; without it they are refused. */
  readonly fallback?: Interval
  /** Leaves bad rows out, counted, instead of refusing the file. */
  readonly skipBad?: boolean
}

const START: ColumnSpec = {
  field: 'start',
  names: ['start', 'starttime', 'timestamp', 'time', 'date', 'datetime', 'opentime', 'ts', 'unix'],
  required: true,
}
const PRICES: readonly ColumnSpec[] = ['open', 'high', 'low', 'close'].map(field => ({
  field,
  names: [field, `${field}price`],
  required: true,
}))

const CANDLES: TableSpec = {
  header: 'start,open,high,low,close,volume,turnover',
  columns: [
    START,
    ...PRICES,
    { field: 'volume', names: ['volume', 'vol', 'basevolume'], required: true },
    { field: 'turnover', names: ['turnover', 'quotevolume', 'quoteassetvolume'], required: false },
  ],
  // Every number here is finite or NaN, and a comparison with NaN is false; only a turnover may be NaN.
  possible: row =>
    row[3] > 0 &&
    row[3] <= row[1] &&
    row[3] <= row[4] &&
    row[2] >= row[1] &&
    row[2] >= row[4] &&
    row[5] >= 0 &&
    !(row[6] < 0),
  fault: row =>
    impossibility({
      open: row[1],
      high: row[2],
      low: row[3],
      close: row[4],
      volume: row[5],
      turnover: row[6],
    }),
}

const MARK: TableSpec = {
  header: 'start,open,high,low,close',
  columns: [START, ...PRICES],
  possible: row => row[3] > 0 && row[3] <= row[1] && row[3] <= row[4] && row[2] >= row[1] && row[2] >= row[4],
  fault: row =>
    impossibility({
      open: row[1],
      high: row[2],
      low: row[3],
      close: row[4],
      volume: 0,
      turnover: Number.NaN,
    }),
}

/** The value that occurs most often in `count` values; of equals the least. */
function mostCommon(count: number, valueAt: (i: number) => number): number {
  const counts = new Map<number, number>()
  let run = Number.NaN
  let runLength = 0
  const settle = (): void => {
    if (runLength > 0) counts.set(run, (counts.get(run) ?? 0) + runLength)
  }
  for (let i = 0; i < count; i += 1) {
    const value = valueAt(i)
    if (value === run) runLength += 1
    else {
      settle()
      run = value
      runLength = 1
    }
  }
  settle()
  let best = Number.NaN
  let most = 0
  for (const [value, times] of counts) {
    if (times > most || (times === most && value < best)) {
      best = value
      most = times
    }
  }
  return best
}

function spacingText(ms: number): string {
  const known = INTERVALS.find(interval => INTERVAL_MS[interval] === ms)
  return known ?? `${ms / 1000} s`
}

/** The interval of a table by the most common distance of its rows. */
function intervalOf(name: string, table: Table, { interval: wanted, fallback }: ReadOptions): Interval {
  const start = table.columns[0]
  if (table.length < 2) {
    const taken = wanted ?? fallback
    if (taken !== undefined) return taken
    const reason = `${table.length === 0 ? 'no candle' : 'one candle'} does not tell an interval`
    throw new DataError(reason, { file: name }, `say which it is: one of ${INTERVALS.join(', ')}`)
  }
  const spacing = mostCommon(table.length - 1, i => start[i + 1] - start[i])
  const found = INTERVALS.find(interval => INTERVAL_MS[interval] === spacing)
  if (wanted !== undefined) {
    // A few candles around holes may be spaced more widely than they are long.
    if (spacing % INTERVAL_MS[wanted] === 0) return wanted
    const reason = `the candles are ${spacingText(spacing)} apart, not ${wanted}`
    throw new DataError(
      reason,
      { file: name, line: table.lineOf(0), field: 'start' },
      'give the interval of the file',
    )
  }
  if (found !== undefined) return found
  const reason = `the candles are ${spacingText(spacing)} apart`
  const remedy = `use one of ${INTERVALS.join(', ')}`
  throw new DataError(reason, { file: name, line: table.lineOf(0), field: 'start' }, remedy)
}

/** A table whose rows are known to lie on one grid, and its holes. */
interface Spaced {
  readonly interval: Interval
  readonly length: number
  readonly columns: readonly Float64Array[]
  readonly report: ReadReport
}

function spaced(name: string, table: Table, options: ReadOptions): Spaced {
  const interval = intervalOf(name, table, options)
  const step = INTERVAL_MS[interval]
  const start = table.columns[0]
  const bad = [...table.bad]
  let badCount = table.badCount
  const gaps: Gap[] = []
  let regular = true
  for (let i = 1; regular && i < table.length; i += 1) {
    const distance = start[i] - start[i - 1]
    regular = distance === step || distance % step === 0
  }
  // The grid is that of most rows and not of the first, which may itself be the odd one.
  const phase = regular ? start[0] % step : mostCommon(table.length, i => start[i] % step)
  let length = 0
  for (let i = 0; i < table.length; i += 1) {
    const time = start[i]
    if (!regular && time % step !== phase) {
      const line = table.lineOf(i)
      const reason = `${new Date(time).toISOString()} is between two ${interval} candles of the file`
      if (options.skipBad !== true) {
        const remedy = 'correct the row, or leave bad rows out with --skip-bad'
        throw new DataError(reason, { file: name, line, field: 'start' }, remedy)
      }
      badCount += 1
      if (bad.length < BAD_ROWS_SHOWN) bad.push({ line, field: 'start', reason })
      continue
    }
    const after = length > 0 ? start[length - 1] : time - step
    if (time - after > step) {
      gaps.push({ line: table.lineOf(i), after, before: time, missing: (time - after) / step - 1 })
    }
    if (length < i) for (const column of table.columns) column[length] = column[i]
    length += 1
  }
  const report = { rows: length, bad, badCount, gaps, assumedUtc: table.assumedUtc }
  return { interval, length, columns: table.columns, report }
}

/**
 * Candles from CSV, plain or gzip: columns by their names in the header (`start|timestamp|time|date|open_time...`,
 * `open`, `high`, `low`, `close`, `volume`, and `turnover` where there is one), in any order, further ones ignored;
 * comma, semicolon or tab; times in s, ms or ISO 8601. Each number equals `Number()` of its text. Gaps are reported.
 * Throws a DataError with file, line, column and remedy for what is missing, out of order, twice there, impossible or
 * doubtful, and where the spacing is none of the known intervals or not the one asked for.
 */
export async function readCandles(
  source: ByteSource,
  options: ReadOptions,
): Promise<{ readonly candles: CandleSeries; readonly report: ReadReport }> {
  const table = await readTable(source, CANDLES, { skipBad: options.skipBad === true })
  const { interval, length, columns, report } = spaced(source.name, table, options)
  const candles = new CandleSeries(options.symbol, interval, 0)
  candles.start = columns[0]
  candles.open = columns[1]
  candles.high = columns[2]
  candles.low = columns[3]
  candles.close = columns[4]
  candles.volume = columns[5]
  candles.turnover = columns[6]
  candles.length = length
  return { candles, report }
}

/** Candles of the mark price (`start,open,high,low,close`); as `readCandles`. */
export async function readMark(
  source: ByteSource,
  options: ReadOptions,
): Promise<{ readonly mark: MarkCandles; readonly report: ReadReport }> {
  const table = await readTable(source, MARK, { skipBad: options.skipBad === true })
  const { interval, length, columns, report } = spaced(source.name, table, options)
  const [start, open, high, low, close] = columns
  return { mark: { symbol: options.symbol, interval, length, start, open, high, low, close }, report }
}
