/**
 * From market to admitted entry: scan, score, rank, admit. The engine's heavy cycle and the commands `scan`, `score`
 * and `trade` call these same functions; between them lies nothing but the record on the pipe.
 */
import { assert } from '../base/assert.ts'
import type { Price, Ticks, Timestamp } from '../base/units.ts'
import type { Intent } from '../decision/intent.ts'
import type { Hold } from '../decision/reasons.ts'
import { type Signal, signalId } from '../decision/signal.ts'
import type { EntryStrategy, EntryTerms, Exchange, Timeframe } from '../decision/strategy.ts'
import type { BoundLadder, Guard, House, Proposal, Refusal } from '../guards/guard.ts'
import { admitEntry, type BoundGuard, GUARDS } from '../guards/list.ts'
import { INTERVAL_MS } from '../market/interval.ts'
import { priceOf } from '../market/quantise.ts'
import type { Side } from '../market/side.ts'
import { isNeverTrade, type UniverseParams } from '../market/tiers.ts'
import type { Position } from '../portfolio/position.ts'
import { type ScoreInputs, score } from '../scoring/score.ts'
import { ENTRY_STRATEGIES, LADDERS, SIZING } from './cycles.ts'
import type { Scored } from './protocol.ts'
import type { Settings } from './settings.ts'
import type { Cursor, SymbolState } from './symbol.ts'

/** The timeframes of decisions within the day. */
const INTRADAY: readonly Timeframe[] = ['5m']

/** An entry strategy with the parameters it runs under. */
export interface BoundEntry {
  readonly strategy: EntryStrategy
  readonly params: EntryStrategy['params']
  readonly terms: EntryTerms
}

/** The entry strategies that the settings switch on. */
export function enabledEntries(settings: Settings): readonly BoundEntry[] {
  return ENTRY_STRATEGIES.filter(({ id }) => settings.strategies[id].enabled).map(strategy =>
    boundEntry(strategy, settings),
  )
}

/** Whether there is an entry strategy of that name, and the settings switch it on. */
export function isEntryOn({ strategies }: Settings, id: string): boolean {
  return ENTRY_STRATEGIES.some(strategy => strategy.id === id) && strategies[id].enabled === true
}

/** An entry strategy under the settings, switched on or off. */
export function boundEntry(strategy: EntryStrategy, settings: Settings): BoundEntry {
  const { enabled: _, live: __, ...params } = settings.strategies[strategy.id]
  return { strategy, params, terms: strategy.terms(params) }
}

/** What turns entries into ladders; `null` when that is off, or may not send real orders where they are, or when every position is to have one fixed value. */
export function enabledLadder(settings: Settings, live: House['live']): BoundLadder | null {
  if ((settings.guards.sizing?.fixedNotional ?? null) !== null) return null
  for (const strategy of LADDERS) {
    const { enabled, live: _, ...params } = settings.strategies[strategy.id]
    if (enabled && live?.includes(strategy.id) !== false) return { strategy, params }
  }
  return null
}

/** The strategies whose orders may be real ones. */
export function liveStrategies(settings: Settings): readonly string[] {
  return [...ENTRY_STRATEGIES, ...LADDERS].flatMap(({ id }) =>
    settings.strategies[id].live === true ? [id] : [],
  )
}

/**
 * What of the house follows from the settings alone; the sizing layers are in their order.
 *
 * @param live strategies that may send real orders; `null`: none are sent
 */
export function houseRules(settings: Settings, live: House['live']): Pick<House, HouseRule> {
  const sizingLayers = SIZING.flatMap(strategy => {
    const { enabled, ...params } = settings.strategies[strategy.id]
    return enabled ? [{ strategy, params }] : []
  })
  const { positionMode, fees } = settings
  return { positionMode, takerFee: fees.taker, sizingLayers, ladder: enabledLadder(settings, live) }
}

export type HouseRule = 'positionMode' | 'takerFee' | 'sizingLayers' | 'ladder'

/** The guards that apply under the settings, in their order: those of an entry, or others. */
export function boundGuards(settings: Settings, guards: readonly Guard[] = GUARDS): readonly BoundGuard[] {
  return guards
    .filter(guard => settings.portfolioGates || guard.scope === 'signal')
    .map(guard => ({ guard, params: settings.guards[guard.id] ?? guard.params }))
}

/** Signals of entry strategies on the newest closed candles of one symbol. */
export function scanSymbol(
  entries: readonly BoundEntry[],
  cursor: Cursor,
  symbol: SymbolState,
  now: Timestamp,
  found: Signal[],
): void {
  cursor.pointAt(symbol, now)
  for (const { strategy, params } of entries) {
    for (const intent of strategy.decide(cursor, params)) {
      if (intent.kind === 'enter') found.push(signalOf(strategy, intent, cursor, symbol, now))
    }
  }
}

