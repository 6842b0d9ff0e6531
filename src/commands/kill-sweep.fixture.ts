/**
 * The kill sweep: one trader after the other on the same books, each killed at a counted point, on an exchange in
 * another process, until its market ends; then the next market. After each restart books and exchange are compared. On an
 * exchange whose market goes on by itself they have to agree within 40 s of it, and orders and quantities at once.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'
import { checkState } from '../core/adapters/sqlite/check.ts'
import { KV } from '../core/adapters/sqlite/kv.ts'
import { openStatus, type StatusSource } from '../core/adapters/sqlite/status-reader.ts'
import { type Random, random } from '../core/base/random.ts'
import { type Milliseconds, SECOND } from '../core/base/units.ts'
import type { BookedOrder, BookedPosition } from '../core/engine/books.ts'
import type { Account, OrderRequest } from '../core/engine/protocol.ts'
import { STATE_FILE } from './desk.ts'
import { type Ended, ending } from './exchange-process.fixture.ts'
import { AGAIN, PHASES, type Phase, PLAN, type Plan, type Report } from './kill-sweep-child.fixture.ts'
import { embedded, type OpenSwept, type SweptExchange } from './swept-exchange.fixture.ts'

const CHILD = join(import.meta.dirname, 'kill-sweep-child.fixture.ts')
/** A child that takes longer hangs. */
const LIMIT_MS = 60_000
/** Kills during recovery in a row: bbw takes the fifth start without a clean end for a reason to stop. */
const MOST_EARLY = 3
const CENT = 0.01
/** A stop that is missing is there within 2 s where its trader is told and answered. */
const MOST_BARE: Milliseconds = 2 * SECOND
/** From its last disturbance on, such as its trader's death: whatever was not told is seen half a minute later. */
const MOST_BARE_AFTER: Milliseconds = 30 * SECOND + MOST_BARE
/** Lives that did not come to their point in time; there may be a few where the market goes on by itself. */
const MOST_LATE = 5
/** Looks at books and exchange, of which one or the other was about to hear of something. */
const MOST_LOOKS = 10
/** The points of a phase among which one is drawn: so many on a request, roughly. */
const SPREAD: { readonly [phase in Phase]: number } = {
  'before-send': 6,
  'reply-lost': 12,
  uncommitted: 12,
  'in-transaction': 80,
  'after-commit': 6,
}

export interface SweepOptions {
  readonly seed: number
  readonly kills: number
  readonly symbols: number
  /** Of a market that ends. */
  readonly days: number
  /** Left out: the embedded exchange. */
  readonly exchange?: OpenSwept
  readonly build: Plan['build']
  /** Every so many traders one sees its exchange die. */
  readonly deadExchangeEvery: number
  /** Phases to kill at; all if left out. */
  readonly phases?: readonly Phase[]
  /** Told every so often how far it is. */
  readonly tell?: (words: string) => void
}

export interface SweepResult {
  /** Kills by phase, and in each phase by what was going on. */
  readonly kills: Map<Phase, Map<string, number>>
  readonly total: number
  /** Restarts after which books and exchange were compared. */
  readonly compared: number
  /** Comparisons that were made once more, because something was on its way to the books. */
  readonly again: number
  readonly deadExchanges: number
  /** Moments that the exchange has moved on while no trader lived. */
  readonly away: number
  readonly markets: number
  readonly trades: number
  /** What was wrong, with where; the sweep ends with the first. */
  readonly violation: string | null
}

class Violation extends Error {}

/** Kills until there were so many kills, or something is wrong. */
export async function sweep(options: SweepOptions): Promise<SweepResult> {
  const run = new Sweep(options)
  let violation: string | null = null
  try {
    while (run.total < options.kills) await run.market()
  } catch (error) {
    if (!(error instanceof Violation)) throw error
    violation = error.message
  }
  const { kills, total, compared, again, deadExchanges, away, markets, trades } = run
  return { kills, total, compared, again, deadExchanges, away, markets, trades, violation }
}

