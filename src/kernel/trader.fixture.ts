/**
 * `bbw run` as a process of the kernel: one that is started, dies at any point where it touches the outside, sleeps, has
 * a wall clock of its own that steps, and is started again by whoever looks after it through the one way there is.
 */

import type { Config } from '../commands/config.ts'
import { type Connected, Desk, type Machine } from '../commands/desk.ts'
import type { StateStore } from '../core/adapters/sqlite/state-store.ts'
import { StateStore as Store } from '../core/adapters/sqlite/state-store.ts'
import type { Log } from '../core/adapters/system/log.ts'
import { broken } from '../core/base/assert.ts'
import type { Code } from '../core/base/codes.ts'
import { ExchangeError, HeldError, StoreError, type StoreTrouble } from '../core/base/errors.ts'
import { type Milliseconds, SECOND, type Timestamp } from '../core/base/units.ts'
import type { LivePorts } from '../core/engine/drivers/live.ts'
import type { Batch, BrokerPort, StorePort } from '../core/engine/ports.ts'
import type { Audit, Known, Trading } from './audit.fixture.ts'
import type { FaultPlan } from './fault-plan.fixture.ts'
import type { Kernel, Life } from './kernel.fixture.ts'

/** Places of a plan where the process may end: `crash commit`, `crash place`. */
export const CRASH_KINDS = ['before', 'after'] as const
/** What a disk does: `commit`. */
export const DISK_FAULTS = ['busy', 'full', 'io'] as const

/** The process ends here, as a kill would have it. */
class Killed extends Error {
  override readonly name = 'Killed'
}

/** A wall clock, which can be set, and a monotonic one, which cannot. */
export class MachineClock {
  readonly #kernel: Kernel
  offset: Milliseconds = 0

  constructor(kernel: Kernel) {
    this.#kernel = kernel
  }

  now(): Timestamp {
    return this.#kernel.now + this.offset
  }

  monotonic(): Milliseconds {
    return this.#kernel.now - this.#kernel.start
  }
}

/** Processes by their numbers, as the system knows them. */
export class ProcessTable {
  readonly #lives = new Map<number, Life>()

  add(life: Life): void {
    this.#lives.set(life.number, life)
  }

  readonly isAlive = (pid: number): boolean => this.#lives.get(pid)?.isOver === false
}

export interface TraderOptions {
  readonly name: string
  readonly kernel: Kernel
  readonly plan: FaultPlan
  readonly audit: Audit
  readonly folder: string
  readonly config: Config
  readonly clock: MachineClock
  readonly processes: ProcessTable
  /** It looks at its clocks so often. */
  readonly pace: Milliseconds
  /** What it uses, in bytes. */
  readonly memory: () => number
  /** Connects a process to the exchange. */
  connect(life: Life): Promise<Connected>
  /** A planted mistake: stands between the driver and the outside. */
  readonly mistake?: ((ports: LivePorts) => LivePorts) | undefined
  /** Told when it is up, and when and how it has ended. */
  up(): void
  ended(how: Ending): void
  /** Hears of every message with a code. */
  said(code: Code, words: string): void
  /** Something that must never end a process has ended one. */
  fault(error: unknown): void
}

/** How a start came out. */
export type Ending = 'killed' | 'stopped' | 'held' | 'lost-lease' | 'no-exchange' | 'disk'

/** Whoever looks after it waits so long before it starts it again. */
const RESTART: Milliseconds = 5 * SECOND
/** The loop looks at its clocks so often. */
export const PACE: Milliseconds = 2 * SECOND

export class Trader {
  readonly #options: TraderOptions
  #life: Life | null = null
  #desk: Desk | null = null
  #store: StateStore | null = null
  #stop: AbortController | null = null
  #isKept = false
  /** Since when it has been up. */
  upSince: Timestamp | null = null
  starts = 0

  constructor(options: TraderOptions) {
    this.#options = options
  }

