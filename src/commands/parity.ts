import { existsSync, readFileSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { openFile } from '../core/adapters/csv/source.ts'
import { DataError, UsageError } from '../core/base/errors.ts'
import { SECOND, type Timestamp } from '../core/base/units.ts'
import {
  type Parity,
  type ParityTolerance,
  parityOf,
  type TradeDifference,
} from '../core/performance/parity.ts'
import type { Trade } from '../core/portfolio/trade.ts'
import { decodeTrade } from '../core/wire/decode.ts'
import { WIRE_VERSION, type WireRecord } from '../core/wire/encode.ts'
import type { CommandSpec, ParsedArguments, World } from './command.ts'
import { EXIT } from './exit-codes.ts'
import { numberFlag, RECORDS_FLAG, wantsRecords } from './flags.ts'
import { minute, say } from './lines.ts'
import { eachRecord, ndjson } from './ndjson.ts'
import { textTable } from './table.ts'

/** Lines of a table on a terminal; records go out whole. */
const MOST_ROWS = 60
/** Wallets may differ by rounding (USDT). */
const CENT = 0.01

export const parityCommand: CommandSpec = {
  name: 'parity',
  summary: 'compare the trades of two exports and explain every difference',
  description:
    'Reads what backtest or run have written with --export, as records or as a database, or the state of a data folder, and compares trade by trade: pairs them by their signal, and names every difference with what it means: a missing trade, a tick, a fee, funding, latency, fills in other parts. Settings that differ are named too. Nothing is tolerated unless a flag says so. No difference: exit 0. Otherwise exit 7.',
  examples: [
    'bbw backtest --export a.db && bbw run --speed max --export b.ndjson && bbw parity a.db b.ndjson',
    'bbw parity backtest.ndjson ~/.local/state/bbw/state.db --fill-time 5 --split-fills --any-excursion',
    'bbw parity a.db b.db --json | head',
  ],
  arguments: [
    { name: '<a>', description: 'trades as records or a database' },
    { name: '<b>', description: 'those to compare with; - reads records from standard input' },
  ],
  flags: [
    { flags: '--fill-time <seconds>', description: 'fills may lie so far apart (default: not at all)' },
    {
      flags: '--split-fills',
      description: 'fills of one exit may be split otherwise, as long as they sum up to the same',
    },
    {
      flags: '--any-excursion',
      description: 'the worst and the best price on the way may differ, as where prices come more often',
    },
    RECORDS_FLAG,
  ],
  async run(world, parsed) {
    const tolerance = toleranceOf(parsed)
    const [nameA, nameB] = parsed.args
    if (nameA === undefined || nameB === undefined) {
      throw new UsageError('two exports are needed', 'for example: bbw parity a.db b.ndjson')
    }
    if (nameA === '-' && nameB === '-') {
      throw new UsageError('standard input cannot be read twice', 'give one of them as a file')
    }
    const a = await readSide(world, nameA)
    const b = await readSide(world, nameB)
    const parity = parityOf(a.trades, b.trades, tolerance, (id, missingIn, trade) =>
      whyMissing(missingIn === 'a' ? a : b, missingIn, id, trade),
    )
    const settings = settingsOf(a.summary, b.summary)
    const wallet = walletDifference(a, b)
    await (wantsRecords(world, parsed) ? tellRecords : tellTable)(world, a, b, parity, settings, wallet)
    if (a.bad + b.bad > 0) return EXIT.usage
    return parity.differences.length === 0 && wallet === null ? EXIT.ok : EXIT.differs
  },
}

function toleranceOf(parsed: ParsedArguments): ParityTolerance {
  return {
    time: (numberFlag(parsed, 'fillTime', '--fill-time') ?? 0) * SECOND,
    splitFills: parsed.flags.splitFills === true,
    anyExcursion: parsed.flags.anyExcursion === true,
  }
}

// --- reading

interface ParitySide {
  readonly name: string
  readonly trades: readonly Trade[]
  readonly summary: WireRecord | null
  readonly refusals: ReadonlyMap<string, string>
  /** Lines that could not be read. */
  readonly bad: number
}

const MAGIC = 'SQLite format 3\0'

async function readSide(world: World, name: string): Promise<ParitySide> {
  const path = resolve(world.cwd, name)
  const isFile = name !== '-' && statSync(path, { throwIfNoEntry: false })?.isFile() === true
  if (isFile) {
    const bytes = readFileSync(path)
    if (bytes.subarray(0, MAGIC.length).toString('latin1') === MAGIC)
      return await ofDatabase(world, bytes, path)
  }
  const source = name === '-' ? { name: 'standard input', bytes: world.stdin } : openFile(path)
  const trades: Trade[] = []
  const refusals = new Map<string, string>()
  let summary: WireRecord | null = null
  const bad = await eachRecord(world, source, record => {
    const { type, kind, signalId, reason } = record
    if (type === 'trade') trades.push(decodeTrade(record))
    else if (type === 'summary') summary = record
    else if (type === 'event' && typeof signalId === 'string' && isRefusal(kind))
      refusals.set(signalId, `${kind} there: ${reason}`)
  })
  if (trades.length === 0 && summary === null && bad === 0) {
    throw new DataError(
      'it holds neither trades nor a summary',
      { file: source.name },
      'bbw backtest --export',
    )
  }
  return { name, trades, summary, refusals, bad }
}

async function ofDatabase(world: World, bytes: Uint8Array, path: string): Promise<ParitySide> {
  const { readExported } = await import('../core/adapters/sqlite/exported.ts')
  const { trades, summary, refusals, isWithoutLog } = await readExported(bytes, path)
  const log = `${path}-wal`
  if (isWithoutLog && existsSync(log) && statSync(log).size > 0) {
    say(world, `the newest changes of ${path} are in its log and are left out: bbw db backup has all of them`)
  }
  const decoded = trades.map((trade, k) => {
    try {
      return decodeTrade(trade as WireRecord)
    } catch (error) {
      if (!(error instanceof DataError)) throw error
      throw new DataError(`trade ${k + 1}: ${error.message}`, { file: path }, error.remedy)
    }
  })
  return { name: path, trades: decoded, summary, refusals, bad: 0 }
}

function isRefusal(kind: unknown): boolean {
  return kind === 'refused' || kind === 'rejected' || kind === 'expired'
}

// --- explaining

/** What a side knows of why it has no trade of a signal. */
function whyMissing(
  side: ParitySide,
  in_: 'a' | 'b',
  id: string,
  { openedAt, closedAt }: Trade,
): string | null {
  const refusal = side.refusals.get(id)
  if (refusal !== undefined) return refusal
  const [from, to] = [side.summary?.from, side.summary?.to]
  const name = in_.toUpperCase()
  if (typeof from === 'number' && openedAt < from) return `${name} began later, ${minute(from)} UTC`
  if (typeof to === 'number' && closedAt > to) return `${name} ended earlier, ${minute(to)} UTC`
  const other = side.trades.find(one => one.id !== id && one.openedAt <= closedAt && one.closedAt >= openedAt)
  const isFull = side.trades.length > 0 && other !== undefined
  return isFull ? null : `${name} held nothing at that time`
}

interface SettingDifference {
  readonly field: string
  readonly a: unknown
  readonly b: unknown
  readonly words: string
}

const SETTINGS: { readonly [field: string]: string } = {
  version: 'another bbw: its rules may be others',
  configHash: 'another configuration: fees, slippage, strategies or guards; bbw config show has them',
  dataHash: 'other market data',
  symbols: 'another number of symbols',
  startingBalance: 'another balance, and so other sizes',
  portfolioGates: 'the limits of the whole portfolio on one side alone',
  from: 'another beginning',
  to: 'another end',
}

/** What the summaries say of how the trades were made, where both say it. */
function settingsOf(a: WireRecord | null, b: WireRecord | null): readonly SettingDifference[] {
  return Object.entries(SETTINGS).flatMap(([field, words]) => {
    const [inA, inB] = [a?.[field], b?.[field]]
    const isSaid = inA !== undefined && inB !== undefined && inA !== null && inB !== null
    return isSaid && inA !== inB ? [{ field, a: inA, b: inB, words }] : []
  })
}

interface WalletDifference {
  readonly a: number
  readonly b: number
  readonly words: string
}

/** Wallets that differ by something else than the trades do: what is still open, or never was a trade. */
function walletDifference(a: ParitySide, b: ParitySide): WalletDifference | null {
  const [inA, inB] = [a.summary?.finalWallet, b.summary?.finalWallet]
  if (typeof inA !== 'number' || typeof inB !== 'number' || Math.abs(inA - inB) <= CENT) return null
  const net = ({ trades }: ParitySide): number => trades.reduce((sum, one) => sum + one.net, 0)
  const began = (side: ParitySide): number => Number(side.summary?.startingBalance ?? 0)
  const off = inB - inA - (net(b) - net(a)) - (began(b) - began(a))
  if (Math.abs(off) <= CENT) return null
  const words = `${off.toFixed(2)} USDT of it are from no closed trade: fees and funding of what is open, or money moved`
  return { a: inA, b: inB, words }
}

// --- telling

type Teller = (
  world: World,
  a: ParitySide,
  b: ParitySide,
  parity: Parity,
  settings: readonly SettingDifference[],
  wallet: WalletDifference | null,
) => Promise<void>

const tellRecords: Teller = async (world, a, b, parity, settings, wallet) => {
  const last = lastOf(a, b)
  const record = (type: string, id: string, ts: Timestamp, rest: object): Promise<void> =>
    world.stdout.write(ndjson({ v: WIRE_VERSION, type, id, ts, ...rest }))
  for (const { field, ...rest } of settings) {
    await record('setting', `setting/${field}`, last, { field, ...rest })
  }
  for (const [k, { id, openedAt, ...rest }] of parity.differences.entries()) {
    await record('difference', `difference/${k + 1}`, openedAt, { trade: id, ...rest })
  }
  if (wallet !== null) await record('difference', 'difference/wallet', last, { aspect: 'wallet', ...wallet })
  const { paired, same, explanations, differences } = parity
  await record('parity', 'parity', last, {
    ...{ tradesA: a.trades.length, tradesB: b.trades.length, paired, same },
    ...{
      differences: differences.length + (wallet === null ? 0 : 1),
      settings: settings.length,
      explanations,
    },
  })
}

const tellTable: Teller = async (world, a, b, parity, settings, wallet) => {
  const { paired, same, explanations, differences } = parity
  for (const { field, a: inA, b: inB, words } of settings) {
    await world.stdout.write(`${field}: ${inA} in A, ${inB} in B: ${words}\n`)
  }
  if (differences.length > 0) {
    const rows = differences.slice(0, MOST_ROWS).map(rowOf)
    const head = ['opened UTC', 'symbol', 'side', 'strategy', 'what', 'A', 'B', 'meaning']
    await world.stdout.write(textTable(head, rows))
    const more = differences.length - rows.length
    if (more > 0) await world.stdout.write(`and ${more} more differences: --json has all of them\n`)
  }
  if (wallet !== null)
    await world.stdout.write(`wallet: ${wallet.a} in A, ${wallet.b} in B: ${wallet.words}\n`)
  for (const words of explanations) await world.stdout.write(`${words}\n`)
  const count = differences.length + (wallet === null ? 0 : 1)
  const verdict = count === 0 ? 'no difference' : `${count} differences, ${same} trades are the same`
  const sizes = `${a.trades.length} trades in A, ${b.trades.length} in B, ${paired} in both`
  await world.stdout.write(`${sizes}: ${verdict}\n`)
}

function rowOf({
  openedAt,
  symbol,
  side,
  strategy,
  aspect,
  a,
  b,
  words,
}: TradeDifference): readonly string[] {
  const text = (value: string | number | null): string => (value === null ? '-' : String(value))
  return [minute(openedAt), symbol, side, strategy, aspect, text(a), text(b), words]
}

function lastOf(...sides: readonly ParitySide[]): Timestamp {
  return Math.max(0, ...sides.flatMap(({ trades }) => trades.map(({ closedAt }) => closedAt)))
}
