import { decimalText } from '../base/decimal.ts'
import type { Side } from '../market/side.ts'
import type { ScoreChanges, ScoreStep } from './changes.ts'
import { heldAdjustments, type Reading, readMetrics, type ScoreInputs, score } from './score.ts'
import {
  type Adjustment,
  type AdjustmentFigure,
  type MetricId,
  SCORE_TABLE,
  type ScoreTable,
} from './table.ts'

/**
 * Why a signal has its score, for a person: a line for each of the nine metrics (points x weight, and the figure with
 * the row that gave them), one for each adjustment that counts, and the score itself.
 */
export function explainScore(inputs: ScoreInputs, table: ScoreTable = SCORE_TABLE): readonly string[] {
  const result = score(inputs, table)
  const readings = readMetrics(inputs, table)
  const lines = readings.map(reading => {
    const label = reading.metric === 'streak' ? `${DAYS[inputs.side]} days` : LABELS[reading.metric]
    const why = `${label} ${figureText(reading, inputs)}`
    return reading.points === 'reject'
      ? `${reading.metric}: rejects, ${why}`
      : `${reading.metric}: ${reading.points} x ${reading.weight}, ${why}`
  })
  if (result.rejectedBy !== null) return [...lines, `score 0.0: rejected by ${result.rejectedBy}`]
  let sum = 0
  for (const { metric, weight } of readings) sum += weight * result.parts[metric]
  for (const adjustment of heldAdjustments(inputs, table)) lines.push(adjustmentLine(adjustment))
  const parts = `${sum} / ${table.divisor} ${signed(result.adjustmentTenths)}`
  return [...lines, `score ${result.value.toFixed(1)}: ${parts}, at most ${table.greatest}`]
}

const LABELS: { readonly [K in Exclude<MetricId, 'streak'>]: string } = {
  tier: 'tier',
  bbPercent: 'daily BB%',
  turnover: 'turnover in M USDT',
  weekMonth: 'weekly and monthly bands that agree',
  funding: 'pays per 8 h in %',
  width: 'band width %',
  bounce: 'distance from the band %',
  rsi: 'RSI',
}

const FIGURES: { readonly [K in AdjustmentFigure]: string } = {
  bbPercent: 'daily BB%',
  weekBb: 'weekly BB%',
  monthBb: 'monthly BB%',
  rsi: 'RSI',
}

const DAYS: { readonly [K in Side]: string } = { long: 'down', short: 'up' }

/** What could be changed of a score, in words: a line for each figure that has a step to a higher one. */
export function changeLines({ figures, score: now }: ScoreChanges, side: Side): readonly string[] {
  return figures.flatMap(({ metric, figure, better, passing }) => {
    if (better === null) return []
    const name = CHANGED[figure] ?? (metric === 'streak' ? `${DAYS[side]} days` : LABELS[metric])
    const step = ({ is, limit, score: then }: ScoreStep): string => {
      const to = typeof limit === 'string' ? limit : `${is} ${decimalText(rounded(limit * scaleOf(metric)))}`
      return `${to} makes ${then.toFixed(1)} (${signed(Math.round(10 * (then - now)))})`
    }
    const isSame = passing !== null && passing.is === better.is && passing.limit === better.limit
    const then = passing === null ? '' : isSame ? ', which passes' : `; ${step(passing)}, which passes`
    return [`${metric}: ${name} ${step(better)}${then}`]
  })
}

const CHANGED: { readonly [figure: string]: string | undefined } = {
  weekBb: 'weekly BB%',
  monthBb: 'monthly BB%',
}

/** The unit a figure is shown in, as a factor. */
function scaleOf(metric: MetricId): number {
  if (metric === 'turnover') return 1e-6
  return metric === 'funding' ? 100 : 1
}

function figureText({ metric, figure, row }: Reading, inputs: ScoreInputs): string {
  if (typeof figure === 'string') return figure
  const scale = scaleOf(metric)
  const limit = row === null ? null : rounded(row[1] * scale)
  const short = rounded(figure * scale)
  // A figure that rounds onto its limit is shown in full: "25 < 25" explains nothing.
  const shown = short === limit && figure !== row?.[1] ? figure * scale : short
  const note = metric === 'funding' && inputs.funding === null ? ' (unknown, assumed)' : ''
  const rule = row === null || limit === null ? '' : ` ${row[0]} ${decimalText(limit)}`
  return `${decimalText(shown)}${rule}${note}`
}

function adjustmentLine({ tenths, when }: Adjustment): string {
  const conditions = when.map(([of, is, limit]) => `${FIGURES[of]} ${is} ${decimalText(limit)}`)
  return `adjustment: ${signed(tenths)}, ${conditions.join(', ')}`
}

function signed(tenths: number): string {
  return `${tenths < 0 ? '-' : '+'}${(Math.abs(tenths) / 10).toFixed(1)}`
}

/** Five significant digits. */
function rounded(value: number): number {
  return Number(value.toPrecision(5))
}
