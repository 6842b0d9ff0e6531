import { UsageError } from '../core/base/errors.ts'
import { harmless } from '../core/base/harmless.ts'
import { NO_STRATEGY, scoreInputs, scoreSignal } from '../core/engine/pipeline.ts'
import type { Scored } from '../core/engine/protocol.ts'
import { scoreChanges } from '../core/scoring/changes.ts'
import { changeLines, explainScore } from '../core/scoring/explain.ts'
import { readMetrics } from '../core/scoring/score.ts'
import { SCORE_TABLE } from '../core/scoring/table.ts'
import { decodeSignal } from '../core/wire/decode.ts'
import { isAlert, scoreFields, WIRE_VERSION } from '../core/wire/encode.ts'
import type { CommandSpec, ParsedArguments, World } from './command.ts'
import { CONFIG_FLAG, type Config, loadConfig } from './config.ts'
import { EXIT } from './exit-codes.ts'
import { RECORDS_FLAG, textFlag, wantsRecords } from './flags.ts'
import { openRecords } from './input.ts'
import { minute, say } from './lines.ts'
import { MARKET_FLAGS } from './market.ts'
import { eachRecord, ndjson } from './ndjson.ts'
import { AT_FLAG, engineAt, marketAt } from './scan.ts'
import { textTable } from './table.ts'

/** What says that a market is to be read. */
const MARKET_NAMES = ['market', 'csv', 'symbol', 'timeframe', 'at', 'dataDir', 'skipBad']

export const scoreCommand: CommandSpec = {
  name: 'score',
  summary: 'rate signals 0 to 10 with the nine parts and the verdict',
  description:
    'Reads signal records and prints them as scored records: score, parts, verdict. Fields it does not know pass through, and so do alerts. A bad line is named and left out, the good ones are answered, and the exit status is 2. With --explain and a market (--market, --csv, --at), or on a terminal with nothing piped in, the symbol is read from the market itself and scored on both sides.',
  examples: [
    'bbw scan | bbw score',
    'bbw score signals.ndjson',
    'bbw scan | bbw score --explain BTCUSDT',
    'bbw score --explain BTCUSDT --at 2025-10-15',
  ],
  arguments: [{ name: '[file]', description: 'signal records; standard input when left out or -' }],
  flags: [
    {
      flags: '--explain <symbol>',
      description: 'say in words what each part of the score is made of, and what must change to pass',
    },
    ...MARKET_FLAGS,
    AT_FLAG,
    CONFIG_FLAG,
    RECORDS_FLAG,
  ],
  async run(world, parsed) {
    const explain = textFlag(parsed, 'explain')?.toUpperCase()
    const isMarket = MARKET_NAMES.some(name => parsed.flags[name] !== undefined)
    if (explain !== undefined && parsed.args[0] === undefined && (isMarket || world.stdin.isTTY)) {
      return await explainMarket(world, parsed, await loadConfig(world, parsed), explain)
    }
    if (isMarket) {
      throw new UsageError('a market is read for --explain alone', 'pipe signals in: bbw scan | bbw score')
    }
    const source = openRecords(world, parsed)
    const config = await loadConfig(world, parsed)
    const least = config.guards['score-threshold'].least ?? 0
    const asRecords = wantsRecords(world, parsed)
    const rows: string[][] = []
    let explained = 0
    const bad = await eachRecord(world, source, async record => {
      if (isAlert(record)) {
        if (explain === undefined && asRecords) await world.stdout.write(ndjson(record))
        return
      }
      const scored = scoreSignal(decodeSignal(record))
      if (explain !== undefined) {
        if (scored.signal.symbol !== explain) return
        explained++
        const text = parsed.flags.ndjson === true ? explanationRecord : explanation
        await world.stdout.write(text(scored, least))
      } else if (asRecords) {
        await world.stdout.write(ndjson({ ...record, ...scoreFields(scored, least) }))
      } else {
        rows.push(tableRow(scored, least))
      }
    })
    if (rows.length > 0) {
      await world.stdout.write(
        textTable(['symbol', 'side', 'strategy', 'score', 'verdict', 'rejected by', 'parts'], rows),
      )
    }
    if (explain !== undefined && explained === 0 && bad === 0) {
      world.stderr.write(`no signal of ${explain} came in\n`)
      return 3
    }
    return bad > 0 ? 2 : 0
  },
}

