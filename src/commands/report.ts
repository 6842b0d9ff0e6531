import { enabledEntries } from '../core/engine/pipeline.ts'
import { CORRELATED_HOURS } from '../core/guards/correlation.ts'
import { losingStreak, x10Losses } from '../core/guards/loss-pauses.ts'
import type { Interval } from '../core/market/interval.ts'
import type { SymbolMarket } from '../core/market/symbol-market.ts'
import { closingYear, groupTrades } from '../core/performance/group.ts'
import { BOOTSTRAP } from '../core/performance/month-bootstrap.ts'
import { type Summary, summarise } from '../core/performance/summary.ts'
import type { Trade } from '../core/portfolio/trade.ts'
import { WIRE_VERSION, type WireRecord } from '../core/wire/encode.ts'
import { type Config, configHash } from './config.ts'
import type { LoadedMarket } from './market-builder.ts'
import { isCoarse, type Simulation } from './simulate.ts'
import { textTable } from './table.ts'

/** A simulation with everything it was made of, ready to be shown or recorded. */
export interface Report {
  readonly simulation: Simulation
  readonly summary: Summary
  readonly groups: { readonly [by in 'strategy' | 'side' | 'year' | 'symbol']: readonly Group[] }
  readonly version: string
  /** `null`: the market was a real one, which no data could be named for. */
  readonly dataHash: string | null
  readonly configHash: string
  readonly market: string
  /** `null`: as many as a real market has. */
  readonly symbols: number | null
  readonly portfolioGates: boolean
  readonly startingBalance: number
  /** What the reader has to know before believing the figures. */
  readonly notes: readonly string[]
}

export interface Group {
  readonly name: string
  readonly summary: Summary
}

const KEYS = {
  strategy: (trade: Trade) => trade.strategy,
  side: (trade: Trade) => trade.side,
  year: closingYear,
  symbol: (trade: Trade) => trade.symbol,
} as const

/** Puts a simulation's figures together. A real market has a name alone. */
export function reportOf(
  simulation: Simulation,
  market: Pick<LoadedMarket, 'name' | 'hash' | 'markets'> | { readonly name: string; readonly hash: null },
  config: Config,
  version: string,
): Report {
  const { trades, period } = simulation
  const markets = market.hash === null ? null : market.markets
  const groups = (by: keyof typeof KEYS): Group[] =>
    [...groupTrades(trades, KEYS[by])].map(([name, part]) => ({
      name,
      summary: summarise(part, { equity: [], period }),
    }))
  // Where every signal is traded for itself there is no portfolio, and so no equity to be judged.
  const summary = summarise(trades, { equity: config.portfolioGates ? simulation.equity : [], period })
  const { open } = summary
  const { held } = simulation
  return {
    simulation,
    // A run that is ended leaves what it holds open; a market that ends closes it.
    summary: { ...summary, open: { trades: open.trades + held.trades, net: open.net + held.net } },
    groups: {
      strategy: groups('strategy'),
      side: groups('side'),
      year: groups('year'),
      symbol: groups('symbol'),
    },
    version,
    dataHash: market.hash,
    configHash: configHash(config),
    market: market.name,
    symbols: markets?.length ?? null,
    portfolioGates: config.portfolioGates,
    startingBalance: config.startingBalance,
    notes: notesOf(simulation, markets ?? [], config),
  }
}

