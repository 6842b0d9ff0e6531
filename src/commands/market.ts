import { existsSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type ReadOptions, readCandles, readMark } from '../core/adapters/csv/candles.ts'
import { readFunding } from '../core/adapters/csv/funding.ts'
import { readInstruments } from '../core/adapters/csv/instruments.ts'
import { type ByteSource, openFile } from '../core/adapters/csv/source.ts'
import { symbolOfFile } from '../core/adapters/csv/symbol.ts'
import { DataError, UsageError } from '../core/base/errors.ts'
import type { Timestamp } from '../core/base/units.ts'
import { INTERVAL_MS, type Interval } from '../core/market/interval.ts'
import type { FlagSpec, ParsedArguments, World } from './command.ts'
import { dataDirectory } from './data-dir.ts'
import { findFiles } from './data-files.ts'
import { intervalFlag, listFlag, symbolFlag, textFlag } from './flags.ts'
import { type LoadedMarket, MarketBuilder } from './market-builder.ts'

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
type Surroundings = Pick<World, 'env' | 'cwd'> & {
  readonly stdin: AsyncIterable<Uint8Array>
  readonly signal?: AbortSignal
}

/**
 * A replay reads all there are. A decision reads the daily candles, and within the day those of 15 minutes, or, to be
 * made on shorter ones too (`decide-intraday`), all that are no longer.
 */
export type Use = 'decide' | 'decide-intraday' | 'replay'

/** What is to be read of a market. */
interface Wish {
  /** `null` for all symbols. */
  readonly symbols: readonly string[] | null
  readonly use: Use
  readonly skipBad: boolean
}

const FIXTURES = fileURLToPath(new URL('../../fixtures/market', import.meta.url))

/**
 * Reads the market that the flags name.
 *
 * @param around the moment whose instrument filters are wanted, the nearest dated set being used; `null`: the last close
 * @throws UsageError, DataError; the reason of `signal` when it is aborted
 */
export async function loadMarket(
  world: Surroundings,
  parsed: ParsedArguments,
  use: Use,
  around: Timestamp | null,
): Promise<LoadedMarket> {
  const builder = new MarketBuilder()
  const wish = { symbols: symbolFlag(parsed), use, skipBad: parsed.flags.skipBad === true }
  const csv = listFlag(parsed, 'csv')
  const market = textFlag(parsed, 'market')
  const interval = intervalFlag(parsed)
  let name: string
  if (csv.length > 0) {
    if (market !== undefined) {
      throw new UsageError('--csv and --market exclude one another', 'give one of them')
    }
    name = csv.map(file => (file === '-' ? 'standard input' : file)).join(', ')
    await readFiles(world, builder, csv, wish, interval)
  } else {
    if (interval !== undefined) {
      throw new UsageError('--timeframe says what --csv has, and there is none', 'leave it out')
    }
    const cache = join(dataDirectory(world, textFlag(parsed, 'dataDir')), 'market.db')
    name = market ?? (existsSync(cache) && (await cacheHasCandles(cache)) ? 'cache' : 'fixtures')
    if (name === 'fixtures') await readFolder(world, builder, FIXTURES, wish)
    else if (name === 'cache') await readCache(builder, cache, wish)
    else await readFolder(world, builder, existingFolder(world, name), wish)
  }
  const missing = wish.symbols?.filter(symbol => !builder.has(symbol)) ?? []
  if (missing.length > 0 || builder.isEmpty) {
    throw new DataError(
      `no candles ${missing.length > 0 ? `of ${missing.join(', ')} ` : ''}in ${name}`,
      undefined,
      name === 'cache' ? 'bbw data list shows what is there' : 'give a folder or files that have some',
    )
  }
  return builder.build(name, around)
}