  /** What it holds while it is up; `null` while it is down or not up yet. */
  get trading(): Trading | null {
    const [life, desk] = [this.#life, this.#desk]
    if (life === null || life.isOver || desk === null) return null
    return { life, engine: desk.engine, token: desk.store?.token ?? null }
  }

  get life(): Life | null {
    return this.#life
  }

  /** Starts it, and again whenever it has ended, until it is released. */
  keep(): void {
    this.#isKept = true
    if (this.#life === null) this.start()
  }

  /** It is not started again. */
  release(): void {
    this.#isKept = false
  }

  start(): void {
    const { kernel, name, processes } = this.#options
    const life = kernel.life(name)
    processes.add(life)
    this.#life = life
    this.#stop = new AbortController()
    this.starts++
    kernel.note(`${name} starts as ${life.number}`)
    life.after(0, 'begins', () => {
      void this.#main(life).then(
        how => this.#ended(life, how),
        (error: unknown) => this.#failed(life, error),
      )
    })
  }

  /** It ends at once and in the middle of everything. */
  kill(): void {
    const life = this.#life
    if (life === null || life.isOver) return
    this.#end(life)
    this.#ended(life, 'killed')
  }

  /** It is asked to end. */
  stop(): void {
    this.#stop?.abort('SIGTERM')
  }

  #end(life: Life): void {
    life.end()
    this.#options.audit.disturbed()
    this.#store?.close()
    this.#store = null
    this.#desk = null
    this.upSince = null
  }

  #ended(life: Life, how: Ending): void {
    const { kernel, name, audit } = this.#options
    this.#options.ended(how)
    kernel.note(`${name} ${life.number} has ended: ${how}`)
    life.end()
    audit.disturbed()
    if (this.#life !== life) return
    this.#life = null
    this.#desk = null
    this.#store = null
    this.upSince = null
    audit.whole()
    if (!this.#isKept) return
    kernel.schedule(how === 'held' ? 4 * RESTART : RESTART, `${name} is started again`, () => {
      if (this.#isKept && this.#life === null) this.start()
    })
  }

  #failed(life: Life, error: unknown): void {
    // What a killed process throws on its way out is heard by nobody.
    if (life.isOver) return
    if (error instanceof HeldError) this.#ended(life, 'held')
    else if (error instanceof ExchangeError) this.#ended(life, 'no-exchange')
    else if (error instanceof StoreError) {
      this.#ended(life, error.trouble === 'lease-lost' ? 'lost-lease' : 'disk')
      if (error.trouble === 'damaged') this.#options.fault(error)
    } else {
      this.#ended(life, 'stopped')
      this.#options.fault(error)
    }
  }

  async #main(life: Life): Promise<Ending> {
    const { kernel, clock, config, folder, audit, name } = this.#options
    const stop = this.#stop ?? broken('it was started')
    const desk = await Desk.open({
      world: {
        clock: {
          now: () => clock.now(),
          monotonic: () => clock.monotonic(),
          sleep: (ms, signal) => life.sleep(ms, signal),
        },
      },
      config,
      folder,
      connect: () => this.#options.connect(life),
      facts: { exchange: 'sim', dry: false, market: 'simulated' },
      log: this.#log(),
      everyCycle: true,
      memory: this.#options.memory,
      journal: { event() {}, trade() {} },
      machine: this.#machine(life),
      between: ports => this.#between(ports, life),
    })
    if (life.isOver) return 'killed'
    this.#desk = desk
    this.upSince = kernel.now
    audit.disturbed()
    kernel.note(`${name} ${life.number} is up`)
    this.#options.up()
    let isClean = false
    try {
      await desk.exchange.run(
        () => desk.driver.idle(),
        async () => {
          if (stop.signal.aborted) return false
          await life.sleep(this.#options.pace, stop.signal).catch(() => {})
          if (stop.signal.aborted) return false
          desk.tick()
          await desk.driver.idle()
          return true
        },
        null,
      )
      isClean = true
      desk.close(true)
      return 'stopped'
    } finally {
      // One that was killed closes nothing.
      if (!life.isOver && !isClean) desk.close(false)
    }
  }

  #machine(life: Life): Machine {
    const { kernel, processes, name } = this.#options
    return {
      self: { pid: life.number, host: 'here', processStart: String(life.number) },
      isAlive: processes.isAlive,
      random: () => kernel.draws.next(`chance of ${name}`),
    }
  }