/** Several sweeps as one. */
export function together(results: readonly SweepResult[]): SweepResult {
  const kills = new Map<Phase, Map<string, number>>()
  for (const result of results) {
    for (const [phase, kinds] of result.kills) {
      const all = kills.get(phase) ?? new Map<string, number>()
      kills.set(phase, all)
      for (const [kind, count] of kinds) all.set(kind, (all.get(kind) ?? 0) + count)
    }
  }
  const sum = (
    name: 'total' | 'compared' | 'again' | 'deadExchanges' | 'away' | 'markets' | 'trades',
  ): number => results.reduce((total, result) => total + result[name], 0)
  return {
    kills,
    total: sum('total'),
    compared: sum('compared'),
    again: sum('again'),
    deadExchanges: sum('deadExchanges'),
    away: sum('away'),
    markets: sum('markets'),
    trades: sum('trades'),
    violation: results.find(({ violation }) => violation !== null)?.violation ?? null,
  }
}

/** Kills by phase, 0 where there was none. */
export function killsIn({ kills }: SweepResult, phase: Phase): number {
  return [...(kills.get(phase)?.values() ?? [])].reduce((sum, count) => sum + count, 0)
}

/** The counts of a sweep as a table. */
export function tableOf(result: SweepResult): string {
  const { kills, total, ...rest } = result
  const lines = PHASES.map(phase => {
    const kinds = [...(kills.get(phase) ?? [])].sort(([, a], [, b]) => b - a)
    const count = killsIn(result, phase)
    return `${phase.padEnd(15)} ${String(count).padStart(5)}  ${kinds.map(([kind, n]) => `${kind} ${n}`).join(', ')}`
  })
  const others = Object.entries(rest).flatMap(([name, value]) =>
    typeof value === 'number' ? [`${name} ${value}`] : [],
  )
  return [...lines, `${'all'.padEnd(15)} ${String(total).padStart(5)}  ${others.join(', ')}`].join('\n')
}

class Sweep {
  readonly kills = new Map<Phase, Map<string, number>>()
  total = 0
  compared = 0
  again = 0
  deadExchanges = 0
  away = 0
  markets = 0
  trades = 0
  #children = 0
  readonly #options: SweepOptions
  readonly #random: Random

  constructor(options: SweepOptions) {
    this.#options = options
    this.#random = random(`kill sweep ${options.seed}`)
  }

  /** One market from its beginning to its end. */
  async market(): Promise<void> {
    const { seed, symbols, days, exchange: open = embedded } = this.#options
    const folder = mkdtempSync(join(tmpdir(), 'bbw-sweep-'))
    const nth = this.markets++
    let exchange: SweptExchange | null = null
    try {
      exchange = await open({ folder, seed: seed + nth, symbols, days, isThin: nth % 2 === 1 })
      const state = join(folder, 'trader')
      mkdirSync(state)
      await new Market(this, exchange, state).toItsEnd()
      await exchange.stop('SIGTERM')
      accepted(exchange.placed(), join(state, STATE_FILE))
    } finally {
      await exchange?.stop('SIGKILL')
      rmSync(folder, { recursive: true })
    }
  }

  /** What the next trader is to do; `null` where there were enough kills. */
  plan(early: number): Plan {
    const { build, kills, deadExchangeEvery, phases = PHASES } = this.#options
    const nth = this.#children++
    const phase = phases[nth % phases.length]
    const isDeadly = deadExchangeEvery > 0 && nth % deadExchangeEvery === deadExchangeEvery - 1
    const isEnough = this.total >= kills
    return {
      phase: isEnough ? null : phase,
      nth: 1 + this.#random.int(SPREAD[phase]),
      isEarly: early < MOST_EARLY && this.#random.next() < 0.25,
      lagMs: this.#random.next() < 0.5 ? 0 : 5,
      waitAt: isDeadly ? 1 + this.#random.int(3) : 0,
      build,
    }
  }

