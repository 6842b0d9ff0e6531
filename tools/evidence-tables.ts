import { type Config, configHash, defaultConfig } from '../src/commands/config.ts'
import { figure, GROUP_HEAD, groupCells, type Report } from '../src/commands/report.ts'
import { withFlags } from '../src/commands/simulate.ts'
import { summarise } from '../src/core/performance/summary.ts'
import type { Trade } from '../src/core/portfolio/trade.ts'

/** The days of the README's results, and those of which there are candles within the day. */
const DAYS = { from: Date.UTC(2021, 0, 1), to: Date.UTC(2025, 10, 12) }
/** Binance's funding begins here. */
const FUNDED = { from: Date.UTC(2023, 0, 1), to: Date.UTC(2026, 2, 1) }
const MINUTES = { from: Date.UTC(2025, 0, 1), to: Date.UTC(2026, 2, 1) }

/** One backtest behind the README's tables: `flags` are the command line's. */
export interface EvidenceRun {
  readonly id: string
  readonly title: string
  readonly command: string
  readonly flags: { readonly [name: string]: string | boolean | readonly string[] }
  readonly range: { readonly from: number; readonly to: number }
  /** Whose candles; of Binance funding is recorded of many more symbols. */
  readonly market: 'bybit' | 'binance'
  /** Strategies that are off by default and are on here. */
  readonly switchedOn: readonly string[]
  /** Further lines of its table. */
  readonly also: 'strategy' | 'symbol' | null
}

const ALONE = { all: true, fixedNotional: '100', portfolioGates: false }

const BYBIT = { market: 'bybit', switchedOn: [] } as const
const BACKTEST = 'bbw backtest --all --timerange 20210101-20251112'

/** One strategy, every signal traded for itself. */
function alone(strategy: string): EvidenceRun {
  return {
    id: strategy,
    title: `${strategy} alone, 100 USDT a trade, no portfolio gates`,
    command: `${BACKTEST} --strategy ${strategy} --fixed-notional 100 --no-portfolio-gates`,
    flags: { ...ALONE, strategy: [strategy] },
    range: DAYS,
    also: null,
    ...BYBIT,
  }
}

/** The strategies that the original was published with. */
const PUBLISHED_STRATEGIES = ['bollinger-grid-long', 'bollinger-grid-short', 'mean-reversion']

/** The backtests of the README: one portfolio under all gates, and each strategy's rule for itself. */
export const EVIDENCE_RUNS: readonly EvidenceRun[] = [
  {
    id: 'portfolio',
    title: 'One portfolio of 1,000 USDT, all gates',
    command: BACKTEST,
    flags: { all: true },
    range: DAYS,
    also: 'strategy',
    ...BYBIT,
  },
  ...PUBLISHED_STRATEGIES.map(alone),
  {
    id: 'sl-reentry',
    title: 'sl-reentry with the grid it comes back for, 100 USDT a trade, no portfolio gates',
    command: `${BACKTEST} --strategy bollinger-grid-long --strategy bollinger-grid-short --strategy sl-reentry --fixed-notional 100 --no-portfolio-gates`,
    flags: { ...ALONE, strategy: ['bollinger-grid-long', 'bollinger-grid-short', 'sl-reentry'] },
    range: DAYS,
    also: 'strategy',
    ...BYBIT,
  },
  alone('funding-momentum'),
  {
    id: 'funding-momentum-binance',
    title:
      "funding-momentum alone on Binance's candles and funding, which is recorded of 350 symbols, 100 USDT a trade, no portfolio gates",
    command: 'make evidence DATA=folder (bbw itself reads the data of Bybit alone)',
    flags: { ...ALONE, strategy: ['funding-momentum'] },
    range: FUNDED,
    also: null,
    market: 'binance',
    switchedOn: [],
  },
  alone('junk-short'),
  {
    id: 'dca-ladder',
    title: 'bollinger-grid-long with dca-ladder switched on, sized by equity, no portfolio gates',
    command: `${BACKTEST} --strategy bollinger-grid-long --no-portfolio-gates, with strategies.dca-ladder.enabled: true`,
    flags: { all: true, portfolioGates: false, strategy: ['bollinger-grid-long'] },
    range: DAYS,
    also: null,
    market: 'bybit',
    switchedOn: ['dca-ladder'],
  },
  {
    id: 'bb-scalping',
    title: 'bb-scalping alone, 100 USDT a trade, no portfolio gates',
    command:
      'bbw backtest --all --timerange 20250101-20260301 --strategy bb-scalping --fixed-notional 100 --no-portfolio-gates',
    flags: { ...ALONE, strategy: ['bb-scalping'] },
    range: MINUTES,
    also: 'symbol',
    ...BYBIT,
  },
]

/** The configuration a run has, all other settings being at their defaults. */
export function evidenceConfig(run: EvidenceRun): Config {
  const config = withFlags(defaultConfig(), { flags: run.flags, args: [] })
  const strategies = Object.entries(config.strategies).map(([id, params]) => [
    id,
    run.switchedOn.includes(id) ? { ...params, enabled: true } : params,
  ])
  return { ...config, strategies: Object.fromEntries(strategies) }
}

/** What the original engine was published to have made, per symbol, in percent. */
const PUBLISHED: readonly (readonly [
  symbol: string,
  winRate: number,
  average: number,
  best: number,
  worst: number,
])[] = [
  ['BTCUSDT', 35.7, 3.11, 14.2, -9.3],
  ['ETHUSDT', 33.3, 1.95, 11.8, -10.5],
  ['SUIUSDT', 42.9, 6.56, 27.3, -12.1],
  ['ADAUSDT', 38.5, 4.82, 19.4, -11.7],
]