  #log(): Log {
    const quiet = (): void => {}
    return {
      debug: quiet,
      info: quiet,
      warn: quiet,
      error: quiet,
      code: (code, words) => {
        this.#options.kernel.note(`${code} ${words}`)
        this.#options.said(code, words)
      },
      lost: 0,
      close: quiet,
    }
  }

  // --- between the driver and the outside

  #between(ports: LivePorts, life: Life): LivePorts {
    const { store } = ports
    if (!(store instanceof Store)) broken('a trader keeps a state')
    this.#store = store
    this.#options.audit.ours(store.instance)
    const { journal } = ports
    const watched: LivePorts = {
      ...ports,
      broker: this.#broker(ports.broker, life),
      store: this.#disk(store, life),
      journal: {
        ...journal,
        event: event => {
          if (event.code !== null) this.#options.said(event.code, `${event.symbol ?? ''} ${event.reason}`)
          this.#options.kernel.note(`event ${event.kind} ${event.code} ${event.symbol} ${event.reason}`)
          journal.event(event)
        },
      },
    }
    return this.#options.mistake?.(watched) ?? watched
  }

  /** While it is not up yet its desk is not known: the engine is that of the ports. */
  #trading(life: Life): Trading | null {
    const store = this.#store
    const desk = this.#desk
    return store === null || desk === null ? null : { life, engine: desk.engine, token: store.token }
  }

  #broker(broker: BrokerPort, life: Life): BrokerPort {
    const request = (
      operation: string,
      args: readonly unknown[],
      send: () => Promise<void>,
    ): Promise<void> => {
      const known = (symbol: string): Known | null =>
        this.#trading(life)?.engine.marketSignal(symbol, 'long') ?? null
      this.#options.audit.leaving(operation, args, this.#store?.token ?? null, known)
      const crash = this.#options.plan.strike(`crash ${operation}`)
      if (crash?.kind === 'before') this.#die(life)
      const sent = send()
      if (crash?.kind === 'after') {
        sent.catch(() => {})
        this.#die(life)
      }
      return sent
    }
    return {
      place: order => request('place', [order], () => broker.place(order)),
      amend: (symbol, id, price, steps) =>
        request('amend', [symbol, id, price, steps], () => broker.amend(symbol, id, price, steps)),
      cancel: (symbol, id) => request('cancel', [symbol, id], () => broker.cancel(symbol, id)),
      setStop: (requestId, symbol, side, stop) =>
        request('setStop', [requestId, symbol, side, stop], () =>
          broker.setStop(requestId, symbol, side, stop),
        ),
      setLeverage: (requestId, symbol, leverage, side) =>
        request('setLeverage', [requestId, symbol, leverage], () =>
          broker.setLeverage(requestId, symbol, leverage, side),
        ),
      leverage: (symbol, side) => broker.leverage(symbol, side),
      account: () => broker.account(),
      lookUp: (symbol, id) => broker.lookUp(symbol, id),
      executions: since => broker.executions(since),
    }
  }

  #disk(store: StateStore, life: Life): StorePort {
    const { plan, audit, config, kernel } = this.#options
    return {
      commit: (batch: Batch) => {
        const trading = this.#trading(life)
        if (trading !== null) audit.committing(batch, trading, config.guards['total-margin'] as never)
        const fault = plan.strike('commit')
        if (fault !== null) {
          kernel.note(`fault ${fault.kind} of the disk`)
          audit.disturbed()
          audit.unsaved(batch)
          throw new StoreError(`the state: ${fault.kind}`, {
            retryable: fault.kind === 'busy',
            trouble: fault.kind as StoreTrouble,
          })
        }
        const crash = plan.strike('crash commit')
        if (crash?.kind === 'before') this.#die(life)
        const refused = store.commit(batch)
        audit.committed(batch, refused, trading)
        if (crash?.kind === 'after') this.#die(life)
        return refused
      },
    }
  }

  #die(life: Life): never {
    if (!life.isOver) {
      this.#end(life)
      this.#ended(life, 'killed')
    }
    throw new Killed('killed')
  }
}
