import { createHash } from 'node:crypto'
import { existsSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type ReadReport, readCandles, readMark } from '../core/adapters/csv/candles.ts'
import { readFunding } from '../core/adapters/csv/funding.ts'
import { readInstruments } from '../core/adapters/csv/instruments.ts'
import { type ByteSource, openFile } from '../core/adapters/csv/source.ts'
import { symbolOfFile } from '../core/adapters/csv/symbol.ts'
import { DataError, UsageError } from '../core/base/errors.ts'
import { DAY, type Timestamp } from '../core/base/units.ts'
import { CandleSeries, type Candles } from '../core/market/candles.ts'
import type { FundingRates } from '../core/market/funding.ts'
import { chooseInstrument, type InstrumentRow, inferInstrument } from '../core/market/instruments.ts'
import { INTERVAL_MS, INTERVALS, type Interval, isInterval } from '../core/market/interval.ts'
import type { MarkCandles } from '../core/market/mark.ts'
import type { SymbolMarket } from '../core/market/symbol-market.ts'
import type { FlagSpec, ParsedArguments, World } from './command.ts'
import { dataDirectory } from './data-dir.ts'
import { findFiles } from './data-files.ts'

/** The flags of every command that reads a market. */
export const MARKET_FLAGS: readonly FlagSpec[] = [
  {
    flags: '--market <name>',
    description: 'fixtures (synthetic), cache, or a folder of CSV files (default: cache when it has candles)',
  },
  { flags: '--csv <file>', description: 'candles of one symbol; - reads standard input', repeatable: true },
  { flags: '--symbol <names>', description: 'only these symbols, BTCUSDT,ETHUSDT; with --csv its symbol' },
  {
    flags: '--timeframe <interval>',
    description: 'interval of the --csv candles; recognised from their spacing if left out',
  },
  {
    flags: '--data-dir <folder>',
    description: 'folder of the cache (BBW_DATA_DIR; default: $XDG_STATE_HOME/bbw)',
  },
  { flags: '--skip-bad', description: 'leave bad rows out, counted, instead of refusing the file' },
]

/** What reading a market needs of the outside. */
type Surroundings = Pick<World, 'env' | 'cwd'> & { readonly stdin: AsyncIterable<Uint8Array> }

/** A market ready to be traded on. */
export interface LoadedMarket {
  readonly markets: readonly SymbolMarket[]
  /** Where it is from, for words. */
  readonly name: string
  /** Of everything in it; the order of files changes nothing. */
  readonly hash: string
  readonly warnings: readonly string[]
}

const FIXTURES = fileURLToPath(new URL('../../fixtures/market', import.meta.url))

/**
 * Reads the market that the flags name.
 *
 * @param use what for: a decision needs daily and 15-minute candles alone, a replay all there are
 * @param around the moment whose instrument filters are wanted: the nearest dated set is used
 * @throws UsageError, DataError
 */
export async function loadMarket(
  world: Surroundings,
  parsed: ParsedArguments,
  use: 'decide' | 'replay',
  around: Timestamp,
): Promise<LoadedMarket> {
  const builder = new Builder(parsed.flags.skipBad === true)
  const csv = listFlag(parsed, 'csv')
  const wanted = symbolFlag(parsed)
  const market = textFlag(parsed, 'market')
  let name: string
  if (csv.length > 0) {
    if (market !== undefined)
      throw new UsageError('--csv and --market exclude one another', 'give one of them')
    name = csv.map(file => (file === '-' ? 'standard input' : file)).join(', ')
    await readFiles(world, builder, csv, wanted, intervalFlag(parsed))
  } else {
    const cache = join(dataDirectory(world, textFlag(parsed, 'dataDir')), 'market.db')
    name = market ?? (existsSync(cache) && (await cacheHasCandles(cache)) ? 'cache' : 'fixtures')
    if (name === 'fixtures') await readFolder(builder, FIXTURES, wanted, use)
    else if (name === 'cache') await readCache(builder, cache, wanted, use)
    else await readFolder(builder, existingFolder(world, name), wanted, use)
  }
  const missing = wanted?.filter(symbol => !builder.has(symbol)) ?? []
  if (missing.length > 0) {
    throw new DataError(
      `no candles of ${missing.join(', ')} in ${name}`,
      undefined,
      'bbw data list shows what is there',
    )
  }
  return builder.build(name, around)
}

function existingFolder(world: Surroundings, name: string): string {
  const path = resolve(world.cwd, name)
  if (existsSync(path) && statSync(path).isDirectory()) return path
  throw new UsageError(
    `${name} is neither fixtures nor cache nor a folder`,
    'give --market fixtures, --market cache, or a folder of CSV files; one file is read by --csv',
  )
}

