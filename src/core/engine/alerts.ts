/** Points a person at markets on which nothing is entered: looks after each closed candle, tells once a window. */
import type { AlertParams, AlertRule, AlertView, Finding } from '../alerts/alert.ts'
import { ALERTS } from '../alerts/list.ts'
import { HOUR, type Timestamp } from '../base/units.ts'
import { INTERVAL_MS } from '../market/interval.ts'
import type { EngineCore } from './core.ts'
import type { Settings } from './settings.ts'
import type { EngineState } from './state.ts'
import type { SymbolState } from './symbol.ts'

/** Something worth a look. `id` follows from rule, symbol and candle. */
export interface Alert extends Finding {
  readonly id: string
  readonly alert: string
  readonly symbol: string
  /** Close of the candle that it was found on. */
  readonly candleEnd: Timestamp
}

interface Bound {
  readonly rule: AlertRule
  readonly params: AlertParams
  /** What it has told is noted under these, by symbol: made once, as every look asks for all of them. */
  readonly keys: Map<string, string>
}

export class Alerts {
  readonly #core: EngineCore
  readonly #rules: readonly Bound[]
  readonly #watched: () => readonly SymbolState[]
  /** Until when a rule has nothing new to say of a symbol, by `rule:symbol`. */
  readonly #told = new Map<string, Timestamp>()
  /** A candle that a rule looks at may have closed since the last look; after a load that is looked at. */
  #isNews = true

  /** @param watched the symbols that are scanned at present */
  constructor(core: EngineCore, watched: () => readonly SymbolState[]) {
    this.#core = core
    const { witness } = core
    this.#rules = enabledAlerts(core.settings).map(bound =>
      witness === null ? bound : { ...bound, rule: witness.alert(bound.rule) },
    )
    this.#watched = watched
  }

  /** Whether a closed candle of 15 minutes is a reason for a heavy cycle. */
  get wantsQuarters(): boolean {
    return this.#core.journal && this.#rules.some(({ rule }) => rule.timeframe === '15m')
  }

  /** A candle has closed: there is something to look at. */
  candleClosed(): void {
    this.#isNews = true
  }

  /** Tells what is new. Nothing is decided by it, so where nobody listens nothing is looked at. */
  tell(): void {
    const core = this.#core
    if (!this.#isNews || !core.journal || core.recovery !== null) return
    this.#isNews = false
    for (const [key, until] of this.#told) if (until <= core.now) this.#told.delete(key)
    const watched = this.#watched()
    const held = this.#held()
    for (const { rule, params, keys } of this.#rules) {
      for (const symbol of watched) {
        const key = keyOf(rule, keys, symbol.instrument.symbol)
        if (this.#told.has(key)) continue
        const alert = this.#look(rule, params, symbol, held)
        if (alert === null) continue
        // Counted from the candle's close: a look that comes late one day does not swallow the next day's.
        this.#told.set(key, alert.candleEnd + params.windowHours * HOUR)
        core.record('alert', {
          code: null,
          symbol: alert.symbol,
          side: null,
          strategy: null,
          signalId: alert.id,
          clientOrderId: null,
          reason: `${rule.id}: ${alert.reason}`,
          figures: { alert: rule.id, ...alert.figures },
        })
      }
    }
  }

  /** What there is to be told on the newest closed candles, told before or not; changes nothing. */
  look(): readonly Alert[] {
    const watched = this.#watched()
    const held = this.#held()
    return this.#rules.flatMap(({ rule, params }) =>
      watched.flatMap(symbol => this.#look(rule, params, symbol, held) ?? []),
    )
  }

  #look(rule: AlertRule, params: AlertParams, symbol: SymbolState, held: ReadonlySet<string>): Alert | null {
    const name = symbol.instrument.symbol
    const start = rule.timeframe === '1d' ? symbol.newest('1d') : symbol.minutes15.newest
    const end = start + INTERVAL_MS[rule.timeframe]
    // An old candle says nothing about now.
    if (!(this.#core.now < end + INTERVAL_MS[rule.timeframe])) return null
    const cursor: AlertView = this.#core.cursor.pointAt(symbol, this.#core.now, undefined, held.has(name))
    const found = rule.look(cursor, params)
    return found === null
      ? null
      : { id: `${rule.id}:${name}:${start}`, alert: rule.id, symbol: name, candleEnd: end, ...found }
  }

  /** Symbols with a position or an entry. */
  #held(): ReadonlySet<string> {
    const { held, portfolio } = this.#core
    return new Set([...held, ...[...portfolio.pending.values()].map(({ symbol }) => symbol)])
  }

  save(): Pick<EngineState, 'alerted'> {
    return { alerted: [...this.#told] }
  }

  load({ alerted }: Pick<EngineState, 'alerted'>): void {
    for (const [key, until] of alerted) this.#told.set(key, until)
  }
}

function keyOf({ id }: AlertRule, keys: Map<string, string>, symbol: string): string {
  const known = keys.get(symbol)
  if (known !== undefined) return known
  const key = `${id}:${symbol}`
  keys.set(symbol, key)
  return key
}

function enabledAlerts(settings: Settings): readonly Bound[] {
  return ALERTS.flatMap(rule => {
    const { enabled, ...params } = settings.alerts[rule.id]
    return enabled ? [{ rule, params, keys: new Map() }] : []
  })
}
