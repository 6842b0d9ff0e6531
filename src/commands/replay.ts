import { join } from 'node:path'
import { DECISIONS_FILE, DecisionReader } from '../core/adapters/sqlite/decision-journal.ts'
import { StoreError, UsageError } from '../core/base/errors.ts'
import type { Timestamp } from '../core/base/units.ts'
import type { Input } from '../core/engine/protocol.ts'
import { type Difference, type Present, Recomputation } from '../core/engine/recompute.ts'
import type { Candle } from '../core/market/candles.ts'
import type { Instrument } from '../core/market/instrument.ts'
import type { Interval } from '../core/market/interval.ts'
import type { CommandSpec, ParsedArguments, World } from './command.ts'
import { CONFIG_FLAG, type Config, loadConfig } from './config.ts'
import { dataDirectory } from './data-dir.ts'
import { EXIT } from './exit-codes.ts'
import { RECORDS_FLAG, textFlag, timeFlag, timerangeFlag, wantsRecords } from './flags.ts'
import { minute, say } from './lines.ts'
import { loadMarket, MARKET_FLAGS } from './market.ts'
import { ndjson } from './ndjson.ts'
import { SIMULATION_FLAGS, venueOf, withFlags } from './simulate.ts'
import { ownVersion } from './version.ts'

export const replayCommand: CommandSpec = {
  name: 'replay',
  summary: 'make the decisions of a run again and name every difference',
  description:
    'Reads the decisions that bbw run --decisions has taken down, makes each again with the code, the configuration and the candles of now, and compares. Give the flags that the run was given. No difference: exit 0. Otherwise each is named: the candle and its field, the parameter, the fee, the filter of an instrument, the version of the code, the decision that came out differently; exit 7.',
  examples: [
    'bbw replay',
    'bbw replay --from 2025-10-01 --to 2025-10-15',
    'bbw replay --market candles/ --timerange 20250101-20251101 --json',
  ],
  flags: [
    { flags: '--from <time>', description: 'decisions from then on, 2025-10-01' },
    { flags: '--to <time>', description: 'decisions up to then, 2025-10-15' },
    ...MARKET_FLAGS,
    ...SIMULATION_FLAGS,
    CONFIG_FLAG,
    RECORDS_FLAG,
  ],
  async run(world, parsed) {
    const from = timeFlag(parsed, 'from', '--from') ?? Number.MIN_SAFE_INTEGER
    const to = timeFlag(parsed, 'to', '--to') ?? Number.MAX_SAFE_INTEGER
    if (from > to) throw new UsageError('--from lies after --to', 'exchange the two')
    const config = withFlags(await loadConfig(world, parsed), parsed)
    const path = join(dataDirectory(world, textFlag(parsed, 'dataDir')), DECISIONS_FILE)
    const journal = DecisionReader.open(path)
    if (journal === null) {
      world.stderr.write(`no decisions were taken down (${path}); bbw run --decisions does it\n`)
      return EXIT.notFound
    }
    try {
      const span = journal.span(from, to)
      if (span === null) {
        world.stderr.write(`no decision was taken down in that time (${path})\n`)
        return EXIT.notFound
      }
      const present = await presentOf(world, parsed, config, span.last)
      const again = new Recomputation(present, journal)
      for (const decision of journal.decisions(from, to)) {
        again.take(decision)
        if (again.compared % DECISIONS_A_BREATH === 0) await world.clock.sleep(0)
        world.signal.throwIfAborted()
      }
      again.finish(span.last)
      const gaps = journal.gaps(from, to)
      for (const { after, lost, reason } of gaps) {
        say(world, `after row ${after}, ${lost} decisions were not taken down: ${reason}`)
      }
      const lost = gaps.reduce((sum, gap) => sum + gap.lost, 0)
      return await told(world, parsed, again, { ...span, lost })
    } catch (error) {
      if (!(error instanceof StoreError) || error.trouble !== 'damaged') throw error
      world.stderr.write(`E813 ${error.message}\n`)
      return EXIT.fault
    } finally {
      journal.close()
    }
  },
}

const DECISIONS_A_BREATH = 500

