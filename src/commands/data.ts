import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { type ReadReport, readCandles, readMark } from '../core/adapters/csv/candles.ts'
import { readFunding } from '../core/adapters/csv/funding.ts'
import { readInstruments } from '../core/adapters/csv/instruments.ts'
import { type ByteSource, openFile } from '../core/adapters/csv/source.ts'
import { type ImportedFile, type ImportResult, MarketCache } from '../core/adapters/sqlite/market-cache.ts'
import { DataError, UsageError } from '../core/base/errors.ts'
import { type Finding, findings } from '../core/market/check.ts'
import type { Interval } from '../core/market/interval.ts'
import type { CommandSpec, FlagSpec, ParsedArguments, World } from './command.ts'
import { dataDirectory, ensureDirectory } from './data-dir.ts'
import { type FileTarget, type FoundFile, findFiles, targetOf } from './data-files.ts'
import { type Progress, progressBar } from './progress.ts'
import { URL_FLAG } from './url-flag.ts'

const DATA_DIR: FlagSpec = {
  flags: '--data-dir <folder>',
  description: 'folder of the market data (BBW_DATA_DIR; default: $XDG_STATE_HOME/bbw)',
}
const JSON_FLAG: FlagSpec = { flags: '--json', description: 'one JSON object a line, also on a terminal' }

const OK = 0
const BAD_DATA = 2
const NOT_FOUND = 3
const INTERRUPTED = 130

/** More holes or bad rows of one file than this are counted, not listed. */
const SHOWN = 3

function stringFlag(parsed: ParsedArguments, name: string): string | undefined {
  const value = parsed.flags[name]
  return typeof value === 'string' ? value : undefined
}

function cachePath(world: World, parsed: ParsedArguments): string {
  return join(dataDirectory(world, stringFlag(parsed, 'dataDir')), 'market.db')
}

function iso(time: number): string {
  return new Date(time).toISOString().replace('.000Z', 'Z')
}

function plural(count: number, noun: string): string {
  return `${count.toLocaleString('en-US')} ${noun}${count === 1 ? '' : 's'}`
}

/** Where and what, in one line: `file, line 2, column 3 (open): reason; remedy`. */
function errorText(error: DataError, file: string): string {
  const { line, column, field } = error.place ?? {}
  const place = [file, line && `line ${line}`, column && `column ${column}${field ? ` (${field})` : ''}`]
  const remedy = error.remedy === undefined ? '' : `; ${error.remedy}`
  return `${place.filter(Boolean).join(', ')}: ${error.message}${remedy}`
}

/** Thrown to leave the reading of a file when the user stops the command. */
class Stopped extends Error {}

/** The source's bytes, hashed and counted on their way, until the signal stops them. */
function watched(
  source: ByteSource,
  signal: AbortSignal,
  onBytes: (count: number) => void,
): { readonly source: ByteSource; readonly sha256: () => string } {
  const hash = createHash('sha256')
  const bytes = async function* (): AsyncGenerator<Uint8Array> {
    for await (const block of source.bytes) {
      if (signal.aborted) throw new Stopped()
      hash.update(block)
      onBytes(block.length)
      yield block
    }
  }
  return { source: { ...source, bytes: bytes() }, sha256: () => hash.digest('hex') }
}

/** Standard input until the signal: waiting for it must not keep a stopped command. */
async function* untilStopped(
  stdin: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const blocks = stdin[Symbol.asyncIterator]()
  const stopped = new Promise<never>((_, reject) => {
    const stop = (): void => reject(new Stopped())
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
  })
  for (;;) {
    const next = await Promise.race([blocks.next(), stopped])
    if (next.done === true) return
    yield next.value
  }
}

interface ImportOptions {
  readonly skipBad: boolean
  readonly symbol: string | undefined
  readonly now: number
}

/** What is read from a file, ready to be put into the cache; or the reason why it is not for the cache. */
interface Reading {
  readonly kind: 'rows'

  readonly report: ReadReport | null
  readonly store: (file: ImportedFile) => ImportResult
}

function symbolFor(path: string, target: { readonly symbol: string | null }, options: ImportOptions): string {
  const symbol = options.symbol ?? target.symbol
  if (symbol !== null) return symbol
  throw new DataError(
    'the name does not begin with a symbol',
    { file: path },
    'say which it is: --symbol BTCUSDT',
  )
}