export interface EvidenceReport {
  readonly run: EvidenceRun
  readonly report: Report
}

/** The tables as Markdown, by the name of their place in the README. */
export function evidenceTables(reports: readonly EvidenceReport[]): ReadonlyMap<string, string> {
  const tables = new Map<string, string>()
  for (const { run, report } of reports) {
    const { simulation, summary, groups } = report
    const rows = [
      ['all', summary] as const,
      ...(run.also === 'strategy' ? groups.strategy : []).map(one => [one.name, one.summary] as const),
      ...groups.side.map(one => [one.name, one.summary] as const),
      ...groups.year.map(one => [one.name, one.summary] as const),
      ...(run.also === 'symbol' ? groups.symbol : []).map(one => [one.name, one.summary] as const),
    ].map(([name, one]) => groupCells(name, one))
    const { maxDrawdown: drawdown } = summary
    const lines = [
      `**${run.title}.** \`${run.command}\``,
      '',
      ...markdown(GROUP_HEAD, rows),
      '',
      `${groups.symbol.length} of ${report.symbols} symbols traded; ${summary.open.trades} positions open at the end (${figure(summary.open.net, 2)} USDT) are not in the table.`,
    ]
    if (report.portfolioGates) {
      const last = simulation.equity[simulation.equity.length - 1]
      lines.push(
        `Final equity ${last.equity.toFixed(2)} USDT, Sharpe ${figure(summary.sharpe, 2)}, greatest drawdown ${drawdown === null ? '-' : (100 * drawdown.fraction).toFixed(1)} %.${simulation.halted ? ' A drawdown halted all entries before the end, as the default limits demand.' : ''}`,
      )
    }
    lines.push(...report.notes.map(note => `- ${note}`), hashes(report))
    tables.set(run.id, lines.join('\n'))
  }
  tables.set(
    'published',
    publishedTable(
      reports.filter(({ run }) => run.id === 'portfolio' || PUBLISHED_STRATEGIES.includes(run.id)),
    ),
  )
  return tables
}

/** The four coins that the original published figures for, each strategy alone and all of them together. */
function publishedTable(reports: readonly EvidenceReport[]): string {
  const alone = reports.filter(({ run }) => run.id !== 'portfolio')
  const portfolio = reports.find(({ run }) => run.id === 'portfolio')
  const head = ['', 'trades', 'win rate %', 'average %', 'best %', 'worst %']
  const rows = PUBLISHED.flatMap(([symbol, winRate, average, best, worst]) => {
    const of = ({ report }: EvidenceReport): Trade[] =>
      report.simulation.trades.filter(one => one.symbol === symbol)
    const line = (name: string, trades: readonly Trade[]): string[] => {
      const [, count, wins, mean, , top, bottom] = groupCells(
        '',
        summarise(trades, { equity: [], period: null }),
      )
      return [`${symbol}, ${name}`, count, wins, mean, top, bottom]
    }
    return [
      [
        `${symbol}, published of the original`,
        '-',
        winRate.toFixed(1),
        average.toFixed(2),
        best.toFixed(2),
        worst.toFixed(2),
      ],
      ...alone.map(one => line(one.run.id, of(one))),
      line('all three, each alone', alone.flatMap(of)),
      ...(portfolio === undefined ? [] : [line('in the portfolio', of(portfolio))]),
    ]
  })
  return [
    "**Beside what was published of the original engine.** The same runs, by symbol; percent of the position's value, net of fees and funding.",
    '',
    ...markdown(head, rows),
    ...reports.map(({ run, report }) => `\n${run.id}: ${hashes(report)}`),
  ].join('\n')
}

function hashes(report: Report): string {
  return `<sub>data ${report.dataHash}, configuration ${report.configHash}, version ${report.version}</sub>`
}

function markdown(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (row: readonly string[]): string => `| ${row.join(' | ')} |`
  return [line(head), line(head.map((_, i) => (i === 0 ? '---' : '---:'))), ...rows.map(line)]
}

/** The text with each table put between its marks; a mark that is missing is an error, so that no table is lost. */
export function replaceTables(text: string, tables: ReadonlyMap<string, string>): string {
  let result = text
  for (const [name, table] of tables) {
    const begin = `<!-- evidence:${name} -->`
    const end = `<!-- /evidence:${name} -->`
    const from = result.indexOf(begin)
    const to = result.indexOf(end)
    if (from < 0 || to < from) throw new Error(`the README has no place for ${name}: ${begin} ... ${end}`)
    result = `${result.slice(0, from + begin.length)}\n${table}\n${result.slice(to)}`
  }
  return result
}

/** The configuration hashes that a README's tables carry, by run. */
export function recordedHashes(text: string): ReadonlyMap<string, string | null> {
  return new Map(
    EVIDENCE_RUNS.map(({ id }) => {
      const place = new RegExp(`<!-- evidence:${id} -->([\\s\\S]*?)<!-- /evidence:${id} -->`).exec(text)
      const hash = /configuration ([0-9a-f]{16})/.exec(place?.[1] ?? '')
      return [id, hash === null ? null : hash[1]]
    }),
  )
}

/** What those hashes have to be. */
export function expectedHashes(): ReadonlyMap<string, string> {
  return new Map(EVIDENCE_RUNS.map(run => [run.id, configHash(evidenceConfig(run))]))
}