async function cacheHasCandles(path: string): Promise<boolean> {
  const { MarketCache } = await import('../core/adapters/sqlite/market-cache.ts')
  const cache = MarketCache.open(path, { readonly: true })
  try {
    return cache.list().some(one => one.kind === 'candles')
  } finally {
    cache.close()
  }
}

/** Whether a series is of any use: candles no decision reads are left alone where the daily ones are recorded. */
function isUseful(
  use: 'decide' | 'replay',
  kind: string,
  interval: Interval | null | undefined,
  hasDaily: boolean,
): boolean {
  if (use === 'replay' || !hasDaily) return true
  return kind === 'funding' || (kind === 'candles' && (interval === '1d' || interval === '15m'))
}

async function readCache(
  builder: Builder,
  path: string,
  wanted: readonly string[] | null,
  use: 'decide' | 'replay',
): Promise<void> {
  if (!existsSync(path)) {
    throw new DataError(`there is no market cache at ${path}`, undefined, 'bbw data import PATH... makes one')
  }
  const { MarketCache } = await import('../core/adapters/sqlite/market-cache.ts')
  const cache = MarketCache.open(path, { readonly: true })
  try {
    builder.instruments(cache.instruments())
    const daily = new Set(cache.symbols('1d'))
    for (const { kind, symbol, interval } of cache.list()) {
      if (wanted !== null && !wanted.includes(symbol)) continue
      if (!isUseful(use, kind, interval, daily.has(symbol))) continue
      if (kind === 'funding') builder.funding(symbol, cache.funding(symbol))
      if (interval === null) continue
      const candles = kind === 'candles' ? cache.candles(symbol, interval) : null
      if (candles !== null) builder.candles(candles)
      const mark = kind === 'mark' ? cache.mark(symbol, interval) : null
      if (mark !== null) builder.mark(mark)
    }
  } finally {
    cache.close()
  }
}

async function readFolder(
  builder: Builder,
  folder: string,
  wanted: readonly string[] | null,
  use: 'decide' | 'replay',
): Promise<void> {
  const found = findFiles([folder])
  const daily = new Set(
    found.files.flatMap(({ target }) =>
      target.kind === 'candles' && target.interval === '1d' ? [target.symbol] : [],
    ),
  )
  for (const { path, target } of found.files) {
    if (target.kind === 'instruments') {
      const rows = target.date === null ? null : await readInstruments(openFile(path), { date: target.date })
      if (rows !== null) builder.instruments(rows)
      continue
    }
    const { symbol } = target
    if (symbol === null) {
      throw new DataError('the name does not begin with a symbol', { file: path }, 'rename it: BTCUSDT.csv')
    }
    if (wanted !== null && !wanted.includes(symbol)) continue
    const interval = target.kind === 'funding' ? null : target.interval
    if (!isUseful(use, target.kind, interval, daily.has(symbol))) continue
    if (target.kind === 'funding') {
      const { funding, report } = await readFunding(openFile(path), { skipBad: builder.skipBad })
      builder.funding(symbol, funding)
      builder.report(path, report)
    } else if (target.kind === 'mark') {
      const { mark, report } = await readMark(openFile(path), readOptions(builder, symbol, target.interval))
      builder.mark(mark)
      builder.report(path, report)
    } else {
      const { candles, report } = await readCandles(
        openFile(path),
        readOptions(builder, symbol, target.interval),
      )
      builder.candles(candles)
      builder.report(path, report)
    }
  }
}

async function readFiles(
  world: Surroundings,
  builder: Builder,
  files: readonly string[],
  wanted: readonly string[] | null,
  interval: Interval | undefined,
): Promise<void> {
  if (wanted !== null && wanted.length > 1 && files.includes('-')) {
    throw new UsageError('standard input has the candles of one symbol', 'give one name with --symbol')
  }
  for (const file of files) {
    const source: ByteSource =
      file === '-' ? { name: 'standard input', bytes: world.stdin } : openFile(resolve(world.cwd, file))
    const named = file === '-' ? null : symbolOfFile(file)
    const symbol = wanted?.length === 1 ? wanted[0] : named
    if (symbol === null) {
      throw new UsageError(`the symbol of ${source.name} is not known`, 'say it: --symbol BTCUSDT')
    }
    const options = { ...readOptions(builder, symbol, interval), fallback: '1d' as const }
    const { candles, report } = await readCandles(source, options)
    builder.candles(candles)
    builder.report(source.name, report)
  }
}

function readOptions(
  builder: Builder,
  symbol: string,
  interval: Interval | undefined,
): { readonly symbol: string; readonly skipBad: boolean; readonly interval?: Interval } {
  const { skipBad } = builder
  return interval === undefined ? { symbol, skipBad } : { symbol, skipBad, interval }
}