/** What the rows of a file are taken for, as the cache remembers it. */
function targetName(path: string, target: FileTarget, options: ImportOptions): string {
  if (target.kind === 'instruments') return `instruments ${target.date ?? ''}`
  const interval = target.kind === 'funding' ? '' : (target.interval ?? '')
  return `${target.kind} ${symbolFor(path, target, options)} ${interval}`.trim()
}

async function read(
  cache: MarketCache,
  path: string,
  source: ByteSource,
  target: FileTarget,
  options: ImportOptions,
): Promise<Reading | { readonly kind: 'left-out'; readonly reason: string }> {
  if (target.kind === 'instruments') {
    const { date } = target
    if (date === null) {
      throw new DataError(
        'the name has no date',
        { file: path },
        'put the day of the list into it: name-2025-06-09.csv',
      )
    }
    const rows = await readInstruments(source, { date })
    if (rows === null) return { kind: 'left-out', reason: 'a list of instruments without quantity steps' }
    return { kind: 'rows', report: null, store: file => cache.importInstruments(rows, file) }
  }
  const symbol = symbolFor(path, target, options)
  const { skipBad } = options
  if (target.kind === 'funding') {
    const { funding, report } = await readFunding(source, { skipBad })
    return { kind: 'rows', report, store: file => cache.importFunding(symbol, funding, file) }
  }
  const asked: { readonly interval?: Interval } =
    target.interval === undefined ? {} : { interval: target.interval }
  if (target.kind === 'mark') {
    const { mark, report } = await readMark(source, { symbol, skipBad, ...asked })
    return { kind: 'rows', report, store: file => cache.importMark(mark, file) }
  }
  const { candles, report } = await readCandles(source, { symbol, skipBad, ...asked })
  return { kind: 'rows', report, store: file => cache.importCandles(candles, file) }
}

async function unchanged(
  cache: MarketCache,
  path: string,
  target: string,
  options: ImportOptions,
  signal: AbortSignal,
): Promise<boolean> {
  const known = cache.file(path, target)
  // Bad rows were agreed to then; without the flag they have to be told again.
  if (known === null || (known.badRows > 0 && !options.skipBad)) return false
  const file = watched(openFile(path), signal, () => {})
  for await (const _ of file.source.bytes);
  return file.sha256() === known.sha256
}

/** The words about one file: bad rows, holes, times without a zone. */
function warnings(name: string, report: ReadReport): readonly string[] {
  const lines: string[] = []
  if (report.badCount > 0) {
    const shown = report.bad.slice(0, SHOWN).map(row => `line ${row.line}: ${row.reason}`)
    const more = report.badCount > shown.length ? ', ...' : ''
    lines.push(`${name}: left out ${plural(report.badCount, 'bad row')} (${shown.join('; ')}${more})`)
  }
  for (const gap of report.gaps.slice(0, SHOWN)) {
    lines.push(
      `${name}, line ${gap.line}: gap, ${plural(gap.missing, 'candle')} missing after ${iso(gap.after)}`,
    )
  }
  if (report.gaps.length > SHOWN) lines.push(`${name}: ${plural(report.gaps.length - SHOWN, 'further gap')}`)
  if (report.assumedUtc) lines.push(`${name}: times without a zone, read as UTC`)
  return lines
}

/** Counts of an import. */
interface Tally {
  files: number
  rows: number
  equal: number
  unchanged: number
  refused: number
  leftOut: number
}

