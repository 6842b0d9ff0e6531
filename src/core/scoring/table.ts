import type { Fraction, Usdt } from '../base/units.ts'
import type { Side } from '../market/side.ts'
import type { Tier } from '../market/tiers.ts'

/** The nine metrics, in the order in which they are shown and in which a rejection is named. */
export const METRICS = [
  'tier',
  'bbPercent',
  'turnover',
  'streak',
  'weekMonth',
  'funding',
  'width',
  'bounce',
  'rsi',
] as const
export type MetricId = (typeof METRICS)[number]

/** Points of one row: a whole number, or the end of the signal. */
export type Points = number | 'reject'

/** How a figure is compared with a limit. */
export type Comparison = '<' | '<=' | '>' | '>='

/** `[comparison, limit, points]`: holds when the figure compares so with the limit. */
export type ScoreRow = readonly [is: Comparison, limit: number, points: Points]

/** Rows asked in order; the first that holds gives the points, and `otherwise` when none does. */
export interface ScoreRows {
  readonly rows: readonly ScoreRow[]
  readonly otherwise: Points
}

/** A metric that reads points off a figure, on each side. */
export interface FigureMetric {
  readonly weight: number
  readonly long: ScoreRows
  readonly short: ScoreRows
}

/** The figures an adjustment may ask about. */
export type AdjustmentFigure = 'bbPercent' | 'weekBb' | 'monthBb' | 'rsi'

/** Tenths added when all conditions hold; an absent figure holds none. */
export interface Adjustment {
  readonly tenths: number
  readonly when: readonly (readonly [of: AdjustmentFigure, is: Comparison, limit: number])[]
}

/** Of each inner list the first adjustment that holds counts, and the lists add up. */
export type Adjustments = readonly (readonly Adjustment[])[]

/** The whole rule as data: `strategies.md` names each number, and the configuration may change them. */
export interface ScoreTable {
  /** What the weighted sum of points is divided by. */
  readonly divisor: number
  /** Greatest score. */
  readonly greatest: number
  readonly metrics: {
    readonly tier: {
      readonly weight: number
      readonly long: { readonly [K in Tier]: Points }
      readonly short: { readonly [K in Tier]: Points }
    }
    /** Daily BB%, 0..100, not clipped. */
    readonly bbPercent: FigureMetric
    /** Turnover of 24 h in USDT. */
    readonly turnover: FigureMetric
    /** Closes in a row against the side: down days for long, up days for short. */
    readonly streak: FigureMetric
    /** How many of weekly and monthly BB% lie on the side of `middle` (long below, short above): 0, 1 or 2. */
    readonly weekMonth: FigureMetric & { readonly middle: number }
    /** What the position pays per 8 h as a fraction; negative when it receives. */
    readonly funding: FigureMetric & { readonly assumed: Fraction }
    /** Band width in percent of the middle. */
    readonly width: FigureMetric
    /** `d / 100 * width`, d = BB% (short: 100 - BB%): how far the price is from its band, in percent of the middle. */
    readonly bounce: FigureMetric
    /** RSI 14, 0..100. */
    readonly rsi: FigureMetric
  }
  readonly adjustments: { readonly [K in Side]: Adjustments }
}

/** Turnovers are read in millions of USDT. */
const MILLION: Usdt = 1_000_000

const turnover: ScoreRows = {
  rows: [
    ['<', 1 * MILLION, 'reject'],
    ['>', 500 * MILLION, 10],
    ['>', 100 * MILLION, 8],
    ['>', 50 * MILLION, 7],
    ['>', 20 * MILLION, 6],
    ['>', 10 * MILLION, 5],
    ['>', 5 * MILLION, 4],
  ],
  otherwise: 2,
}

const streak: ScoreRows = {
  rows: [
    ['>=', 5, 10],
    ['>=', 3, 8],
    ['>=', 2, 5],
    ['>=', 1, 3],
  ],
  otherwise: 1,
}

