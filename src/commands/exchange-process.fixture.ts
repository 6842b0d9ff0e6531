/** `bbw sim serve` over a made-up lively market, and `bbw run` on it, as processes of their own; for tests. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { createInterface } from 'node:readline'
import { gzipSync } from 'node:zlib'
import { RemoteExchange } from '../core/adapters/sim/remote.ts'
import { marketFiles } from '../core/adapters/synthetic/files.ts'
import { syntheticMarket } from '../core/adapters/synthetic/market.ts'
import { DAY, type Steps } from '../core/base/units.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const BBW = join(ROOT, 'bin', 'bbw')
/** Candles before trading begins: enough for weekly bands. */
const HISTORY_DAYS = 145
const END = Date.UTC(2025, 10, 1)

/** Trades wherever it can, and is stopped by nothing that has been lost. */
const LIVELY = `startingBalance: 100000
universe: { top: 0, neverShort: [], neverTrade: [] }
strategies:
  mean-reversion: { cooldownHours: 0, maxPositions: 50, longBbPercentBelow: 45, shortBbPercentAbove: 55 }
  bollinger-grid-long: { cooldownAfterStopHours: 0, cooldownAfterTargetHours: 0, bbPercentBelow: 60, maxPositions: 50 }
  bollinger-grid-short: { cooldownHours: 0, bbPercentFrom: 50, maxPositions: 50, minAgreement: 1 }
guards:
  score-threshold: { least: 0 }
  universe: { leastBandWidthPercent: 0 }
  distance-to-stop: { leastPercent: 0.1 }
  confluence: { least: 1 }
  daily-loss: { percent: 99 }
  long-share: { freePositions: 50, percent: 100 }
  sizing: { fixedNotional: 500 }
  total-margin: { percent: 100 }
drawdown: { percent: 99, haltPercent: 99, haltPauses: 100 }
`

/** The wallet that `LIVELY` begins with, in USDT. */
export const LIVELY_WALLET = 100_000

/** Where processes of these tests find the compiled sources again. */
export const CHILD_ENV = {
  ...process.env,
  NO_COLOR: '1',
  NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? join(ROOT, 'node_modules', '.cache', 'test'),
}

export interface LivelyMarket {
  /** Folder of the candles, file of the configuration, and the range in which is traded. */
  readonly market: string
  readonly config: string
  readonly timerange: string
}

/** Writes a market of so many symbols and days into a folder; the same seed writes the same. */
export function writeLively(folder: string, seed: number, symbols: number, days: number): LivelyMarket {
  const made = syntheticMarket(seed, { symbols, days: HISTORY_DAYS + days, minutes15Days: days, end: END })
  const market = join(folder, 'market')
  for (const { path, text } of marketFiles(made)) {
    const file = join(market, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, path.endsWith('.gz') ? gzipSync(text, { level: 1 }) : text)
  }
  const config = join(folder, 'lively.yaml')
  writeFileSync(config, LIVELY)
  const day = (time: number): string => new Date(time).toISOString().slice(0, 10).replaceAll('-', '')
  return { market, config, timerange: `${day(END - days * DAY)}-${day(END)}` }
}

/** What a process has said when it has ended. */
export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly out: string
  readonly err: string
}

/** Collects what a process says until it has ended. */
export function ending(child: ChildProcess): Promise<Ended> {
  let out = ''
  let err = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    out += text
  })
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    err += text
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => resolve({ code, signal, out, err }))
  })
}

/** The exchange in a process of its own, which can be killed and started again where it stood. */
export class ExchangeProcess {
  readonly folder: string
  readonly #lively: LivelyMarket
  #child: ChildProcess | null = null
  #ended: Promise<Ended> | null = null
  url = ''
  key = ''
  secret = ''

  constructor(folder: string, lively: LivelyMarket) {
    this.folder = folder
    this.#lively = lively
  }

  /** Starts it, the second time at the same port; resolves when it listens. */
  async start(): Promise<void> {
    const { market, config, timerange } = this.#lively
    const port = this.url === '' ? '0' : new URL(this.url).port
    const words = ['--market', market, '--config', config, '--timerange', timerange, '--port', port]
    const child = spawn(process.execPath, [BBW, 'sim', 'serve', ...words, '--data-dir', this.folder], {
      env: { ...CHILD_ENV, BBW_DATA_DIR: this.folder, XDG_STATE_HOME: this.folder },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#child = child
    const ended = ending(child)
    this.#ended = ended
    const line = await Promise.race([
      once(createInterface(child.stdout), 'line').then(([text]) => String(text)),
      ended.then(({ err }) => {
        throw new Error(`the exchange has not started: ${err}`)
      }),
    ])
    const said = JSON.parse(line) as { readonly url: string; readonly key: string; readonly secret: string }
    this.url = said.url
    this.key = said.key
    this.secret = said.secret
  }

  /** Ends it, however; resolves when it is gone. */
  async stop(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    this.#child?.kill(signal)
    await this.#ended
    this.#child = null
  }

  /** Asks it something as another trader of the account would. */
  async use<T>(ask: (exchange: RemoteExchange) => Promise<T>): Promise<T> {
    const exchange = await RemoteExchange.connect({
      url: this.url,
      key: this.key,
      secret: this.secret,
      wall: () => Date.now(),
      sleep: ms => new Promise(resolve => setTimeout(resolve, ms)),
      random: () => 0.5,
      onTrouble: words => {
        throw new Error(words)
      },
    })
    try {
      return await ask(exchange)
    } finally {
      exchange.close()
    }
  }

  /** Lets its market go on by so many moments although its trader is away. */
  async goOn(moments: number): Promise<void> {
    let left = moments
    await this.use(exchange =>
      exchange.run(
        async () => {},
        async () => left-- > 0,
        null,
      ),
    )
  }

  /** Makes every other symbol's market so thin that a taker gets this much of it at once, in USDT. */
  async thin(usdt: number): Promise<void> {
    await this.use(async exchange => {
      const known = await exchange.history()
      const instruments = known.flatMap(input => (input.type === 'instrument' ? [input.instrument] : []))
      for (const [k, { symbol, stepSize }] of instruments.entries()) {
        const price = known.find(input => input.type === 'price' && input.symbol === symbol)
        if (k % 2 === 1 || price?.type !== 'price') continue
        const steps = Math.max(1, Math.round(usdt / price.last / stepSize)) as Steps
        const refusal = await exchange.act({ kind: 'thin', symbol, steps })
        if (refusal !== null) throw new Error(refusal)
      }
    })
  }

  /** The words of a `bbw run` on it, and the environment it needs. */
  runWords(folder: string): readonly string[] {
    const { config } = this.#lively
    return ['run', '--sim-url', this.url, '--data-dir', folder, '--config', config, '--plain']
  }

  get env(): { readonly [name: string]: string | undefined } {
    return { ...CHILD_ENV, BBW_SIM_KEY: this.key, BBW_SIM_SECRET: this.secret }
  }
}

/** `bbw run`, the product itself, as a process of its own. */
export function startRun(
  exchange: ExchangeProcess,
  folder: string,
  ...words: readonly string[]
): ChildProcess {
  return spawn(process.execPath, [BBW, ...exchange.runWords(folder), ...words], {
    env: exchange.env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}
