/**
 * What would have to change for a score to be higher, or to pass: figure by figure, everything else as it is. The score
 * is worked out anew for each step that a figure could take, so that what moves with it (the distance from the band
 * with BB% and width, the adjustments with BB% and RSI) counts. Steps are the limits of the table, none is guessed.
 */
import type { Tier } from '../market/tiers.ts'
import { type ScoreInputs, score } from './score.ts'
import {
  type AdjustmentFigure,
  type Comparison,
  METRICS,
  type MetricId,
  SCORE_TABLE,
  type ScoreTable,
} from './table.ts'

/** One step: the figure compared so with the limit, and the score it would make. For a tier the limit is its name. */
export interface ScoreStep {
  readonly is: Comparison | 'is'
  readonly limit: number | Tier
  readonly score: number
}

/** What one figure could do for the score. */
export interface FigureChange {
  readonly metric: MetricId
  /** Of weekly and monthly bands, which of the two. */
  readonly figure: Input
  /** As it is now; `null`: not known. */
  readonly now: number | Tier | null
  /** The nearest step to a higher score, and the nearest that passes; `null`: there is none. */
  readonly better: ScoreStep | null
  readonly passing: ScoreStep | null
}

export interface ScoreChanges {
  /** As it is now. */
  readonly score: number
  /** What is missing to the least score; 0 where it is reached. */
  readonly missing: number
  /** All metrics that reject, not the first alone. */
  readonly rejecting: readonly MetricId[]
  readonly figures: readonly FigureChange[]
  /** Whether one figure alone could make it pass; `false` also where it passes as it is. */
  readonly isOneEnough: boolean
}

type Input = 'tier' | 'bbPercent' | 'turnover' | 'streak' | 'weekBb' | 'monthBb' | 'funding' | 'width' | 'rsi'

/** The figures that a score is made of, and the metric that reads each. The distance from the band is made of two. */
const FIGURES: readonly (readonly [Input, MetricId])[] = [
  ['tier', 'tier'],
  ['bbPercent', 'bbPercent'],
  ['turnover', 'turnover'],
  ['streak', 'streak'],
  ['weekBb', 'weekMonth'],
  ['monthBb', 'weekMonth'],
  ['funding', 'funding'],
  ['width', 'width'],
  ['rsi', 'rsi'],
]

/** Just beyond a limit: nearer than any figure is known. */
const BEYOND = 1e-9

const ADJUSTED: readonly string[] = ['bbPercent', 'weekBb', 'monthBb', 'rsi'] satisfies AdjustmentFigure[]

/** @param least the score that passes */
export function scoreChanges(
  inputs: ScoreInputs,
  least: number,
  table: ScoreTable = SCORE_TABLE,
): ScoreChanges {
  const now = score(inputs, table)
  const isPassing = now.rejectedBy === null && now.value >= least
  const figures = FIGURES.map(([figure, metric]): FigureChange => {
    const steps = stepsOf(figure, inputs, table)
    const better = steps.find(step => step.score > now.value) ?? null
    const passing = isPassing ? null : (steps.find(step => step.score >= least && step.score > 0) ?? null)
    return { metric, figure, now: figureNow(figure, inputs, table), better, passing }
  })
  return {
    score: now.value,
    missing: isPassing ? 0 : Math.max(0, Math.round(10 * (least - now.value)) / 10),
    rejecting: rejecting(inputs, table),
    figures,
    isOneEnough: figures.some(({ passing }) => passing !== null),
  }
}

/** The metrics that reject: each is looked at as if the others did not. */
function rejecting(inputs: ScoreInputs, table: ScoreTable): readonly MetricId[] {
  const found: MetricId[] = []
  let rest = table
  for (let left = METRICS.length; left > 0; left--) {
    const { rejectedBy } = score(inputs, rest)
    if (rejectedBy === null) break
    found.push(rejectedBy)
    rest = withoutRejection(rest, rejectedBy)
  }
  return found
}

function withoutRejection(table: ScoreTable, metric: MetricId): ScoreTable {
  const { metrics } = table
  const nothing = { rows: [], otherwise: 0 }
  if (metric === 'tier') {
    const points = { S: 0, A: 0, B: 0, C: 0, D: 0, E: 0 }
    return { ...table, metrics: { ...metrics, tier: { ...metrics.tier, long: points, short: points } } }
  }
  const plain = { ...metrics[metric], long: nothing, short: nothing }
  return { ...table, metrics: { ...metrics, [metric]: plain } }
}

/** What the position pays is what counts of funding; an unknown rate counts as the assumed one. */
function figureNow(figure: Input, inputs: ScoreInputs, table: ScoreTable): number | Tier | null {
  if (figure !== 'funding') return inputs[figure]
  const rate = inputs.funding ?? table.metrics.funding.assumed
  return inputs.side === 'long' ? rate : -rate
}

/** The steps that a figure could take, the nearest first. */
function stepsOf(figure: Input, inputs: ScoreInputs, table: ScoreTable): readonly ScoreStep[] {
  if (figure === 'tier') {
    const tiers: readonly Tier[] = ['S', 'A', 'B', 'C', 'D', 'E']
    const scored = tiers
      .filter(tier => tier !== inputs.tier)
      .map((tier): ScoreStep => ({ is: 'is', limit: tier, score: score({ ...inputs, tier }, table).value }))
    return scored.sort((a, b) => a.score - b.score)
  }
  const now = figureNow(figure, inputs, table)
  if (typeof now !== 'number') return []
  const steps: { readonly step: ScoreStep; readonly far: number }[] = []
  for (const limit of new Set(limitsOf(figure, inputs, table))) {
    const beyond = BEYOND * Math.max(1e-6, Math.abs(limit))
    for (const [is, value] of [
      ['<', limit - beyond],
      [limit < now ? '<=' : '>=', limit],
      ['>', limit + beyond],
    ] as const) {
      if (!isPossible(figure, value)) continue
      const changed = {
        ...inputs,
        [figure]: figure === 'funding' && inputs.side === 'short' ? -value : value,
      }
      steps.push({ step: { is, limit, score: score(changed, table).value }, far: Math.abs(value - now) })
    }
  }
  return steps.sort((a, b) => a.far - b.far).map(({ step }) => step)
}

/** Where the score can change with a figure. */
function limitsOf(figure: Exclude<Input, 'tier'>, inputs: ScoreInputs, table: ScoreTable): number[] {
  const { side, width, bbPercent } = inputs
  const { metrics, adjustments } = table
  const limits: number[] = []
  if (figure === 'weekBb' || figure === 'monthBb') limits.push(metrics.weekMonth.middle)
  else for (const [, limit] of metrics[figure][side].rows) limits.push(limit)
  if (ADJUSTED.includes(figure)) {
    for (const { when } of adjustments[side].flat()) {
      for (const [of, , limit] of when) if (of === figure) limits.push(limit)
    }
  }
  // The distance from the band is made of both.
  const distance = side === 'long' ? bbPercent : 100 - bbPercent
  for (const [, limit] of metrics.bounce[side].rows) {
    const part = (100 * limit) / width
    if (figure === 'bbPercent' && width > 0) limits.push(side === 'long' ? part : 100 - part)
    if (figure === 'width' && distance > 0) limits.push((100 * limit) / distance)
  }
  return limits
}

function isPossible(figure: Input, value: number): boolean {
  switch (figure) {
    case 'streak':
      return Number.isInteger(value) && value >= 0
    case 'rsi':
      return value >= 0 && value <= 100
    case 'turnover':
    case 'width':
      return value > 0
    default:
      return true
  }
}