function tableRow({ signal, score }: Scored, least: number): string[] {
  return [
    signal.symbol,
    signal.side,
    signal.strategy,
    score.value.toFixed(1),
    score.value >= least ? 'pass' : 'fail',
    score.rejectedBy ?? '',
    Object.entries(score.parts)
      .map(([part, points]) => `${part} ${points}`)
      .join(', '),
  ]
}

/** Why a signal has its score, and what would have to change: for a person, and as one record. */
function explanation({ signal, score }: Scored, least: number): string {
  const inputs = scoreInputs(signal)
  const changes = scoreChanges(inputs, least)
  const { missing, rejecting, isOneEnough } = changes
  const isPassing = score.rejectedBy === null && score.value >= least
  const verdict =
    score.rejectedBy !== null
      ? `rejected by ${rejecting.join(', ')}: that has to change before anything else counts`
      : isPassing
        ? `passes: ${score.value.toFixed(1)} of at least ${least.toFixed(1)}`
        : `fails: ${missing.toFixed(1)} more is needed for ${least.toFixed(1)}, that is ${Math.ceil((missing * 120) / 10)} weighted points or an adjustment`
  const enough = isPassing
    ? []
    : [isOneEnough ? 'one figure alone can make it pass' : 'no single figure makes it pass']
  const steps = changeLines(changes, signal.side)
  const who = signal.strategy === NO_STRATEGY ? '(no strategy wants it)' : signal.strategy
  const title = harmless(`${signal.symbol} ${signal.side} ${who}: ${score.value.toFixed(1)}`)
  const lines = [
    ...explainScore(inputs),
    verdict,
    ...enough,
    ...(steps.length === 0 ? [] : ['the next better step of each figure, all else as it is:']),
    ...steps.map(line => `  ${line}`),
  ]
  return `${title}\n${lines.map(line => `  ${line}`).join('\n')}\n`
}

/** The same as one record. */
function explanationRecord({ signal, score }: Scored, least: number): string {
  const inputs = scoreInputs(signal)
  return ndjson({
    v: WIRE_VERSION,
    type: 'explanation',
    id: signal.id,
    ts: signal.candleEnd,
    symbol: signal.symbol,
    side: signal.side,
    strategy: signal.strategy === NO_STRATEGY ? null : signal.strategy,
    least,
    verdict: score.rejectedBy === null && score.value >= least ? 'pass' : 'fail',
    rejectedBy: score.rejectedBy,
    metrics: readMetrics(inputs, SCORE_TABLE).map(({ metric, weight, points, figure, row }) => ({
      metric,
      points,
      weight,
      figure,
      rule: row === null ? null : { is: row[0], limit: row[1] },
    })),
    adjustment: score.adjustmentTenths / 10,
    fundingAssumed: score.fundingAssumed,
    ...scoreChanges(inputs, least),
  })
}

/** Explains both sides of a symbol from the market itself, or what its strategies want there. */
async function explainMarket(
  world: World,
  parsed: ParsedArguments,
  config: Config,
  symbol: string,
): Promise<number> {
  const market = await marketAt(world, parsed, config)
  const engine = engineAt(market, config)
  const least = config.guards['score-threshold'].least ?? 0
  const wanted = engine.look().filter(signal => signal.symbol === symbol)
  const sides = (['long', 'short'] as const).flatMap(side => {
    const signal = wanted.some(one => one.side === side) ? undefined : engine.marketSignal(symbol, side)
    return signal === undefined ? [] : [signal]
  })
  const signals = [...wanted, ...sides]
  say(world, `${market.name}: ${symbol} at ${minute(market.at)} UTC`)
  if (signals.length === 0) {
    say(world, `${symbol} is not in the market, or has too few candles for a score`)
    return EXIT.notFound
  }
  const explain = parsed.flags.ndjson === true ? explanationRecord : explanation
  for (const signal of signals) await world.stdout.write(explain(scoreSignal(signal), least))
  return EXIT.ok
}
