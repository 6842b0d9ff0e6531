/**
 * The loop at an exchange, over sockets: `bbw` in processes of its own at a simulated Bybit in this one. How soon twenty
 * positions are protected again after a kill, what a light cycle takes and asks, what a scan of the whole market asks,
 * and (in a process of its own, `node bench/exchange.ts memory`) what seven days of the market leave in memory.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { setTimeout as after } from 'node:timers/promises'
import { defaultConfig } from '../src/commands/config.ts'
import { SimBybit } from '../src/core/adapters/sim/bybit/bybit.ts'
import { shifted } from '../src/core/adapters/sim/bybit/feed.ts'
import type { HttpRequest } from '../src/core/adapters/sim/bybit/gate.ts'
import { BybitServer } from '../src/core/adapters/sim/bybit/server.ts'
import { EmbeddedExchange } from '../src/core/adapters/sim/embedded.ts'
import { DEFAULT_COSTS } from '../src/core/adapters/sim/exchange.ts'
import { Venue } from '../src/core/adapters/sim/venue.ts'
import { openStatus } from '../src/core/adapters/sqlite/status-reader.ts'
import { DAY, type Steps, type Timestamp } from '../src/core/base/units.ts'
import { LiveDriver } from '../src/core/engine/drivers/live.ts'
import { Engine } from '../src/core/engine/engine.ts'
import type { SymbolMarket } from '../src/core/market/symbol-market.ts'
import { benchInstrument } from './instrument.ts'
import { walk } from './walk.ts'

const bin = join(import.meta.dirname, '..', 'bin', 'bbw')
const SYMBOLS = 600
const POSITIONS = 20
const HISTORY_DAYS = 200
const WALLET = 100_000
const KEYS = { key: 'bench-key', secret: 'bench-secret-of-no-exchange' }
/** When the exchange stands where it is opened: noon, when nothing daily is due. */
const NOON: Timestamp = Date.UTC(2025, 9, 15, 12)
/** Seconds of the exchange's clock in one of the wall's while light cycles are counted: cycles come as much sooner. */
const SPEED = 10
const LIGHT_CYCLES = 20
const LIGHT_MS = 30_000

/** The one that every Bybit lists is among them: the mode of an account is asked for by it. */
function symbolOf(index: number): string {
  return index === 0 ? 'BTCUSDT' : `COIN${index}USDT`
}

/** Daily candles up to some days after noon. */
function marketOf(count: number): readonly SymbolMarket[] {
  const days = HISTORY_DAYS + 10
  const by = Math.floor(NOON / DAY) * DAY - HISTORY_DAYS * DAY
  return Array.from({ length: count }, (_, index) => {
    const symbol = symbolOf(index)
    const instrument = benchInstrument(symbol)
    const candles = new Map([['1d' as const, walk(`exchange ${index}`, symbol, '1d', days, 0.02)]])
    return shifted({ instrument, candles, mark: new Map(), funding: null }, by)
  })
}

/** Counts what it is asked, by path, and notes when. */
class Counted extends SimBybit {
  readonly asked = new Map<string, number>()
  readonly stops: number[] = []

  override request(request: HttpRequest): ReturnType<SimBybit['request']> {
    const [path] = request.target.split('?')
    this.asked.set(path, (this.asked.get(path) ?? 0) + 1)
    if (path === '/v5/position/trading-stop') this.stops.push(performance.now())
    return super.request(request)
  }

  get total(): number {
    return [...this.asked.values()].reduce((sum, count) => sum + count, 0)
  }
}

interface Served {
  readonly sim: Counted
  readonly url: string
  close(): Promise<void>
}

async function serve(count: number, speed: number): Promise<Served> {
  const options = { ...KEYS, costs: DEFAULT_COSTS, wallet: WALLET, seed: 'bench', from: NOON, speed }
  const sim = new Counted(marketOf(count), options)
  const server = await BybitServer.listen(sim, {
    port: 0,
    wall: () => performance.now(),
    stamp: () => Date.now(),
    sleep: (ms, signal) => after(ms, undefined, { signal }),
  })
  return { sim, url: server.url, close: () => server.close() }
}

const env = { ...process.env, BBW_API_KEY: KEYS.key, BBW_API_SECRET: KEYS.secret }

function started(words: readonly string[]): ChildProcess {
  return spawn(bin, words, { env, stdio: ['ignore', 'pipe', 'pipe'] })
}

/** Waits until a process says something on standard output, and lets it say on. */
function says(child: ChildProcess, pattern: RegExp): Promise<void> {
  return new Promise((resolve, reject) => {
    let text = ''
    let words = ''
    child.stderr?.on('data', (chunk: Buffer) => {
      words += chunk.toString()
    })
    child.stdout?.on('data', (chunk: Buffer) => {
      text += chunk.toString()
      if (pattern.test(text)) resolve()
    })
    child.once('exit', code => reject(new Error(`it ended with ${code} before ${pattern}: ${words}`)))
  })
}

