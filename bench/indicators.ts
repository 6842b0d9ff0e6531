import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { Atr, atr } from '../src/core/indicators/atr.ts'
import { type Bands, Bollinger, bandColumns, bollinger } from '../src/core/indicators/bollinger.ts'
import { Rsi, rsi } from '../src/core/indicators/rsi.ts'

/**
 * Indicators beside a C loop and three npm packages, on 1,000,000 bars of a seeded random walk. Machines are shared
 * and their speed changes within seconds: C and our own code take turns in short rounds, what counts is the ratio,
 * and the best runs stand beside the medians as what a quiet machine would show.
 */
const BARS = 1_000_000
const ROUNDS = 7
const RUNS_A_ROUND = 5
const RIVAL_RUNS = 3
/** Volatile bars, and flat ones after them: the last window's width should be 0. */
const VOLATILE = 500
const FLAT = 100

const WORKSHOP = fileURLToPath(new URL('../.bench/', import.meta.url))
const RIVALS = `${WORKSHOP}rivals/`

interface Bars {
  readonly high: Float64Array
  readonly low: Float64Array
  readonly close: Float64Array
}

type Kind = 'Bollinger(20,2)' | 'RSI(14)' | 'ATR(14)'
const KINDS: readonly Kind[] = ['Bollinger(20,2)', 'RSI(14)', 'ATR(14)']

/** What one contender measured of one indicator. */
interface Result {
  readonly kind: Kind
  readonly who: string
  /** Median and best of all runs. */
  readonly ms: number
  readonly best: number
  readonly error?: number
  readonly flatWidth?: number
}

/** What a contender could not do, said in its row. */
interface Failure {
  readonly who: string
  readonly failure: string
}

/** Measures and prints a line per contender and indicator, then one per target. */
export async function benchIndicators(print: (line: string) => void): Promise<void> {
  mkdirSync(RIVALS, { recursive: true })
  const bars = randomWalk(BARS)
  const flat = flatAfterVolatile()
  const exact = exactBands(bars.close)

  const results: Result[] = []
  const failures: Failure[] = []
  const c = compileC()
  if ('failure' in c) failures.push(c)
  results.push(...againstC(bars, flat, exact, 'failure' in c ? undefined : c.program))
  for (const rival of RIVAL_PACKAGES) {
    try {
      results.push(...(await runRival(rival, bars, flat, exact)))
    } catch (error) {
      failures.push({ who: `${rival.name} ${rival.version}`, failure: firstLine(error) })
    }
  }

  print(`indicators, ${BARS} bars, Node ${process.versions.node}, medians after one warm-up`)
  for (const kind of KINDS) {
    const limit = results.find(result => result.kind === kind && result.who === C_NAME)
    for (const result of results) if (result.kind === kind) print(row(result, limit))
  }
  for (const { who, failure } of failures) print(`${'not measured'.padEnd(17)}${who.padEnd(34)}${failure}`)
  for (const line of targets(results)) print(line)
}

function row(result: Result, limit: Result | undefined): string {
  const ratio = (ms: number, of: number | undefined): string =>
    of === undefined ? 'no C' : `${(ms / of).toFixed(2)} x C`
  const median = `${result.ms.toFixed(2).padStart(9)} ms ${ratio(result.ms, limit?.ms).padStart(11)}`
  const best = `${result.best.toFixed(2).padStart(9)} ms ${ratio(result.best, limit?.best).padStart(11)}`
  const exactness =
    result.error === undefined
      ? ''
      : `   error ${result.error.toExponential(1)}, flat width ${result.flatWidth?.toPrecision(3)}`
  return `${result.kind.padEnd(17)}${result.who.padEnd(34)}${median}   best ${best}${exactness}`
}

