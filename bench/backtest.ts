/**
 * Backtest speed through the real engine, exchange and driver: bars a second with the trades and decisions made, and
 * the memory of the process. Each row runs in a process of its own (`node bench/backtest.ts ROW`).
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { defaultConfig } from '../src/commands/config.ts'
import { simulate, withFlags } from '../src/commands/simulate.ts'
import type { Candles } from '../src/core/market/candles.ts'
import type { Interval } from '../src/core/market/interval.ts'
import type { SymbolMarket } from '../src/core/market/symbol-market.ts'
import { benchInstrument } from './instrument.ts'
import { walk } from './walk.ts'

const BARS = 1_000_000
const MARKET_SYMBOLS = 233
const MARKET_DAYS = 1_770
const RUNS = 5

interface Row {
  readonly title: string
  readonly bars: number
  readonly flags: { readonly [name: string]: string | boolean | readonly string[] }
  readonly markets: () => SymbolMarket[]
}

function market(symbol: string, ...series: readonly Candles[]): SymbolMarket {
  const candles = new Map<Interval, Candles>(series.map(one => [one.interval, one]))
  const instrument = benchInstrument(symbol)
  return { instrument, candles, mark: new Map(), funding: null }
}

const ROWS: { readonly [id: string]: Row } = {
  daily: {
    title: '1 symbol, 1 strategy, 1,000,000 candles, a decision on each',
    bars: BARS,
    flags: { strategy: ['bollinger-grid-long'], portfolioGates: false, fixedNotional: '100' },
    markets: () => [market('BTCUSDT', walk('daily', 'BTCUSDT', '1d', BARS, 0.03))],
  },
  minutes: {
    title: '1 symbol, 1 strategy, 1,000,000 candles of 1m, daily decisions, fills on minutes',
    bars: BARS,
    flags: { strategy: ['bollinger-grid-long'], portfolioGates: false, fixedNotional: '100' },
    markets: () => [market('BTCUSDT', walk('minutes', 'BTCUSDT', '1m', BARS, 0.0008))],
  },
  market: {
    title: `${MARKET_SYMBOLS} symbols x ${MARKET_DAYS} daily candles, all strategies, all gates`,
    bars: MARKET_SYMBOLS * MARKET_DAYS,
    flags: { all: true },
    markets: () =>
      Array.from({ length: MARKET_SYMBOLS }, (_, i) => {
        const coins = [
          'BTC',
          'ETH',
          'SOL',
          'LTC',
          'XRP',
          'ADA',
          'DOT',
          'LINK',
          'UNI',
          'AVAX',
          'NEAR',
          'ARB',
          'OP',
          'AAVE',
          'INJ',
        ]
        const symbol = `${coins[i] ?? `COIN${i}`}USDT`
        return market(symbol, walk(`market ${i}`, symbol, '1d', MARKET_DAYS, 0.04))
      }),
  },
}

/** What one process measured. */
interface Measured {
  readonly medianMs: number
  readonly trades: number
  readonly decisions: number
  /** Peak resident memory beyond what the columns alone took, in bytes. */
  readonly beyond: number
  readonly peakMb: number
}

function measure(id: string): Measured {
  const { flags, markets } = ROWS[id]
  const config = withFlags(defaultConfig(), { flags, args: [] })
  const loaded = markets()
  const columns = process.memoryUsage().rss
  const times: number[] = []
  let trades = 0
  let decisions = 0
  for (let run = 0; run <= RUNS; run++) {
    const begun = performance.now()
    const simulation = simulate(loaded, config, { from: null, to: null }, true)
    // The first run warms the compiler up.
    if (run > 0) times.push(performance.now() - begun)
    trades = simulation.trades.length
    decisions = simulation.counts.decisions ?? 0
  }
  const peak = process.resourceUsage().maxRSS * 1024
  times.sort((a, b) => a - b)
  return {
    medianMs: times[RUNS >> 1],
    trades,
    decisions,
    beyond: Math.max(0, peak - columns),
    peakMb: peak / 2 ** 20,
  }
}

