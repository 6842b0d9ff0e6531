/**
 * What all parts of the engine share: settings, time, portfolio, schedule, the effects of the present step, and the
 * small verbs that change them. It knows none of the parts; a part keeps what is its own to itself.
 */
import type { Code } from '../base/codes.ts'
import { type Milliseconds, SECOND, type Timestamp, type Usdt } from '../base/units.ts'
import type { EntryTerms } from '../decision/strategy.ts'
import type { Figures, Guard, House } from '../guards/guard.ts'
import type { BoundGuard } from '../guards/list.ts'
import type { Side } from '../market/side.ts'
import { apply, emptyPortfolio, equity, type Portfolio, type PortfolioEvent } from '../portfolio/portfolio.ts'
import { type PendingEntry, type Position, positionKey } from '../portfolio/position.ts'
import type { Trade } from '../portfolio/trade.ts'
import { ACCEPTED, COOLDOWN, type SeenRest } from './cooldown-rules.ts'
import type { CycleId } from './cycles.ts'
import { Markets } from './markets.ts'
import { Obstacles } from './obstacles.ts'
import { NO_INSTANCE } from './order-id.ts'
import { type BoundEntry, boundGuards, enabledEntries, liveStrategies } from './pipeline.ts'
import type { Effect, EngineEvent, EventKind, IntentState } from './protocol.ts'
import type { Ask } from './rule.ts'
import { Schedule } from './schedule.ts'
import type { Settings } from './settings.ts'
import type { EngineState, Recovery } from './state.ts'
import { StopOuts } from './stop-outs.ts'
import { Cursor } from './symbol.ts'
import { Witness } from './witness.ts'

/** A look at the account after something went wrong, and after a fill. */
export const LOOK_AGAIN: Milliseconds = 5 * SECOND
export const LOOK_AFTER_FILL: Milliseconds = SECOND

const NO_EFFECTS: readonly Effect[] = Object.freeze([])

export interface EngineOptions {
  readonly wallet: Usdt
  /** What is held at the start; left out: nothing but the wallet. */
  readonly portfolio?: Portfolio
  /** Events of refused entries and the like are made; decisions are the same without. */
  readonly journal?: boolean
  /** Runs every cycle every period, also where nothing has changed since. Changes no decision. */
  readonly everyCycle?: boolean
  /** Four digits that tell this bbw's orders from those of another one on the same account. */
  readonly instance?: string
  /** Which start of the same books this is: ids of requests are never used twice. */
  readonly incarnation?: number
  /** Milliseconds of a clock of the machine's, to measure cycles for the record. Changes no decision. */
  readonly stopwatch?: () => Milliseconds
  /**
   * What becomes of an entry that a gate has no data to judge by: left out, as on candles of the past, where there is
   * nothing more to be had, or refused, unless something else is said.
   */
  readonly lacking?: House['lacking']
  /** The orders that are sent move money, or are to be treated as if they did; left out: they do not. */
  readonly sendsRealOrders?: boolean
  /**
   * Others can use the account: it is looked at in every light cycle, also while bbw has nothing on it, so that what they
   * open is told of within one.
   */
  readonly isShared?: boolean
  /** It is opened to close alone: nothing is decided and nothing entered, whoever asks; left out: it trades. */
  readonly onlyCloses?: boolean
  /** Takes down every decision, to be made again; with the version of the code that decides. Changes none. */
  readonly decisions?: { readonly version: string }
}

/** What the core adds to a saved engine. */
type Saved = Pick<
  EngineState,
  | 'now'
  | 'portfolio'
  | 'cooldowns'
  | 'accepted'
  | 'schedule'
  | 'sequence'
  | 'recovery'
  | 'isDoubted'
  | 'isEnding'
  | 'revision'
  | 'counts'
  | 'told'
>

export class EngineCore {
  readonly settings: Settings
  /** The entry strategies that are switched on. */
  readonly entries: readonly BoundEntry[]
  readonly markets: Markets
  /** Positions that a stop has closed and a decision is to be taken about. */
  readonly stopOuts: StopOuts
  /** What the exchange has said that keeps entries from leaving. */
  readonly obstacles: Obstacles
  /** The one view that strategies are shown. */
  readonly cursor: Cursor
  readonly instance: string
  /** Whether events, verdicts and outcomes are told. */
  readonly journal: boolean
  readonly lacking: House['lacking']
  readonly isShared: boolean
  /** Strategies that may send real orders; `null`: none are sent. */
  readonly live: House['live']
  /** Takes down what is decided; `null` where nobody wants to know. */
  readonly witness: Witness | null
  /** Symbols with a position: only their prices matter between decisions. */
  readonly held = new Set<string>()
  /** Keys of positions that a person is taking back: no target of theirs is placed any more, no stop moved. */
  readonly leaving = new Set<string>()
  /** When a strategy's rest on a symbol ends, by `strategy:symbol`. */
  readonly cooldowns = new Map<string, Timestamp>()
  /** When orders of strategies that may send only so many a day were accepted, by `strategy:symbol`. */
  readonly accepted = new Map<string, readonly Timestamp[]>()
  schedule: Schedule
  /** By the exchange's clock; a step sets it. */
  now: Timestamp = 0
  /** Why everything is compared before anything is added; `null`: it has been. */
  recovery: Recovery | null = null
  /** Executions are to be asked for, because the account differs from the books. */
  isDoubted = false
  /** The process ends within seconds. */
  isEnding = false
  /** Counts changes of the books by what the exchange tells. */
  revision = 0
  #portfolio: Portfolio
  readonly #everyCycle: boolean
  readonly #incarnation: number
  readonly #counts: { [name: string]: number } = {}
  readonly #onlyCloses: boolean
  #sequence = 0
  #effects: Effect[] = []