/** Gathers series by symbol. */
class Builder {
  readonly skipBad: boolean
  readonly #candles = new Map<string, Map<Interval, Candles>>()
  readonly #mark = new Map<string, Map<Interval, MarkCandles>>()
  readonly #funding = new Map<string, FundingRates>()
  readonly #sets = new Map<string, Map<string, InstrumentRow>>()
  readonly #warnings: string[] = []

  constructor(skipBad: boolean) {
    this.skipBad = skipBad
  }

  has(symbol: string): boolean {
    return this.#candles.has(symbol)
  }

  candles(candles: Candles): void {
    const { symbol, interval } = candles
    const series = this.#candles.get(symbol) ?? new Map<Interval, Candles>()
    const before = series.get(interval)
    series.set(interval, before === undefined ? candles : joined(before, candles))
    this.#candles.set(symbol, series)
  }

  mark(mark: MarkCandles): void {
    const series = this.#mark.get(mark.symbol) ?? new Map<Interval, MarkCandles>()
    series.set(mark.interval, mark)
    this.#mark.set(mark.symbol, series)
  }

  funding(symbol: string, funding: FundingRates): void {
    this.#funding.set(symbol, funding)
  }

  instruments(rows: readonly InstrumentRow[]): void {
    for (const row of rows) {
      const set = this.#sets.get(row.date) ?? new Map<string, InstrumentRow>()
      set.set(row.symbol, row)
      this.#sets.set(row.date, set)
    }
  }

  report(file: string, report: ReadReport): void {
    const { bad, badCount, gaps } = report
    if (badCount > 0) {
      const lines = bad.slice(0, 3).map(row => `line ${row.line}: ${row.reason}`)
      this.#warnings.push(`${file}: ${badCount} bad rows left out (${lines.join('; ')})`)
    }
    if (gaps.length > 0) {
      const { line, missing } = gaps[0]
      const more = gaps.length > 1 ? `, and ${gaps.length - 1} further gaps` : ''
      this.#warnings.push(`${file}, line ${line}: gap of ${missing} candles${more}`)
    }
  }

