import { join } from 'node:path'
import {
  Download,
  type Downloaded,
  KINDS,
  type Kind,
  type Lack,
  type Wish,
} from '../core/adapters/bybit/download.ts'
import { MarketCache } from '../core/adapters/sqlite/market-cache.ts'
import { ExchangeError, UsageError } from '../core/base/errors.ts'
import { INTERVALS, type Interval, isInterval } from '../core/market/interval.ts'
import type { ParsedArguments, World } from './command.ts'
import { dataDirectory, ensureDirectory } from './data-dir.ts'
import { publicMarket } from './exchange-client.ts'
import { EXIT } from './exit-codes.ts'
import { symbolFlag, textFlag, timerangeFlag } from './flags.ts'
import { progressBar } from './progress.ts'

/** More problems than this are counted, not listed. */
const MOST_TOLD = 20
const STOPPED = 'stopped: what was fetched up to here is kept; the same command goes on from there'

/** What `bbw data download` does: brings the exchange's public past into the cache. */
export async function runDownload(world: World, parsed: ParsedArguments): Promise<number> {
  const wish = wishOf(parsed)
  const progress = progressBar(world)
  let problems = 0
  const say = (words: string): void => {
    progress.clear()
    world.stderr.write(`${words}\n`)
  }
  const { market, url, close } = publicMarket(world, parsed, say)
  const path = join(ensureDirectory(dataDirectory(world, textFlag(parsed, 'dataDir'))), 'market.db')
  const cache = MarketCache.open(path, { readonly: false })
  const hearer = {
    progress: progress.update,
    problem: (words: string) => {
      if (++problems <= MOST_TOLD) say(words)
    },
  }
  try {
    const done = await new Download(market, cache, url).run(wish, hearer, world.signal)
    progress.clear()
    for (const lack of done.lacks) hearer.problem(lackWords(lack))
    if (problems > MOST_TOLD) say(`and ${problems - MOST_TOLD} further problems`)
    if (!world.quiet) say(`${summary(done)}: ${path}`)
    if (done.refused > 0) return EXIT.usage
    return done.failed > 0 || done.lacks.length > 0 ? EXIT.exchange : EXIT.ok
  } catch (error) {
    progress.clear()
    if (world.signal.aborted) {
      say(STOPPED)
      return world.signal.reason === 'SIGTERM' ? EXIT.ok : EXIT.interrupted
    }
    if (error instanceof ExchangeError && problems > 0) say(STOPPED)
    throw error
  } finally {
    close()
    cache.close()
  }
}

function count(number: number, noun: string): string {
  return `${number.toLocaleString('en-US')} ${noun}${number === 1 ? '' : 's'}`
}

/** What was asked for of a series and not had. */
function lackWords({ name, missing, asked, from, to }: Lack): string {
  const time = (at: number): string => new Date(at).toISOString().slice(0, 16).concat('Z')
  const which = missing === 1 ? time(from) : `${time(from)} to ${time(to)}`
  const much = missing === asked ? 'none' : `all but ${missing.toLocaleString('en-US')}`
  return `${name}: the exchange has sent ${much} of the ${count(asked, 'candle')} (missing: ${which})`
}

function summary({ rows, pieces, skipped, failed, refused, symbols, lacks }: Downloaded): string {
  const parts = [`${count(symbols, 'symbol')}, ${count(rows, 'new row')}, ${count(pieces, 'piece')} fetched`]
  if (skipped > 0) parts.push(`${skipped.toLocaleString('en-US')} there already`)
  if (failed > 0) parts.push(`${failed} failed (the same command tries them again)`)
  if (lacks.length > 0) parts.push(`${lacks.length} series not whole (the same command asks again)`)
  if (refused > 0) parts.push(`${refused} differ from what is in the cache`)
  return parts.join(', ')
}

function wishOf(parsed: ParsedArguments): Wish {
  const { from, to } = timerangeFlag(parsed)
  return {
    kinds: listOf(parsed, 'what', KINDS, isKind) ?? KINDS,
    symbols: symbolFlag(parsed),
    timeframes: listOf(parsed, 'timeframe', INTERVALS, isInterval) ?? DEFAULT_TIMEFRAMES,
    from,
    to,
  }
}

const DEFAULT_TIMEFRAMES: readonly Interval[] = ['1d', '15m']

function isKind(text: string): text is Kind {
  return (KINDS as readonly string[]).includes(text)
}

/** The names given with a flag, separated by commas, each once. */
function listOf<T extends string>(
  parsed: ParsedArguments,
  name: string,
  known: readonly T[],
  is: (text: string) => text is T,
): readonly T[] | undefined {
  const text = textFlag(parsed, name)
  if (text === undefined) return undefined
  return [
    ...new Set(
      text.split(',').map(part => {
        const word = part.trim()
        if (is(word)) return word
        throw new UsageError(`--${name} ${word} is not known`, `known are ${known.join(', ')}`)
      }),
    ),
  ]
}