async function importFiles(
  world: World,
  cache: MarketCache,
  files: readonly FoundFile[],
  options: ImportOptions,
  progress: Progress,
  say: (text: string) => void,
): Promise<Tally> {
  const tally: Tally = { files: 0, rows: 0, equal: 0, unchanged: 0, refused: 0, leftOut: 0 }
  const total = files.reduce((sum, file) => sum + file.size, 0)
  let done = 0
  for (const [nth, { path, size, target }] of files.entries()) {
    const name = path === '-' ? 'standard input' : relative(world.cwd, path)
    const before = done
    const label = `${nth + 1}/${files.length} ${name}`
    if (world.signal.aborted) throw new Stopped()
    try {
      const kind = targetName(path, target, options)
      if (path !== '-' && (await unchanged(cache, path, kind, options, world.signal))) tally.unchanged += 1
      else {
        const source =
          path === '-' ? { name, bytes: untilStopped(world.stdin, world.signal) } : openFile(path)
        const file = watched(source, world.signal, count => {
          done += count
          progress.update(done, total, label)
        })
        const reading = await read(cache, path, file.source, target, options)
        if (reading.kind === 'left-out') {
          tally.leftOut += 1
          if (!world.quiet) say(`left out: ${name}, ${reading.reason}`)
          continue
        }
        const record: ImportedFile = {
          source: path,
          target: kind,
          sha256: file.sha256(),
          badRows: reading.report?.badCount ?? 0,
          importedAt: options.now,
        }
        const result = reading.store(record)
        tally.files += 1
        tally.rows += result.added
        tally.equal += result.equal
        for (const text of reading.report === null ? [] : warnings(name, reading.report)) say(text)
      }
    } catch (error) {
      if (!(error instanceof DataError)) throw error
      tally.refused += 1
      say(`refused: ${errorText(error, name)}`)
    } finally {
      // Gzip may end before the file does, and an unchanged file is not counted.
      done = before + size
    }
  }
  return tally
}

async function runImport(world: World, parsed: ParsedArguments): Promise<number> {
  const paths = parsed.args.map(path => (path === '-' ? path : resolve(world.cwd, path)))
  if (paths.length === 0)
    throw new UsageError('nothing to import', 'name files or folders: bbw data import PATH...')
  const symbol = stringFlag(parsed, 'symbol')?.toUpperCase()
  if (symbol !== undefined && !/^[\p{L}\p{N}]+USDT$/u.test(symbol)) {
    throw new UsageError(
      `${symbol} is no symbol of a USDT perpetual`,
      'write it as the exchange does: BTCUSDT',
    )
  }
  const progress = progressBar(world)
  const say = (text: string): void => {
    progress.clear()
    world.stderr.write(`${text}\n`)
  }
  const found = findFiles(paths.filter(path => path !== '-'))
  const piped: readonly FoundFile[] = paths.includes('-')
    ? [{ path: '-', size: 0, target: targetOf('-') }]
    : []
  const leftOut = found.leftOut.length
  if (!world.quiet)
    for (const { path, reason } of found.leftOut) say(`left out: ${relative(world.cwd, path)}, ${reason}`)
  for (const { path, reason } of found.unreadable)
    say(`refused: ${relative(world.cwd, path)}: ${reason}; check the path`)
  const files = [...found.files, ...piped]
  if (symbol !== undefined && files.length > 1) {
    throw new UsageError(
      `--symbol names one symbol, but there are ${files.length} files`,
      'import them one by one',
    )
  }
  if (files.length + leftOut + found.unreadable.length === 0) {
    throw new UsageError(
      `there are no CSV files in ${parsed.args.join(' ')}`,
      'name a folder with .csv or .csv.gz files',
    )
  }
  const path = cachePath(world, parsed)
  ensureDirectory(join(path, '..'))
  const cache = MarketCache.open(path, { readonly: false })
  try {
    const options = { skipBad: parsed.flags.skipBad === true, symbol, now: world.clock.now() }
    const tally = await importFiles(world, cache, files, options, progress, say)
    progress.clear()
    const refused = tally.refused + found.unreadable.length
    if (!world.quiet) {
      const parts = [`${plural(tally.files, 'file')} imported, ${plural(tally.rows, 'new row')}`]
      if (tally.equal > 0) parts.push(`${plural(tally.equal, 'row')} there already`)
      if (tally.unchanged > 0) parts.push(`${plural(tally.unchanged, 'file')} unchanged`)
      if (refused > 0) parts.push(`${plural(refused, 'file')} refused`)
      const others = leftOut + tally.leftOut
      if (others > 0) parts.push(`${others} left out`)
      say(`${parts.join(', ')}: ${path}`)
    }
    return refused > 0 ? BAD_DATA : OK
  } catch (error) {
    if (!(error instanceof Stopped)) throw error
    progress.clear()
    world.stderr.write(
      'stopped: the files up to here are imported whole; the same command goes on from there\n',
    )
    return world.signal.reason === 'SIGTERM' ? OK : INTERRUPTED
  } finally {
    cache.close()
  }
}

/** Opens the cache to read it; `null`, with a word on stderr, where there is none. */
function openCache(world: World, parsed: ParsedArguments): MarketCache | null {
  const path = cachePath(world, parsed)
  if (existsSync(path)) return MarketCache.open(path, { readonly: true })
  world.stderr.write(`there are no market data yet (${path}); bring some in: bbw data import PATH\n`)
  return null
}