function notesOf(simulation: Simulation, markets: readonly SymbolMarket[], config: Config): string[] {
  const { replaced, counts, trades } = simulation
  const notes = ['the tier lists are of today: in a backtest they are hindsight']
  if (config.portfolioGates) notes.push('the long share allows at most 5 longs while there are no shorts')
  else notes.push('every signal is traded for itself: the wallet is no limit and its balance says nothing')
  if (simulation.haltedBy !== null) notes.push(`all entries are halted by ${simulation.haltedBy}`)
  else if (simulation.halted) notes.push('a drawdown halted all entries before the end')
  const count = (name: string): number => counts[name] ?? 0
  const without15 = count('missing:atr15m')
  if (without15 > 0)
    notes.push(`${without15} entries sized by the strategy's own stop, for want of 15-minute candles`)
  const dropped = count('dropped:add')
  if (dropped > 0)
    notes.push(
      `${dropped} adds dropped from ${count('planned:ladder')} planned ladders: too much for the budget, or too little for the exchange`,
    )
  const uncorrelated = count('skipped:correlation')
  if (uncorrelated > 0)
    notes.push(
      `correlation skipped on ${uncorrelated} entries, for want of ${CORRELATED_HOURS} hourly candles of what they would be held beside`,
    )
  const unmargined = count('skipped:cascade')
  if (unmargined > 0)
    notes.push(
      `the distance to the liquidation skipped on ${unmargined} entries, for want of recorded filters`,
    )
  for (const gate of [losingStreak.id, x10Losses.id]) {
    const skipped = count(`skipped:${gate}`)
    if (skipped > 0)
      notes.push(
        `${gate} skipped on ${skipped} entries: the candles do not say when within them trades were closed`,
      )
  }
  const unknown = count('missing:funding-rate')
  if (unknown > 0)
    notes.push(`${unknown} entries scored with funding of 0.01 % per 8 h paid by longs, none being known`)
  const rotations = count('rotations')
  if (rotations > 0) {
    const atSettlement = count('skipped:funding-window')
    notes.push(
      `${rotations} exchanges of positions for others that receive funding begun, ${count('rotated')} carried through`,
    )
    if (atSettlement > 0)
      notes.push(
        `${atSettlement} of these begun at the very moment of a settlement, for want of prices a little before or after it`,
      )
  }
  if (replaced === null) {
    notes.push('what the data lack is known to the exchange in the other process alone')
    return notes
  }
  const { fundingAssumed, fundingRecorded } = replaced
  if (fundingAssumed > 0) {
    notes.push(
      `${fundingAssumed} of ${fundingAssumed + fundingRecorded} funding settlements assumed at ${100 * config.simulation.assumedFunding} % per 8 h`,
    )
  }
  const plural = (names: readonly string[]): string => `${names.length} of ${markets.length} symbols`
  if (replaced.withoutMark.length > 0)
    notes.push(`mark price taken to be the last price on ${plural(replaced.withoutMark)}`)
  if (replaced.inferredFilters.length > 0)
    notes.push(`ticks and steps read off the prices on ${plural(replaced.inferredFilters)}`)
  notes.push(
    'rests after a stop or a target count from the opening of the candle it filled in: shorter ones than a candle do not show',
  )
  notes.push('maintenance margin 0.5 / greatest leverage')
  for (const [interval, symbols] of replaced.untold) {
    const ids = strategiesOf(config, interval).join(', ')
    if (symbols.length === 0 || ids === '') continue
    notes.push(
      symbols.length === markets.length
        ? `${ids} did not trade: no orders are matched on candles of ${interval} or shorter`
        : `${ids} decided nothing on ${plural(symbols)}, for want of candles of ${interval} or shorter to match orders on`,
    )
  }
  const ofDays = strategiesOf(config, '1d')
  if (isCoarse(replaced) && trades.some(one => one.leverage >= 10 && ofDays.includes(one.strategy))) {
    notes.push(
      'positions at leverage 10 were managed on candles longer than an hour: their stops move too seldom to be believed',
    )
  }
  notes.push(`matched on ${barText(replaced.bars)}`)
  return notes
}

/** The entry strategies that are switched on and decide on candles of an interval. */
function strategiesOf(config: Config, interval: Interval): readonly string[] {
  return enabledEntries(config).flatMap(({ strategy }) =>
    strategy.timeframe === interval ? [strategy.id] : [],
  )
}

function barText(bars: ReadonlyMap<Interval, number>): string {
  return [...bars].map(([interval, count]) => `${count} candles of ${interval}`).join(', ') || 'no candles'
}

/** The summary as a record. */
export function summaryRecord(report: Report): WireRecord {
  const { simulation, summary, groups, notes, ...rest } = report
  const { period, wallet, counts, halted, equity } = simulation
  return {
    v: WIRE_VERSION,
    type: 'summary',
    id: `${report.dataHash ?? 'market'}-${report.configHash}`,
    ts: period.to,
    ...rest,
    seed: BOOTSTRAP.seed,
    from: period.from,
    to: period.to,
    finalWallet: report.portfolioGates ? wallet : null,
    finalEquity: report.portfolioGates ? equity[equity.length - 1].equity : null,
    halted,
    symbolsTraded: groups.symbol.length,
    counts: Object.fromEntries(Object.entries(counts).sort(([a], [b]) => (a < b ? -1 : 1))),
    ...summary,
    byStrategy: groups.strategy,
    bySide: groups.side,
    byYear: groups.year,
    bySymbol: groups.symbol,
    notes,
  }
}

