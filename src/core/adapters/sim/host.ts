/**
 * The embedded exchange as something that lasts: a venue and the journal of everything that was asked of it. Each
 * operation is written before its outcome is told, and a host that is opened on a journal does all of them again, so it
 * stands where it stood, in the middle of an instant too, and can tell again what was told last.
 */
import { StoreError } from '../../base/errors.ts'
import { hashText } from '../../base/hash.ts'
import type { Steps, Ticks, Timestamp, Usdt } from '../../base/units.ts'
import type { Execution, Input, KnownAccount, OrderReport, OrderRequest } from '../../engine/protocol.ts'
import type { PositionMode, Side } from '../../market/side.ts'
import type { Act } from './acts.ts'
import { bookError } from './book-error.ts'
import { differenceOf, isWhole, type MarketPrint, printOf } from './print.ts'
import type { Venue, VenueOptions } from './venue.ts'

/** Where the operations are kept, in their order. */
export interface SimJournal {
  /** A name for words. */
  readonly name: string
  /** What was kept of the market; `null` in a new journal. */
  readonly head: string | null
  keepHead(head: string): void
  /** The text of the last row, `null` where there is none. */
  last(): string | null
  rows(): Iterable<string>
  /** Writes a row; that of the same number gives way. Throws a StoreError. */
  write(number: number, row: string): void
  close(): void
}

/** What one step of the market came to. */
export interface Step {
  readonly turn: number
  readonly now: Timestamp
  readonly next: Timestamp | null
  readonly inputs: readonly Input[]
  /** The number of the last of the inputs, or of the last before them. */
  readonly last: number
  /** The instant goes on once the trader has answered. */
  readonly more: boolean
}

type Outcome = Pick<Step, 'inputs' | 'last' | 'more'>

/** Inputs are numbered from 1; `last` is the number of the last one. */
export interface Told {
  readonly last: number
  readonly inputs: readonly Input[]
}

type Operation =
  | { readonly op: 'place'; readonly order: OrderRequest }
  | {
      readonly op: 'amend'
      readonly symbol: string
      readonly clientOrderId: string
      readonly price: Ticks
      readonly steps: Steps
    }
  | { readonly op: 'cancel'; readonly symbol: string; readonly clientOrderId: string }
  | {
      readonly op: 'stop'
      readonly requestId: string
      readonly symbol: string
      readonly side: Side
      readonly stop: Ticks
    }
  | {
      readonly op: 'leverage'
      readonly requestId: string
      readonly symbol: string
      readonly leverage: number
      readonly side?: Side
    }
  | { readonly op: 'position-mode'; readonly mode: PositionMode }
  | { readonly op: 'act'; readonly act: Act }
  | { readonly op: 'advance'; readonly to: Timestamp }
  /** Steps in which nothing was told, up to a moment. */
  | { readonly op: 'quiet'; readonly to: Timestamp; readonly turns: number }

/** A row: what was asked, and where the exchange stood afterwards. */
interface Row {
  readonly operation: Operation
  readonly told: number
  readonly wallet: Usdt
  readonly now: Timestamp
}

interface Head {
  readonly version: 1
  /** Names the market for as long as the journal lasts. */
  readonly market: string
  readonly options: { readonly [name: string]: unknown }
  readonly print: MarketPrint
}

/** So many inputs can be told again. */
const KEPT_INPUTS = 10_000

export interface HostOptions {
  /** Write quiet steps at once, too: another process counts them. */
  readonly isEager?: boolean
}

export class SimHost {
  readonly venue: Venue
  readonly #journal: SimJournal | null
  readonly #isEager: boolean
  #market: string | null = null
  /** The instant that is going on. */
  #instant: Generator<void, void> | null = null
  #turn = 0
  #last: Outcome = { inputs: [], last: 0, more: false }
  #told = 0
  #kept: Input[] = []
  #rows = 0
  /** Quiet steps that are not written yet, or stand in the last row, which they may still lengthen. */
  #quiet: { readonly row: Row; readonly number: number; readonly isWritten: boolean } | null = null
  #broken: StoreError | null = null