function targets(results: readonly Result[]): readonly string[] {
  const bands = results.filter(result => result.kind === 'Bollinger(20,2)')
  const ours = bands.find(result => result.who === OURS_BATCH)
  if (ours === undefined) return []
  const c = bands.find(result => result.who === C_NAME)
  const packages = bands.filter(result => RIVAL_PACKAGES.some(({ name }) => result.who.startsWith(name)))
  const fastest = Math.min(...packages.map(result => result.ms))
  const verdict = (what: string, measured: string, met: boolean | undefined): string =>
    `target: ${what}: ${measured}: ${met === undefined ? 'not measured' : met ? 'met' : 'MISSED'}`
  return [
    verdict(
      'Bollinger at most 1.5 x C',
      c === undefined
        ? 'no C'
        : `${(ours.ms / c.ms).toFixed(2)} (best runs ${(ours.best / c.best).toFixed(2)})`,
      c && ours.ms <= 1.5 * c.ms,
    ),
    verdict(
      'at least 4 x the fastest npm package',
      packages.length === 0 ? 'none installed' : (fastest / ours.ms).toFixed(1),
      packages.length === 0 ? undefined : fastest >= 4 * ours.ms,
    ),
    verdict('error at most 1e-11', String(ours.error), ours.error !== undefined && ours.error <= 1e-11),
    verdict('flat width exactly 0', String(ours.flatWidth), ours.flatWidth === 0),
  ]
}

// Data

/** Uniform numbers in [0, 1) by mulberry32 (Tommy Ettinger): the data of the bench do not hang on the product. */
function uniform(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let word = Math.imul(state ^ (state >>> 15), 1 | state)
    word = (word + Math.imul(word ^ (word >>> 7), 61 | word)) ^ word
    return ((word ^ (word >>> 14)) >>> 0) / 2 ** 32
  }
}

/** A geometric random walk of one-minute bars from 30000, 0.07 % a bar. */
function randomWalk(n: number): Bars {
  const next = uniform(20_240_101)
  const high = new Float64Array(n)
  const low = new Float64Array(n)
  const close = new Float64Array(n)
  let price = 30_000
  for (let i = 0; i < n; i++) {
    const open = price
    const normal = Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next())
    price *= Math.exp(0.0007 * normal)
    close[i] = price
    high[i] = Math.max(open, price) * (1 + 0.0003 * next())
    low[i] = Math.min(open, price) * (1 - 0.0003 * next())
  }
  return { high, low, close }
}

function flatAfterVolatile(): Bars {
  const { close } = randomWalk(VOLATILE)
  const closes = new Float64Array(VOLATILE + FLAT)
  closes.set(close)
  closes.fill(close[VOLATILE - 1], VOLATILE)
  return { high: closes, low: closes, close: closes }
}

/** The bands in two passes over every window, the residue of the mean taken out. */
function exactBands(closes: Float64Array): Bands {
  const out = bandColumns(closes.length)
  for (let i = 19; i < closes.length; i++) {
    const anchor = closes[i]
    let sum = 0
    for (let k = i - 19; k <= i; k++) sum += closes[k] - anchor
    const mean = sum / 20
    let squares = 0
    let rest = 0
    for (let k = i - 19; k <= i; k++) {
      const distance = closes[k] - anchor - mean
      squares += distance * distance
      rest += distance
    }
    const half = 2 * Math.sqrt((squares - (rest * rest) / 20) / 20)
    out.lower[i] = anchor + mean - half
    out.middle[i] = anchor + mean
    out.upper[i] = anchor + mean + half
  }
  return out
}

/** The largest relative difference over all rows and all three bands. */
function worstError(bands: Bands, exact: Bands): number {
  let worst = 0
  for (const column of ['lower', 'middle', 'upper'] as const) {
    const got = bands[column]
    const expected = exact[column]
    for (let i = 19; i < expected.length; i++) {
      const error = Math.abs(got[i] - expected[i]) / expected[i]
      // Negated, so that a NaN is an error without bound too.
      if (!(error <= worst)) worst = Number.isNaN(error) ? Number.POSITIVE_INFINITY : error
    }
  }
  return worst
}