/**
 * The least there could be: bands, a rule and fees in one loop of C, without orders, stops, funding or a record of
 * trades. Returns ms for 1,000,000 bars, or why it could not be measured.
 */
function fusedLoop(): number | string {
  const folder = join(import.meta.dirname, '..', '.bench')
  mkdirSync(folder, { recursive: true })
  const source = join(folder, 'fused.c')
  writeFileSync(source, FUSED)
  try {
    const program = join(folder, 'fused')
    execFileSync('gcc', ['-O3', '-march=native', '-o', program, source, '-lm'])
    return Number(execFileSync(program, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }))
  } catch (error) {
    return error instanceof Error ? error.message.split('\n')[0] : String(error)
  }
}

const FUSED = `#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#define N 1000000
static double close_[N], open_[N];
int main(void) {
  unsigned long long s = 42;
  double price = 30000;
  for (int i = 0; i < N; i++) {
    s = s * 6364136223846793005ULL + 1442695040888963407ULL;
    open_[i] = price;
    price *= 1 + ((double)(s >> 33) / 2147483648.0 - 0.5) * 0.02;
    close_[i] = price;
  }
  double best = 1e9, equity = 0;
  for (int run = 0; run < 7; run++) {
    struct timespec a, b;
    clock_gettime(CLOCK_MONOTONIC, &a);
    double mean = 0, m2 = 0, entry = 0;
    int held = 0;
    equity = 1e8;
    for (int i = 0; i < N - 1; i++) {
      if (i < 20) { double d = close_[i] - mean; mean += d / (i + 1); m2 += d * (close_[i] - mean); }
      else { double o = close_[i - 20], d = close_[i] - o, before = mean; mean += d / 20; m2 += d * (close_[i] - mean + o - before); }
      if (i < 19) continue;
      double lower = mean - 2 * sqrt(m2 > 0 ? m2 / 20 : 0);
      if (!held && close_[i] < lower) { held = 1; entry = open_[i + 1]; equity -= entry * 0.00055; }
      else if (held && close_[i] >= mean) { held = 0; equity += open_[i + 1] - entry - open_[i + 1] * 0.00055; }
    }
    clock_gettime(CLOCK_MONOTONIC, &b);
    double ms = (b.tv_sec - a.tv_sec) * 1e3 + (b.tv_nsec - a.tv_nsec) / 1e6;
    if (ms < best) best = ms;
  }
  fprintf(stderr, "%f\\n", equity);
  printf("%f\\n", best);
  return 0;
}
`

/** Prints one row per measurement. */
export async function benchBacktest(print: (line: string) => void): Promise<void> {
  const c = fusedLoop()
  print('backtest, through the real engine (medians of 5 runs after one warm-up)')
  print(
    typeof c === 'number'
      ? `  C, one fused loop without orders, the limit: ${((BARS / c) * 1e-3).toFixed(1)} M bars/s`
      : `  C: not measured: ${c}`,
  )
  for (const [id, { title, bars }] of Object.entries(ROWS)) {
    const text = execFileSync(process.execPath, [import.meta.filename, id], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const { medianMs, trades, decisions, beyond, peakMb } = JSON.parse(text) as Measured
    const rate = bars / medianMs / 1_000
    const ratio = typeof c === 'number' ? `, 1/${(BARS / c / 1_000 / rate).toFixed(0)} of C` : ''
    print(`  ${title}`)
    print(
      `    ${medianMs.toFixed(0)} ms, ${rate.toFixed(2)} M bars/s${ratio}; ${decisions} decisions, ${trades} trades; peak ${peakMb.toFixed(0)} MB, ${(beyond / bars).toFixed(0)} bytes a bar beyond the columns`,
    )
  }
}

const asked = process.argv[2]
if (import.meta.main && asked !== undefined) process.stdout.write(JSON.stringify(measure(asked)))