/** The code, the configuration and the market of now. */
async function presentOf(
  world: World,
  parsed: ParsedArguments,
  config: Config,
  last: Timestamp,
): Promise<Present> {
  const range = timerangeFlag(parsed)
  const market = await loadMarket(world, parsed, 'replay', range.to)
  for (const warning of market.warnings) say(world, warning)
  // What a trader is told by then is told by the exchange itself, also where it sums candles up.
  const history = venueOf(market.markets, config, { from: last + 1, to: null }, false).history()
  const { instruments, candles } = sorted(history)
  return {
    version: ownVersion(),
    settings: config,
    instrument: symbol => instruments.get(symbol),
    candles: (symbol, interval) => candles.get(symbol)?.get(interval) ?? [],
  }
}

function sorted(history: readonly Input[]): {
  readonly instruments: ReadonlyMap<string, Instrument>
  readonly candles: ReadonlyMap<string, ReadonlyMap<Interval, readonly Candle[]>>
} {
  const instruments = new Map<string, Instrument>()
  const candles = new Map<string, Map<Interval, Candle[]>>()
  for (const input of history) {
    if (input.type === 'instrument') instruments.set(input.instrument.symbol, input.instrument)
    if (input.type !== 'candle') continue
    const series = candles.get(input.symbol) ?? new Map<Interval, Candle[]>()
    candles.set(input.symbol, series)
    const list = series.get(input.interval)
    if (list === undefined) series.set(input.interval, [input])
    else list.push(input)
  }
  return { instruments, candles }
}

async function told(
  world: World,
  parsed: ParsedArguments,
  { compared, unmade, differences }: Recomputation,
  span: { readonly first: Timestamp; readonly last: Timestamp; readonly lost: number },
): Promise<number> {
  const isSame = differences.length === 0
  if (wantsRecords(world, parsed)) {
    for (const [k, difference] of differences.entries()) {
      const record = { v: 1, type: 'difference', id: `difference/${k + 1}`, ts: span.last, ...difference }
      await world.stdout.write(ndjson({ ...record, words: wordsOf(difference) }))
    }
    const count = { compared, unmade, lost: span.lost, differences: differences.length }
    const summary = { ...count, from: span.first, to: span.last }
    await world.stdout.write(ndjson({ v: 1, type: 'replay', id: 'replay', ts: span.last, ...summary }))
  } else {
    for (const difference of differences) await world.stdout.write(`${wordsOf(difference)}\n`)
    const count = isSame ? 'no difference' : `${differences.length} differences`
    const range = `from ${minute(span.first)} to ${minute(span.last)} UTC`
    await world.stdout.write(`${compared} decisions ${range} made again: ${count}\n`)
  }
  if (unmade > 0) say(world, `${unmade} decisions could not be made again: what they saw was not kept whole`)
  return isSame ? EXIT.ok : EXIT.differs
}

/** A difference in one line. */
export function wordsOf(difference: Difference): string {
  const json = (value: unknown): string => JSON.stringify(value) ?? 'nothing'
  switch (difference.kind) {
    case 'candle': {
      const { symbol, interval, start, fields } = difference
      const what = fields === null ? 'it is missing now' : `another ${fields.join(', ')}`
      return `candle ${symbol} ${interval} of ${timeWords(start, interval)}: ${what}`
    }
    case 'candles': {
      const { symbol, interval, from, to, areGone } = difference
      const range = `${timeWords(from, interval)} to ${timeWords(to, interval)}`
      if (areGone) return `candles ${symbol} ${interval} from ${range}: they are all missing now`
      return `candles ${symbol} ${interval} from ${range}: one or more differ; which, is not known any more`
    }
    case 'parameter':
    case 'fee':
      return `${difference.kind} ${difference.path}: ${json(difference.was)} then, ${json(difference.now)} now`
    case 'instrument': {
      const { symbol, field, was, now } = difference
      return `instrument ${symbol} ${field}: ${json(was)} then, ${json(now)} now`
    }
    case 'code':
      return `version of bbw: ${difference.was} then, ${difference.now} now`
    case 'stored':
      return `row ${difference.row}: the stored ${difference.what} is not what the decision saw`
    case 'answer': {
      const { row, at, decision, strategy, symbol, was, now } = difference
      const who = [decision, strategy, symbol].filter(word => word !== null).join(' ')
      return `row ${row}, ${minute(at)} UTC, ${who}: ${was} then, ${now} now`
    }
  }
}

function timeWords(start: Timestamp, interval: Interval): string {
  return interval === '1d' ? minute(start).slice(0, 10) : `${minute(start)} UTC`
}
