/** From the market to entries at the exchange: scan, score, judge, enter, and what has rested too long is taken back. */
import { assert } from '../base/assert.ts'
import type { Code } from '../base/codes.ts'
import { DAY, type Milliseconds, SECOND, type Steps, type Timestamp } from '../base/units.ts'
import type { Signal } from '../decision/signal.ts'
import type { EntryTerms, Timeframe } from '../decision/strategy.ts'
import type { GateReading, House, Proposal, Refusal } from '../guards/guard.ts'
import { admitEntry, type BoundGuard, GUARDS } from '../guards/list.ts'
import { BAND_PERIOD } from '../indicators/bollinger.ts'
import { INTERVAL_MS } from '../market/interval.ts'
import { formatSteps, formatTicks } from '../market/quantise.ts'
import type { Ladder } from '../portfolio/ladder.ts'
import { type PendingEntry, type Position, positionKey } from '../portfolio/position.ts'
import type { EngineCore } from './core.ts'
import { EXPIRY } from './expiry.ts'
import type { Gatekeeper } from './gatekeeper.ts'
import type { Leverages } from './leverages.ts'
import { expiryOf, type OrderDesk } from './order-desk.ts'
import { OWN_GATES, ownGates, type SeenSignal } from './own-gates.ts'
import {
  admitScored,
  type BoundEntry,
  ofHighestTurnover,
  proposalOf,
  rank,
  scanSymbol,
  scoreSignal,
} from './pipeline.ts'
import type { OrderRequest, Scored } from './protocol.ts'
import { PUT_OFF, type Unsettled } from './put-off.ts'
import { Refusals } from './refusals.ts'
import { isFullEnough, passing, SECOND_LOOK, type SecondLook } from './second-look.ts'
import type { EngineState } from './state.ts'
import type { SymbolState } from './symbol.ts'

/** So long a decision within the day waits for the candles of other symbols. */
const GATHERING: Milliseconds = SECOND

/** Strategies that decide on the closes of one timeframe. */
interface Clock {
  readonly timeframe: Timeframe
  readonly entries: readonly BoundEntry[]
  /** A candle may have closed since the last scan. */
  isNews: boolean
}

function clocksOf(entries: readonly BoundEntry[]): readonly Clock[] {
  const timeframes = new Set(entries.map(({ strategy }) => strategy.timeframe))
  return [...timeframes].map(timeframe => ({
    timeframe,
    entries: entries.filter(({ strategy }) => strategy.timeframe === timeframe),
    isNews: true,
  }))
}

/** Refusals that are told with a code. */
const REFUSAL_CODES: { readonly [gate: string]: Code | undefined } = {
  'one-position': 'I112',
  once: 'I113',
  'stop-price': 'E206',
}

/**
 * The house as it stands, with what is known of a symbol that is to be entered; `null`: none is.
 *
 * @param same one that was made a moment ago, and in which nothing has changed since
 */
export type HouseOf = (symbol: string | null, same?: House) => House

export class Entries {
  readonly #core: EngineCore
  readonly #orders: OrderDesk
  readonly #leverages: Leverages
  readonly #gatekeeper: Gatekeeper
  readonly #house: HouseOf
  readonly #unsettled: () => readonly Unsettled[]
  /** A decision was put off, as books and exchange are being compared. */
  #isWaiting = false
  readonly #guards: readonly BoundGuard[]
  /** Signals acted on, with the moment their candle stops being the newest. */
  readonly #used = new Map<string, Timestamp>()
  readonly #refusals = new Refusals()
  readonly #clocks: readonly Clock[]
  /** The symbols that decisions of a day look at; `null` when a daily candle has closed since. */
  #universe: { readonly day: number; readonly symbols: ReadonlySet<SymbolState> } | null = null
  /** Signals that wait for something passing that has refused them. */
  #looks: readonly SecondLook[] = []
  /** Made and used up within one pass of the heavy cycle, which does not wait in between. */
  #signals: readonly Signal[] = []
  #scored: readonly Scored[] = []
  /** What many signals are judged by in one pass, until one of them is entered; `null` outside of a pass. */
  #pass: { house: House | null; without: { readonly of: Position; readonly house: House } | null } | null =
    null