function widthAtEnd(bands: Bands): number {
  const last = VOLATILE + FLAT - 1
  return bands.upper[last] - bands.lower[last]
}

// C and ours, taking turns

const C_NAME = 'C, gcc -O3 -march=native, reused'
const OURS_BATCH = 'bbw batch, reused outputs'
const OURS_STREAM = 'bbw incremental'

function againstC(bars: Bars, flat: Bars, exact: Bands, program: string | undefined): readonly Result[] {
  const bands = bandColumns(BARS)
  const out = new Float64Array(BARS)
  const { high, low, close } = bars
  const ours: readonly (readonly [string, Kind, () => void])[] = [
    [OURS_BATCH, 'Bollinger(20,2)', () => bollinger(close, BARS, bands)],
    [OURS_BATCH, 'RSI(14)', () => rsi(close, BARS, out)],
    [OURS_BATCH, 'ATR(14)', () => atr(high, low, close, BARS, out)],
    [OURS_STREAM, 'Bollinger(20,2)', () => streamBands(close, bands)],
    [OURS_STREAM, 'RSI(14)', () => streamRsi(close, out)],
    [OURS_STREAM, 'ATR(14)', () => streamAtr(bars, out)],
  ]
  const times = new Map<string, number[]>()
  const note = (who: string, kind: Kind, ms: number): void => {
    const key = `${who}|${kind}`
    const list = times.get(key)
    if (list === undefined) times.set(key, [ms])
    else list.push(ms)
  }
  if (program !== undefined) {
    writeBars('walk.bin', bars)
    writeBars('flat.bin', flat)
  }
  for (const [, , run] of ours) run()
  for (let round = 0; round < ROUNDS; round++) {
    if (program !== undefined)
      for (const [kind, ms] of runC(program, 'walk.bin', BARS, RUNS_A_ROUND)) note(C_NAME, kind, ms)
    for (const [who, kind, run] of ours) for (let k = 0; k < RUNS_A_ROUND; k++) note(who, kind, timed(run))
  }

  const checks = new Map<string, { readonly error: number; readonly flatWidth: number }>()
  const flatBands = bandColumns(VOLATILE + FLAT)
  bollinger(close, BARS, bands)
  bollinger(flat.close, VOLATILE + FLAT, flatBands)
  checks.set(OURS_BATCH, { error: worstError(bands, exact), flatWidth: widthAtEnd(flatBands) })
  streamBands(close, bands)
  streamBands(flat.close, flatBands)
  checks.set(OURS_STREAM, { error: worstError(bands, exact), flatWidth: widthAtEnd(flatBands) })
  if (program !== undefined) {
    runC(program, 'walk.bin', BARS, 1)
    const error = worstError(readBands(BARS), exact)
    runC(program, 'flat.bin', VOLATILE + FLAT, 1)
    checks.set(C_NAME, { error, flatWidth: widthAtEnd(readBands(VOLATILE + FLAT)) })
  }

  const results: Result[] = []
  for (const [key, list] of times) {
    const [who, kind] = key.split('|') as [string, Kind]
    const check = kind === 'Bollinger(20,2)' ? checks.get(who) : undefined
    results.push({ kind, who, ...summary(list), ...check })
  }
  return results
}

function streamBands(close: Float64Array, out: Bands): void {
  const bands = new Bollinger()
  for (let i = 0; i < close.length; i++) {
    bands.push(close[i])
    bands.write(out, i)
  }
}

function streamRsi(close: Float64Array, out: Float64Array): void {
  const index = new Rsi()
  for (let i = 0; i < close.length; i++) {
    index.push(close[i])
    index.write(out, i)
  }
}

function streamAtr({ high, low, close }: Bars, out: Float64Array): void {
  const range = new Atr()
  for (let i = 0; i < close.length; i++) out[i] = range.push(high[i], low[i], close[i]) ?? Number.NaN
}

