import { harmless } from '../core/base/harmless.ts'
import { scoreInputs, scoreSignal } from '../core/engine/pipeline.ts'
import type { Scored } from '../core/engine/protocol.ts'
import { explainScore } from '../core/scoring/explain.ts'
import { decodeSignal } from '../core/wire/decode.ts'
import { isAlert, scoreFields } from '../core/wire/encode.ts'
import type { CommandSpec } from './command.ts'
import { CONFIG_FLAG, loadConfig } from './config.ts'
import { RECORDS_FLAG, textFlag, wantsRecords } from './flags.ts'
import { openRecords } from './input.ts'
import { eachRecord, ndjson } from './ndjson.ts'
import { textTable } from './table.ts'

export const scoreCommand: CommandSpec = {
  name: 'score',
  summary: 'rate signals 0 to 10 with the nine parts and the verdict',
  description:
    'Reads signal records and prints them as scored records: score, parts, verdict. Fields it does not know pass through, and so do alerts. A bad line is named and left out, the good ones are answered, and the exit status is 2.',
  examples: ['bbw scan | bbw score', 'bbw score signals.ndjson', 'bbw scan | bbw score --explain BTCUSDT'],
  arguments: [{ name: '[file]', description: 'signal records; standard input when left out or -' }],
  flags: [
    {
      flags: '--explain <symbol>',
      description: 'say in words what each part of the score is made of, and what must change to pass',
    },
    CONFIG_FLAG,
    RECORDS_FLAG,
  ],
  async run(world, parsed) {
    const source = openRecords(world, parsed)
    const config = await loadConfig(world, parsed)
    const least = config.guards['score-threshold'].least ?? 0
    const explain = textFlag(parsed, 'explain')?.toUpperCase()
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
        await world.stdout.write(explanation(scored, least))
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
  const title = harmless(`${signal.symbol} ${signal.side} ${signal.strategy}: ${score.value.toFixed(1)}`)
  return `${title}\n${lines.join('\n')}\n  ${verdict}\n`
}
