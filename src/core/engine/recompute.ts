/**
 * Makes decisions again that were taken down, with the code, settings, instruments and candles of now, and names every
 * difference: a candle, a parameter, a fee, an instrument's filter, the code, a stored input, an answer.
 */
import { ALERTS } from '../alerts/list.ts'
import { assert } from '../base/assert.ts'
import { StoreError } from '../base/errors.ts'
import type { Timestamp } from '../base/units.ts'
import type { Signal } from '../decision/signal.ts'
import type { EntryTerms, Params } from '../decision/strategy.ts'
import type { StopOut } from '../decision/view.ts'
import type { House, Proposal } from '../guards/guard.ts'
import { ADD_GUARDS } from '../guards/list.ts'
import { type Candle, turnoverOf } from '../market/candles.ts'
import type { Instrument } from '../market/instrument.ts'
import { INTERVAL_MS, type Interval } from '../market/interval.ts'
import { isNeverTrade } from '../market/tiers.ts'
import type { Position } from '../portfolio/position.ts'
import { ENTRY_STRATEGIES, STRATEGIES } from './cycles.ts'
import {
  type Decision,
  type DecisionKind,
  decisiveSettings,
  fromText,
  instrumentContext,
  type SettingsContext,
  settingsContext,
  shortHash,
  textOf,
  toldHash,
} from './decision-record.ts'
import { closeBy } from './management.ts'
import {
  type BoundEntry,
  boundEntry,
  boundGuards,
  enabledEntries,
  houseRules,
  ofHighestTurnover,
  rank,
  scoreSignal,
} from './pipeline.ts'
import { RULES } from './rules.ts'
import type { Settings } from './settings.ts'
import { Cursor, SymbolState } from './symbol.ts'
import {
  type CandlePrint,
  PRINTED,
  type Printed,
  printOf,
  type ToldSeries,
  withCandle,
} from './told-candles.ts'
import {
  isSilent,
  type NamedAnswer,
  type SeenProposal,
  type SeenView,
  scoreAnswer,
  verdictWords,
} from './witness.ts'

/** What decisions are made again with. */
export interface Present {
  readonly version: string
  readonly settings: Settings
  instrument(symbol: string): Instrument | undefined
  /** Closed candles of a symbol and interval, oldest first; empty where there are none. */
  candles(symbol: string, interval: Interval): readonly Candle[]
}

/** What was kept beside the decisions. */
export interface Kept {
  /** The text under a hash. Throws where it is missing. */
  context(hash: string): string
  prints(symbol: string, interval: Interval): ReadonlyMap<Timestamp, CandlePrint>
  /** The series that there are prints of. */
  series(): readonly (readonly [symbol: string, interval: Interval])[]
}

/** A decision with its place in the journal. */
export type Placed = Decision & { readonly row: number }

export type Difference =
  | {
      readonly kind: 'candle'
      readonly symbol: string
      readonly interval: Interval
      readonly start: Timestamp
      /** `null`: the candle is not there any more. */
      readonly fields: readonly Printed[] | null
    }
  /** Candles differ, and their prints do not say which; or none of the series is there any more. */
  | {
      readonly kind: 'candles'
      readonly symbol: string
      readonly interval: Interval
      readonly from: Timestamp
      readonly to: Timestamp
      readonly areGone: boolean
    }
  | {
      readonly kind: 'parameter' | 'fee'
      readonly path: string
      readonly was: unknown
      readonly now: unknown
    }
  | {
      readonly kind: 'instrument'
      readonly symbol: string
      readonly field: string
      readonly was: unknown
      readonly now: unknown
    }
  | { readonly kind: 'code'; readonly was: string; readonly now: string }
  /** What was stored with a decision is not what it hashes to. */
  | { readonly kind: 'stored'; readonly row: number; readonly what: 'state' | 'candles' }
  | {
      readonly kind: 'answer'
      readonly row: number
      readonly at: Timestamp
      readonly decision: DecisionKind
      readonly strategy: string | null
      readonly symbol: string | null
      readonly was: string
      readonly now: string
    }