  /**
   * @param journal `null`: nothing is kept
   * @throws StoreError when the journal is of another market or of other options, or does not lead where it did
   */
  constructor(venue: Venue, journal: SimJournal | null, options: HostOptions = {}) {
    this.venue = venue
    this.#journal = journal
    this.#isEager = options.isEager ?? false
    if (journal === null) return
    this.#compare(journal)
    for (const text of journal.rows()) this.#redo(journal, text)
  }

  get now(): Timestamp {
    return this.venue.exchange.now
  }

  /** The next instant at which the market moves; `null` when the data have ended. */
  get next(): Timestamp | null {
    return this.venue.nextAt
  }

  /** Whether an instant is going on. */
  get isMidway(): boolean {
    return this.#instant !== null
  }

  /** How many steps were made. */
  get turn(): number {
    return this.#turn
  }

  /** How many inputs were told. */
  get told(): number {
    return this.#told
  }

  /** Names the market, the same for as long as the journal lasts. */
  get market(): string {
    this.#market ??= hashText(JSON.stringify([optionsOf(this.venue), this.#print(null)]))
    return this.#market
  }

  /** What is known at the present moment: of one symbol, or of all in the order of `symbols`. */
  history(only?: string): readonly Input[] {
    return this.venue.history(only)
  }

  get symbols(): readonly string[] {
    return this.venue.markets.map(({ instrument }) => instrument.symbol)
  }

  account(): KnownAccount {
    return this.venue.exchange.account()
  }

  lookUp(symbol: string, clientOrderId: string): OrderReport {
    return this.venue.exchange.lookUp(symbol, clientOrderId)
  }

  executions(since: Timestamp): readonly Execution[] {
    return this.venue.exchange.executions(since)
  }

  /** Whether a symbol can be asked for anything. */
  isListed(symbol: string): boolean {
    return this.venue.exchange.isListed(symbol)
  }

  /** Each request returns the inputs that follow from it at once. */
  place(order: OrderRequest): readonly Input[] {
    return this.#ask({ op: 'place', order })
  }

  amend(symbol: string, clientOrderId: string, price: Ticks, steps: Steps): readonly Input[] {
    return this.#ask({ op: 'amend', symbol, clientOrderId, price, steps })
  }

  cancel(symbol: string, clientOrderId: string): readonly Input[] {
    return this.#ask({ op: 'cancel', symbol, clientOrderId })
  }

  setStop(requestId: string, symbol: string, side: Side, stop: Ticks): readonly Input[] {
    return this.#ask({ op: 'stop', requestId, symbol, side, stop })
  }

  setLeverage(requestId: string, symbol: string, leverage: number, side?: Side): readonly Input[] {
    return this.#ask({ op: 'leverage', requestId, symbol, leverage, ...(side === undefined ? {} : { side }) })
  }

  leverage(symbol: string, side?: Side): number {
    return this.venue.exchange.leverage(symbol, side)
  }

  get positionMode(): PositionMode {
    return this.venue.exchange.positionMode
  }

  /** Switches the position mode of the account; nothing is told of it. Returns why it cannot be, or `null`. */
  setPositionMode(mode: PositionMode): string | null {
    if (mode === this.positionMode) return null
    const refusal = { words: null as string | null }
    this.#ask({ op: 'position-mode', mode }, refusal)
    return refusal.words
  }

  /** What others do to the account; `refusal` says why it cannot be done. */
  act(act: Act): { readonly refusal: string | null; readonly inputs: readonly Input[] } {
    const refusal = { words: null as string | null }
    const inputs = this.#ask({ op: 'act', act }, refusal)
    return { refusal: refusal.words, inputs }
  }

  /**
   * Makes one step: goes on with the instant that is going on, else to the next one, or only to `to` where that
   * comes before.
   */
  advance(to: Timestamp): Step {
    this.#refuseBroken()
    this.#last = this.#step(to)
    this.#turn++
    const { inputs, more } = this.#last
    if (inputs.length > 0 || more) this.#write({ op: 'advance', to })
    else this.#lengthenQuiet()
    return this.lastStep
  }