  build(name: string, around: Timestamp): LoadedMarket {
    const sets = [...this.#sets.keys()].sort().map(date => this.#sets.get(date) ?? new Map())
    const symbols = [...this.#candles.keys()].sort()
    const markets = symbols.flatMap((symbol): SymbolMarket[] => {
      const candles = this.#candles.get(symbol) ?? new Map<Interval, Candles>()
      const longest = longestOf(candles)
      if (longest === null) return []
      const instrument = chooseInstrument(sets, symbol, around) ?? inferInstrument(symbol, longest)
      return [
        {
          instrument,
          candles,
          mark: this.#mark.get(symbol) ?? new Map(),
          funding: this.#funding.get(symbol) ?? null,
        },
      ]
    })
    return { markets, name, hash: hashOf(markets), warnings: this.#warnings }
  }
}

/** The candles that reach over most time; `null` when all are empty. */
function longestOf(candles: ReadonlyMap<Interval, Candles>): Candles | null {
  let longest: Candles | null = null
  const reach = (one: Candles): number => one.length * INTERVAL_MS[one.interval]
  for (const one of candles.values()) {
    if (one.length > 0 && (longest === null || reach(one) > reach(longest))) longest = one
  }
  return longest
}

/** Two stretches of one series as one. They may not overlap: which of two rows would be true? */
function joined(a: Candles, b: Candles): Candles {
  const [first, second] = a.start[0] <= b.start[0] ? [a, b] : [b, a]
  const end = first.length === 0 ? 0 : first.start[first.length - 1]
  if (second.length > 0 && second.start[0] <= end) {
    throw new DataError(
      `two files have candles ${a.symbol} ${a.interval} of the same time`,
      undefined,
      'import them with bbw data import, which compares the rows, and use --market cache',
    )
  }
  const whole = new CandleSeries(a.symbol, a.interval, first.length + second.length)
  for (const { length, start, open, high, low, close, volume, turnover } of [first, second]) {
    for (let i = 0; i < length; i++) {
      whole.push(start[i], open[i], high[i], low[i], close[i], volume[i], turnover[i])
    }
  }
  return whole
}

function hashOf(markets: readonly SymbolMarket[]): string {
  const hash = createHash('sha256')
  const column = (values: Float64Array, length: number): void => {
    hash.update(new Uint8Array(values.buffer, values.byteOffset, length * 8))
  }
  for (const { instrument, candles, mark, funding } of markets) {
    hash.update(JSON.stringify(instrument))
    for (const interval of INTERVALS) {
      const one = candles.get(interval)
      if (one !== undefined) {
        hash.update(`candles ${interval} ${one.length}`)
        for (const values of [one.start, one.open, one.high, one.low, one.close, one.volume, one.turnover]) {
          column(values, one.length)
        }
      }
      const marked = mark.get(interval)
      if (marked !== undefined) {
        hash.update(`mark ${interval} ${marked.length}`)
        for (const values of [marked.start, marked.open, marked.high, marked.low, marked.close]) {
          column(values, marked.length)
        }
      }
    }
    if (funding !== null) {
      hash.update(`funding ${funding.time.length}`)
      column(funding.time, funding.time.length)
      column(funding.rate, funding.rate.length)
    }
  }
  return hash.digest('hex').slice(0, 16)
}

// --- flags ----------------------------------------------------------------------------------------------------

/** The value of a flag that takes one. */
export function textFlag(parsed: ParsedArguments, name: string): string | undefined {
  const value = parsed.flags[name]
  return typeof value === 'string' ? value : undefined
}

/** The values of a flag that may be repeated. */
export function listFlag(parsed: ParsedArguments, name: string): readonly string[] {
  const value = parsed.flags[name]
  return Array.isArray(value) ? value : []
}

/** A flag that takes a number above 0. */
export function numberFlag(parsed: ParsedArguments, name: string, flag: string): number | undefined {
  const text = textFlag(parsed, name)
  if (text === undefined) return undefined
  const value = Number(text)
  if (text.trim() !== '' && Number.isFinite(value) && value > 0) return value
  throw new UsageError(`${flag} ${text} is not a number above 0`, `for example: ${flag} 1000`)
}

function symbolFlag(parsed: ParsedArguments): readonly string[] | null {
  const text = textFlag(parsed, 'symbol')
  if (text === undefined) return null
  const names = text.split(',').map(name => name.trim().toUpperCase())
  const wrong = names.find(name => !/^[\p{L}\p{N}]{2,30}$/u.test(name))
  if (wrong === undefined) return [...new Set(names)]
  throw new UsageError(`"${wrong}" is not a symbol`, 'write it as the exchange does: BTCUSDT')
}

function intervalFlag(parsed: ParsedArguments): Interval | undefined {
  const text = textFlag(parsed, 'timeframe')
  if (text === undefined || isInterval(text)) return text
  throw new UsageError(`${text} is not a timeframe`, `one of ${INTERVALS.join(', ')}`)
}

/** `20210101-20251112`, either side may be empty: from the first moment of the one day to the first of the other. */
export function timerangeFlag(parsed: ParsedArguments): {
  readonly from: Timestamp | null
  readonly to: Timestamp | null
} {
  const text = textFlag(parsed, 'timerange')
  if (text === undefined) return { from: null, to: null }
  const match = /^(\d{8})?-(\d{8})?$/.exec(text)
  const days = match?.slice(1).map(day => (day === undefined ? null : dayOf(day)))
  if (days === undefined || days.includes(Number.NaN)) {
    throw new UsageError(
      `--timerange ${text} is not a range of days`,
      'for example: --timerange 20210101-20251112',
    )
  }
  const [from, to] = days
  if (from !== null && to !== null && to <= from) {
    throw new UsageError(`--timerange ${text} ends before it begins`, 'the second day is not included')
  }
  return { from, to }
}

function dayOf(text: string): Timestamp {
  const iso = `${text.slice(0, 4)}-${text.slice(4, 6)}-${text.slice(6)}`
  const time = Date.parse(`${iso}T00:00:00Z`)
  return Number.isNaN(time) || new Date(time).toISOString().slice(0, 10) !== iso ? Number.NaN : time
}

/** A moment: `2025-10-15`, `20251015`, an ISO time or milliseconds. */
export function timeFlag(parsed: ParsedArguments, name: string, flag: string): Timestamp | undefined {
  const text = textFlag(parsed, name)
  if (text === undefined) return undefined
  const time = /^\d{8}$/.test(text)
    ? dayOf(text)
    : /^\d{12,}$/.test(text)
      ? Number(text)
      : /^\d{4}-\d{2}-\d{2}(T[\d:.]+Z)?$/.test(text)
        ? Date.parse(text)
        : Number.NaN
  if (Number.isNaN(time))
    throw new UsageError(`${flag} ${text} is not a time`, `for example: ${flag} 2025-10-15`)
  return time
}

/** The close of the newest daily candle: where the embedded exchange's clock stands. */
export function lastClose(markets: readonly SymbolMarket[]): Timestamp {
  let last = 0
  for (const { candles } of markets) {
    for (const one of candles.values()) {
      if (one.length === 0) continue
      last = Math.max(last, one.start[one.length - 1] + INTERVAL_MS[one.interval])
    }
  }
  return Math.floor(last / DAY) * DAY
}