const weekMonth: ScoreRows = {
  rows: [
    ['>=', 2, 5],
    ['>=', 1, 3],
  ],
  otherwise: 1,
}

const funding: ScoreRows = {
  rows: [
    ['<=', 0.00005, 5],
    ['<=', 0.0001, 4],
    ['<=', 0.0002, 3],
    ['<=', 0.0004, 2],
  ],
  otherwise: 0,
}

const bounce: ScoreRows = {
  rows: [
    ['<=', 0.5, 5],
    ['<=', 1.5, 4],
    ['<=', 3, 3],
    ['<=', 5, 2],
  ],
  otherwise: 1,
}

/** The defaults of the configuration. */
export const SCORE_TABLE: ScoreTable = {
  divisor: 12,
  greatest: 10,
  metrics: {
    tier: {
      weight: 1,
      long: { S: 10, A: 8, B: 6, C: 4, D: 2, E: 'reject' },
      short: { S: 1, A: 3, B: 5, C: 7, D: 9, E: 9 },
    },
    bbPercent: {
      weight: 3,
      long: {
        rows: [
          ['>', 80, 'reject'],
          ['<', 10, 15],
          ['<', 25, 12],
          ['<', 40, 8],
          ['<', 60, 5],
          ['<', 75, 3],
        ],
        otherwise: 1,
      },
      short: {
        rows: [
          ['<', 70, 'reject'],
          ['>', 95, 15],
          ['>', 85, 12],
          ['>', 80, 8],
          ['>', 75, 5],
        ],
        otherwise: 2,
      },
    },
    turnover: { weight: 2, long: turnover, short: turnover },
    streak: { weight: 2, long: streak, short: streak },
    weekMonth: { weight: 1, middle: 50, long: weekMonth, short: weekMonth },
    funding: { weight: 1, assumed: 0.0001, long: funding, short: funding },
    width: {
      weight: 1,
      long: {
        rows: [
          ['<', 1, 1],
          ['<', 3, 3],
          ['<=', 8, 5],
          ['<=', 15, 3],
        ],
        otherwise: 1,
      },
      short: {
        rows: [
          ['>', 15, 5],
          ['>', 10, 4],
          ['>', 6, 3],
          ['>', 3, 2],
        ],
        otherwise: 1,
      },
    },
    bounce: { weight: 1, long: bounce, short: bounce },
    rsi: {
      weight: 1,
      long: {
        rows: [
          ['<', 25, 5],
          ['<', 30, 4],
          ['<', 40, 3],
          ['<', 50, 2],
        ],
        otherwise: 1,
      },
      short: {
        rows: [
          ['>', 75, 5],
          ['>', 70, 4],
          ['>', 60, 3],
          ['>', 50, 2],
        ],
        otherwise: 1,
      },
    },
  },
  adjustments: {
    long: [
      [
        {
          tenths: 4,
          when: [
            ['bbPercent', '<', 25],
            ['weekBb', '<', 50],
            ['monthBb', '<', 50],
          ],
        },
        {
          tenths: 3,
          when: [
            ['bbPercent', '<', 50],
            ['weekBb', '<', 50],
            ['monthBb', '<', 50],
          ],
        },
        {
          tenths: -1,
          when: [
            ['bbPercent', '<', 50],
            ['weekBb', '>', 75],
          ],
        },
      ],
      [
        {
          tenths: 3,
          when: [
            ['rsi', '<', 30],
            ['bbPercent', '<', 25],
          ],
        },
      ],
    ],
    short: [
      [
        {
          tenths: 4,
          when: [
            ['bbPercent', '>', 85],
            ['weekBb', '>', 50],
            ['monthBb', '>', 50],
          ],
        },
        {
          tenths: 3,
          when: [
            ['bbPercent', '>', 75],
            ['weekBb', '>', 50],
            ['monthBb', '>', 50],
          ],
        },
      ],
      [
        {
          tenths: 3,
          when: [
            ['rsi', '>', 70],
            ['bbPercent', '>', 85],
          ],
        },
      ],
    ],
  },
}