  count(phase: Phase, kind: string): void {
    const kinds = this.kills.get(phase) ?? new Map<string, number>()
    this.kills.set(phase, kinds)
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1)
    this.total++
    if (this.total % 25 === 0) {
      this.#options.tell?.(`${this.total} kills, ${this.compared} compared, market ${this.markets}`)
    }
  }

  /** Moments that the market goes on by before the next trader. */
  drawAway(): number {
    const moments = this.#random.next() < 0.5 ? 0 : 1 + this.#random.int(30)
    this.away += moments
    return moments
  }
}

/** One exchange with its traders. */
class Market {
  readonly #sweep: Sweep
  readonly #exchange: SweptExchange
  readonly #folder: string
  /** Traders that were killed since one has recovered. */
  #early = 0
  #hasBooks = false
  #last = 'the first start'
  #late = 0
  /** The exchange is being started again. */
  #coming: Promise<void> = Promise.resolve()

  constructor(sweep: Sweep, exchange: SweptExchange, folder: string) {
    this.#sweep = sweep
    this.#exchange = exchange
    this.#folder = folder
  }

  get #path(): string {
    return join(this.#folder, STATE_FILE)
  }

  async toItsEnd(): Promise<void> {
    for (;;) {
      let plan = this.#sweep.plan(this.#early)
      // A first trader has nothing to recover; it has to get as far as having books.
      if (!this.#hasBooks) plan = { ...plan, isEarly: true, nth: plan.nth + 20 * this.#early }
      const killed = await this.#live(plan)
      await this.#coming
      if (killed === null) break
      const moments = this.#sweep.drawAway()
      if (moments > 0) await this.#exchange.goOn(moments)
      this.#last = `${killed}, then ${moments} moments alone (${JSON.stringify(plan)})`
    }
    const wrong = await this.#atTheEnd()
    if (wrong.length > 0) this.#fail('the end of the market', wrong)
  }

  /** One trader's life: where it has ended; `null` where it has seen the end of the market. */
  async #live(plan: Plan): Promise<string | null> {
    const exchange = this.#exchange
    const child = startPlanned(exchange.words(this.#folder), exchange.env, plan)
    const limit = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS)
    const ended = ending(child)
    this.#early++
    let killed: Extract<Report, { readonly is: 'killed' }> | null = null
    let leave = (): void => {}
    let looks = 0
    try {
      for await (const report of reportsOf(child)) {
        if (report.is === 'killed') killed = report
        else if (report.is === 'sending') {
          await this.#killExchange()
          child.stdin?.write('\n')
        } else if (await this.#isRight(child, ++looks)) {
          child.stdin?.write('\n')
          leave = exchange.keepBusy(this.#folder)
          // A market that ends is seen to its end.
          if (plan.phase === null && !exchange.isPaced) child.kill('SIGTERM')
        } else {
          this.#sweep.again++
          child.stdin?.write(`${AGAIN}\n`)
        }
      }
    } finally {
      leave()
      child.kill('SIGKILL')
      clearTimeout(limit)
    }
    const how = await ended
    if (killed === null && how.code === 0) return null
    if (killed === null) {
      // By the wall's clock a point may be far: such a life is cut wherever it stands, and the next one has to go on from there.
      if (!exchange.isPaced && how.signal === 'SIGKILL' && ++this.#late <= MOST_LATE) return 'a life too long'
      this.#fail(`a trader has ended ${endOf(how)}`, [JSON.stringify(plan)])
    }
    this.#sweep.count(killed.phase, killed.kind)
    return `${killed.kind} ${killed.phase}`
  }

  /** Whether books and exchange agree once a trader has recovered; `looks`: it has been looked so often. */
  async #isRight(child: ChildProcess, looks: number): Promise<boolean> {
    this.#early = 0
    this.#hasBooks = true
    await this.#coming
    const strange = await this.#strange()
    const wrong = strange.length > 0 ? strange : await this.#compare()
    if (wrong.length > 0) {
      // Where the market goes on by itself the books may be about to hear of something.
      if (strange.length === 0 && !this.#exchange.isPaced && looks < MOST_LOOKS) return false
      child.kill('SIGKILL')
      this.#fail('after the restart', wrong)
    }
    this.#sweep.compared++
    // Starts that are meant to fail must not count: the fifth of them in ten minutes would halt everything.
    const state = new DatabaseSync(this.#path, { timeout: LIMIT_MS })
    state.prepare('DELETE FROM kv WHERE key = ?').run(KV.starts)
    state.close()
    return true
  }

  async #killExchange(): Promise<void> {
    await this.#exchange.stop('SIGKILL')
    this.#sweep.deadExchanges++
    this.#coming = new Promise(resolve => setTimeout(resolve, 100)).then(() => this.#exchange.start())
  }

  /** What cannot be made good: the state is damaged, or an order was never written down or has filled too much. */
  async #strange(): Promise<readonly string[]> {
    const filled = await this.#exchange.filled()
    return this.#reading(status => {
      const intents = status.query("SELECT id, request FROM intents WHERE kind = 'order'")
      const known = new Map(
        intents.map(({ id, request }) => [String(id), JSON.parse(String(request)) as OrderRequest]),
      )
      return [...checkState(this.#path).wrong, ...filledWrong(filled, known)]
    })
  }

  /** Everything in which books and exchange differ. */
  async #compare(): Promise<readonly string[]> {
    const account = await this.#exchange.account()
    return this.#reading(status => {
      const { ledger, positions, orders } = status.status(0, 0)
      const found = [...positionsWrong(positions, account), ...ordersWrong(orders, account)]
      const wallet = ledger?.wallet ?? this.#exchange.wallet
      if (Math.abs(wallet - account.wallet) > CENT)
        found.push(`wallet ${account.wallet}, in the books ${wallet}`)
      return found
    })
  }

  /** What is wrong once the last trader has ended; a market that ends has closed everything by then. */
  async #atTheEnd(): Promise<readonly string[]> {
    const account = await this.#exchange.account()
    const { wallet, isPaced } = this.#exchange
    const strange = await this.#strange()
    const different = isPaced ? await this.#compare() : []
    return this.#reading(status => {
      const { ledger, orders, total } = status.status(0, 0)
      this.#sweep.trades += total.count
      const found = [...strange, ...different]
      if (ledger !== null && (ledger.standing.halted !== null || ledger.gates.halted)) {
        found.push(`halted: ${JSON.stringify(ledger.standing)}`)
      }
      const { bare } = this.#exchange
      if (bare !== null && (bare.answeredMs > MOST_BARE || bare.afterMs > MOST_BARE_AFTER))
        found.push(`a position stood without its stop: ${JSON.stringify(bare)}`)
      if (!isPaced) return found
      if (account.positions.length > 0) found.push('positions are left over')
      if (Math.abs(wallet + total.net - account.wallet) > CENT) {
        found.push(`the trades sum up to ${total.net}, the wallet has changed by ${account.wallet - wallet}`)
      }
      for (const { doubt } of orders) if (doubt !== null) found.push(`in doubt: ${JSON.stringify(doubt)}`)
      return found
    })
  }

  #reading<T>(read: (status: StatusSource) => T): T {
    const status = openStatus(this.#path)
    if (status === null) throw new Violation('there is no state')
    try {
      return read(status)
    } finally {
      status.close()
    }
  }

  #fail(when: string, wrong: readonly string[]): never {
    throw new Violation(
      `kill ${this.#sweep.total}, market ${this.#sweep.markets}, ${when}, after ${this.#last}:\n  ${wrong.join('\n  ')}`,
    )
  }
}