/** Why an entry strategy wants nothing on the newest closed candles of a symbol; empty where it wants an entry. */
export function askWhy(
  { strategy, params }: BoundEntry,
  cursor: Cursor,
  symbol: SymbolState,
  now: Timestamp,
): readonly Hold[] {
  const before = cursor.wantsReasons
  cursor.pointAt(symbol, now).wantsReasons = true
  try {
    const intents = strategy.decide(cursor, params)
    return intents.some(({ kind }) => kind === 'enter')
      ? []
      : intents.filter(intent => intent.kind === 'hold')
  } finally {
    cursor.wantsReasons = before
  }
}

function signalOf(
  strategy: EntryStrategy,
  intent: Extract<Intent, { readonly kind: 'enter' }>,
  cursor: Cursor,
  symbol: SymbolState,
  now: Timestamp,
): Signal {
  const { side, order, stop, target, leverage, reason, margin = null } = intent
  const { id, timeframe } = strategy
  const wanted = { strategy: id, timeframe, side, order, stop, target, leverage, margin, reason }
  return seenBy(cursor, symbol, now, wanted)
}

/** An add to a position as a signal on the newest closed daily candle, for the score and the guards to judge. */
export function addSignal(
  strategy: string,
  position: Position,
  { price, reason }: Extract<Intent, { readonly kind: 'add' }>,
  cursor: Cursor,
  symbol: SymbolState,
  now: Timestamp,
): Signal {
  const { side, stop, target, leverage } = position
  const order = { type: 'limit' as const, price }
  return seenBy(cursor, symbol, now, {
    strategy,
    timeframe: '1d',
    side,
    order,
    stop,
    target,
    leverage,
    margin: null,
    reason,
  })
}

/** The name under which the market is shown where no strategy wants an entry. */
export const NO_STRATEGY = 'none'

/**
 * The newest closed daily candle of a symbol as a signal that nobody gave: for the guards that look at no order.
 * `undefined` where there are too few candles for bands and RSI.
 */
export function marketSignal(
  side: Side,
  cursor: Cursor,
  symbol: SymbolState,
  now: Timestamp,
): Signal | undefined {
  cursor.pointAt(symbol, now)
  const { lower, width, rsi, price, instrument } = cursor
  if (lower === undefined || width === undefined || rsi === undefined) return undefined
  if (cursor.bbPercent(price) === undefined) return undefined
  return seenBy(cursor, symbol, now, {
    strategy: NO_STRATEGY,
    timeframe: '1d',
    side,
    order: { type: 'limit', price: instrument.minPrice },
    stop: instrument.minPrice,
    target: null,
    leverage: 1,
    margin: null,
    reason: '',
  })
}

/**
 * A position of a strategy's as a signal on the newest closed daily candle, to be taken at the market in exchange for
 * another one: the score and the guards judge it.
 */
export function exchangeSignal(
  { strategy, side, leverage }: Position,
  { stop, target }: Exchange,
  cursor: Cursor,
  symbol: SymbolState,
  now: Timestamp,
): Signal {
  const order = { type: 'market' as const }
  const reason = 'receives funding'
  const wanted = {
    strategy,
    timeframe: '1d' as const,
    side,
    order,
    stop,
    target,
    leverage,
    margin: null,
    reason,
  }
  return seenBy(cursor, symbol, now, wanted)
}

/** What is wanted, with everything that the newest closed candle shows beside it. */
function seenBy(
  cursor: Cursor,
  symbol: SymbolState,
  now: Timestamp,
  wanted: Pick<
    Signal,
    'strategy' | 'side' | 'order' | 'stop' | 'target' | 'leverage' | 'margin' | 'reason'
  > & {
    readonly timeframe: Timeframe
  },
): Signal {
  const { strategy, side, timeframe } = wanted
  const { lower, middle, upper, width, rsi } = cursor
  const candle = timeframe === '5m' ? cursor.minutes5 : cursor
  assert(candle !== undefined, `${strategy} fired without its candle`)
  const { price, candleStart } = candle
  const bbPercent = cursor.bbPercent(price)
  assert(
    lower !== undefined && middle !== undefined && upper !== undefined && bbPercent !== undefined,
    `${strategy} fired without bands`,
  )
  assert(width !== undefined && rsi !== undefined, `${strategy} fired without width or RSI`)
  return {
    id: signalId(strategy, cursor.symbol, side, candleStart),
    strategy,
    symbol: cursor.symbol,
    side,
    timeframe,
    candleStart,
    candleEnd: candleStart + INTERVAL_MS[timeframe],
    price,
    last: cursor.last,
    lastAt: symbol.lastAt,
    lower,
    middle,
    upper,
    bbPercent,
    weekBb: cursor.weekBb(price) ?? null,
    monthBb: cursor.monthBb(price) ?? null,
    width,
    squeeze: cursor.squeeze ?? null,
    rsi,
    downDays: cursor.downDays,
    upDays: cursor.upDays,
    turnover: cursor.turnover,
    change: cursor.change ?? null,
    funding: symbol.funding,
    tier: cursor.tier,
    atr15m: symbol.minutes15.atr(now),
    missingCandles: symbol.missingCandles(timeframe),
    order: wanted.order,
    stop: wanted.stop,
    target: wanted.target,
    leverage: wanted.leverage,
    margin: wanted.margin,
    instrument: cursor.instrument,
    reason: wanted.reason,
  }
}