  /**
   * @param house what the guards are shown, as it stands when an entry on a symbol is judged; of a house that was made a
   *   moment ago, and has not changed since, only the symbol is another one
   * @param unsettled why what is judged now would be refused whatever it is, for a moment
   */
  constructor(
    core: EngineCore,
    orders: OrderDesk,
    leverages: Leverages,
    gatekeeper: Gatekeeper,
    house: HouseOf,
    unsettled: () => readonly Unsettled[],
  ) {
    this.#core = core
    this.#orders = orders
    this.#leverages = leverages
    this.#gatekeeper = gatekeeper
    this.#house = house
    this.#unsettled = unsettled
    this.#guards = core.guards(GUARDS)
    this.#clocks = clocksOf(core.entries)
  }

  /** A daily candle has closed: there is something to scan, of decisions within the day as well, which read it too. */
  dayClosed(): void {
    this.#universe = null
    for (const clock of this.#clocks) clock.isNews = true
    this.#core.touch('heavy')
  }

  /**
   * A 5-minute candle has closed. Where somebody decides on them the heavy cycle does not wait for its turn: half of
   * the closes lie between two, and a minute later the price is too old for an entry at the market. Told after its
   * close, as by any feed but a simulated one, it waits a moment for those of the other symbols, which are ranked with
   * it.
   */
  minutesClosed(end: Timestamp): void {
    const clock = this.#clocks.find(one => one.timeframe === '5m')
    const { now, schedule } = this.#core
    if (clock === undefined || now >= end + INTERVAL_MS['5m']) return
    clock.isNews = true
    schedule.hurry('heavy', now > end ? now + GATHERING : now)
  }

  /**
   * Limit entries that have lived through one bar of their timeframe are taken back and decided anew; after a halt all of
   * them are, for one that fills would add. Returns their ids: their end is to be waited for.
   */
  expire(): string[] {
    const waiting: string[] = []
    const { isHalted } = this.#gatekeeper
    for (const entry of this.#core.portfolio.pending.values()) {
      const id = entry.clientOrderId
      const stage = this.#orders.cancelling.get(id) ?? null
      const isDoubtful = this.#orders.doubts.isDoubtful(id)
      const ends = this.#core.ruled(EXPIRY, { entry, now: this.#core.now, isHalted, stage, isDoubtful })
      if (ends === null) continue
      // One that was never sent ends at once.
      if (!this.#orders.isHeld(id)) waiting.push(id)
      this.#orders.cancelEntry(entry, 'expired')
    }
    return waiting
  }

  /**
   * Every candle of a clock is decided on once, in the first heavy cycle after its close and while it is the newest. A
   * decision is not spent on a moment in which everything would be refused because books and exchange are being
   * compared: it waits for the end of that.
   */
  scan(): void {
    const causes = this.#unsettled()
    this.#isWaiting = causes.length > 0
    this.#core.ruled(PUT_OFF, { causes, news: this.#news(), now: this.#core.now })
    if (this.#isWaiting) return
    const found: Signal[] = []
    for (const clock of this.#clocks) {
      if (!clock.isNews) continue
      clock.isNews = false
      this.#decide(clock, found)
    }
    if (this.#looks.length > 0) this.#lookAgain(found)
    this.#signals = found
  }

  /** Looks for signals again that something passing has refused, where that is over. */
  #lookAgain(found: Signal[]): void {
    const core = this.#core
    const waiting: SecondLook[] = []
    const again = new Map<SymbolState, SecondLook[]>()
    for (const look of this.#looks) {
      const state = core.markets.find(look.symbol)
      if (state === undefined || !this.isAlive(state, look.timeframe)) continue
      const seen = {
        look,
        newest: state.newest(look.timeframe),
        lastAt: state.lastAt,
        missing: state.missingCandles(look.timeframe),
        isBlocked: this.#house(look.symbol).blocks.some(
          ({ gate, symbol }) => gate === 'readiness' && (symbol === null || symbol === look.symbol),
        ),
        now: core.now,
      }
      const answer = core.ruled(SECOND_LOOK, seen)
      // The end of everything else is told; a price grows fresh without a word.
      if (answer === null && !seen.isBlocked && isFullEnough(seen)) core.touch('heavy')
      if (answer === null) waiting.push(look)
      else if (answer === 'again') again.set(state, [...(again.get(state) ?? []), look])
    }
    this.#looks = waiting
    for (const [state, looks] of again) {
      const entries = core.entries.filter(({ strategy }) => looks.some(one => one.strategy === strategy.id))
      scanSymbol(entries, core.cursor, state, core.now, found)
    }
  }

  /** An entry never reached the market for something passing: its signal is not spent. */
  again({ signalId, strategy, symbol, candleStart, rung, replaces }: PendingEntry): void {
    // An add and an exchange of positions have a course of their own.
    if (rung !== undefined || replaces !== undefined) return
    this.#used.delete(signalId)
    this.#wait({ strategy, symbol, candleStart, isMarket: true, cause: 'readiness', missing: 0 })
  }

  #wait(wish: Omit<SecondLook, 'timeframe'>): void {
    const { strategy, symbol } = wish
    const timeframe = this.#core.entries.find(one => one.strategy.id === strategy)?.strategy.timeframe
    if (timeframe === undefined) return
    const look = { ...wish, timeframe }
    this.#looks = [...this.#looks.filter(one => one.strategy !== strategy || one.symbol !== symbol), look]
    this.#core.touch('heavy')
  }

  /** Books and exchange have been compared: what waits for that is decided now, if it has come to an end. */
  compared(): void {
    if (!this.#isWaiting || this.#unsettled().length > 0) return
    this.#isWaiting = false
    if (this.#clocks.some(({ isNews }) => isNews)) this.#core.schedule.hurry('heavy', this.#core.now)
  }

  /** Timeframes of which a candle may have closed since the last decision. */
  #news(): readonly Timeframe[] {
    return this.#clocks.filter(({ isNews }) => isNews).map(({ timeframe }) => timeframe)
  }

  #decide({ timeframe, entries }: Clock, found: Signal[]): void {
    const { now } = this.#core
    const universe = this.#inUniverse()
    for (const symbol of this.#core.markets.all()) {
      const newest = symbol.newest(timeframe)
      if (symbol.decided[timeframe] === newest || !this.isAlive(symbol, timeframe)) continue
      symbol.decided[timeframe] = newest
      if (universe.has(symbol)) {
        this.#core.count('decisions')
        scanSymbol(entries, this.#core.cursor, symbol, now, found)
        if (timeframe === '1d') this.#tellUnavailable(symbol)
      }
      if (timeframe === '1d') this.#core.stopOuts.decided(symbol.instrument.symbol, newest + DAY)
    }
  }

  /** Bands and RSI that there is history enough for, and that come to no number: no strategy fires without them. */
  #tellUnavailable(symbol: SymbolState): void {
    if (symbol.daily.length < BAND_PERIOD) return
    const { middle, width, rsi } = this.#core.cursor.pointAt(symbol, this.#core.now)
    if (middle !== undefined && width !== undefined && rsi !== undefined) return
    const lacking = rsi === undefined ? (middle === undefined ? 'bands and RSI' : 'RSI') : 'bands'
    this.#core.unavailable(symbol.instrument.symbol, `${lacking} unavailable; no signal`)
  }

  /** Scores and ranks what the scan has found. */
  score(): void {
    this.#scored = rank(this.#signals.map(scoreSignal))
    this.#core.witness?.scored(this.#signals, this.#scored, this.#core.now)
    this.#signals = []
  }

  /** Judges what was scored, the best first, and enters what is admitted. */
  enter(): void {
    const scored = this.#scored
    this.#scored = []
    this.#enterAll(
      scored,
      (signal, gate) => this.#refusals.isNews(signal, gate),
      (signal, refusal) => this.#maybeWait(signal, refusal),
    )
  }