/** A trader with a plan, as a process of its own; its reports are read with `reportsOf`. */
export function startPlanned(words: readonly string[], env: SweptExchange['env'], plan: Plan): ChildProcess {
  return spawn(process.execPath, [CHILD, ...words], {
    env: { ...env, [PLAN]: JSON.stringify(plan) },
    stdio: ['pipe', 'ignore', 'pipe', 'pipe'],
  })
}

/** What a trader with a plan says, until it has ended. */
export async function* reportsOf(child: ChildProcess): AsyncGenerator<Report> {
  const pipe = child.stdio[3]
  if (pipe === null || pipe === undefined || !('readable' in pipe))
    throw new Error('a child reports on a pipe')
  for await (const line of createInterface(pipe)) yield JSON.parse(line) as Report
}

function endOf({ code, signal, err }: Ended): string {
  return `${code === null ? `by ${signal}` : `with ${code}`}: ${err.trim().split('\n').slice(-8).join('\n  ')}`
}

/** Positions and stops in which books and exchange differ. */
export function positionsWrong(books: readonly BookedPosition[], account: Account): readonly string[] {
  const found: string[] = []
  for (const { symbol, side, steps, stop } of account.positions) {
    const booked = books.find(({ position }) => position.symbol === symbol && position.side === side)
    const name = `${symbol} ${side}`
    // What a stop has left over when it fired is being closed.
    const isClosing = booked?.stop?.closing != null
    if (stop === null && !isClosing) found.push(`${name} has no stop`)
    if (booked === undefined) {
      found.push(`${name} is held, and the books do not know it`)
      continue
    }
    const { position } = booked
    if (position.steps !== steps) found.push(`${name}: ${steps} steps, in the books ${position.steps}`)
    if (position.stop !== stop && !(stop === null && isClosing))
      found.push(`${name}: stop ${stop}, in the books ${position.stop}`)
  }
  for (const { position } of books) {
    const isThere = account.positions.some(
      one => one.symbol === position.symbol && one.side === position.side,
    )
    if (!isThere) found.push(`${position.symbol} ${position.side} is in the books alone`)
  }
  return found
}

