import { DAY } from '../core/base/units.ts'
import type { EngineEvent } from '../core/engine/protocol.ts'
import type { Standing } from '../core/engine/standing.ts'
import type { Trade } from '../core/portfolio/trade.ts'
import { eventRecord, tradeRecord } from '../core/wire/encode.ts'
import type { World } from './command.ts'
import type { Desk } from './desk.ts'
import { eventLine, tradeLine } from './lines.ts'
import { ndjson } from './ndjson.ts'
import { type Report, reportText, summaryRecord } from './report.ts'
import type { RunFacts } from './run-facts.ts'
import type { TradeSums } from './status-report.ts'
import type { LoopDashboard } from './views/loop-dashboard.ts'
import { canMount } from './views/mount.ts'

/** Events of earlier runs that the dashboard begins with. */
const EVENTS_SHOWN = 100

/**
 * What a run shows: a line or a record for everything that happens, or a dashboard on a terminal. Lines are written
 * together, so that the loop never waits for each one.
 */
export class Screen {
  readonly isDashboard: boolean
  readonly #world: World
  readonly #asRecords: boolean
  readonly #isSilent: boolean
  #lines: string[] = []
  /** What happens before the dashboard is there, which a line would spoil; `null` where none is to come. */
  #early: EngineEvent[] | null
  #dashboard: LoopDashboard | null = null
  #hasQuit = false
  #isReaderGone = false

  constructor(
    world: World,
    options: { readonly asRecords: boolean; readonly isPlain: boolean; readonly isSilent: boolean },
  ) {
    this.#world = world
    this.#asRecords = options.asRecords
    this.#isSilent = options.isSilent
    this.isDashboard = !options.asRecords && !options.isPlain && !options.isSilent && canMount(world)
    this.#early = this.isDashboard ? [] : null
  }

  /** The user has left the dashboard. */
  get hasQuit(): boolean {
    return this.#hasQuit
  }

  /** Nobody reads the lines any more, which is an end like any other. */
  get isReaderGone(): boolean {
    return this.#isReaderGone
  }

  event(event: EngineEvent): void {
    if (this.#dashboard !== null) this.#dashboard.journal.event(event)
    else if (this.#early !== null) this.#early.push(event)
    else if (!this.#isSilent) {
      this.#lines.push(this.#asRecords ? ndjson(eventRecord(event, false)) : `${eventLine(event)}\n`)
    }
  }

  trade(trade: Trade): void {
    if (this.#dashboard !== null) this.#dashboard.journal.trade(trade)
    else if (this.#early === null && !this.#isSilent) {
      this.#lines.push(this.#asRecords ? ndjson(tradeRecord(trade)) : `${tradeLine(trade)}\n`)
    }
  }

  /** Shows the dashboard where there is one. */
  async open(desk: Desk, facts: RunFacts, pace: string): Promise<void> {
    if (!this.isDashboard) return
    const { showLoop } = await import('./views/loop-dashboard.ts')
    const order = (command: 'pause' | 'resume' | 'halt') => (): void =>
      desk.hear({ type: 'command', at: 0, id: '', command, by: 'dashboard', reason: 'by key' })
    this.#dashboard = await showLoop({
      world: this.#world,
      facts: {
        title: 'run',
        exchange: facts.exchange,
        isDry: facts.dry,
        isOwn: true,
        market: `${facts.market}, ${pace}`,
      },
      earlier: earlierOf(desk),
      snapshot: () => desk.engine.snapshot(),
      actions: {
        pause: order('pause'),
        resume: order('resume'),
        halt: order('halt'),
        quit: () => {
          this.#hasQuit = true
        },
      },
    })
    // A view that fails is no reason to stop trading: what happens is shown as lines from then on.
    this.#dashboard.done.catch((error: unknown) => {
      this.#dashboard = null
      const reason = error instanceof Error ? error.message : String(error)
      this.#world.stderr.write(`the dashboard has failed (${reason}); lines follow\n`)
    })
    const known = desk.store?.recentEvents(EVENTS_SHOWN) ?? this.#early ?? []
    this.#early = null
    for (const event of known) this.#dashboard.journal.event(event)
  }

  /** Writes what has happened since. Rejects when the reader of the lines is gone. */
  async flush(): Promise<void> {
    if (this.#world.signal.aborted) this.#dashboard?.stopping()
    if (this.#lines.length === 0) return
    const text = this.#lines.join('')
    this.#lines = []
    try {
      await this.#world.stdout.write(text)
    } catch (error) {
      this.#isReaderGone = true
      throw error
    }
  }

  /** Takes the dashboard away, and writes the lines that are left. */
  async close(): Promise<void> {
    const dashboard = this.#dashboard
    this.#dashboard = null
    if (dashboard !== null) await dashboard.close()
    await this.flush()
  }

  /** The last words: what the run came to. */
  async end(report: Report): Promise<void> {
    const text = this.#asRecords ? ndjson(summaryRecord(report)) : `\n${reportText(report)}`
    await this.#world.stdout.write(text)
  }
}

/** What earlier runs on the same state have earned, and what a person has said. */
function earlierOf(desk: Desk): {
  readonly trades: TradeSums
  readonly standing: Standing
  readonly day: number
} {
  const day = Math.floor(desk.exchange.clock.now() / DAY)
  let [today, total, wins] = [0, 0, 0]
  const trades = desk.store?.trades() ?? []
  for (const { net, closedAt } of trades) {
    total += net
    if (net > 0) wins++
    if (Math.floor(closedAt / DAY) === day) today += net
  }
  const { standing } = desk.engine.books().ledger
  return { trades: { today, total, count: trades.length, wins }, standing, day }
}