/** Welford's rolling sum without any renewal, Wilder's recurrences: the least a loop can do. */
const C_SOURCE = `#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static void bollinger(const double *restrict x, int n, double *restrict lo, double *restrict mi, double *restrict up) {
  const int p = 20;
  const double share = 1.0 / p;
  double mean = 0, squares = 0;
  for (int i = 0; i < p; i++) mean += x[i] * share;
  for (int i = 0; i < p; i++) squares += (x[i] - mean) * (x[i] - mean);
  for (int i = p - 1; i < n; i++) {
    if (i >= p) {
      double change = x[i] - x[i - p], before = mean;
      mean += change * share;
      squares += change * (x[i] - mean + x[i - p] - before);
      if (squares < 0) squares = 0;
    }
    double half = 2 * sqrt(squares * share);
    lo[i] = mean - half;
    mi[i] = mean;
    up[i] = mean + half;
  }
}

static void rsi(const double *restrict x, int n, double *restrict out) {
  double gain = 0, loss = 0;
  for (int i = 1; i < n; i++) {
    double change = x[i] - x[i - 1], g = change > 0 ? change : 0, l = g - change;
    if (i <= 14) {
      gain += g / 14;
      loss += l / 14;
    } else {
      gain = gain * (13.0 / 14) + g * (1.0 / 14);
      loss = loss * (13.0 / 14) + l * (1.0 / 14);
    }
    if (i >= 14) out[i] = 100 * gain / (gain + loss);
  }
}

static void atr(const double *restrict h, const double *restrict l, const double *restrict c, int n, double *restrict out) {
  double mean = 0;
  for (int i = 1; i < n; i++) {
    double p = c[i - 1], range = (h[i] > p ? h[i] : p) - (l[i] < p ? l[i] : p);
    mean = i <= 14 ? mean + range / 14 : mean * (13.0 / 14) + range * (1.0 / 14);
    if (i >= 14) out[i] = mean;
  }
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

/* ARGS: bars file, number of bars, timed runs, file for the bands. Prints the times of each run. */
int main(int argc, char **argv) {
  if (argc != 5) return 2;
  int n = atoi(argv[2]), runs = atoi(argv[3]);
  double *in = malloc(sizeof(double) * 3 * n), *out = malloc(sizeof(double) * 5 * n);
  FILE *file = fopen(argv[1], "rb");
  if (!in || !out || !file || fread(in, sizeof(double), 3 * (size_t)n, file) != 3 * (size_t)n) return 3;
  fclose(file);
  double *h = in, *l = in + n, *c = in + 2 * n;
  for (int i = 0; i < 5 * n; i++) out[i] = 0;
  for (int k = 0; k <= runs; k++) {
    double t0 = now();
    bollinger(c, n, out, out + n, out + 2 * n);
    double t1 = now();
    rsi(c, n, out + 3 * n);
    double t2 = now();
    atr(h, l, c, n, out + 4 * n);
    double t3 = now();
    if (k > 0) printf("%.6f %.6f %.6f\\n", t1 - t0, t2 - t1, t3 - t2);
  }
  file = fopen(argv[4], "wb");
  if (!file || fwrite(out, sizeof(double), 3 * (size_t)n, file) != 3 * (size_t)n) return 4;
  return fclose(file);
}
`

function compileC(): { readonly program: string } | Failure {
  const source = `${WORKSHOP}indicators.c`
  const program = `${WORKSHOP}indicators-c`
  writeFileSync(source, C_SOURCE)
  const gcc = spawnSync('gcc', ['-O3', '-march=native', '-o', program, source, '-lm'], { encoding: 'utf8' })
  if (gcc.error !== undefined) return { who: C_NAME, failure: `gcc: ${gcc.error.message}` }
  if (gcc.status !== 0) return { who: C_NAME, failure: `gcc: ${gcc.stderr.split('\n')[0]}` }
  return { program }
}