async function ended(words: readonly string[]): Promise<void> {
  const child = started(words)
  child.stdout?.resume()
  let said = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    said += chunk.toString()
  })
  const [code] = await once(child, 'exit')
  if (code !== 0) throw new Error(`${words.join(' ')} ended with ${code}: ${said}`)
}

async function killed(child: ChildProcess): Promise<void> {
  const gone = once(child, 'exit')
  if (child.kill('SIGKILL')) await gone
}

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await after(5)
}

/** Twenty positions, as somebody opens them by hand under a stop, and hands them over to a loop. */
async function loopWithPositions({ sim, url }: Served, data: string, speed: number): Promise<ChildProcess> {
  const symbols = Array.from({ length: POSITIONS }, (_, index) => symbolOf(index))
  for (const symbol of symbols) {
    const last = sim.desk.point(symbol).last
    const steps = Math.max(1, Math.round(500 / last / 0.001)) as Steps
    const ticks = Math.round((last * 0.95) / 0.01)
    for (const rule of [
      { fault: 'human-open', symbol, side: 'Buy', steps } as const,
      { fault: 'human-stop', symbol, ticks } as const,
    ]) {
      const refusal = sim.cause(rule)
      if (refusal !== null) throw new Error(`${rule.fault} on ${symbol}: ${refusal}`)
    }
  }
  const words = ['--exchange', 'demo', '--url', url, '--speed', String(speed), '--data-dir', data]
  const loop = started(['run', ...words, '--symbol', symbols.join(','), '--ndjson'])
  await says(loop, /"kind":"recovered"/)
  const adopt = async (symbol: string): Promise<void> =>
    ended(['trade', 'adopt', symbol, '--side', 'long', '--execute', '--exchange', 'demo', '--data-dir', data])
  for (const symbol of symbols) await adopt(symbol)
  return loop
}

/** What a bare process takes on this machine at this moment, in ms. */
function bareMs(): number {
  const begun = performance.now()
  spawnSync(process.execPath, ['-e', '0'], { stdio: 'ignore' })
  return performance.now() - begun
}

async function recovery(print: (line: string) => void, folder: string): Promise<void> {
  const served = await serve(POSITIONS, 1)
  const data = join(folder, 'recovery')
  const symbols = Array.from({ length: POSITIONS }, (_, index) => symbolOf(index))
  let loop = await loopWithPositions(served, data, 1)
  try {
    await killed(loop)
    for (const symbol of symbols) served.sim.cause({ fault: 'human-stop', symbol, ticks: 0 })
    served.sim.stops.length = 0
    const isBare = (symbol: string): boolean => !stopsOf(served.sim).has(symbol)
    if (!symbols.every(isBare)) throw new Error('a position has kept its stop')
    const asked = served.sim.total
    const bare = bareMs()
    const begun = performance.now()
    const since = (): number => performance.now() - begun
    const words = ['--exchange', 'demo', '--url', served.url, '--data-dir', data]
    loop = started(['run', ...words, '--symbol', symbols.join(','), '--ndjson'])
    const recovered = says(loop, /"kind":"recovered"/).then(since)
    await until(() => !symbols.every(isBare))
    const first = since()
    await until(() => !symbols.some(isBare))
    const all = since()
    const reconciled = await recovered
    print(
      `killed with ${POSITIONS} positions, every stop taken away meanwhile; from the start of the process:`,
    )
    print(
      `  first stop set ${first.toFixed(0)} ms, all ${POSITIONS} ${all.toFixed(0)} ms, reconciled ${reconciled.toFixed(0)} ms; ${served.sim.total - asked} requests, ${served.sim.stops.length} of them for stops`,
    )
    print(
      `  a bare node -e 0 just before: ${bare.toFixed(0)} ms, the first stop ${(first / bare).toFixed(1)} x that`,
    )
  } finally {
    await killed(loop)
    await served.close()
  }
}

/** The symbols whose positions have a stop. */
function stopsOf(sim: SimBybit): ReadonlySet<string> {
  return new Set(
    sim.desk.account.openOrders.flatMap(({ symbol, stopOrderType }) =>
      stopOrderType === 'StopLoss' ? [symbol] : [],
    ),
  )
}

function lightOf(path: string): { readonly runs: number; readonly tookMs: number | null } {
  const source = openStatus(path)
  const light = source?.status(Date.now(), 20).snapshot?.cycles.find(({ cycle }) => cycle === 'light')
  source?.close()
  return { runs: light?.runs ?? 0, tookMs: light?.tookMs ?? null }
}