  constructor(settings: Settings, options: EngineOptions) {
    this.settings = settings
    const witness = options.decisions === undefined ? null : new Witness(settings, options.decisions.version)
    this.witness = witness
    this.lacking = options.lacking ?? 'refuse'
    this.isShared = options.isShared ?? false
    this.live = options.sendsRealOrders === true ? liveStrategies(settings) : null
    this.entries = enabledEntries(settings).map(entry => this.watched(entry))
    this.markets = new Markets(settings.universe)
    this.stopOuts = new StopOuts(this)
    this.obstacles = new Obstacles(this)
    this.cursor = new Cursor(settings.fees, this.stopOuts)
    this.cursor.wantsReasons = witness !== null
    this.instance = options.instance ?? NO_INSTANCE
    this.journal = options.journal ?? true
    this.#onlyCloses = options.onlyCloses ?? false
    this.#everyCycle = options.everyCycle ?? false
    this.#incarnation = options.incarnation ?? 0
    this.schedule = new Schedule(this.#everyCycle)
    this.#portfolio = options.portfolio ?? emptyPortfolio(options.wallet)
    this.#noteHeld()
  }

  /** A strategy with its parameters, watched where decisions are taken down. */
  watched<B extends { readonly strategy: { readonly id: string } }>(bound: B): B {
    return this.witness === null ? bound : { ...bound, strategy: this.witness.strategy(bound.strategy) }
  }

  /** Guards under the settings, in their order, watched where decisions are taken down. */
  guards(guards: readonly Guard[]): readonly BoundGuard[] {
    const bound = boundGuards(this.settings, guards)
    return this.witness === null ? bound : bound.map(this.witness.guard)
  }

  /** What a rule says; taken down where decisions are. */
  readonly ruled: Ask = (rule, seen) => {
    const answer = rule.decide(seen, this.settings)
    this.witness?.ruled(rule, seen, answer, this.now)
    return answer
  }

  /** Nothing is decided and nothing entered: it was opened to close alone, or it ends. */
  get onlyCloses(): boolean {
    return this.#onlyCloses || this.isEnding
  }

  get portfolio(): Portfolio {
    return this.#portfolio
  }

  /** How often what happened. */
  get counts(): { readonly [name: string]: number } {
    return this.#counts
  }

  /** Wallet plus unrealised profit at the present marks; `NaN` where a mark is not known. */
  equity(): Usdt {
    return equity(this.#portfolio, symbol => this.markets.of(symbol).mark)
  }

  // --- portfolio ----------------------------------------------------------------------------------------------

  /** Applies an event to the portfolio. Returns the trade that it has closed, `null` when it has closed none. */
  fold(event: PortfolioEvent): Trade | null {
    const { portfolio, trade } = apply(this.#portfolio, event, this.settings.positionMode)
    this.#portfolio = portfolio
    const { type } = event
    const isAnother = type === 'entry-filled' || type === 'adopted' || type === 'released'
    if (isAnother || trade !== null) this.#noteHeld()
    return trade
  }

  /** Puts another portfolio in place of the present one. */
  replace(portfolio: Portfolio): void {
    this.#portfolio = portfolio
    this.#noteHeld()
  }

  #noteHeld(): void {
    this.held.clear()
    for (const position of this.#portfolio.positions.values()) this.held.add(position.symbol)
  }

  // --- time ---------------------------------------------------------------------------------------------------

  /** Something a cycle looks at has changed. */
  touch(id: CycleId): void {
    this.schedule.touch(id, this.now)
  }

  touchAll(): void {
    this.touch('light')
    this.touch('heavy')
    this.touch('x10')
  }

  /** Has the light cycle, which looks at the account, run at a moment of its own: it cannot wait for its turn. */
  hurry(at: Timestamp): void {
    this.schedule.hurry('light', at)
  }

  /** Whether a position or an entry of one side of a symbol keeps one of another side from being held beside it. */
  excludes(one: Side, other: Side): boolean {
    return one === other || this.settings.positionMode === 'one-way'
  }

  /** What a strategy asks of its entries; `undefined` when it is not switched on. */
  terms(strategy: string): EntryTerms | undefined {
    return this.entries.find(one => one.strategy.id === strategy)?.terms
  }

  /** A strategy rests on a symbol for as long as its terms say. */
  rest(strategy: string, symbol: string, after: SeenRest['after'], from: Timestamp): void {
    const key = `${strategy}:${symbol}`
    const before = this.cooldowns.get(key) ?? 0
    const until = this.ruled(COOLDOWN, { strategy, symbol, after, from, before })
    if (until !== null) this.cooldowns.set(key, until)
  }

  /** An order of a strategy was accepted on a symbol: it rests, and one of its orders of the day is spent. */
  entryAccepted(strategy: string, symbol: string): void {
    const { now } = this
    this.rest(strategy, symbol, 'accepted', now)
    const key = `${strategy}:${symbol}`
    const times = this.ruled(ACCEPTED, { strategy, symbol, times: this.accepted.get(key) ?? [], now })
    if (times !== null) this.accepted.set(key, times)
  }

  /** An id for a question or a request, never used before. */
  requestId(what: string): string {
    return `${what}-${this.#incarnation}-${++this.#sequence}`
  }

  // --- what is told -------------------------------------------------------------------------------------------

  /** Adds an effect to those of the present step; their order is the order they are carried out in. */
  emit(effect: Effect): void {
    this.#effects.push(effect)
  }

  /** Takes the effects of the step that ends. */
  takeEffects(): readonly Effect[] {
    const batch = this.witness?.take() ?? null
    if (batch !== null) this.#effects.push({ type: 'decisions', batch })
    if (this.#effects.length === 0) return NO_EFFECTS
    const effects = this.#effects
    this.#effects = []
    return effects
  }

  count(name: string): void {
    this.#counts[name] = (this.#counts[name] ?? 0) + 1
  }

  /** What has become of an intent, for its row. */
  outcome(key: string, state: IntentState, reason: string): void {
    if (!this.journal) return
    this.#effects.push({ type: 'outcome', key, state, reason })
  }

  /** An event of a position or an entry; `order` where it is about another order than the entry's. */
  event(
    kind: EventKind,
    of: Position | PendingEntry | null,
    reason: string,
    figures: Figures,
    order: string | null = null,
    code: Code | null = null,
  ): void {
    if (!this.journal) return
    this.record(kind, {
      code,
      symbol: of?.symbol ?? null,
      side: of?.side ?? null,
      strategy: of?.strategy ?? null,
      signalId: of?.signalId ?? null,
      clientOrderId: order ?? of?.clientOrderId ?? null,
      reason,
      figures,
    })
  }

  /** A figure of a symbol cannot be used, so that nothing is decided on it. */
  unavailable(symbol: string, what: string): void {
    this.count('unavailable')
    if (!this.journal || !this.obstacles.isNews(`E508 ${symbol}`)) return
    const none = { side: null, strategy: null, signalId: null, clientOrderId: null, figures: {} }
    this.record('alert', { code: 'E508', symbol, reason: what, ...none })
  }

  /** An event of the house rather than of a position. */
  note(kind: EventKind, reason: string, order: string | null, code: Code | null): void {
    this.event(kind, null, reason, {}, order, code)
  }

  /** An event with everything said; told also where the journal is off. */
  record(kind: EventKind, rest: Omit<EngineEvent, 'kind' | 'ts'>): void {
    this.#effects.push({ type: 'event', event: { kind, ts: this.now, ...rest } })
  }

  // --- what survives ------------------------------------------------------------------------------------------

  save(): Saved {
    const { wallet, positions, pending, day, dayRealised } = this.#portfolio
    return {
      now: this.now,
      portfolio: {
        wallet,
        positions: [...positions.values()],
        pending: [...pending.values()],
        day,
        dayRealised,
      },
      cooldowns: [...this.cooldowns],
      accepted: [...this.accepted],
      schedule: this.schedule.save(),
      sequence: this.#sequence,
      recovery: this.recovery,
      isDoubted: this.isDoubted,
      isEnding: this.isEnding,
      revision: this.revision,
      counts: this.#counts,
      told: this.witness?.save().told ?? [],
    }
  }

  load(saved: Saved): void {
    this.now = saved.now
    this.replace(portfolioOf(saved.portfolio))
    this.schedule = Schedule.load(this.#everyCycle, saved.schedule)
    this.#sequence = saved.sequence
    this.recovery = saved.recovery
    this.isDoubted = saved.isDoubted
    this.isEnding = saved.isEnding
    this.revision = saved.revision
    this.witness?.load(saved)
    this.keep(saved)
  }

  /** Goes on with cooldowns and counts of an earlier run. */
  keep({ cooldowns, accepted, counts }: Pick<EngineState, 'cooldowns' | 'accepted' | 'counts'>): void {
    for (const [key, times] of accepted) this.accepted.set(key, times)
    for (const [key, until] of cooldowns) this.cooldowns.set(key, until)
    Object.assign(this.#counts, counts)
  }
}

/** A portfolio out of its parts as lists. */
export function portfolioOf(saved: EngineState['portfolio']): Portfolio {
  const { wallet, positions, pending, day, dayRealised } = saved
  return {
    wallet,
    positions: new Map(positions.map(one => [positionKey(one.symbol, one.side), one])),
    pending: new Map(pending.map(one => [one.clientOrderId, one])),
    day,
    dayRealised,
  }
}