function runC(program: string, file: string, n: number, runs: number): readonly (readonly [Kind, number])[] {
  const args = [`${WORKSHOP}${file}`, String(n), String(runs), `${WORKSHOP}bands.bin`]
  const done = spawnSync(program, args, { encoding: 'utf8' })
  if (done.status !== 0) throw new Error(`the C loop ended with ${done.status ?? done.signal}`)
  const times: (readonly [Kind, number])[] = []
  for (const line of done.stdout.trim().split('\n')) {
    const fields = line.split(' ').map(Number)
    KINDS.forEach((kind, k) => {
      times.push([kind, fields[k]])
    })
  }
  return times
}

function writeBars(file: string, { high, low, close }: Bars): void {
  const n = close.length
  const all = new Float64Array(3 * n)
  all.set(high)
  all.set(low, n)
  all.set(close, 2 * n)
  writeFileSync(`${WORKSHOP}${file}`, all)
}

function readBands(n: number): Bands {
  const bytes = readFileSync(`${WORKSHOP}bands.bin`)
  const all = new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength))
  return { lower: all.subarray(0, n), middle: all.subarray(n, 2 * n), upper: all.subarray(2 * n) }
}

// Packages

interface PlainBars {
  readonly high: number[]
  readonly low: number[]
  readonly close: number[]
}

interface Contender {
  /** Bands as the package gives them, turned into columns by `columns` outside the timing. */
  bollinger(bars: PlainBars): () => Bands
  rsi(bars: PlainBars): unknown
  atr(bars: PlainBars): unknown
}

interface RivalPackage {
  readonly name: string
  readonly version: string
  /** Takes the loaded module; its shape is the one of exactly this version. */
  readonly open: (module: never) => Contender
}

interface TechnicalIndicators {
  readonly BollingerBands: {
    calculate(input: { period: number; stdDev: number; values: number[] }): Band[]
  }
  readonly RSI: { calculate(input: { period: number; values: number[] }): number[] }
  readonly ATR: {
    calculate(input: { period: number; high: number[]; low: number[]; close: number[] }): number[]
  }
}

interface TradingSignals {
  readonly BollingerBands: new (period: number, deviations: number) => { add(close: number): Band | null }
  readonly RSI: new (period: number) => { add(close: number): number | null }
  readonly ATR: new (
    period: number,
  ) => { add(bar: { high: number; low: number; close: number }): number | null }
}

interface Ixjb94 {
  readonly IndicatorsSync: new () => {
    bbands(values: number[], period: number, deviations: number): number[][]
    rsi(values: number[], period: number): number[]
    atr(high: number[], low: number[], close: number[], period: number): number[]
  }
}

interface Band {
  readonly lower: number
  readonly middle: number
  readonly upper: number
}

const RIVAL_PACKAGES: readonly RivalPackage[] = [
  {
    name: '@ixjb94/indicators',
    version: '1.2.4',
    open: ({ IndicatorsSync }: Ixjb94) => {
      const all = new IndicatorsSync()
      return {
        bollinger({ close }) {
          const [lower, middle, upper] = all.bbands(close, 20, 2)
          return () => ({
            lower: aligned(lower, close.length, x => x),
            middle: aligned(middle, close.length, x => x),
            upper: aligned(upper, close.length, x => x),
          })
        },
        rsi: ({ close }) => all.rsi(close, 14),
        atr: ({ high, low, close }) => all.atr(high, low, close, 14),
      }
    },
  },
  {
    name: 'trading-signals',
    version: '8.3.0',
    open: ({ BollingerBands, RSI, ATR }: TradingSignals) => ({
      bollinger({ close }) {
        const indicator = new BollingerBands(20, 2)
        const bands: Band[] = []
        for (const price of close) {
          const band = indicator.add(price)
          if (band !== null) bands.push(band)
        }
        return () => columns(bands, close.length)
      },
      rsi({ close }) {
        const indicator = new RSI(14)
        return close.map(price => indicator.add(price))
      },
      atr({ high, low, close }) {
        const indicator = new ATR(14)
        return close.map((price, i) => indicator.add({ high: high[i], low: low[i], close: price }))
      },
    }),
  },
  {
    name: 'technicalindicators',
    version: '3.1.0',
    open: ({ BollingerBands, RSI, ATR }: TechnicalIndicators) => ({
      bollinger({ close }) {
        const bands = BollingerBands.calculate({ period: 20, stdDev: 2, values: close })
        return () => columns(bands, close.length)
      },
      rsi: ({ close }) => RSI.calculate({ period: 14, values: close }),
      atr: ({ high, low, close }) => ATR.calculate({ period: 14, high, low, close }),
    }),
  },
]

