import { DataError } from '../core/base/errors.ts'
import { scoreInputs, scoreSignal } from '../core/engine/pipeline.ts'
import type { Scored } from '../core/engine/protocol.ts'
import { explainScore } from '../core/scoring/explain.ts'
import { decodeSignal, parseRecord } from '../core/wire/decode.ts'
import { scoreFields } from '../core/wire/encode.ts'
import type { CommandSpec } from './command.ts'
import { CONFIG_FLAG, loadConfig } from './config.ts'
import { failureOf } from './failures.ts'
import { openInput } from './input.ts'
import { listFlag, textFlag } from './market.ts'
import { linesOf, ndjson } from './ndjson.ts'
import { textTable } from './table.ts'

export const scoreCommand: CommandSpec = {
  name: 'score',
  summary: 'rate signals 0 to 10 with the nine parts and the verdict',
  description:
    'Reads signal records and prints them as scored records: score, parts, verdict. Fields it does not know pass through. A bad line is named and left out, the good ones are answered, and the exit status is 2.',
  examples: ['bbw scan | bbw score', 'bbw score signals.ndjson', 'bbw scan | bbw score --explain BTCUSDT'],
  arguments: [{ name: '[file]', description: 'signal records; standard input when left out or -' }],
  flags: [
    {
      flags: '--explain <symbol>',
      description: 'say in words what each part of the score is made of, and what must change to pass',
    },
    CONFIG_FLAG,
    { flags: '--json, --ndjson', description: 'records, also on a terminal' },
  ],
  async run(world, parsed) {
    const config = await loadConfig(world, listFlag(parsed, 'config'))
    const least = config.guards['score-threshold'].least ?? 0
    const explain = textFlag(parsed, 'explain')?.toUpperCase()
    const asTable = explain === undefined && parsed.flags.ndjson !== true && world.stdout.isTTY
    const rows: string[][] = []
    let bad = 0
    let explained = 0
    const { name, bytes } = openInput(world, parsed.args[0])
    for await (const { line, text } of linesOf(bytes, name)) {
      try {
        const record = parseRecord(text)
        const scored = scoreSignal(decodeSignal(record))
        if (explain !== undefined) {
          if (scored.signal.symbol !== explain) continue
          explained++
          await world.stdout.write(explanation(scored, least))
        } else if (asTable) rows.push(tableRow(scored, least))
        else await world.stdout.write(ndjson({ ...record, ...scoreFields(scored, least) }))
      } catch (error) {
        if (!(error instanceof DataError)) throw error
        bad++
        for (const word of failureOf(at(error, name, line), false).lines) world.stderr.write(`${word}\n`)
      }
    }
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

/** The error with the place of its line. */
export function at(error: DataError, file: string, line: number): DataError {
  const { field } = error.place ?? {}
  return new DataError(
    error.message,
    field === undefined ? { file, line } : { file, line, field },
    error.remedy,
  )
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

/** Why a signal has its score, and what is missing to pass. */
function explanation({ signal, score }: Scored, least: number): string {
  const missing = (least - score.value).toFixed(1)
  const verdict =
    score.rejectedBy !== null
      ? `rejected by ${score.rejectedBy}: that has to change before anything else counts`
      : score.value >= least
        ? `passes: ${score.value.toFixed(1)} of at least ${least.toFixed(1)}`
        : `fails: ${missing} more is needed for ${least.toFixed(1)}, that is ${Math.ceil((Number(missing) * 120) / 10)} weighted points or an adjustment`
  const lines = explainScore(scoreInputs(signal)).map(line => `  ${line}`)
  return `${signal.symbol} ${signal.side} ${signal.strategy}: ${score.value.toFixed(1)}\n${lines.join('\n')}\n  ${verdict}\n`
}