  #maybeWait(signal: Signal, refusal: Refusal): void {
    const cause = passing(refusal)
    if (cause === null) return
    const { strategy, symbol, candleStart, order, missingCandles: missing } = signal
    this.#wait({ strategy, symbol, candleStart, isMarket: order.type === 'market', cause, missing })
  }

  /** The signals that a decision now would find on the newest closed candles; changes nothing. */
  look(): readonly Signal[] {
    const found: Signal[] = []
    for (const { timeframe, entries } of this.#clocks) {
      for (const symbol of this.#inUniverse()) {
        if (!this.isAlive(symbol, timeframe)) continue
        scanSymbol(entries, this.#core.cursor, symbol, this.#core.now, found)
      }
    }
    return found
  }

  /** The symbols that a decision now would look at. */
  watched(): readonly SymbolState[] {
    return [...this.#inUniverse()]
  }

  /** Whether a decision now would look at a symbol. */
  isWatched(symbol: SymbolState): boolean {
    return this.#inUniverse().has(symbol)
  }

  /** Judges signals from outside; answered under `id`. */
  propose(scored: readonly Scored[], id: string | undefined): void {
    // Whoever hands a signal in is told what comes of it, however often.
    const { entered, refused } = this.#enterAll(rank(scored), () => true)
    if (id === undefined) return
    const reason = [`${entered} entered, ${refused.length} refused`, ...refused].join('; ')
    this.#core.emit({ type: 'answer', id, ok: entered > 0 || scored.length === 0, reason })
  }

  /** Whether the candles that a decision reads are the newest there can be: the daily ones in any case. */
  isAlive(symbol: SymbolState, timeframe: Timeframe): boolean {
    const { now } = this.#core
    return symbol.isCurrent('1d', now) && (timeframe === '1d' || symbol.isCurrent(timeframe, now))
  }

  /**
   * The symbols that decisions look at: those of highest turnover, or all. Ranked among all of the day, also those that
   * were decided on before: a late candle does not widen it. It changes with daily candles and with the day alone.
   */
  #inUniverse(): ReadonlySet<SymbolState> {
    const day = Math.floor(this.#core.now / DAY)
    if (this.#universe?.day !== day) this.#universe = { day, symbols: new Set(this.#ranked()) }
    return this.#universe.symbols
  }

  #ranked(): readonly SymbolState[] {
    const { top } = this.#core.settings.universe
    const symbols = [...this.#core.markets.all()].filter(symbol => this.isAlive(symbol, '1d'))
    if (top === 0 || symbols.length <= top) return symbols
    const { now, cursor, witness } = this.#core
    const chosen = ofHighestTurnover(
      symbols.map(one => [one.instrument.symbol, cursor.pointAt(one, now).turnover]),
      top,
    )
    witness?.chosen(
      symbols.map(one => [one.instrument.symbol, one.newest('1d')]),
      chosen,
      now,
    )
    return chosen.map(symbol => this.#core.markets.of(symbol))
  }

  /**
   * @param isNews whether a refusal by a gate is to be told
   * @param onRefused told of each
   */
  #enterAll(
    scored: readonly Scored[],
    isNews: (signal: Signal, gate: string) => boolean,
    onRefused: (signal: Signal, refusal: Refusal) => void = () => {},
  ): { readonly entered: number; readonly refused: readonly string[] } {
    const refused: string[] = []
    this.inOnePass(() => {
      for (const one of scored) {
        const { signal } = one
        this.#core.count(`signals:${signal.strategy}`)
        const verdict = this.#judge(one)
        if ('refused' in verdict) {
          const { refused: refusal } = verdict
          this.#refuse(one, refusal, this.#core.journal && isNews(signal, refusal.gate))
          onRefused(signal, refusal)
          refused.push(`${signal.symbol}: ${verdict.refused.reason}`)
        } else this.#place(verdict.admitted, one)
      }
    })
    return { entered: scored.length - refused.length, refused }
  }

  /**
   * Judges many signals, or lets others be judged, within one moment in which nothing but an entry changes what they are
   * judged by.
   */
  inOnePass(work: () => void): void {
    this.#pass = { house: null, without: null }
    try {
      work()
    } finally {
      this.#pass = null
    }
  }

  /** What the guards are shown when an entry on a symbol is judged. */
  #houseFor(symbol: string): House {
    if (this.#pass === null) return this.#house(symbol)
    this.#pass.house ??= this.#house(null)
    return this.#house(symbol, this.#pass.house)
  }

  /** The same without a position that the entry takes the place of, and without ladders. */
  #houseWithout(position: Position, symbol: string): House {
    if (this.#pass === null) return without(this.#house(symbol), position)
    this.#pass.house ??= this.#house(null)
    if (this.#pass.without?.of !== position) {
      this.#pass.without = { of: position, house: without(this.#pass.house, position) }
    }
    return this.#house(symbol, this.#pass.without.house)
  }

  /**
   * Enters a position that takes the place of another one, with a size of its own: it passes the same gates, shown a
   * house without that other position.
   *
   * @param isNews whether a refusal by a gate is to be told
   * @returns the id of the order, or the refusal
   */
  exchange(
    one: Scored,
    replaces: Position,
    steps: Steps,
    isNews: (gate: string) => boolean,
  ): { readonly entered: string } | { readonly refused: Refusal } {
    const verdict = this.#judge(one, false, terms => {
      const house = this.#houseWithout(replaces, one.signal.symbol)
      const proposal = proposalOf(terms, this.#core.settings.universe, one, house)
      return 'refused' in proposal
        ? proposal
        : admitEntry(this.#guards, { ...proposal, steps, replaces }, house)
    })
    if ('admitted' in verdict) return { entered: this.#place(verdict.admitted, one) }
    if (isNews(verdict.refused.gate)) this.#refuse(one, verdict.refused, this.#core.journal)
    return verdict
  }

  #judge(
    one: Scored,
    mayLadder = true,
    admit: (terms: EntryTerms) => { readonly admitted: Proposal } | { readonly refused: Refusal } = terms =>
      admitScored(this.#guards, terms, this.#core.settings.universe, one, this.#houseFor(one.signal.symbol)),
  ): { readonly admitted: Proposal } | { readonly refused: Refusal } {
    const refused = this.#core.ruled(OWN_GATES, this.#seen(one.signal, mayLadder))
    if (refused !== null) return { refused }
    const terms = this.#core.terms(one.signal.strategy)
    assert(terms !== undefined, 'a strategy without terms is refused')
    return admit(terms)
  }

  #seen(signal: Signal, mayLadder: boolean): SeenSignal {
    const known = this.#core.markets.find(signal.symbol)?.instrument
    return {
      signal,
      known: known === undefined ? null : { tick: known.tick, step: known.step },
      isUsed: this.#used.has(signal.id),
      mayLadder,
      live: this.#core.live,
    }
  }

  /** What is asked of a signal before the guards are: whether it is one that this bbw can act on at all. */
  ownGates(signal: Signal): readonly GateReading[] {
    return ownGates(this.#seen(signal, true), this.#core.terms(signal.strategy) !== undefined)
  }

  #refuse(scored: Scored, refusal: Refusal, isTold: boolean): void {
    const { signal, score } = scored
    this.#core.count(`refused:${refusal.gate}`)
    if (!isTold) return
    this.#core.emit({ type: 'verdict', scored, verdict: refusal.gate, reason: refusal.reason })
    this.#core.record('refused', {
      code: this.#codeOf(refusal, signal.symbol),
      symbol: signal.symbol,
      side: signal.side,
      strategy: signal.strategy,
      signalId: signal.id,
      clientOrderId: null,
      reason: `${refusal.gate}: ${refusal.reason}`,
      figures: { gate: refusal.gate, score: score.value, ...refusal.figures },
    })
  }

  #codeOf({ gate, figures }: Refusal, symbol: string): Code | null {
    const isOld = gate === 'stale-data' && figures.ageSeconds !== undefined
    if (!isOld) return REFUSAL_CODES[gate] ?? null
    return this.#core.obstacles.isNews(`W506 ${symbol}`) ? 'W506' : null
  }

  /** Sends an entry; returns the id of its order. */
  #place(proposal: Proposal, scored: Scored): string {
    const { signal, score, entry, steps, margin, sizing, terms, ladder, skipped, replaces } = proposal
    for (const [id, until] of this.#used) if (until <= this.#core.now) this.#used.delete(id)
    this.#used.set(signal.id, signal.candleEnd + INTERVAL_MS[signal.timeframe])
    this.#refusals.entered(signal)
    const id = this.#orders.nextId(signal.id, 'entry')
    const { instrument, order } = signal
    const pending: PendingEntry = {
      clientOrderId: id,
      signalId: signal.id,
      strategy: signal.strategy,
      timeframe: signal.timeframe,
      symbol: signal.symbol,
      side: signal.side,
      instrument,
      score: score.value,
      steps,
      price: entry,
      stop: signal.stop,
      target: terms.partialTargets ? null : signal.target,
      leverage: signal.leverage,
      margin,
      candleStart: signal.candleStart,
      sentAt: this.#core.now,
      weekBb: signal.weekBb,
      reason: signal.reason,
      ...(ladder === null ? {} : { ladder }),
      ...(replaces === null ? {} : { replaces: positionKey(replaces.symbol, replaces.side) }),
    }
    const request: OrderRequest = {
      clientOrderId: id,
      symbol: signal.symbol,
      side: signal.side,
      purpose: 'entry',
      type: order.type,
      price: order.type === 'limit' ? order.price : null,
      steps,
      stop: signal.stop,
      leverage: signal.leverage,
      postOnly: false,
    }
    if (this.#pass !== null) this.#pass = { house: null, without: null }
    this.#core.fold({ type: 'entry-sent', entry: pending })
    this.#core.count(`entered:${signal.strategy}`)
    if (ladder !== null) this.#countLadder(ladder)
    for (const gate of skipped) this.#core.count(`skipped:${gate}`)
    if (signal.atr15m === null) this.#core.count('missing:atr15m')
    if (signal.funding === null) this.#core.count('missing:funding-rate')
    this.#core.emit({ type: 'persist', key: id, order: request, signalId: signal.id })
    if (this.#core.journal)
      this.#core.emit({ type: 'verdict', scored, verdict: 'entered', reason: signal.reason })
    this.#core.event('entered', pending, signal.reason, {
      score: score.value,
      order: order.type,
      price: order.type === 'limit' ? formatTicks(instrument, order.price) : null,
      qty: formatSteps(instrument, steps),
      notional: margin * signal.leverage,
      margin,
      leverage: signal.leverage,
      stop: formatTicks(instrument, signal.stop),
      target: pending.target === null ? null : formatTicks(instrument, pending.target),
      sizing,
      ...(skipped.length === 0 ? {} : { skipped: skipped.join(', ') }),
    })
    this.#leverages.send(request)
    this.#core.schedule.touchAt('heavy', expiryOf(pending))
    return id
  }

  #countLadder({ rungs }: Ladder): void {
    this.#core.count('planned:ladder')
    for (const { isDropped } of rungs) if (isDropped) this.#core.count('dropped:add')
  }

  save(): Pick<EngineState, 'used' | 'refusals' | 'secondLooks' | 'putOff'> {
    const putOff = { isWaiting: this.#isWaiting, news: this.#news() }
    return { used: [...this.#used], ...this.#refusals.save(), secondLooks: this.#looks, putOff }
  }

  /** @param saved without `putOff` where another process goes on: it looks at every candle */
  load({
    used,
    refusals,
    putOff,
    secondLooks,
  }: Pick<EngineState, 'used' | 'refusals' | 'secondLooks'> & Partial<Pick<EngineState, 'putOff'>>): void {
    this.#looks = secondLooks
    this.#refusals.load({ refusals })
    if (putOff !== undefined) {
      this.#isWaiting = putOff.isWaiting
      for (const clock of this.#clocks) clock.isNews = putOff.news.includes(clock.timeframe)
    }
    for (const [id, until] of used) this.#used.set(id, until)
  }
}

/** The house as it would be without a position, in which what takes its place becomes no ladder. */
function without(house: House, { symbol, side }: Position): House {
  const positions = new Map(house.portfolio.positions)
  positions.delete(positionKey(symbol, side))
  return { ...house, portfolio: { ...house.portfolio, positions }, ladder: null }
}