async function runRival(
  rival: RivalPackage,
  bars: Bars,
  flat: Bars,
  exact: Bands,
): Promise<readonly Result[]> {
  install(rival)
  const found = createRequire(`${RIVALS}package.json`).resolve(rival.name)
  const contender = rival.open((await import(pathToFileURL(found).href)) as never)
  const who = `${rival.name} ${rival.version}`
  const input = plain(bars)
  const error = worstError(contender.bollinger(input)(), exact)
  const flatWidth = widthAtEnd(contender.bollinger(plain(flat))())
  contender.rsi(input)
  contender.atr(input)
  return [
    {
      kind: 'Bollinger(20,2)',
      who,
      ...repeated(() => contender.bollinger(input)),
      error,
      flatWidth,
    },
    { kind: 'RSI(14)', who, ...repeated(() => contender.rsi(input)) },
    { kind: 'ATR(14)', who, ...repeated(() => contender.atr(input)) },
  ]
}

/** Installs a package at exactly its version into the ignored folder, unless it is there. */
function install({ name, version }: RivalPackage): void {
  const manifest = `${RIVALS}package.json`
  if (!existsSync(manifest)) writeFileSync(manifest, '{ "private": true }\n')
  const installed = `${RIVALS}node_modules/${name}/package.json`
  if (existsSync(installed)) {
    const there: { readonly version?: string } = JSON.parse(readFileSync(installed, 'utf8'))
    if (there.version === version) return
  }
  const flags = ['--save-exact', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error']
  const npm = spawnSync('npm', ['install', ...flags, `${name}@${version}`], { cwd: RIVALS, encoding: 'utf8' })
  if (npm.error !== undefined) throw new Error(`npm: ${npm.error.message}`)
  if (npm.status !== 0)
    throw new Error(`npm: ${npm.stderr.trim().split('\n')[0] || `ended with ${npm.status}`}`)
}

function plain({ high, low, close }: Bars): PlainBars {
  return { high: Array.from(high), low: Array.from(low), close: Array.from(close) }
}

function columns(bands: readonly Band[], length: number): Bands {
  return {
    lower: aligned(bands, length, band => band.lower),
    middle: aligned(bands, length, band => band.middle),
    upper: aligned(bands, length, band => band.upper),
  }
}

/** A column as long as the bars: packages leave the first rows out. */
function aligned<T>(values: readonly T[], length: number, pick: (value: T) => number): Float64Array {
  const out = new Float64Array(length).fill(Number.NaN)
  const first = length - values.length
  for (let i = 0; i < values.length; i++) out[first + i] = pick(values[i])
  return out
}

// Timing

function repeated(run: () => unknown): Pick<Result, 'ms' | 'best'> {
  return summary(Array.from({ length: RIVAL_RUNS }, () => timed(run)))
}

function timed(run: () => unknown): number {
  const before = performance.now()
  run()
  return performance.now() - before
}

function summary(times: readonly number[]): Pick<Result, 'ms' | 'best'> {
  const sorted = [...times].sort((a, b) => a - b)
  const half = sorted.length >> 1
  const ms = sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2
  return { ms, best: sorted[0] }
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0]
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  await benchIndicators(line => process.stdout.write(`${line}\n`))
