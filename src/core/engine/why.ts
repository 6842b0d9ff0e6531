/** Why nothing is entered on a symbol, or what would be: plain data for a person who asks. */
import type { Percent, Price, Timestamp, Usdt } from '../base/units.ts'
import type { Lack } from '../decision/intent.ts'
import type { Signal } from '../decision/signal.ts'
import type { EntryTerms } from '../decision/strategy.ts'
import type { GateReading, House } from '../guards/guard.ts'
import { readGates } from '../guards/list.ts'
import type { Side } from '../market/side.ts'
import type { Tier } from '../market/tiers.ts'
import type { EngineCore } from './core.ts'
import type { Entries } from './entries.ts'
import {
  askWhy,
  type BoundEntry,
  boundGuards,
  enabledEntries,
  marketSignal,
  proposalOf,
  rank,
  scanSymbol,
  scoreSignal,
} from './pipeline.ts'
import type { Scored } from './protocol.ts'
import type { Cursor, SymbolState } from './symbol.ts'

export interface Why {
  readonly symbol: string
  /** By the exchange's clock. */
  readonly at: Timestamp
  /** The symbol is among those that bbw follows. */
  readonly isKnown: boolean
  /** Decisions look at it: it is among those of highest turnover, and its newest daily candle is there. */
  readonly isWatched: boolean
  readonly market: SeenMarket | null
  readonly held: readonly { readonly side: Side; readonly strategy: string }[]
  /** The signals that a decision now would give, with what every gate says of each. */
  readonly signals: readonly {
    readonly strategy: string
    readonly side: Side
    readonly reason: string
    readonly score: number
    readonly gates: readonly GateReading[]
  }[]
  /** Strategies that are switched on and want nothing here, with what they miss. */
  readonly silent: readonly {
    readonly strategy: string
    readonly timeframe: string
    readonly reason: string
    /** The first condition that does not hold, for each side that it could enter; empty: there is no candle to ask on. */
    readonly lacks: readonly Lack[]
  }[]
  /** Where there is no signal: what the gates say of a side that look at the market alone. */
  readonly sides: readonly {
    readonly side: Side
    readonly score: number
    readonly gates: readonly GateReading[]
  }[]
}

/** What strategies see of a market on its newest closed daily candle; `null`: too few candles for it. */
export interface SeenMarket {
  readonly price: Price
  readonly last: Price
  readonly lower: Price | null
  readonly middle: Price | null
  readonly upper: Price | null
  readonly bbPercent: Percent | null
  readonly weekBb: Percent | null
  readonly monthBb: Percent | null
  readonly width: Percent | null
  readonly rsi: number | null
  readonly downDays: number
  readonly upDays: number
  readonly turnover: Usdt
  readonly change: Percent | null
  /** Per 8 h, a fraction; positive when longs pay. */
  readonly funding: number | null
  readonly tier: Tier
}

export class Enquiry {
  readonly #core: EngineCore
  readonly #entries: Entries
  readonly #house: (symbol: string) => House

  /** @param house what the guards are shown, as it stands when it is asked */
  constructor(core: EngineCore, entries: Entries, house: (symbol: string) => House) {
    this.#core = core
    this.#entries = entries
    this.#house = house
  }

