/**
 * Takes down what is decided: strategies and guards are put behind a thin cover that lets everything through as it is,
 * and notes what was shown and what was answered. Nothing is decided differently for it.
 *
 * What a decision saw is kept so that it can be made again: candles as hashes (they lie in the market data), settings
 * and instruments once under their hash, everything else in full. A strategy's verb is known by the cursor
 * among its arguments, so that a new strategy, a new verb or a new field of the view needs nothing here.
 */
import type { AlertParams, AlertRule, AlertView, Finding } from '../alerts/alert.ts'
import type { Timestamp } from '../base/units.ts'
import type { Signal } from '../decision/signal.ts'
import type { StopOut } from '../decision/view.ts'
import type { House, Proposal, Verdict } from '../guards/guard.ts'
import type { BoundGuard } from '../guards/list.ts'
import type { Instrument } from '../market/instrument.ts'
import type { Side } from '../market/side.ts'
import type { Position } from '../portfolio/position.ts'
import type { CycleId, StepId } from './cycles.ts'
import {
  type Decision,
  type DecisionBatch,
  type DecisionContext,
  type DecisionKind,
  type InputHashes,
  instrumentContext,
  settingsContext,
  settingsHashes,
  shortHash,
  textOf,
  toldHash,
  Unrecordable,
} from './decision-record.ts'
import type { HouseRule } from './pipeline.ts'
import type { CandleInput, Scored } from './protocol.ts'
import { isSilent as isRuleSilent, type Rule } from './rule.ts'
import type { Settings } from './settings.ts'
import type { EngineState } from './state.ts'
import { Cursor, type SeenSymbol, type SymbolState } from './symbol.ts'
import { ToldCandles } from './told-candles.ts'

/** What a strategy was shown beside candles, settings and instrument. */
export interface SeenView {
  readonly verb: string
  /** Arguments of the verb before the view, and after the parameters that follow it. */
  readonly before: readonly unknown[]
  readonly rest: readonly unknown[]
  readonly market: SeenSymbol
  readonly position: Position | null
  readonly isHeld: boolean
  /** What stops have closed on the symbol and waits for a decision. */
  readonly stopOuts: readonly StopOut[]
}

/** The house as the guards saw it, without what follows from the settings. */
export type SeenHouse = Omit<House, HouseRule>

export interface SeenProposal {
  readonly proposal: Proposal
  readonly house: SeenHouse
}

/** What one of several has answered; a strategy that was silent has its name alone. */
export type NamedAnswer = readonly [id: string, answer?: unknown]

/** Of how many strategies and positions the last answer is remembered; beyond, all are told once more. */
const MOST_ANSWERS = 10_000

/** Intents that are acted on each time, not only when they change. */
const ACTS: ReadonlySet<unknown> = new Set(['enter', 'exit'])

/** Who decides what, for the record. */
interface Subject {
  readonly kind: DecisionKind
  readonly at: Timestamp
  readonly strategy: string | null
  readonly symbol: string | null
  readonly side: Side | null
  /** The market that was looked at; `null` where none was. */
  readonly market: SymbolState | null
}

/** A decision that is not whole yet: one symbol that is scanned, or one signal that is judged. */
interface Open {
  readonly key: unknown
  readonly decision: Decision
  readonly answers: NamedAnswer[]
}

export class Witness {
  readonly #context: DecisionContext
  readonly #settings: Pick<InputHashes, 'parameters' | 'fees'>
  readonly #told = new ToldCandles()
  readonly #instruments = new WeakMap<Instrument, string>()
  readonly #known = new Set<string>()
  /** The last answer of a strategy about a position, and of which rules it was not that nothing is to be done. */
  readonly #answers = new Map<string, string>()
  /** The answers that an attempt has overwritten; `null` outside of one. */
  #overwritten: Map<string, string | undefined> | null = null
  #contexts: DecisionContext[] = []
  #decisions: Decision[] = []
  #open: Open | null = null
  #cycle: CycleId | null = null
  #step: StepId | null = null

