/** Exchanges on which traders are killed: the embedded one in a process of its own, and the simulated Bybit. */
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { ticks } from '../core/adapters/sim/exchange.fixture.ts'
import { type Random, random } from '../core/base/random.ts'
import { MINUTE, type Milliseconds, SECOND, type Usdt } from '../core/base/units.ts'
import type { Account, KnownAccount, OrderRequest } from '../core/engine/protocol.ts'
import { CHILD_ENV, ExchangeProcess, LIVELY_WALLET, writeLively } from './exchange-process.fixture.ts'
import { LOOPBACK_WALLET, LoopbackBybit } from './loopback-bybit.fixture.ts'

export interface SweptExchange {
  /** What its account begins with. */
  readonly wallet: Usdt
  /** Its market stands while its trader does, and ends with everything closed; else it goes on by itself, without end. */
  readonly isPaced: boolean
  start(): Promise<void>
  /** Ends it; what it knows it knows again. */
  stop(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>
  /** Lets its market go on by so many moments although no trader is there. */
  goOn(moments: number): Promise<void>
  account(): Promise<KnownAccount>
  /** How much each order of a trader's has filled, in steps. */
  filled(): Promise<ReadonlyMap<string, number>>
  /** The ids of all orders that traders have placed, one as often as it has become an order. Once it has ended. */
  placed(): readonly string[]
  /** A `bbw run` on it. */
  words(folder: string): readonly string[]
  readonly env: { readonly [name: string]: string | undefined }
  /**
   * The longest time for which a position stood without its stop while its trader was told and answered, and that from the
   * last moment on at which it was not, or was dead, by the exchange's clock; `null`: nobody looks.
   */
  readonly bare: { readonly answeredMs: Milliseconds; readonly afterMs: Milliseconds } | null
  /** Gives the trader of a folder something to do until that is called which is returned. */
  keepBusy(folder: string): () => void
}

export interface SweptMarket {
  readonly folder: string
  readonly seed: number
  readonly symbols: number
  readonly days: number
  /** Of one that is made up: every other symbol has little to offer at once. */
  readonly isThin: boolean
}

export type OpenSwept = (market: SweptMarket) => Promise<SweptExchange>

/** All of it can be read. */
function knownOf({ wallet, ...account }: Account): KnownAccount {
  if (wallet === null) throw new Error('the exchange does not tell the wallet')
  return { ...account, wallet }
}

// --- the embedded one ---------------------------------------------------------------------------------------------

/** What every other symbol of every other market has for a taker: less than half of a position, in USDT. */
const THIN = 200

export const embedded: OpenSwept = async ({ folder, seed, symbols, days, isThin }) => {
  const exchange = new EmbeddedSwept(join(folder, 'exchange'), writeLively(folder, seed, symbols, days))
  await exchange.start()
  if (isThin) await exchange.thin(THIN)
  return exchange
}

class EmbeddedSwept extends ExchangeProcess implements SweptExchange {
  readonly wallet = LIVELY_WALLET
  readonly isPaced = true

  async account(): Promise<KnownAccount> {
    return knownOf(await this.use(exchange => exchange.account()))
  }

  async filled(): Promise<ReadonlyMap<string, number>> {
    const executions = await this.use(exchange => exchange.executions(0))
    const filled = new Map<string, number>()
    for (const execution of executions) {
      if (execution.type !== 'fill' || execution.clientOrderId === null) continue
      const { clientOrderId: id, steps } = execution
      filled.set(id, (filled.get(id) ?? 0) + steps)
    }
    return filled
  }

  placed(): readonly string[] {
    const journal = new DatabaseSync(join(this.folder, 'sim.db'), { readOnly: true })
    try {
      const told = journal.prepare('SELECT op FROM journal ORDER BY seq').all()
      const ids = told.flatMap(({ op }) => {
        const { operation } = JSON.parse(String(op)) as {
          readonly operation: { readonly op: string; readonly order?: OrderRequest }
        }
        return operation.op === 'place' ? [operation.order?.clientOrderId ?? ''] : []
      })
      // Whoever asks twice under one id gets one order.
      return [...new Set(ids)]
    } finally {
      journal.close()
    }
  }

