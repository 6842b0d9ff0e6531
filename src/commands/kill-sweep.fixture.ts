/**
 * The kill sweep: one trader after the other on the same books, each killed at a counted point, on an exchange in
 * another process, until its market ends; then the next market. After each restart books and exchange are compared.
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
import { openStatus } from '../core/adapters/sqlite/status-reader.ts'
import { type Random, random } from '../core/base/random.ts'
import type { BookedOrder, BookedPosition } from '../core/engine/books.ts'
import type { Account, Execution, KnownAccount, OrderRequest } from '../core/engine/protocol.ts'
import { STATE_FILE } from './desk.ts'
import {
  type Ended,
  ExchangeProcess,
  ending,
  LIVELY_WALLET,
  writeLively,
} from './exchange-process.fixture.ts'
import { PHASES, type Phase, PLAN, type Plan, type Report } from './kill-sweep-child.fixture.ts'

const CHILD = join(import.meta.dirname, 'kill-sweep-child.fixture.ts')
/** A child that takes longer hangs. */
const LIMIT_MS = 60_000
/** Kills during recovery in a row: bbw takes the fifth start without a clean end for a reason to stop. */
const MOST_EARLY = 3
const CENT = 0.01
/** What every other symbol of every other market has for a taker: less than half of a position, in USDT. */
const THIN = 200
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
  readonly days: number
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
  const { kills, total, compared, deadExchanges, away, markets, trades } = run
  return { kills, total, compared, deadExchanges, away, markets, trades, violation }
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
  const sum = (name: 'total' | 'compared' | 'deadExchanges' | 'away' | 'markets' | 'trades'): number =>
    results.reduce((total, result) => total + result[name], 0)
  return {
    kills,
    total: sum('total'),
    compared: sum('compared'),
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
    const { seed, symbols, days } = this.#options
    const folder = mkdtempSync(join(tmpdir(), 'bbw-sweep-'))
    const lively = writeLively(folder, seed + this.markets, symbols, days)
    const exchange = new ExchangeProcess(join(folder, 'exchange'), lively)
    this.markets++
    try {
      await exchange.start()
      if (this.markets % 2 === 0) await exchange.thin(THIN)
      const state = join(folder, 'trader')
      mkdirSync(state)
      await new Market(this, exchange, state).toItsEnd()
      await exchange.stop('SIGTERM')
      accepted(join(exchange.folder, 'sim.db'), join(state, STATE_FILE))
    } finally {
      await exchange.stop('SIGKILL')
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
  readonly #exchange: ExchangeProcess
  readonly #folder: string
  /** Traders that were killed since one has recovered. */
  #early = 0
  #hasBooks = false
  #last = 'the first start'
  /** The exchange is being started again. */
  #coming: Promise<void> = Promise.resolve()

  constructor(sweep: Sweep, exchange: ExchangeProcess, folder: string) {
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
      this.#last = `${killed.kind} ${killed.phase}, then ${moments} moments alone (${JSON.stringify(plan)})`
    }
    const wrong = await this.#compare(true)
    if (wrong.length > 0) this.#fail('the end of the market', wrong)
  }

  /** One trader's life; `null` where it has seen the end of the market. */
  async #live(plan: Plan): Promise<{ readonly phase: Phase; readonly kind: string } | null> {
    const exchange = this.#exchange
    const child = startPlanned(exchange, this.#folder, plan)
    const limit = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS)
    const ended = ending(child)
    this.#early++
    let killed: Extract<Report, { readonly is: 'killed' }> | null = null
    try {
      for await (const report of reportsOf(child)) {
        if (report.is === 'killed') killed = report
        else {
          if (report.is === 'recovered') await this.#onRecovered(child)
          else await this.#killExchange()
          child.stdin?.write('\n')
        }
      }
    } finally {
      child.kill('SIGKILL')
      clearTimeout(limit)
    }
    const how = await ended
    if (how.code !== 0 && killed === null)
      this.#fail(`a trader has ended ${endOf(how)}`, [JSON.stringify(plan)])
    if (killed === null) return null
    this.#sweep.count(killed.phase, killed.kind)
    return killed
  }

  async #onRecovered(child: ChildProcess): Promise<void> {
    this.#early = 0
    this.#hasBooks = true
    await this.#coming
    const wrong = await this.#compare(false)
    if (wrong.length > 0) {
      child.kill('SIGKILL')
      this.#fail('after the restart', wrong)
    }
    this.#sweep.compared++
    // Starts that are meant to fail must not count: the fifth of them in ten minutes would halt everything.
    const state = new DatabaseSync(this.#path)
    state.prepare('DELETE FROM kv WHERE key = ?').run(KV.starts)
    state.close()
  }

  async #killExchange(): Promise<void> {
    await this.#exchange.stop('SIGKILL')
    this.#sweep.deadExchanges++
    this.#coming = new Promise(resolve => setTimeout(resolve, 100)).then(() => this.#exchange.start())
  }

  /** Everything in which books and exchange differ. */
  async #compare(isEnd: boolean): Promise<readonly string[]> {
    const { account, executions } = await this.#exchange.use(async exchange => ({
      account: knownOf(await exchange.account()),
      executions: await exchange.executions(0),
    }))
    const found = [...checkState(this.#path).wrong]
    const status = openStatus(this.#path)
    if (status === null) throw new Violation('there is no state')
    try {
      const { ledger, positions, orders, total } = status.status(0, 0)
      found.push(...positionsWrong(positions, account), ...ordersWrong(orders, account))
      const intents = status.query("SELECT id, request, signal_id FROM intents WHERE kind = 'order'")
      found.push(
        ...executionsWrong(
          executions,
          new Map(
            intents.map(({ id, request }) => [String(id), JSON.parse(String(request)) as OrderRequest]),
          ),
        ),
      )
      const wallet = ledger?.wallet ?? LIVELY_WALLET
      if (Math.abs(wallet - account.wallet) > CENT)
        found.push(`wallet ${account.wallet}, in the books ${wallet}`)
      if (!isEnd) return found
      this.#sweep.trades += total.count
      if (ledger !== null && (ledger.standing.halted !== null || ledger.gates.halted)) {
        found.push(`halted: ${JSON.stringify(ledger.standing)}`)
      }
      if (account.positions.length > 0) found.push('positions are left over')
      if (Math.abs(LIVELY_WALLET + total.net - account.wallet) > CENT) {
        found.push(
          `the trades sum up to ${total.net}, the wallet has changed by ${account.wallet - LIVELY_WALLET}`,
        )
      }
      for (const { doubt } of orders) if (doubt !== null) found.push(`in doubt: ${JSON.stringify(doubt)}`)
      return found
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
export function startPlanned(exchange: ExchangeProcess, folder: string, plan: Plan): ChildProcess {
  const words = [CHILD, ...exchange.runWords(folder), '--speed', 'max', '--ndjson']
  return spawn(process.execPath, words, {
    env: { ...exchange.env, [PLAN]: JSON.stringify(plan) },
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
function executionsWrong(
  executions: readonly Execution[],
  intents: ReadonlyMap<string, OrderRequest>,
): readonly string[] {
  const filled = new Map<string, number>()
  for (const execution of executions) {
    if (execution.type !== 'fill' || execution.clientOrderId === null) continue
    const { clientOrderId: id, steps } = execution
    filled.set(id, (filled.get(id) ?? 0) + steps)
  }
  const found: string[] = []
  for (const [id, steps] of filled) {
    const intent = intents.get(id)
    if (intent === undefined) found.push(`order ${id} has filled, and was never written down`)
    else if (intent.purpose === 'entry' && steps > intent.steps) {
      found.push(`order ${id} has filled ${steps} of ${intent.steps} steps`)
    }
  }
  return found
}

/** Checks against the exchange's own journal that no intent has become two orders. Throws a Violation. */
function accepted(journalPath: string, statePath: string): void {
  const state = new DatabaseSync(statePath, { readOnly: true })
  const rows = state.prepare("SELECT id, signal_id, purpose FROM intents WHERE kind = 'order'").all()
  state.close()
  const intents = new Map(
    rows.map(({ id, signal_id, purpose }) => [String(id), { signal: String(signal_id), purpose }]),
  )
  const journal = new DatabaseSync(journalPath, { readOnly: true })
  const told = journal.prepare('SELECT op FROM journal ORDER BY seq').all()
  journal.close()
  const entries = new Map<string, Set<string>>()
  for (const { op } of told) {
    const { operation } = JSON.parse(String(op)) as {
      readonly operation: { readonly op: string; readonly order?: OrderRequest }
    }
    if (operation.op !== 'place' || operation.order === undefined) continue
    const { clientOrderId: id } = operation.order
    const intent = intents.get(id)
    if (intent === undefined) throw new Violation(`order ${id} was sent, and was never written down`)
    if (intent.purpose !== 'entry') continue
    const ids = entries.get(intent.signal) ?? new Set()
    entries.set(intent.signal, ids.add(id))
    if (ids.size > 1) throw new Violation(`signal ${intent.signal} has become ${ids.size} orders`)
  }
}

function knownOf({ wallet, ...account }: Account): KnownAccount {
  if (wallet === null) throw new Violation('the embedded exchange does not say what the wallet has')
  return { ...account, wallet }
}
