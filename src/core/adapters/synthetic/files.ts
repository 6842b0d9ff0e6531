import type { Candles } from '../../market/candles.ts'
import type { Interval } from '../../market/interval.ts'
import type { FundingHistory } from './funding.ts'
import { type SyntheticMarket, type SyntheticOptions, syntheticMarket } from './market.ts'
import { PROFILES, type Profile } from './profiles.ts'

/** What `fixtures/market/` holds: 20 closed months before the finer candles, so that every indicator is there. */
export const FIXTURE: { readonly seed: number; readonly options: SyntheticOptions } = {
  seed: 42,
  options: { days: 700, minutes15Days: 70, minutes5Days: 35, minutes5Symbols: 4, end: Date.UTC(2025, 10, 1) },
}

/** The text of one file; `path` is relative to the market's folder. A path in `.gz` is to be compressed. */
export interface MarketFile {
  readonly path: string
  readonly text: string
}

/** The files of the fixture market, made from its seed: candles, funding, instruments and the README. */
export function fixtureFiles(): readonly MarketFile[] {
  const market = syntheticMarket(FIXTURE.seed, FIXTURE.options)
  const files = marketFiles(market)
  return [...files, { path: 'README.md', text: readme(market) }]
}

/**
 * A market in the layout bbw reads: `klines/INTERVAL/SYMBOL.csv.gz`, `funding/SYMBOL.csv.gz`, `instruments/DATE.csv`.
 * Numbers are written so that reading them back gives the same numbers.
 */
export function marketFiles(market: SyntheticMarket): readonly MarketFile[] {
  return [
    ...[...market.daily, ...market.minutes15, ...market.minutes5].map(candles => ({
      path: `klines/${candles.interval}/${candles.symbol}.csv.gz`,
      text: candleText(candles),
    })),
    ...market.funding.map(history => ({
      path: `funding/${history.symbol}.csv.gz`,
      text: fundingText(history),
    })),
    {
      path: INSTRUMENT_FILE,
      text: instrumentText(PROFILES.slice(0, market.instruments.length)),
    },
  ]
}

/** The list bears the day after the market's last, as a dated set has to. */
const INSTRUMENT_FILE = 'instruments/synthetic-2025-11-01.csv'

function candleText(candles: Candles): string {
  const lines = ['start,open,high,low,close,volume,turnover']
  const { start, open, high, low, close, volume, turnover } = candles
  for (let i = 0; i < candles.length; i++) {
    lines.push(`${start[i]},${open[i]},${high[i]},${low[i]},${close[i]},${volume[i]},${turnover[i]}`)
  }
  return `${lines.join('\n')}\n`
}

function fundingText(history: FundingHistory): string {
  const lines = ['time,rate']
  history.time.forEach((time, i) => {
    lines.push(`${time},${history.rate[i].toFixed(8)}`)
  })
  return `${lines.join('\n')}\n`
}

function instrumentText(profiles: readonly Profile[]): string {
  const header =
    'symbol,baseCoin,quoteCoin,minPrice,maxPrice,tickSize,minOrderQty,maxOrderQty,qtyStep,minLeverage,maxLeverage'
  const lines = profiles.map(profile =>
    [
      `${profile.baseCoin}USDT`,
      profile.baseCoin,
      'USDT',
      profile.tick,
      profile.maxPrice,
      profile.tick,
      profile.minQty,
      profile.maxQty,
      profile.step,
      1,
      profile.maxLeverage,
    ].join(','),
  )
  return `${[header, ...lines].join('\n')}\n`
}

function readme(market: SyntheticMarket): string {
  const row = (interval: Interval, all: readonly Candles[]): string => {
    const { start, length } = all[0]
    const names = all.length === market.daily.length ? 'all' : all.map(candles => candles.symbol).join(', ')
    return `| \`klines/${interval}/\` | ${all.length} (${names}) | ${length} | ${day(start[0])} | ${day(start[length - 1])} |`
  }
  return `# A synthetic market

**Nothing in this folder is a real price.** Every number is made by bbw's own generator
(\`src/core/adapters/synthetic/\`) from seed ${FIXTURE.seed}; symbols, ticks and quantity steps carry real names so that
tiers and rounding work on them, and that is all they share with the exchange. A result on this market says that the
code computes what it should. It says nothing about what a strategy earns: before costs and funding the prices are a
martingale, so by construction no rule earns anything here.

| folder | symbols | candles each | first day (UTC) | last day (UTC) |
| --- | --- | --- | --- | --- |
${row('1d', market.daily)}
${row('15m', market.minutes15)}
${row('5m', market.minutes5)}

\`funding/\` has a settlement every 8 hours; the ones left out stand for rates nobody recorded. \`instruments/\` has the
filters. Candles of all intervals are sums of one path: where finer ones exist, they add up to the coarser ones exactly.

Symbols: ${market.instruments.map(instrument => instrument.symbol).join(', ')}.

Do not edit these files. \`node tools/fixtures.ts\` writes them anew; a test regenerates the market and
compares every file.
`
}

function day(time: number): string {
  return new Date(time).toISOString().slice(0, 10)
}