async function lightCycles(print: (line: string) => void, folder: string): Promise<void> {
  const served = await serve(POSITIONS, SPEED)
  const data = join(folder, 'light')
  const loop = await loopWithPositions(served, data, SPEED)
  try {
    const path = join(data, 'state.db')
    const before = new Map(served.sim.asked)
    const { runs: from } = lightOf(path)
    const took: number[] = []
    let last = from
    while (last < from + LIGHT_CYCLES) {
      await after(LIGHT_MS / SPEED / 10)
      const { runs, tookMs } = lightOf(path)
      if (runs > last && tookMs !== null) took.push(tookMs)
      last = runs
    }
    const counted = last - from
    const rows = [...served.sim.asked]
      .map(([asked, count]) => [asked, (count - (before.get(asked) ?? 0)) / counted] as const)
      .filter(([, share]) => share > 0.01)
      .sort(([, a], [, b]) => b - a)
    const sum = rows.reduce((total, [, share]) => total + share, 0)
    const sorted = took.toSorted((a, b) => a - b)
    print(`light cycles with ${POSITIONS} positions, over sockets, ${took.length} seen of ${counted}`)
    print(
      `  from the first step to the last: median ${sorted[sorted.length >> 1].toFixed(1)} ms, at most ${sorted[sorted.length - 1].toFixed(1)} ms`,
    )
    print(`  requests in each, all cycles' together: ${sum.toFixed(1)}`)
    for (const [asked, share] of rows) print(`    ${share.toFixed(2)} ${asked}`)
  } finally {
    await killed(loop)
    await served.close()
  }
}

async function scans(print: (line: string) => void, folder: string): Promise<void> {
  const served = await serve(SYMBOLS, 1)
  try {
    const data = join(folder, 'scan')
    const config = join(folder, 'all.yaml')
    writeFileSync(config, 'universe: { top: 0 }\n', { mode: 0o600 })
    const scan = [
      'scan',
      '--exchange',
      'paper',
      '--url',
      served.url,
      '--data-dir',
      data,
      '-c',
      config,
      '--ndjson',
    ]
    print(`bbw scan of ${SYMBOLS} symbols, a process each`)
    for (const name of ['cold', 'warm']) {
      const asked = served.sim.total
      const begun = performance.now()
      await ended(scan)
      const seconds = (performance.now() - begun) / 1_000
      print(`  ${name}: ${served.sim.total - asked} requests, ${seconds.toFixed(1)} s`)
    }
  } finally {
    await served.close()
  }
}

/** Seven days of a market of 600 under the live driver and every cycle; prints the memory at each day's end. */
async function memory(): Promise<void> {
  const megabytes = (): number => {
    globalThis.gc?.()
    return process.memoryUsage.rss() / 2 ** 20
  }
  const bare = megabytes()
  const from = Math.floor(NOON / DAY) * DAY
  const config = { ...defaultConfig(), universe: { ...defaultConfig().universe, top: 0 } }
  const venue = new Venue(marketOf(SYMBOLS), {
    ...{ from, to: from + 8 * DAY, costs: DEFAULT_COSTS, wallet: WALLET, checkMargin: true, detail: true },
    tells: [],
  })
  const exchange = new EmbeddedExchange(venue)
  let cycles = 0
  const engine = new Engine(config, { wallet: WALLET, lacking: 'skip', everyCycle: true })
  let events = 0
  let trades = 0
  const driver = new LiveDriver(engine, {
    clock: exchange.clock,
    broker: exchange,
    feed: exchange,
    store: null,
    journal: { event: () => events++, trade: () => trades++ },
  })
  driver.start(await exchange.history())
  const days: number[] = []
  let next = from + DAY
  await exchange.run(
    () => driver.idle(),
    async at => {
      cycles++
      if (at >= next && days.length < 8) {
        days.push(megabytes())
        next += DAY
      }
      return true
    },
    null,
  )
  process.stdout.write(`${JSON.stringify({ bare, days, instants: cycles, events, trades })}\n`)
}

function sevenDays(print: (line: string) => void): void {
  const words = ['--expose-gc', import.meta.filename, 'memory']
  const out = execFileSync(process.execPath, words, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const { bare, days, instants, events, trades } = JSON.parse(out) as {
    readonly days: readonly number[]
    readonly [name: string]: number | readonly number[]
  }
  const [first, last] = [days[0], days[days.length - 1]]
  print(
    `memory over ${days.length} days of ${SYMBOLS} symbols, every cycle, in one process, after collection`,
  )
  print(
    `  ${Number(bare).toFixed(0)} MB before, ${days.map(day => day.toFixed(0)).join(' ')} MB at each day's end: ${(last / first).toFixed(3)} x the first; ${instants} instants, ${events} events, ${trades} trades`,
  )
}

/** Prints the rows. */
export async function benchExchange(print: (line: string) => void): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'bbw-bench-'))
  mkdirSync(folder, { recursive: true })
  try {
    await recovery(print, folder)
    await lightCycles(print, folder)
    await scans(print, folder)
    sevenDays(print)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

if (process.argv[2] === 'memory') await memory()
