import { assert, unreachable } from '../base/assert.ts'
import type { Fraction, Percent, Usdt } from '../base/units.ts'
import type { Side } from '../market/side.ts'
import type { Tier } from '../market/tiers.ts'
import {
  type Adjustment,
  type Comparison,
  METRICS,
  type MetricId,
  type Points,
  SCORE_TABLE,
  type ScoreRow,
  type ScoreRows,
  type ScoreTable,
} from './table.ts'

/** What a score is made of; figures of the daily candles, whatever the strategy's timeframe. */
export interface ScoreInputs {
  readonly side: Side
  readonly tier: Tier
  /** Daily BB%, on a 0..100 scale and not clipped. */
  readonly bbPercent: Percent
  /** Weekly and monthly BB%; `null` when there is too little history. */
  readonly weekBb: Percent | null
  readonly monthBb: Percent | null
  readonly turnover: Usdt
  /** Closes in a row against the side: down days for long, up days for short. */
  readonly streak: number
  /** Per 8 h, positive when longs pay; `null` when unknown. */
  readonly funding: Fraction | null
  /** Band width. */
  readonly width: Percent
  readonly rsi: Percent
}

/** A score and everything needed to read why. */
export interface Score {
  /** The score in tenths, a whole number 0 to 100. */
  readonly tenths: number
  /** The score, 0 to 10, a multiple of 0.1. */
  readonly value: number
  /** The first metric that refuses the signal, or `null`. */
  readonly rejectedBy: MetricId | null
  /** Points of each metric before its weight; a rejecting metric has 0. */
  readonly parts: { readonly [K in MetricId]: number }
  /** What the adjustments added, in tenths; 0 when the signal is rejected. */
  readonly adjustmentTenths: number
  /** Funding was unknown, and the stated rate was assumed. */
  readonly fundingAssumed: boolean
}

/**
 * The score of a signal on its side: the weighted sum of the metrics' points divided by 12, adjusted, rounded once,
 * half up, to one decimal on whole numbers, and clamped to 0..10. A rejecting metric makes it 0. Throws when a figure
 * is not finite: what is absent is `null` here, and a signal without its daily figures is no signal.
 */
export function score(inputs: ScoreInputs, table: ScoreTable = SCORE_TABLE): Score {
  const readings = readMetrics(inputs, table)
  const parts = {
    tier: 0,
    bbPercent: 0,
    turnover: 0,
    streak: 0,
    weekMonth: 0,
    funding: 0,
    width: 0,
    bounce: 0,
    rsi: 0,
  }
  let sum = 0
  let rejectedBy: MetricId | null = null
  for (const { metric, weight, points } of readings) {
    if (points === 'reject') rejectedBy ??= metric
    const counted = points === 'reject' ? 0 : points
    parts[metric] = counted
    sum += weight * counted
  }
  let adjustmentTenths = 0
  if (rejectedBy === null) {
    for (const { tenths } of heldAdjustments(inputs, table)) adjustmentTenths += tenths
  }
  const { divisor, greatest } = table
  const rounded = Math.floor((10 * sum + divisor * adjustmentTenths + divisor / 2) / divisor)
  const tenths = rejectedBy === null ? Math.min(10 * greatest, Math.max(0, rounded)) : 0
  return {
    tenths,
    value: tenths / 10,
    rejectedBy,
    parts,
    adjustmentTenths,
    fundingAssumed: inputs.funding === null,
  }
}

/** What one metric saw, and the row that gave its points: `null` for the tier and where no row holds. */
export interface Reading {
  readonly metric: MetricId
  readonly weight: number
  readonly points: Points
  readonly figure: number | Tier
  readonly row: ScoreRow | null
}

/** The nine metrics read off the table, in its order. Throws when a figure is not finite. */
export function readMetrics(inputs: ScoreInputs, table: ScoreTable): readonly Reading[] {
  const { side } = inputs
  return METRICS.map((metric): Reading => {
    if (metric === 'tier') {
      const { weight, [side]: points } = table.metrics.tier
      return { metric, weight, points: points[inputs.tier], figure: inputs.tier, row: null }
    }
    const { weight, [side]: rows } = table.metrics[metric]
    const figure = figureOf(metric, inputs, table)
    if (!Number.isFinite(figure)) assert(false, `the score's ${metric} is ${figure}`)
    const row = firstRow(rows, figure)
    return { metric, weight, points: row === null ? rows.otherwise : row[2], figure, row }
  })
}

function figureOf(metric: Exclude<MetricId, 'tier'>, inputs: ScoreInputs, table: ScoreTable): number {
  const { side } = inputs
  switch (metric) {
    case 'weekMonth': {
      const agrees: Comparison = side === 'long' ? '<' : '>'
      const { middle } = table.metrics.weekMonth
      let agreeing = 0
      for (const bb of [inputs.weekBb, inputs.monthBb]) {
        if (bb === null) continue
        if (!Number.isFinite(bb)) return Number.NaN
        if (compare(bb, agrees, middle)) agreeing++
      }
      return agreeing
    }
    case 'funding': {
      const rate = inputs.funding ?? table.metrics.funding.assumed
      return side === 'long' ? rate : -rate
    }
    case 'bounce': {
      const distance = side === 'long' ? inputs.bbPercent : 100 - inputs.bbPercent
      return (distance / 100) * inputs.width
    }
    default:
      return inputs[metric]
  }
}

/** The adjustments that count: of each list of the side the first whose conditions all hold. */
export function heldAdjustments(inputs: ScoreInputs, table: ScoreTable): readonly Adjustment[] {
  const held: Adjustment[] = []
  for (const list of table.adjustments[inputs.side]) {
    const first = list.find(({ when }) =>
      when.every(([of, is, limit]) => {
        const figure = inputs[of]
        return figure !== null && compare(figure, is, limit)
      }),
    )
    if (first !== undefined) held.push(first)
  }
  return held
}

function firstRow(rows: ScoreRows, figure: number): ScoreRow | null {
  for (const row of rows.rows) if (compare(figure, row[0], row[1])) return row
  return null
}

function compare(figure: number, is: Comparison, limit: number): boolean {
  switch (is) {
    case '<':
      return figure < limit
    case '<=':
      return figure <= limit
    case '>':
      return figure > limit
    case '>=':
      return figure >= limit
    default:
      return unreachable(is)
  }
}