function existingFolder(world: Surroundings, name: string): string {
  const path = resolve(world.cwd, name)
  if (name !== '' && existsSync(path) && statSync(path).isDirectory()) return path
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

/** Whether a series is to be read: candles no decision looks at are left alone where the daily ones are recorded. */
function isWanted(
  { symbols, use }: Wish,
  series: {
    readonly kind: string
    readonly symbol: string
    readonly interval?: Interval | null | undefined
  },
  withDaily: ReadonlySet<string | null>,
): boolean {
  const { kind, symbol, interval } = series
  if (symbols !== null && !symbols.includes(symbol)) return false
  if (use === 'replay' || !withDaily.has(symbol)) return true
  if (kind === 'funding') return true
  if (kind !== 'candles' || interval === null || interval === undefined) return false
  if (interval === '1d' || interval === '15m') return true
  return use === 'decide-intraday' && INTERVAL_MS[interval] < INTERVAL_MS['15m']
}

async function readCache(builder: MarketBuilder, path: string, wish: Wish): Promise<void> {
  if (!existsSync(path)) {
    throw new DataError(`there is no market cache at ${path}`, undefined, 'bbw data import PATH... makes one')
  }
  const { MarketCache } = await import('../core/adapters/sqlite/market-cache.ts')
  const cache = MarketCache.open(path, { readonly: true })
  try {
    builder.instruments(cache.instruments())
    builder.tiers(cache.tiers())
    const withDaily = new Set(cache.symbols('1d'))
    for (const series of cache.list()) {
      if (!isWanted(wish, series, withDaily)) continue
      const { kind, symbol, interval } = series
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
  { signal }: Surroundings,
  builder: MarketBuilder,
  folder: string,
  wish: Wish,
): Promise<void> {
  const { files, unreadable } = findFiles([folder])
  if (unreadable.length > 0) {
    const [{ path, reason }] = unreadable
    throw new DataError(reason, { file: path }, 'without it the market would not be whole')
  }
  const withDaily = new Set(
    files.flatMap(({ target }) =>
      target.kind === 'candles' && target.interval === '1d' ? [target.symbol] : [],
    ),
  )
  for (const { path, target } of files) {
    signal?.throwIfAborted()
    if (target.kind === 'instruments') {
      const rows = target.date === null ? null : await readInstruments(openFile(path), { date: target.date })
      if (rows !== null) builder.instruments(rows)
      continue
    }
    const { kind, symbol } = target
    if (symbol === null) {
      throw new DataError('the name does not begin with a symbol', { file: path }, 'rename it: BTCUSDT.csv')
    }
    if (!isWanted(wish, { ...target, symbol }, withDaily)) continue
    if (kind === 'funding') {
      const { funding, report } = await readFunding(openFile(path), { skipBad: wish.skipBad })
      builder.funding(symbol, funding)
      builder.report(path, report)
    } else if (kind === 'mark') {
      const { mark, report } = await readMark(openFile(path), readOptions(wish, symbol, target.interval))
      builder.mark(mark)
      builder.report(path, report)
    } else {
      await readSeries(builder, openFile(path), wish, symbol, target.interval)
    }
  }
}

/**
 * Files named one by one. A single symbol asked for is that of files whose names do not say theirs, and of a file that
 * stands alone; among several files those of other symbols are left out.
 */
async function readFiles(
  world: Surroundings,
  builder: MarketBuilder,
  files: readonly string[],
  wish: Wish,
  interval: Interval | undefined,
): Promise<void> {
  const { symbols } = wish
  if (symbols !== null && symbols.length > 1 && files.includes('-')) {
    throw new UsageError('standard input has the candles of one symbol', 'give one name with --symbol')
  }
  const only = symbols?.length === 1 ? symbols[0] : null
  for (const file of files) {
    if (file === '') throw new UsageError('--csv is given no file', 'for example: --csv BTCUSDT.csv')
    const source: ByteSource =
      file === '-' ? { name: 'standard input', bytes: world.stdin } : openFile(resolve(world.cwd, file))
    const named = file === '-' ? null : symbolOfFile(file)
    const symbol = files.length === 1 ? (only ?? named) : (named ?? only)
    if (symbol === null) {
      throw new UsageError(`the symbol of ${source.name} is not known`, 'say it: --symbol BTCUSDT')
    }
    if (symbols === null || symbols.includes(symbol)) {
      await readSeries(builder, source, wish, symbol, interval)
    }
  }
}

async function readSeries(
  builder: MarketBuilder,
  source: ByteSource,
  wish: Wish,
  symbol: string,
  interval: Interval | undefined,
): Promise<void> {
  const { candles, report } = await readCandles(source, readOptions(wish, symbol, interval))
  builder.candles(candles)
  builder.report(source.name, report)
}

function readOptions({ skipBad }: Wish, symbol: string, interval: Interval | undefined): ReadOptions {
  const options = { symbol, skipBad, fallback: '1d' as const }
  return interval === undefined ? options : { ...options, interval }
}