  words(folder: string): readonly string[] {
    return [...this.runWords(folder), '--speed', 'max', '--ndjson']
  }

  readonly bare = null

  keepBusy(): () => void {
    return () => {}
  }
}

// --- Bybit --------------------------------------------------------------------------------------------------------

/** Seconds of its clock in one of the wall's: a start takes a good minute of the market. */
const SPEED = 40
const SYMBOLS = ['BTCUSDT', 'ETHUSDT', 'SOLUSDT', 'ADAUSDT', 'XRPUSDT', 'LTCUSDT', 'DOTUSDT', 'LINKUSDT']
/** Prices go so far up and down about where they began, in waves of so many minutes and more. */
const SWING = { share: 0.04, minutes: 7 } as const
/** How far below its entry a stop lies; where no wave comes down to it, a position would stay for ever. */
const STOP_AT = 0.98
const LEAST_STOP = 100 * (1 - SWING.share) + 0.5
/** A moment without a trader. */
const MOMENT = 5 * SECOND
/** Something new to do comes so often, by the wall's clock. */
const EVERY_MS = 150
/** Less than half of a position. */
const THIN_STEPS = 2_000

export const bybit: OpenSwept = async ({ folder, seed, symbols }) => {
  const names = SYMBOLS.slice(0, symbols)
  const exchange = await LoopbackBybit.open({
    folder,
    speed: SPEED,
    symbols: names,
    swing: SWING,
    slowWhenBare: true,
  })
  // Every other symbol has little to offer at times.
  const thin = names.filter((_, k) => k % 2 === 0)
  exchange.sim.setFaults(
    thin.flatMap(symbol => [
      { fault: 'thin', symbol, steps: THIN_STEPS, every: 3 * MINUTE } as const,
      { fault: 'thin', symbol, every: 7 * MINUTE } as const,
    ]),
  )
  return new BybitSwept(exchange, names, random(`busy ${seed}`))
}

class BybitSwept implements SweptExchange {
  readonly wallet = LOOPBACK_WALLET
  readonly isPaced = false
  readonly #exchange: LoopbackBybit
  readonly #symbols: readonly string[]
  readonly #random: Random

  constructor(exchange: LoopbackBybit, symbols: readonly string[], random: Random) {
    this.#exchange = exchange
    this.#symbols = symbols
    this.#random = random
  }

  start(): Promise<void> {
    return this.#exchange.start()
  }

  stop(): Promise<void> {
    return this.#exchange.stop()
  }

  async goOn(moments: number): Promise<void> {
    this.#exchange.goOn(moments * MOMENT)
  }

  async account(): Promise<KnownAccount> {
    return knownOf(await this.#exchange.account())
  }

  async filled(): Promise<ReadonlyMap<string, number>> {
    return new Map(this.#links.map(([id, { filled }]) => [id, filled]))
  }

  placed(): readonly string[] {
    return this.#links.flatMap(([id, { orders }]) => Array.from({ length: orders }, () => id))
  }

  get #links() {
    return [...this.#exchange.sim.desk.account.links].filter(([id]) => id !== '')
  }

  words(folder: string): readonly string[] {
    return [...this.#exchange.runWords(folder), '--ndjson']
  }

  get bare(): SweptExchange['bare'] {
    const { exposure, now } = this.#exchange.sim
    const { answered, disturbed } = exposure.report(now)
    return { answeredMs: answered.longestMs, afterMs: disturbed.longestAfterMs }
  }

  get env(): SweptExchange['env'] {
    return { ...CHILD_ENV, ...this.#exchange.env }
  }

  keepBusy(folder: string): () => void {
    const exchange = this.#exchange
    const handing = setInterval(() => {
      const symbol = this.#symbols[this.#random.int(this.#symbols.length)]
      const last = exchange.price(symbol)
      if (last * STOP_AT < LEAST_STOP) return
      const isReversion = this.#random.next() < 0.6
      exchange.propose(folder, symbol, {
        stop: ticks(last * STOP_AT),
        target: ticks(last * 1.015),
        ...(isReversion
          ? { strategy: 'mean-reversion', leverage: 10, order: { type: 'limit', price: ticks(last) } }
          : {}),
      })
    }, EVERY_MS)
    return () => clearInterval(handing)
  }
}