  /** @param version of the code that decides */
  constructor(settings: Settings, version: string) {
    this.#settings = settingsHashes(settings)
    this.#context = settingsContext(version, settings)
    this.#contexts.push(this.#context)
  }

  /** A candle has closed that may be looked at. */
  candle(candle: CandleInput): void {
    this.#told.take(candle.symbol, candle.interval, candle)
  }

  /** A step of a cycle begins; `null`: it is over. */
  during(cycle: CycleId | null, step: StepId | null): void {
    this.#close()
    this.#cycle = cycle
    this.#step = step
  }

  // --- covers -------------------------------------------------------------------------------------------------

  /** The strategy, noting what it answers to a view. */
  strategy<S extends { readonly id: string }>(strategy: S): S {
    const covered: { [verb: string]: unknown } = {}
    for (const [verb, does] of Object.entries(strategy)) {
      if (typeof does !== 'function') continue
      covered[verb] = (...args: readonly unknown[]): unknown => {
        const answer: unknown = Reflect.apply(does, strategy, args)
        const at = args.findIndex(arg => arg instanceof Cursor)
        const view = args[at]
        if (view instanceof Cursor) {
          const shown = { verb, before: args.slice(0, at), rest: args.slice(at + 2) }
          this.#answered(strategy.id, shown, view, answer)
        }
        return answer
      }
    }
    return { ...strategy, ...covered }
  }

  /** The guard, noting its verdicts. */
  readonly guard = ({ guard, params }: BoundGuard): BoundGuard => {
    const check = (proposal: Proposal, house: House, p: BoundGuard['params']): Verdict => {
      this.#judging(proposal, house)
      const verdict = guard.check(proposal, house, p)
      this.#open?.answers.push([guard.id, verdictWords(proposal, verdict)])
      // A refusal is the end: the same signal may be judged once more in the same moment.
      if ('refused' in verdict) this.#close()
      return verdict
    }
    return { guard: { ...guard, check }, params }
  }

  /** The rule of an alert, noting what it finds, and that it finds nothing any more. */
  readonly alert = (rule: AlertRule): AlertRule => {
    const look = (view: AlertView, params: AlertParams): Finding | null => {
      const finding = rule.look(view, params)
      // A look outside of a cycle decides nothing.
      if (view instanceof Cursor && this.#step !== null) this.#found(rule.id, view, finding)
      return finding
    }
    return { ...rule, look }
  }

  /** Of the symbols with a closed daily candle these are looked at; each with the start of its newest. */
  chosen(
    alive: readonly (readonly [symbol: string, newest: Timestamp])[],
    symbols: readonly string[],
    at: Timestamp,
  ): void {
    const subject = { kind: 'universe' as const, at, strategy: null, symbol: null, side: null, market: null }
    this.#whole(subject, { alive }, textOf(symbols))
  }

  /** Signals were scored and ranked. */
  scored(signals: readonly Signal[], ranked: readonly Scored[], at: Timestamp): void {
    if (signals.length === 0) return
    const subject = { kind: 'score' as const, at, strategy: null, symbol: null, side: null, market: null }
    this.#whole(subject, { signals }, scoreAnswer(ranked))
  }

  /** A position is closed because it has been held until `closeBy`. */
  timeExit(position: Position, closeBy: Timestamp, at: Timestamp): void {
    const { strategy, symbol, side } = position
    this.#whole(
      { kind: 'time-exit', at, strategy, symbol, side, market: null },
      { position },
      textOf({ closeBy }),
    )
  }

