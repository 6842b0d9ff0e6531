/** Scenarios that last: a position that is older than what the exchange remembers, and what a process keeps over time. */
import process from 'node:process'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { DAY, MINUTE, type Milliseconds, SECOND, type Ticks } from '../core/base/units.ts'
import type { LivePorts } from '../core/engine/drivers/live.ts'
import type { Execution, Unread } from '../core/engine/protocol.ts'
import { type Listed, named } from './market.fixture.ts'
import { proposal } from './signals.fixture.ts'
import type { Simulation, SimulationOptions } from './simulation.fixture.ts'

const STILL: Listed = { price: 102, instrument: named('SOLUSDT', '0.1', '0.001'), isStill: true }

/** What came about in a scenario. */
export interface Aged {
  /** How many fills the exchange still knew of at each restart. */
  readonly known: number[]
  restarts: number
}

function isFill({ type }: Execution | Unread): boolean {
  return type === 'fill'
}

/**
 * A position on a market that stands still, older than the history of the exchange by far: the process is killed twice
 * meanwhile, and at the end a person asks for it to be closed.
 */
export function oldPosition(days: number, historyDays: number, aged: Aged): Partial<SimulationOptions> {
  const killed = (simulation: Simulation): void => {
    aged.restarts++
    if ('host' in simulation.exchange)
      aged.known.push(simulation.exchange.host.executions(0).filter(isFill).length)
    simulation.trader.kill()
  }
  return {
    days,
    historyDays,
    listed: [STILL],
    isLeftAlone: true,
    // Otherwise it would be closed for its age before.
    config: config => ({ ...config, maxBars: 2 * days + 30 }),
    script: simulation => {
      simulation.after(80 * SECOND, () => {
        const { instrument, price } = STILL
        const { signal } = proposal(simulation.kernel.draws, instrument, price, simulation.kernel.now)
        // Above the market it fills at once; unlike one at the market it may have waited for a slow loop.
        const order = { type: 'limit', price: 1_025 as Ticks } as const
        const plan = { stop: 990 as Ticks, target: 1_100 as Ticks, leverage: 3 }
        simulation.handIn({ ...signal, ...plan, strategy: 'mean-reversion', side: 'long', order })
      })
      // Not at a settlement: funding in between would be found afterwards.
      for (const share of [0.5, 0.8])
        simulation.after(share * days * DAY + 7 * MINUTE, () => killed(simulation))
      simulation.after(0.95 * days * DAY, () =>
        simulation.ask(
          {
            kind: 'close',
            symbol: STILL.instrument.symbol,
            side: 'long',
            isForeignToo: false,
            halts: false,
            by: 'a person',
            reason: 'it is old',
          },
          1,
        ),
      )
    },
  }
}

/** Planted: what no execution tells of is taken for not there. */
export function believesHistoryAlone(ports: LivePorts): LivePorts {
  const { broker } = ports
  return {
    ...ports,
    broker: {
      ...broker,
      account: async () => {
        const [account, executions] = await Promise.all([broker.account(), broker.executions(0)])
        const told = new Set(executions.filter(isFill).map(({ symbol }) => symbol))
        return { ...account, positions: account.positions.filter(({ symbol }) => told.has(symbol)) }
      },
    },
  }
}

/** The heap is looked at so often. */
const LOOK: Milliseconds = DAY / 4
const AT_START = 100 * 2 ** 20

/** Memory as it would be after a year in which it went on growing as it has so far. */
export class YearOfMemory {
  readonly #settled: Milliseconds
  readonly #least: Milliseconds
  #lookedAt = Number.NEGATIVE_INFINITY
  #before: { readonly at: Milliseconds; readonly heap: number } | null = null
  #now = AT_START
  /** How much it was at most. */
  most = 0

  /**
   * @param settled what is there by then is what it needs: the exchange, which is in the same process, keeps its news for
   *   as long as it remembers
   * @param least growth over less says nothing of a year
   */
  constructor(settled: Milliseconds, least: Milliseconds) {
    this.#settled = settled
    this.#least = least
  }

  readonly of = ({ kernel }: Simulation): number => {
    const at = kernel.now - kernel.start
    if (at >= this.#lookedAt + LOOK) {
      this.#lookedAt = at
      this.#look(at)
    }
    return this.#now
  }

  #look(at: Milliseconds): void {
    if (at < this.#settled) return
    collectGarbage()
    const { heapUsed: heap } = process.memoryUsage()
    if (this.#before === null) this.#before = { at, heap }
    const { at: since, heap: before } = this.#before
    if (at < since + this.#least) return
    this.#now = AT_START + Math.max(0, ((heap - before) / (at - since)) * 365 * DAY)
    this.most = Math.max(this.most, this.#now)
  }
}

function collectGarbage(): void {
  setFlagsFromString('--expose-gc')
  const collect: () => void = runInNewContext('gc')
  collect()
}

/** Planted: from some moment on every answer about the account is kept. */
export function keepsEverything(kept: unknown[], leaks: () => boolean): (ports: LivePorts) => LivePorts {
  return ports => ({
    ...ports,
    broker: {
      ...ports.broker,
      account: async () => {
        const account = await ports.broker.account()
        if (leaks()) kept.push(structuredClone(account))
        return account
      },
    },
  })
}