/** Lines of columns, numbers to the right. */
function table(rows: readonly (readonly string[])[], right: readonly number[]): string {
  const widths = rows[0].map((_, k) => Math.max(...rows.map(row => row[k].length)))
  const cell = (text: string, k: number): string =>
    right.includes(k) ? text.padStart(widths[k]) : text.padEnd(widths[k])
  return rows.map(row => `${row.map(cell).join('  ').trimEnd()}\n`).join('')
}

function wantsTable(world: World, parsed: ParsedArguments): boolean {
  return world.stdout.isTTY && parsed.flags.json !== true
}

async function runList(world: World, parsed: ParsedArguments): Promise<number> {
  const cache = openCache(world, parsed)
  if (cache === null) return OK
  try {
    const series = cache.list()
    const lists = new Map<string, number>()
    for (const { date } of cache.instruments()) {
      const key = `instruments/${date}`
      lists.set(key, (lists.get(key) ?? 0) + 1)
    }
    const tiers = cache.tiers()
    if (tiers.length > 0) lists.set(`tiers/${tiers[0].date}`, tiers.length)
    if (wantsTable(world, parsed)) {
      const rows = [
        ['kind', 'symbol', 'interval', 'rows', 'first', 'last'],
        ...series.map(one => [
          one.kind,
          one.symbol,
          one.interval ?? '',
          one.rows.toLocaleString('en-US'),
          iso(one.first),
          iso(one.last),
        ]),
        ...[...lists].map(([id, count]) => {
          const [kind, date] = id.split('/')
          return [kind, '', '', count.toLocaleString('en-US'), date, date]
        }),
      ]
      await world.stdout.write(table(rows, [3]))
      return OK
    }
    for (const { kind, symbol, interval, rows, first, last } of series) {
      const id = [kind, symbol, ...(interval === null ? [] : [interval])].join('/')
      const record = { v: 1, type: 'series', id, ts: last, kind, symbol, interval, rows, first, last }
      await world.stdout.write(`${JSON.stringify(record)}\n`)
    }
    for (const [id, rows] of lists) {
      const [type, date] = id.split('/')
      const record = { v: 1, type, id, ts: Date.parse(date), date, rows }
      await world.stdout.write(`${JSON.stringify(record)}\n`)
    }
    return OK
  } finally {
    cache.close()
  }
}

/** What is wrong with the settlements of one symbol. */
function fundingFindings(time: Float64Array, rate: Float64Array): readonly Finding[] {
  const found: Finding[] = []
  for (let i = 0; i < time.length; i += 1) {
    if (i > 0 && time[i] === time[i - 1]) {
      found.push({ kind: 'duplicate', time: time[i], reason: 'a second settlement for this time' })
    } else if (i > 0 && time[i] < time[i - 1]) {
      found.push({ kind: 'disorder', time: time[i], reason: `it comes after ${iso(time[i - 1])}` })
    }
    if (!(rate[i] > -1 && rate[i] < 1)) {
      found.push({ kind: 'impossible', time: time[i], reason: `rate is ${rate[i]}` })
    }
  }
  return found
}

function seriesFindings(
  cache: MarketCache,
  kind: string,
  symbol: string,
  interval: Interval | null,
): readonly Finding[] {
  if (interval === null) {
    const { time, rate } = cache.funding(symbol)
    return fundingFindings(time, rate)
  }
  const series = kind === 'mark' ? cache.mark(symbol, interval) : cache.candles(symbol, interval)
  return series === null ? [] : findings(series)
}

