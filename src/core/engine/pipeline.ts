/**
 * From market to admitted entry: scan, score, rank, admit. The engine's heavy cycle and the commands `scan`, `score`
 * and `trade` call these same functions; between them lies nothing but the record on the pipe.
 */
import { assert } from '../base/assert.ts'
import type { Timestamp } from '../base/units.ts'
import type { Intent } from '../decision/intent.ts'
import { type Signal, signalId } from '../decision/signal.ts'
import type { EntryStrategy, EntryTerms, Timeframe } from '../decision/strategy.ts'
import type { House, Proposal, Refusal } from '../guards/guard.ts'
import { admitEntry, type BoundGuard, GUARDS } from '../guards/list.ts'
import { INTERVAL_MS } from '../market/interval.ts'
import { priceOf } from '../market/quantise.ts'
import { isNeverTrade, type UniverseParams } from '../market/tiers.ts'
import { type ScoreInputs, score } from '../scoring/score.ts'
import { ENTRY_STRATEGIES } from './cycles.ts'
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
  return ENTRY_STRATEGIES.flatMap(strategy => {
    const { enabled, ...params } = settings.strategies[strategy.id]
    return enabled ? [{ strategy, params, terms: strategy.terms(params) }] : []
  })
}

/** The guards that apply under the settings, in their order. */
export function boundGuards(settings: Settings): readonly BoundGuard[] {
  return GUARDS.filter(guard => settings.portfolioGates || guard.scope === 'signal').map(guard => ({
    guard,
    params: settings.guards[guard.id] ?? guard.params,
  }))
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

function signalOf(
  strategy: EntryStrategy,
  intent: Extract<Intent, { readonly kind: 'enter' }>,
  cursor: Cursor,
  symbol: SymbolState,
  now: Timestamp,
): Signal {
  const { timeframe } = strategy
  const { lower, middle, upper, width, rsi } = cursor
  const candle = timeframe === '5m' ? cursor.minutes5 : cursor
  assert(candle !== undefined, `${strategy.id} fired without its candle`)
  const { price, candleStart } = candle
  const bbPercent = cursor.bbPercent(price)
  assert(
    lower !== undefined && middle !== undefined && upper !== undefined && bbPercent !== undefined,
    `${strategy.id} fired without bands`,
  )
  assert(width !== undefined && rsi !== undefined, `${strategy.id} fired without width or RSI`)
  return {
    id: signalId(strategy.id, cursor.symbol, intent.side, candleStart),
    strategy: strategy.id,
    symbol: cursor.symbol,
    side: intent.side,
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
    order: intent.order,
    stop: intent.stop,
    target: intent.target,
    leverage: intent.leverage,
    instrument: cursor.instrument,
    reason: intent.reason,
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

/** By code units: the same under every locale. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** Puts one scored signal through the guards. */
export function admitScored(
  guards: readonly BoundGuard[],
  terms: EntryTerms,
  universe: UniverseParams,
  { signal, score: given }: Scored,
  house: House,
): { readonly admitted: Proposal } | { readonly refused: Refusal } {
  const { instrument, order } = signal
  const proposal: Proposal = {
    signal,
    score: given,
    terms,
    neverTrade: isNeverTrade(universe, signal.symbol),
    entry: order.type === 'limit' ? priceOf(instrument, order.price) : signal.last,
    steps: instrument.minQty,
    margin: 0,
    sizing: '',
  }
  return admitEntry(guards, proposal, house)
}