  /** A rule has answered. */
  ruled<Seen, Answer>(rule: Rule<Seen, Answer>, seen: Seen, answer: Answer, at: Timestamp): void {
    const { strategy, symbol, side, id = '' } = rule.about(seen)
    const key = `${rule.kind} ${strategy} ${symbol} ${side} ${id}`
    const text = textOf(answer)
    if (isRuleSilent(rule, answer, seen)) {
      // Nothing is to be done any more: that is said once.
      if (!this.#forget(key)) return
    } else {
      if (rule.lasts?.(answer) === true && this.#answers.get(key) === text) return
      this.#remember(key, text)
    }
    this.#whole({ kind: rule.kind, at, strategy, symbol, side, market: null }, seen, text)
  }

  /**
   * Does something that may be refused. What was decided on the way is taken down unless the refusal is the one of the
   * time before: it has come to nothing in the same way, and nothing has left.
   *
   * @param triedOf what was tried, and what has refused it, `null` where nothing has; `null`: nothing was tried
   */
  attempted<T>(
    attempt: () => T,
    triedOf: (outcome: T) => readonly [what: string, refusal: string | null] | null,
  ): T {
    this.#close()
    const before = this.#decisions.length
    const overwritten = new Map<string, string | undefined>()
    this.#overwritten = overwritten
    const outcome = attempt()
    this.#overwritten = null
    this.#close()
    const tried = triedOf(outcome)
    if (tried === null) return outcome
    const [what, refusal] = tried
    const key = `attempt ${what}`
    const isAsBefore = refusal !== null && this.#answers.get(key) === refusal
    if (refusal === null) this.#answers.delete(key)
    else this.#remember(key, refusal)
    if (!isAsBefore) return outcome
    this.#decisions.length = before
    for (const [other, answer] of overwritten) {
      if (answer === undefined) this.#answers.delete(other)
      else this.#answers.set(other, answer)
    }
    return outcome
  }

  // --- what is handed on --------------------------------------------------------------------------------------

  /** What was decided since the last time; `null` where nothing was. Prints of candles wait for a decision. */
  take(): DecisionBatch | null {
    this.#close()
    if (this.#decisions.length === 0) return null
    const batch = {
      contexts: this.#contexts,
      prints: this.#told.takePrints(),
      decisions: this.#decisions,
    }
    this.#contexts = []
    this.#decisions = []
    return batch
  }

  save(): Pick<EngineState, 'told'> {
    return { told: this.#told.save() }
  }

  load({ told }: Pick<EngineState, 'told'>): void {
    this.#told.load(told)
  }

  // --- inside -------------------------------------------------------------------------------------------------

  #answered(
    id: string,
    shown: Pick<SeenView, 'verb' | 'before' | 'rest'>,
    cursor: Cursor,
    answer: unknown,
  ): void {
    const { symbol: market, position } = cursor.pointing
    const { symbol } = market.instrument
    const at = cursor.now
    const what = [shown.verb, ...shown.before].join(' ')
    if (position === undefined) {
      // A look outside of a cycle decides nothing.
      if (this.#step === null) return
      const key = `${symbol} ${what} ${at}`
      if (this.#open?.key !== key) {
        const subject = { kind: 'scan' as const, at, strategy: null, symbol, side: null, market }
        this.#begin(key, subject, shownBy(cursor, shown))
      }
      this.#open?.answers.push(isSilent(answer) ? [id] : [id, answer])
      return
    }
    const key = `${id} ${what} ${symbol} ${position.side} ${position.openedAt}`
    const text = textOf(answer)
    if ((this.#answers.get(key) ?? '[]') === text && !acts(answer)) return
    this.#remember(key, text)
    const subject = { kind: 'manage' as const, at, strategy: id, symbol, side: position.side, market }
    this.#whole(subject, shownBy(cursor, shown), text)
  }

  #found(id: string, cursor: Cursor, finding: Finding | null): void {
    const { symbol: market } = cursor.pointing
    const { symbol } = market.instrument
    const key = `alert ${id} ${symbol}`
    if (finding !== null) this.#remember(key, '')
    else if (!this.#forget(key)) return
    const subject = { kind: 'alert' as const, at: cursor.now, strategy: id, symbol, side: null, market }
    this.#whole(subject, shownBy(cursor, { verb: 'look', before: [], rest: [] }), textOf(finding))
  }

  #remember(key: string, text: string): void {
    this.#overwriting(key)
    if (this.#answers.size >= MOST_ANSWERS) this.#answers.clear()
    this.#answers.set(key, text)
  }

  /** Nothing is to be done any more; whether something was before. */
  #forget(key: string): boolean {
    this.#overwriting(key)
    return this.#answers.delete(key)
  }

  #overwriting(key: string): void {
    if (this.#overwritten?.has(key) === false) this.#overwritten.set(key, this.#answers.get(key))
  }

  #judging(proposal: Proposal, { sizingLayers: _, ladder: __, takerFee: ___, ...house }: House): void {
    const { strategy, symbol, side, id } = proposal.signal
    const key = `${id} ${house.now}`
    if (this.#open?.key === key) return
    const seen: SeenProposal = { proposal, house }
    this.#begin(key, { kind: 'guards', at: house.now, strategy, symbol, side, market: null }, seen)
  }

  #begin(key: unknown, subject: Subject, seen: unknown): void {
    this.#close()
    this.#open = { key, decision: this.#decision(subject, seen, ''), answers: [] }
  }

  /** What had several answers has them all. */
  #close(): void {
    if (this.#open === null) return
    const { decision, answers } = this.#open
    this.#open = null
    this.#decisions.push({ ...decision, answer: textOf(answers) })
  }

  #whole(subject: Subject, seen: unknown, answer: string): void {
    this.#close()
    this.#decisions.push(this.#decision(subject, seen, answer))
  }

  #decision({ market, ...subject }: Subject, seen: unknown, answer: string): Decision {
    const told = market === null ? [] : this.#told.of(market.instrument.symbol)
    const text = seenText(seen)
    return {
      ...subject,
      cycle: this.#cycle,
      step: this.#step,
      context: this.#context.hash,
      inputs: {
        ...this.#settings,
        candles: toldHash(told),
        instrument: market === null ? null : this.#instrument(market.instrument),
        state: shortHash(text),
        price: market === null ? null : shortHash(textOf([market.last, market.mark])),
      },
      told,
      seen: text,
      answer,
    }
  }

  #instrument(instrument: Instrument): string {
    const known = this.#instruments.get(instrument)
    if (known !== undefined) return known
    const context = instrumentContext(instrument)
    this.#instruments.set(instrument, context.hash)
    if (!this.#known.has(context.hash)) this.#contexts.push(context)
    this.#known.add(context.hash)
    return context.hash
  }
}

/** What a cursor shows beside candles, settings and instrument. */
function shownBy(cursor: Cursor, asked: Pick<SeenView, 'verb' | 'before' | 'rest'>): SeenView {
  const { symbol, position } = cursor.pointing
  return {
    ...asked,
    market: symbol.seen(),
    position: position ?? null,
    isHeld: cursor.isHeld,
    stopOuts: (['long', 'short'] as const).flatMap(side => cursor.stopOut(side) ?? []),
  }
}

/** A decision that cannot be kept whole is kept all the same, and is told to be none that can be made again. */
function seenText(seen: unknown): string {
  try {
    return textOf(seen)
  } catch (error) {
    if (!(error instanceof Unrecordable)) throw error
    return textOf({ unrecordable: error.message })
  }
}

/** What scores and ranks come to, as it is kept. */
export function scoreAnswer(ranked: readonly Scored[]): string {
  return textOf(ranked.map(({ signal, score }) => [signal.id, score]))
}

/** What a guard has made of a proposal: what it changed, or why it refuses. */
export function verdictWords(before: Proposal, verdict: Verdict): unknown {
  if ('refused' in verdict) return verdict
  const changed = Object.entries(verdict.admitted).filter(
    ([key, value]) => before[key as keyof Proposal] !== value,
  )
  return changed.length === 0 ? 'admitted' : { changed: Object.fromEntries(changed) }
}

export function isSilent(answer: unknown): boolean {
  return Array.isArray(answer) && answer.length === 0
}

function acts(answer: unknown): boolean {
  return (
    Array.isArray(answer) &&
    answer.some(
      (one: unknown) => typeof one === 'object' && one !== null && 'kind' in one && ACTS.has(one.kind),
    )
  )
}