async function runCheck(world: World, parsed: ParsedArguments): Promise<number> {
  const cache = openCache(world, parsed)
  if (cache === null) return NOT_FOUND
  try {
    const asTable = wantsTable(world, parsed)
    let rows = 0
    let gaps = 0
    let wrong = 0
    const series = cache.list()
    for (const { kind, symbol, interval, rows: count } of series) {
      if (world.signal.aborted) return world.signal.reason === 'SIGTERM' ? OK : INTERRUPTED
      rows += count
      for (const finding of seriesFindings(cache, kind, symbol, interval)) {
        if (finding.kind === 'gap') gaps += 1
        else wrong += 1
        const { kind: what, time: ts, reason } = finding
        if (asTable) {
          const name = [kind, symbol, interval ?? ''].join(' ').trim()
          await world.stdout.write(`${name}  ${iso(ts)}  ${what}: ${reason}\n`)
        } else {
          const id = [kind, symbol, ...(interval === null ? [] : [interval]), ts, what].join('/')
          const missing = finding.kind === 'gap' ? { missing: finding.missing } : {}
          const record = {
            v: 1,
            type: 'finding',
            id,
            ts,
            kind,
            symbol,
            interval,
            finding: what,
            ...missing,
            reason,
          }
          await world.stdout.write(`${JSON.stringify(record)}\n`)
        }
      }
    }
    if (!world.quiet) {
      const counts = `${plural(gaps, 'gap')}, ${plural(wrong, 'impossible row')}`
      const total = `${series.length.toLocaleString('en-US')} series, ${plural(rows, 'row')}`
      const advice = wrong > 0 ? '; the cache is damaged: delete it and import again' : ''
      world.stderr.write(`${total}: ${counts}${advice}\n`)
    }
    return wrong > 0 ? BAD_DATA : OK
  } finally {
    cache.close()
  }
}

export const dataCommand: CommandSpec = {
  name: 'data',
  summary: 'bring market data in, list and check them',
  examples: ['bbw data download', 'bbw data import candles/', 'bbw data list', 'bbw data check'],
  commands: [
    {
      name: 'import',
      summary: 'read candles, mark candles, funding and instruments from CSV files, plain or gzip',
      description:
        'Takes files and folders; - is standard input. The folders klines/<interval>, mark/<interval>, funding and ' +
        'instruments say what is in them; any other CSV is candles, its symbol by its name or --symbol, its interval ' +
        'by the spacing of its rows. A file that is unchanged since its last import is passed over, a bad one is ' +
        'reported and the others go on. Exit 2 when a file was refused.',
      examples: [
        'bbw data import data/',
        'bbw data import BTCUSDT-1h.csv.gz',
        'zcat old.csv.gz | bbw data import --symbol BTCUSDT -',
      ],
      arguments: [{ name: '<path...>', description: 'files or folders' }],
      flags: [
        { flags: '--symbol <symbol>', description: 'what the candles of the one file are of' },
        { flags: '--skip-bad', description: 'leave bad rows out, counted, instead of refusing their file' },
        DATA_DIR,
      ],
      run: runImport,
    },
    {
      name: 'download',
      summary: 'fetch candles, mark candles, funding, instruments and risk tiers from Bybit; no key',
      description:
        'Brings the public past of all USDT perpetuals, or of those that --symbol names, into the cache. Without ' +
        '--timerange the newest 1,000 candles of each timeframe, and the funding of the time they span. What is in the ' +
        'cache is not fetched again; ended in between, by whatever, the same command goes on where it was. It keeps to ' +
        "half of the exchange's rate limits. Exit 5 when something could not be had, candles that a symbol must have among it, 2 when it differs from the cache.",
      examples: [
        'bbw data download',
        'bbw data download --symbol BTCUSDT,ETHUSDT --timeframe 1d,15m,5m --timerange 20240101-',
        'bbw data download --what instruments,tiers',
      ],
      flags: [
        { flags: '--symbol <names>', description: 'only these symbols, BTCUSDT,ETHUSDT' },
        { flags: '--timeframe <intervals>', description: 'intervals of candles', default: '1d,15m' },
        { flags: '--timerange <from-to>', description: 'days, 20240101-20250101; either side may be empty' },
        {
          flags: '--what <kinds>',
          description: 'candles, mark, funding, instruments, tiers; all if left out',
        },
        URL_FLAG,
        DATA_DIR,
      ],
      run: async (world, parsed) => (await import('./data-download.ts')).runDownload(world, parsed),
    },
    {
      name: 'list',
      summary: 'what there is: symbol, interval, rows, first and last bar',
      examples: ['bbw data list', 'bbw data list --json | jq .symbol'],
      flags: [JSON_FLAG, DATA_DIR],
      run: runList,
    },
    {
      name: 'check',
      summary: 'look for gaps, and for rows that are twice there or impossible (exit 2)',
      examples: ['bbw data check', 'bbw data check --json | jq -c "select(.finding != \\"gap\\")"'],
      flags: [JSON_FLAG, DATA_DIR],
      run: runCheck,
    },
  ],
}
