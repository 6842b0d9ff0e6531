import type { Fraction, Percent, Usdt } from '../base/units.ts'
import type { Trade } from '../portfolio/trade.ts'
import { type Drawdown, maxDrawdown } from './drawdown.ts'
import type { EquityPoint } from './equity.ts'
import { averageMae, averageMfe } from './excursion.ts'
import { expectancy } from './expectancy.ts'
import { exposure, type Period } from './exposure.ts'
import { BOOTSTRAP, type BootstrapParams, monthBootstrap, type NetInterval } from './month-bootstrap.ts'
import { nearZeroShare } from './near-zero.ts'
import { averageNetPercent, bestNetPercent, worstNetPercent } from './net-percent.ts'
import { profitFactor } from './profit-factor.ts'
import { sharpe } from './sharpe.ts'
import { sortino } from './sortino.ts'
import { totalReturn } from './total-return.ts'
import { totalFees, totalFunding, totalNet } from './totals.ts'
import { turnover } from './turnover.ts'
import { winRate } from './win-rate.ts'

/** What a list of trades and its equity come to; plain data, `null` where there is nothing to say. */
export interface Summary {
  /** Closed trades; all figures of trades are of these. */
  readonly trades: number
  /** Positions still open when the data ended, valued at the last close: counted here alone. */
  readonly open: { readonly trades: number; readonly net: Usdt }
  readonly winRate: Fraction | null
  readonly averagePercent: Percent | null
  readonly averageInterval: NetInterval | null
  readonly bestPercent: Percent | null
  readonly worstPercent: Percent | null
  readonly nearZero: Fraction | null
  readonly profitFactor: number | null
  readonly expectancy: Usdt | null
  readonly net: Usdt
  readonly fees: Usdt
  readonly funding: Usdt
  readonly turnover: Usdt
  readonly averageMae: Percent | null
  readonly averageMfe: Percent | null
  /** Share of the period with a position, those still open included. */
  readonly exposure: Fraction | null
  readonly totalReturn: Fraction | null
  readonly sharpe: number | null
  readonly sortino: number | null
  readonly maxDrawdown: Drawdown | null
}

/** What a summary is made of besides the trades. */
export interface SummaryInputs {
  /** Daily equity, ascending; empty for a part of the trades, which has no equity of its own. */
  readonly equity: readonly EquityPoint[]
  /** The time the trades had; `null` when unknown. */
  readonly period: Period | null
  readonly bootstrap?: BootstrapParams
}

/** All figures of a list of trades. Each is defined in its own file, with its empty case. */
export function summarise(trades: readonly Trade[], inputs: SummaryInputs): Summary {
  const { equity, period, bootstrap = BOOTSTRAP } = inputs
  const closed = trades.filter(trade => trade.exitReason !== 'end-of-data')
  const open = trades.filter(trade => trade.exitReason === 'end-of-data')
  return {
    trades: closed.length,
    open: { trades: open.length, net: totalNet(open) },
    winRate: winRate(closed),
    averagePercent: averageNetPercent(closed),
    averageInterval: monthBootstrap(closed, bootstrap),
    bestPercent: bestNetPercent(closed),
    worstPercent: worstNetPercent(closed),
    nearZero: nearZeroShare(closed),
    profitFactor: profitFactor(closed),
    expectancy: expectancy(closed),
    net: totalNet(closed),
    fees: totalFees(closed),
    funding: totalFunding(closed),
    turnover: turnover(closed),
    averageMae: averageMae(closed),
    averageMfe: averageMfe(closed),
    exposure: period === null ? null : exposure(trades, period),
    totalReturn: totalReturn(equity),
    sharpe: sharpe(equity),
    sortino: sortino(equity),
    maxDrawdown: maxDrawdown(equity),
  }
}