/** What the cells of `groupCells` are; the first names the group. */
export const GROUP_HEAD: readonly string[] = [
  '',
  'trades',
  'win rate %',
  'average %',
  '95 % interval',
  'best %',
  'worst %',
  'profit factor',
  'net USDT',
  'fees USDT',
  'funding USDT',
]

/** A figure with so many decimals; a dash where there is none. */
export function figure(value: number | null, decimals: number): string {
  if (value === null) return '-'
  const text = value.toFixed(decimals)
  return Number(text) === 0 ? text.replace('-', '') : text
}

/** A share as a percentage; a dash where there is none. */
export function percentage(share: number | null, decimals: number): string {
  return share === null ? '-' : figure(100 * share, decimals)
}

/** The cells of one group's line in a table. */
export function groupCells(name: string, summary: Summary): string[] {
  const { averageInterval: interval } = summary
  return [
    name,
    String(summary.trades),
    percentage(summary.winRate, 1),
    figure(summary.averagePercent, 2),
    interval === null ? '-' : `${figure(interval.low, 2)} to ${figure(interval.high, 2)}`,
    figure(summary.bestPercent, 2),
    figure(summary.worstPercent, 2),
    figure(summary.profitFactor, 2),
    figure(summary.net, 2),
    figure(summary.fees, 2),
    figure(summary.funding, 2),
  ]
}

function figures(decimals: number, ...values: readonly (number | null)[]): string {
  return values.map(value => figure(value, decimals)).join(', ')
}

/** The report as tables for a person. */
export function reportText(report: Report): string {
  const { simulation, summary, groups } = report
  const { period, counts } = simulation
  const day = (time: number): string => new Date(time).toISOString().slice(0, 10)
  const { maxDrawdown: drawdown } = summary
  const symbols = report.symbols === null ? [] : [`${report.symbols} symbols`]
  const data = report.dataHash === null ? [] : [`data ${report.dataHash}`]
  const head = [
    ['market', [report.market, ...symbols, `${groups.symbol.length} traded`].join(', ')],
    ['period', `${day(period.from)} to ${day(period.to)}, UTC`],
    ['trades', `${summary.trades} closed`],
    ['open at the end', `${summary.open.trades} (${figure(summary.open.net, 2)} USDT)`],
    ['win rate %', percentage(summary.winRate, 1)],
    ['average, best, worst %', figures(2, summary.averagePercent, summary.bestPercent, summary.worstPercent)],
    ['net, fees, funding USDT', figures(2, summary.net, summary.fees, summary.funding)],
    ['expectancy USDT', figure(summary.expectancy, 2)],
    ['profit factor', figure(summary.profitFactor, 2)],
    ['within +-0.05 %, % of trades', percentage(summary.nearZero, 1)],
    ['average MAE, MFE %', figures(2, summary.averageMae, summary.averageMfe)],
    ['turnover USDT', figure(summary.turnover, 2)],
  ]
  if (report.portfolioGates) {
    const last = simulation.equity[simulation.equity.length - 1]
    head.push(
      ['start, end USDT', figures(2, report.startingBalance, last.equity)],
      ['return %', percentage(summary.totalReturn, 2)],
      ['Sharpe, Sortino', figures(2, summary.sharpe, summary.sortino)],
      ['max drawdown %', drawdown === null ? '-' : percentage(drawdown.fraction, 2)],
      ['its length, days', drawdown === null ? '-' : figure(drawdown.days, 0)],
      ['exposure, % of time', percentage(summary.exposure, 1)],
    )
  }
  head.push([
    'hashes',
    [...data, `configuration ${report.configHash}`, `version ${report.version}`].join(', '),
  ])
  const refusals = Object.entries(counts)
    .filter(([name]) => name.startsWith('refused:'))
    .sort(([, a], [, b]) => b - a)
    .map(([name, count]) => [name.slice('refused:'.length), String(count)])
  const sections = [textTable(['', ''], head)]
  for (const by of ['strategy', 'side', 'year'] as const) {
    if (groups[by].length === 0) continue
    const [, ...columns] = GROUP_HEAD
    sections.push(
      textTable(
        [by, ...columns],
        groups[by].map(one => groupCells(one.name, one.summary)),
      ),
    )
  }
  if (refusals.length > 0) sections.push(textTable(['entries refused by', 'times'], refusals))
  sections.push(`${report.notes.map(note => `note: ${note}`).join('\n')}\n`)
  return sections.join('\n')
}