  /**
   * Why nothing is entered on a symbol, or what is: each signal that a decision now would give with what every gate says
   * of it, also past the first that is closed; and where there is none, the gates that look at the market alone. Changes
   * nothing, and is no decision.
   */
  ask(name: string, side: Side | null): Why {
    const { now, settings, cursor, portfolio } = this.#core
    const symbol = this.#core.markets.find(name)
    const entries = enabledEntries(settings)
    const none = { symbol: name, at: now, isKnown: false, isWatched: false, market: null, held: [] }
    if (symbol === undefined) return { ...none, signals: [], silent: [], sides: [] }
    const found: Signal[] = []
    for (const bound of entries) {
      if (this.#entries.isAlive(symbol, bound.strategy.timeframe))
        scanSymbol([bound], cursor, symbol, now, found)
    }
    const signals = found.filter(signal => side === null || signal.side === side)
    const spoken = new Set(found.map(({ strategy }) => strategy))
    const sides = side === null ? (['long', 'short'] as const) : [side]
    return {
      symbol: name,
      at: now,
      isKnown: true,
      isWatched: this.#entries.isWatched(symbol),
      market: seenMarket(cursor, symbol, now),
      held: [...portfolio.positions.values()]
        .filter(position => position.symbol === name)
        .map(position => ({ side: position.side, strategy: position.strategy })),
      signals: rank(signals.map(scoreSignal)).map(one => ({
        strategy: one.signal.strategy,
        side: one.signal.side,
        reason: one.signal.reason,
        score: one.score.value,
        gates: this.#readings(one),
      })),
      silent: entries
        .filter(({ strategy }) => !spoken.has(strategy.id))
        .map(bound => this.#silent(bound, symbol)),
      sides: signals.length > 0 ? [] : sides.flatMap(one => this.#sideReadings(one, symbol)),
    }
  }

  #silent(bound: BoundEntry, symbol: SymbolState): Why['silent'][number] {
    const { id: strategy, timeframe } = bound.strategy
    if (!this.#entries.isAlive(symbol, timeframe)) {
      return { strategy, timeframe, reason: `its newest closed ${timeframe} candle is missing`, lacks: [] }
    }
    const holds = askWhy(bound, this.#core.cursor, symbol, this.#core.now)
    const words = holds.map(({ reason, lacks }) => {
      const side = lacks?.side ?? null
      return side === null ? reason : `${side}: ${reason}`
    })
    return { strategy, timeframe, reason: words.join('; '), lacks: holds.flatMap(({ lacks }) => lacks ?? []) }
  }

  /** The newest closed daily candle of a symbol as a signal that nobody gave; `undefined`: there is none, or too few. */
  market(name: string, side: Side): Signal | undefined {
    const symbol = this.#core.markets.find(name)
    if (symbol === undefined || symbol.newest('1d') < 0) return undefined
    return marketSignal(side, this.#core.cursor, symbol, this.#core.now)
  }

  /** What every gate says of a signal, those that would not be asked any more as well. */
  #readings(one: Scored): readonly GateReading[] {
    const { settings } = this.#core
    const house = this.#house(one.signal.symbol)
    const terms = this.#core.terms(one.signal.strategy)
    const own = this.#entries.ownGates(one.signal)
    if (terms === undefined) return own
    const proposed = proposalOf(terms, settings.universe, one, house)
    if (!('refused' in proposed)) return [...own, ...readGates(boundGuards(settings), proposed, house, true)]
    const { gate, reason, figures } = proposed.refused
    return [...own.filter(reading => reading.gate !== gate), { gate, isOpen: false, reason, figures }]
  }

  /** What the gates say that look at no order, for one side of a symbol that nobody wants to enter. */
  #sideReadings(side: Side, symbol: SymbolState): Why['sides'] {
    const { settings, cursor, now } = this.#core
    const signal = marketSignal(side, cursor, symbol, now)
    if (signal === undefined) return []
    const house = this.#house(symbol.instrument.symbol)
    const scored = scoreSignal(signal)
    const proposed = proposalOf(NO_TERMS, settings.universe, scored, { ...house, ladder: null })
    if ('refused' in proposed) return []
    const gates = readGates(boundGuards(settings), proposed, house, false)
    return [{ side, score: scored.score.value, gates }]
  }
}

/** The terms under which the market is shown where no strategy wants an entry: nobody reads them. */
const NO_TERMS: EntryTerms = {
  leverage: 1,
  risk: 0,
  maxPositions: 0,
  cooldown: 0,
  cooldownAfterStop: 0,
  cooldownAfterTarget: 0,
  maxHold: null,
  partialTargets: false,
}

/** @returns `null` before the first closed daily candle */
function seenMarket(cursor: Cursor, symbol: SymbolState, now: Timestamp): SeenMarket | null {
  cursor.pointAt(symbol, now)
  const { price } = cursor
  if (!Number.isFinite(price)) return null
  return {
    price,
    last: cursor.last,
    lower: cursor.lower ?? null,
    middle: cursor.middle ?? null,
    upper: cursor.upper ?? null,
    bbPercent: cursor.bbPercent(price) ?? null,
    weekBb: cursor.weekBb(price) ?? null,
    monthBb: cursor.monthBb(price) ?? null,
    width: cursor.width ?? null,
    rsi: cursor.rsi ?? null,
    downDays: cursor.downDays,
    upDays: cursor.upDays,
    turnover: cursor.turnover,
    change: cursor.change ?? null,
    funding: symbol.funding,
    tier: cursor.tier,
  }
}