/** What the candles of a symbol are read into, as far as decisions have seen them. */
interface Feed {
  readonly state: SymbolState
  readonly series: Map<Interval, FedSeries>
}

interface FedSeries {
  /** The first candle that was told, and the newest that was asked for. */
  readonly first: Timestamp
  newest: Timestamp
  told: ToldSeries | undefined
  row: number
}

export class Recomputation {
  readonly #present: Present
  readonly #kept: Kept
  readonly #cursor: Cursor
  /** What the cursor shows of stops, of the decision that is made again. */
  #stopOuts: readonly StopOut[] = []
  readonly #entries: readonly BoundEntry[]
  readonly #context: string
  readonly #feeds = new Map<string, Feed>()
  readonly #candles = new Map<string, ReadonlyMap<Timestamp, Candle>>()
  readonly #prints = new Map<string, ReadonlyMap<Timestamp, CandlePrint>>()
  /** Up to where the candles of a series were compared one by one. */
  readonly #named = new Map<string, Timestamp>()
  readonly #seenContexts = new Set<string>()
  readonly #differences = new Map<string, Difference>()
  #compared = 0
  #unmade = 0

  constructor(present: Present, kept: Kept) {
    this.#present = present
    this.#kept = kept
    this.#cursor = new Cursor(present.settings.fees, {
      of: (_, side) => this.#stopOuts.find(out => out.side === side),
    })
    this.#cursor.wantsReasons = true
    this.#entries = enabledEntries(present.settings)
    this.#context = settingsContext(present.version, present.settings).hash
  }

  /** How many decisions were made again. */
  get compared(): number {
    return this.#compared
  }

  /** How many could not be, because what they saw has no text. */
  get unmade(): number {
    return this.#unmade
  }

  /** Each once, in the order in which they were found. */
  get differences(): readonly Difference[] {
    return [...this.#differences.values()]
  }

  /** Makes one decision again. They have to come in the order in which they were made. */
  take(decision: Placed): void {
    this.#compareContext(decision.context)
    const { row, inputs, told, seen } = decision
    if (shortHash(seen) !== inputs.state) this.#found({ kind: 'stored', row, what: 'state' })
    if (toldHash(told) !== inputs.candles) this.#found({ kind: 'stored', row, what: 'candles' })
    const shown = fromText(seen)
    if (typeof shown === 'object' && shown !== null && 'unrecordable' in shown) {
      this.#unmade++
      return
    }
    const now = this.#answerNow(decision, shown)
    this.#compared++
    if (now === decision.answer) return
    const { at, kind, strategy, symbol, answer } = decision
    this.#found({ kind: 'answer', row, at, decision: kind, strategy, symbol, was: answer, now })
  }

  /**
   * Compares the candles of symbols that no decision has looked at, up to a moment: they decide which symbols are looked
   * at. To be called after the last decision.
   */
  finish(until: Timestamp): void {
    for (const [symbol, interval] of this.#kept.series()) {
      if (this.#named.get(`${symbol} ${interval}`) === Number.POSITIVE_INFINITY) continue
      const fed = this.#feeds.get(symbol)?.series.get(interval)
      const from = fed === undefined ? Number.NEGATIVE_INFINITY : fed.newest + INTERVAL_MS[interval]
      // One that has not closed by then was told later.
      this.#comparePrints(symbol, interval, from, until - INTERVAL_MS[interval])
    }
  }

  /** What was seen by another version may not be what the code of now can look at: that is a difference, too. */
  #answerNow(decision: Decision, shown: unknown): string {
    try {
      return this.#again(decision, shown)
    } catch (error) {
      if (error instanceof StoreError) throw error
      return `it cannot be made on what was seen then (${error instanceof Error ? error.message : error})`
    }
  }

  #again(decision: Decision, shown: unknown): string {
    switch (decision.kind) {
      case 'universe':
        return textOf(this.#chosen(shown as { readonly alive: readonly (readonly [string, Timestamp])[] }))
      case 'scan':
        return textOf(this.#scanned(decision, shown as SeenView))
      case 'manage':
        return textOf(this.#managed(decision, shown as SeenView))
      case 'score': {
        const { signals } = shown as { readonly signals: readonly Signal[] }
        return scoreAnswer(rank(signals.map(scoreSignal)))
      }
      case 'alert':
        return textOf(this.#looked(decision, shown as SeenView))
      case 'guards':
        return textOf(this.#judged(decision, shown as SeenProposal))
      case 'time-exit': {
        const { position } = shown as { readonly position: Position }
        const maxHold = this.#terms(position.strategy)?.maxHold ?? null
        return textOf({ closeBy: closeBy(position, this.#present.settings.maxBars, maxHold) })
      }
      default: {
        const rule = RULES[decision.kind]
        return textOf(rule.decide(shown as never, this.#present.settings))
      }
    }
  }

  // --- the kinds ----------------------------------------------------------------------------------------------

  #chosen({ alive }: { readonly alive: readonly (readonly [string, Timestamp])[] }): readonly string[] {
    const turnovers = alive.map(([symbol, newest]) => {
      const candle = this.#present.candles(symbol, '1d').findLast(({ start }) => start === newest)
      return [symbol, candle === undefined ? 0 : turnoverOf(candle)] as const
    })
    const { top } = this.#present.settings.universe
    return top === 0 ? alive.map(([symbol]) => symbol) : ofHighestTurnover(turnovers, top)
  }

  /** Those are asked again that were asked then; one that is switched off now has nothing to say. */
  #scanned(decision: Decision, seen: SeenView): readonly NamedAnswer[] {
    const asked = fromText(decision.answer) as readonly NamedAnswer[]
    const view = this.#view(decision, seen)
    return asked.map(([id]) => {
      const entry = this.#entry(id)
      const answer = entry === undefined ? [] : asks(entry.strategy, seen, view, entry.params)
      return isSilent(answer) ? [id] : [id, answer]
    })
  }

  #managed(decision: Decision, seen: SeenView): unknown {
    const strategy = STRATEGIES.find(({ id }) => id === decision.strategy)
    if (strategy === undefined) return []
    // One that is switched off goes on with the positions it has.
    const { enabled: _, live: __, ...params } = this.#present.settings.strategies[strategy.id]
    return asks(strategy, seen, this.#view(decision, seen), params)
  }

  #looked(decision: Decision, seen: SeenView): unknown {
    const rule = ALERTS.find(({ id }) => id === decision.strategy)
    if (rule === undefined) return null
    const { enabled: _, ...params } = this.#present.settings.alerts[rule.id]
    return rule.look(this.#view(decision, seen), params)
  }

  #judged(decision: Decision, { proposal, house: seen }: SeenProposal): readonly NamedAnswer[] {
    const { settings } = this.#present
    const house: House = { ...seen, ...houseRules(settings, seen.live) }
    const { signal, terms: then } = proposal
    let current: Proposal = {
      ...proposal,
      terms: this.#terms(signal.strategy) ?? then,
      neverTrade: isNeverTrade(settings.universe, signal.symbol),
    }
    const answers: NamedAnswer[] = []
    const all = [...boundGuards(settings), ...boundGuards(settings, ADD_GUARDS)]
    for (const [id] of fromText(decision.answer) as readonly NamedAnswer[]) {
      const bound = all.find(({ guard }) => guard.id === id)
      if (bound === undefined) continue
      const verdict = bound.guard.check(current, house, bound.params)
      answers.push([id, verdictWords(current, verdict)])
      if ('refused' in verdict) break
      current = verdict.admitted
    }
    return answers
  }

  /** The terms of a strategy, switched on or off. */
  #terms(id: string): EntryTerms | undefined {
    const strategy = ENTRY_STRATEGIES.find(one => one.id === id)
    return strategy === undefined ? undefined : boundEntry(strategy, this.#present.settings).terms
  }

  #entry(id: string): BoundEntry | undefined {
    return this.#entries.find(({ strategy }) => strategy.id === id)
  }

  // --- the market ---------------------------------------------------------------------------------------------

  /** The cursor, pointing at the symbol as the decision saw it, on the candles of now. */
  #view({ at, symbol, told, inputs }: Decision, seen: SeenView): Cursor {
    assert(symbol !== null && inputs.instrument !== null, 'a view is of a symbol')
    const state = this.#fed(symbol, told, inputs.instrument)
    state.see(seen.market)
    const { position, isHeld } = seen
    this.#stopOuts = seen.stopOuts
    return this.#cursor.pointAt(state, at, position ?? undefined, isHeld)
  }

  /** The state of a symbol, with the candles that were told until then. */
  #fed(symbol: string, told: readonly ToldSeries[], instrumentHash: string): SymbolState {
    this.#compareInstrument(symbol, instrumentHash)
    let feed = this.#feeds.get(symbol)
    if (feed === undefined || !goesOn(feed, told)) {
      const instrument =
        this.#present.instrument(symbol) ?? (fromText(this.#kept.context(instrumentHash)) as Instrument)
      feed = { state: new SymbolState(instrument, this.#present.settings.universe), series: new Map() }
      this.#feeds.set(symbol, feed)
    }
    for (const one of told) {
      const reached = this.#feedSeries(feed, symbol, one)
      if (reached !== undefined && textOf(reached) === textOf(one)) continue
      this.#nameCandles(symbol, one)
    }
    return feed.state
  }

  #feedSeries(
    { state, series }: Feed,
    symbol: string,
    { interval, first, newest }: ToldSeries,
  ): ToldSeries | undefined {
    const at = series.get(interval) ?? { first, newest, told: undefined, row: 0 }
    series.set(interval, at)
    at.newest = newest
    const candles = this.#present.candles(symbol, interval)
    const prints = this.#printsOf(symbol, interval)
    const [firstPrint = Number.POSITIVE_INFINITY] = prints.keys()
    for (; at.row < candles.length && candles[at.row].start <= newest; at.row++) {
      const candle = candles[at.row]
      // One without a print was not told: it has come into the data since. Before the first print all were told:
      // prints that no decision needs any more have been removed.
      if (candle.start < first || (candle.start > firstPrint && !prints.has(candle.start))) continue
      state.close(interval, candle)
      at.told = withCandle(at.told, interval, candle)
    }
    return at.told
  }

  /** Compares candle by candle, up to the newest that was told; what was compared before is not looked at again. */
  #nameCandles(symbol: string, { interval, first, newest }: ToldSeries): void {
    const name = `${symbol} ${interval}`
    const from = this.#named.get(name)
    if (from !== undefined && from >= newest) return
    const isGone = this.#candlesOf(symbol, interval).size === 0
    this.#named.set(name, isGone ? Number.POSITIVE_INFINITY : newest)
    const isNamed = this.#comparePrints(
      symbol,
      interval,
      from === undefined ? first : from + INTERVAL_MS[interval],
      newest,
    )
    if (from === undefined && !isNamed) {
      this.#found({ kind: 'candles', symbol, interval, from: first, to: newest, areGone: false })
    }
  }

  /** Compares each candle in `[from, to]` with its print; whether one differs. */
  #comparePrints(symbol: string, interval: Interval, from: Timestamp, to: Timestamp): boolean {
    const candles = this.#candlesOf(symbol, interval)
    const prints = this.#printsOf(symbol, interval)
    let found = false
    const [first = to + 1] = prints.keys()
    if (candles.size === 0 && first <= to) {
      this.#found({ kind: 'candles', symbol, interval, from: Math.max(from, first), to, areGone: true })
      return true
    }
    for (let start = Math.max(from, first); start <= to; start += INTERVAL_MS[interval]) {
      const then = prints.get(start)
      if (then === undefined) continue
      const candle = candles.get(start)
      const now = candle === undefined ? null : printOf(candle)
      const fields = now === null ? null : PRINTED.filter((_, k) => now[k] !== then[k])
      if (fields?.length === 0) continue
      found = true
      this.#found({ kind: 'candle', symbol, interval, start, fields })
    }
    return found
  }

  #candlesOf(symbol: string, interval: Interval): ReadonlyMap<Timestamp, Candle> {
    const name = `${symbol} ${interval}`
    const known = this.#candles.get(name)
    if (known !== undefined) return known
    const candles = new Map(this.#present.candles(symbol, interval).map(candle => [candle.start, candle]))
    this.#candles.set(name, candles)
    return candles
  }

  #printsOf(symbol: string, interval: Interval): ReadonlyMap<Timestamp, CandlePrint> {
    const name = `${symbol} ${interval}`
    const known = this.#prints.get(name)
    if (known !== undefined) return known
    const prints = this.#kept.prints(symbol, interval)
    this.#prints.set(name, prints)
    return prints
  }

  // --- settings and instruments -------------------------------------------------------------------------------

  #compareContext(hash: string): void {
    if (hash === this.#context || this.#seenContexts.has(hash)) return
    this.#seenContexts.add(hash)
    const then = fromText(this.#kept.context(hash)) as SettingsContext
    const { version, settings } = this.#present
    if (then.version !== version) this.#found({ kind: 'code', was: then.version, now: version })
    for (const [path, before, now] of unequal(then.settings, decisiveSettings(settings), [])) {
      const kind = path.startsWith('fees.') ? 'fee' : 'parameter'
      this.#found({ kind, path, was: before, now })
    }
  }

  #compareInstrument(symbol: string, hash: string): void {
    const key = `${symbol} ${hash}`
    if (this.#seenContexts.has(key)) return
    this.#seenContexts.add(key)
    const now = this.#present.instrument(symbol)
    if (now !== undefined && instrumentContext(now).hash === hash) return
    if (now === undefined) {
      this.#found({ kind: 'instrument', symbol, field: 'symbol', was: symbol, now })
      return
    }
    const then = fromText(this.#kept.context(hash))
    for (const [field, before, after] of unequal(then, now, [])) {
      this.#found({ kind: 'instrument', symbol, field, was: before, now: after })
    }
  }

  #found(difference: Difference): void {
    const { kind } = difference
    const key = kind === 'answer' || kind === 'stored' ? `${kind} ${difference.row}` : textOf(difference)
    if (!this.#differences.has(key)) this.#differences.set(key, difference)
  }
}

/** Whether a feed stands at or before what is to be reached of every series; after a restart it may not. */
function goesOn({ series }: Feed, told: readonly ToldSeries[]): boolean {
  return told.every(({ interval, first, newest }) => {
    const fed = series.get(interval)
    return fed === undefined || (fed.first === first && fed.newest <= newest)
  })
}

/** Asks a strategy as it was asked then. */
function asks(strategy: object, { verb, before, rest }: SeenView, view: Cursor, params: Params): unknown {
  const does: unknown = Object.entries(strategy).find(([name]) => name === verb)?.[1]
  return typeof does === 'function' ? Reflect.apply(does, strategy, [...before, view, params, ...rest]) : []
}

/** The leaves at which two trees differ. */
function unequal(
  then: unknown,
  now: unknown,
  path: readonly string[],
): readonly (readonly [path: string, then: unknown, now: unknown])[] {
  if (isTree(then) && isTree(now)) {
    const keys = [...new Set([...Object.keys(then), ...Object.keys(now)])]
    return keys.flatMap(key => unequal(then[key], now[key], [...path, key]))
  }
  return textOf([then]) === textOf([now]) ? [] : [[path.join('.'), then, now]]
}

function isTree(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