  /** What the last step came to. */
  get lastStep(): Step {
    return { turn: this.#turn, now: this.now, next: this.next, ...this.#last }
  }

  /** Inputs told after the one numbered `after`; `null` where some are not kept any more. */
  feed(after: number): Told | null {
    const first = this.#told - this.#kept.length
    if (after < first || after > this.#told) return null
    return { last: this.#told, inputs: this.#kept.slice(after - first) }
  }

  /** Writes what is not written yet and gives the journal back. */
  close(): void {
    if (this.#broken === null) this.#writeQuiet()
    this.#journal?.close()
  }

  #ask(operation: Operation, refusal: { words: string | null } = { words: null }): readonly Input[] {
    this.#refuseBroken()
    refusal.words = this.#request(operation)
    const inputs = this.#take()
    this.#write(operation)
    return inputs
  }

  /** Returns why it cannot be done, where no report says so. */
  #request(operation: Operation): string | null {
    const { exchange } = this.venue
    switch (operation.op) {
      case 'place':
        this.venue.place(operation.order)
        return null
      case 'amend':
        exchange.amend(operation.symbol, operation.clientOrderId, operation.price, operation.steps)
        return null
      case 'cancel':
        exchange.cancel(operation.symbol, operation.clientOrderId)
        return null
      case 'stop':
        exchange.setStop(operation.requestId, operation.symbol, operation.side, operation.stop)
        return null
      case 'leverage':
        exchange.setLeverage(operation.requestId, operation.symbol, operation.leverage, operation.side)
        return null
      case 'position-mode':
        return exchange.setPositionMode(operation.mode)
      case 'act':
        return this.venue.act(operation.act)
      case 'advance':
      case 'quiet':
        return null
    }
  }

  #step(to: Timestamp): Outcome {
    if (this.#instant === null) {
      const { next, now } = this
      if (next === null) return this.#outcome(false)
      if (to < next) {
        this.venue.exchange.setTime(Math.max(to, now))
        return this.#outcome(false)
      }
      this.#instant = this.venue.advance(next)
    }
    const more = this.#instant.next().done !== true
    if (!more) this.#instant = null
    return this.#outcome(more)
  }

  #outcome(more: boolean): Outcome {
    const inputs = this.#take()
    return { inputs, last: this.#told, more }
  }

  #take(): readonly Input[] {
    const inputs = [...this.venue.take()]
    for (let more = this.venue.take(); more.length > 0; more = this.venue.take()) inputs.push(...more)
    this.#told += inputs.length
    this.#kept.push(...inputs)
    if (this.#kept.length > 2 * KEPT_INPUTS) this.#kept = this.#kept.slice(-KEPT_INPUTS)
    return inputs
  }

  // --- the journal --------------------------------------------------------------------------------------------

  #standing(operation: Operation): Row {
    return { operation, told: this.#told, wallet: this.venue.exchange.wallet, now: this.now }
  }

  #write(operation: Operation): void {
    if (this.#journal === null) return
    const row = this.#standing(operation)
    this.#writeQuiet()
    this.#quiet = null
    this.#put(++this.#rows, row)
  }

  /** Counts one more step in which nothing was told. */
  #lengthenQuiet(): void {
    if (this.#journal === null) return
    const before = this.#quiet?.row.operation
    const turns = before?.op === 'quiet' ? before.turns : 0
    const row = this.#standing({ op: 'quiet', to: this.now, turns: turns + 1 })
    this.#quiet = { row, number: this.#quiet?.number ?? ++this.#rows, isWritten: false }
    if (this.#isEager) this.#writeQuiet()
  }

  #writeQuiet(): void {
    if (this.#quiet === null || this.#quiet.isWritten) return
    this.#put(this.#quiet.number, this.#quiet.row)
    this.#quiet = { ...this.#quiet, isWritten: true }
  }

  #put(number: number, row: Row): void {
    try {
      this.#journal?.write(number, JSON.stringify(row))
    } catch (error) {
      if (!(error instanceof StoreError)) throw error
      // The exchange has moved and its journal has not: only a new start brings the two together.
      this.#broken = error
      throw error
    }
  }

  #refuseBroken(): void {
    if (this.#broken !== null) throw this.#broken
  }

  #print(known: MarketPrint | null): MarketPrint {
    return printOf(this.venue.markets, this.venue.ends(), known)
  }