/** What the score of a signal is made of. */
export function scoreInputs(signal: Signal): ScoreInputs {
  return {
    side: signal.side,
    tier: signal.tier,
    bbPercent: signal.bbPercent,
    weekBb: signal.weekBb,
    monthBb: signal.monthBb,
    turnover: signal.turnover,
    streak: signal.side === 'long' ? signal.downDays : signal.upDays,
    funding: signal.funding,
    width: signal.width,
    rsi: signal.rsi,
  }
}

/** The signal with its score on the strategy's side. */
export function scoreSignal(signal: Signal): Scored {
  return { signal, score: score(scoreInputs(signal)) }
}

/** The timeframes within the day that entry strategies decide on: all there are, or those that the settings switch on. */
export function intradayTimeframes(settings: Settings | null): readonly Timeframe[] {
  const strategies =
    settings === null ? ENTRY_STRATEGIES : enabledEntries(settings).map(({ strategy }) => strategy)
  return INTRADAY.filter(timeframe => strategies.some(strategy => strategy.timeframe === timeframe))
}

const PRECEDENCE = new Map(ENTRY_STRATEGIES.map(strategy => [strategy.id, strategy.precedence]))

/** The order in which signals of one moment are served: score, turnover, the narrower rule, symbol, side. */
export function rank(scored: readonly Scored[]): readonly Scored[] {
  if (scored.length < 2) return scored
  const narrowness = (one: Scored): number => PRECEDENCE.get(one.signal.strategy) ?? Number.POSITIVE_INFINITY
  return [...scored].sort(
    (a, b) =>
      b.score.tenths - a.score.tenths ||
      b.signal.turnover - a.signal.turnover ||
      narrowness(a) - narrowness(b) ||
      compareText(a.signal.symbol, b.signal.symbol) ||
      compareText(a.signal.side, b.signal.side),
  )
}

/** The symbols of highest turnover, the highest first. */
export function ofHighestTurnover(
  turnovers: readonly (readonly [symbol: string, turnover: number])[],
  top: number,
): readonly string[] {
  return [...turnovers]
    .sort(([a, more], [b, less]) => less - more || compareText(a, b))
    .slice(0, top)
    .map(([symbol]) => symbol)
}

/** By code units: the same under every locale. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** Puts one scored signal through the guards; one that is to become a ladder bears the stop of its plan. */
export function admitScored(
  guards: readonly BoundGuard[],
  terms: EntryTerms,
  universe: UniverseParams,
  { signal: given, score: scored }: Scored,
  house: House,
): { readonly admitted: Proposal } | { readonly refused: Refusal } {
  const proposed = proposalOf(terms, universe, { signal: given, score: scored }, house)
  return 'refused' in proposed ? proposed : admitEntry(guards, proposed, house)
}

/** The price that a signal would be entered at, and the stop that it bears there: that of its ladder where it becomes one. */
export function entryOf(
  signal: Signal,
  ladder: BoundLadder | null,
): { readonly entry: Price; readonly stop: Ticks } | { readonly refused: Refusal } {
  const { instrument, order } = signal
  const entry = order.type === 'limit' ? priceOf(instrument, order.price) : signal.last
  if (ladder?.strategy.applies(signal) !== true) return { entry, stop: signal.stop }
  const stop = ladder.strategy.stop(signal, entry, ladder.params)
  if (stop !== undefined) return { entry, stop }
  const reason = 'the stop of its ladder cannot be written as a price below the entry'
  return { refused: { gate: 'stop-price', reason, figures: { entry } } }
}

/** A scored signal as the first of the guards is shown it. */
export function proposalOf(
  terms: EntryTerms,
  universe: UniverseParams,
  { signal: given, score: scored }: Scored,
  house: House,
): Proposal | { readonly refused: Refusal } {
  const own = entryOf(given, house.ladder)
  if ('refused' in own) return own
  const { entry, stop } = own
  const signal = stop === given.stop ? given : { ...given, stop }
  const { instrument } = given
  return {
    signal,
    score: scored,
    terms,
    neverTrade: isNeverTrade(universe, signal.symbol),
    entry,
    steps: instrument.minQty,
    margin: 0,
    sizing: '',
    ladder: null,
    addsTo: null,
    skipped: [],
    replaces: null,
  }
}