function ordersWrong(books: readonly BookedOrder[], account: Account): readonly string[] {
  const known = new Map(
    books.map(booked => [
      booked.kind === 'entry' ? booked.entry.clientOrderId : booked.order.clientOrderId,
      booked,
    ]),
  )
  const found: string[] = []
  for (const { clientOrderId: id } of account.orders) {
    if (!known.has(id)) found.push(`order ${id} rests, and the books do not know it`)
  }
  for (const [id, booked] of known) {
    const { doubt } = booked
    // One that waits for its leverage was never sent.
    if (booked.kind === 'entry' && booked.isHeld === true) continue
    const rests = account.orders.some(order => order.clientOrderId === id)
    // One that is being sent at this very moment is written ahead.
    if (!rests && doubt?.cause !== 'sent') found.push(`order ${id} is in the books alone`)
  }
  return found
}

/** Each order that has filled was written down, and no entry has filled more than it was to. */
function filledWrong(
  filled: ReadonlyMap<string, number>,
  intents: ReadonlyMap<string, OrderRequest>,
): readonly string[] {
  const found: string[] = []
  for (const [id, steps] of filled) {
    const intent = intents.get(id)
    if (intent === undefined) found.push(`order ${id} was sent, and was never written down`)
    else if (intent.purpose === 'entry' && steps > intent.steps) {
      found.push(`order ${id} has filled ${steps} of ${intent.steps} steps`)
    }
  }
  return found
}

/** Checks that all orders there have been were written down, and that no intent has become two. Throws a Violation. */
function accepted(placed: readonly string[], statePath: string): void {
  const state = new DatabaseSync(statePath, { readOnly: true })
  const rows = state.prepare("SELECT id, signal_id, purpose FROM intents WHERE kind = 'order'").all()
  state.close()
  const intents = new Map(
    rows.map(({ id, signal_id, purpose }) => [String(id), { signal: String(signal_id), purpose }]),
  )
  const entries = new Map<string, number>()
  for (const id of placed) {
    const intent = intents.get(id)
    if (intent === undefined) throw new Violation(`order ${id} was sent, and was never written down`)
    if (intent.purpose !== 'entry') continue
    const count = (entries.get(intent.signal) ?? 0) + 1
    entries.set(intent.signal, count)
    if (count > 1) throw new Violation(`signal ${intent.signal} has become ${count} orders`)
  }
}