  /** Refuses a journal that is not of this market, and notes what has been added to the market. */
  #compare(journal: SimJournal): void {
    const options = optionsOf(this.venue)
    const known = journal.head === null ? null : headOf(journal, journal.head)
    if (known === null) {
      const print = this.#print(null)
      this.#market = hashText(JSON.stringify([options, print]))
      journal.keepHead(JSON.stringify({ version: 1, market: this.#market, options, print } satisfies Head))
      return
    }
    const last = journal.last()
    const now = last === null ? this.now : rowOf(journal, last).now
    const present = this.#print(known.print)
    const difference = optionDifference(known.options, options) ?? differenceOf(known.print, present, now)
    if (difference !== null) {
      const remedy = 'choose another folder with --data-dir, or give the same market and settings again'
      throw bookError(`${journal.name} was written on another market: ${difference}`, 'other', remedy)
    }
    this.#market = known.market
    const print = isWhole(present, this.venue.markets) ? present : this.#print(null)
    journal.keepHead(JSON.stringify({ ...known, print } satisfies Head))
  }

  #redo(journal: SimJournal, text: string): void {
    const { operation, told, wallet, now } = rowOf(journal, text)
    this.#rows++
    if (operation.op === 'quiet') this.#redoQuiet(operation.to, operation.turns)
    else if (operation.op === 'advance') {
      this.#last = this.#step(operation.to)
      this.#turn++
    } else {
      this.#request(operation)
      this.#take()
    }
    if (told === this.#told && wallet === this.venue.exchange.wallet && now === this.now) return
    throw bookError(
      `${journal.name}: row ${this.#rows} does not lead where it led when it was written (${told} inputs told and ${wallet} USDT then, ${this.#told} and ${this.venue.exchange.wallet} now)`,
      'damaged',
      'another version of bbw may have written it: go on with that one, choose another folder with --data-dir, or begin anew with bbw run --new',
    )
  }

  #redoQuiet(to: Timestamp, turns: number): void {
    while (this.#instant !== null || (this.next !== null && this.next <= to)) this.#step(to)
    if (this.now < to) this.venue.exchange.setTime(to)
    this.#last = this.#outcome(false)
    this.#turn += turns
  }
}

/** When trading began in a journal; `null` in a new one. Throws a StoreError for a head that cannot be read. */
export function beganAt(journal: SimJournal): Timestamp | null {
  const from = journal.head === null ? null : headOf(journal, journal.head).options.from
  return typeof from === 'number' ? from : null
}

/** The options that have to be the same; where trading ends is compared symbol by symbol. */
function optionsOf({ options, from }: Venue): Head['options'] {
  const { costs, wallet, checkMargin, detail, historyDays } = options
  const costly = Object.fromEntries(Object.entries(costs).sort(([a], [b]) => (a < b ? -1 : 1)))
  return { from, wallet, checkMargin, detail, historyDays: historyDays ?? null, ...costly }
}

const OPTION_NAMES: { readonly [name in keyof VenueOptions]?: string } = {
  from: 'the beginning of trading',
  wallet: 'the starting balance',
  checkMargin: 'whether orders need margin',
  detail: 'whether finer candles are used',
}

function optionDifference(was: Head['options'], is: Head['options']): string | null {
  for (const name of new Set([...Object.keys(was), ...Object.keys(is)])) {
    if (was[name] === is[name]) continue
    const words = Object.entries(OPTION_NAMES).find(([key]) => key === name)?.[1] ?? name
    return `${words} was ${optionText(name, was[name])} and is ${optionText(name, is[name])}`
  }
  return null
}

function optionText(name: string, value: unknown): string {
  if (name === 'from' && typeof value === 'number' && Math.abs(value) <= 8.64e15)
    return new Date(value).toISOString().slice(0, 16)
  return String(value)
}

function headOf(journal: SimJournal, text: string): Head {
  const head: unknown = parsed(journal, text)
  if (typeof head === 'object' && head !== null && 'version' in head && head.version === 1)
    return head as Head
  const remedy = 'update bbw, or choose another folder with --data-dir'
  throw bookError(`${journal.name} was written by a later bbw`, 'other', remedy)
}

function rowOf(journal: SimJournal, text: string): Row {
  const row: unknown = parsed(journal, text)
  if (typeof row === 'object' && row !== null && 'operation' in row) return row as Row
  throw damaged(journal)
}

function parsed(journal: SimJournal, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw damaged(journal)
  }
}

function damaged({ name }: SimJournal): StoreError {
  return bookError(`${name} is damaged: a row cannot be read`, 'damaged')
}
