/**
 * The invariants of trading, checked around every step of an engine: what the exchange holds before it, what the engine
 * wants after it, and a ledger written separately that is fed by nothing but what the exchange tells.
 */
import * as assert from 'uvu/assert'
import { EmbeddedExchange } from './core/adapters/sim/embedded.ts'
import { drive } from './core/adapters/sim/market.fixture.ts'
import type { Venue } from './core/adapters/sim/venue.ts'
import { broken } from './core/base/assert.ts'
import type { Steps, Ticks, Usdt } from './core/base/units.ts'
import type { EngineOptions } from './core/engine/core.ts'
import { runSimulated } from './core/engine/drivers/simulated.ts'
import { Engine } from './core/engine/engine.ts'
import type { Effect, FillInput, Input, OrderRequest } from './core/engine/protocol.ts'
import { noneIsSilent } from './core/engine/rules.fixture.ts'
import { defaultSettings, type Settings } from './core/engine/settings.ts'
import type { Instrument } from './core/market/instrument.ts'
import { formatSteps, formatTicks, priceOf, qtyOf } from './core/market/quantise.ts'
import { opposite, type Side, sign } from './core/market/side.ts'
import { usedMargin } from './core/portfolio/portfolio.ts'
import { type PendingEntry, positionKey, positionMargin } from './core/portfolio/position.ts'
import type { Trade } from './core/portfolio/trade.ts'

/** What the ledger holds of a position: enough for its profit. */
interface Held {
  readonly steps: number
  readonly entry: number
  readonly stop: Ticks | null
}

export const INVARIANTS = ['I1', 'I2', 'I3', 'I7', 'I8', 'I15', 'I16'] as const
export type Invariant = (typeof INVARIANTS)[number]

const DECIMAL = /^(?:0|[1-9]\d*)(?:\.\d+)?$/
/** Books and wallet may differ by so much. */
const CENT: Usdt = 0.01

/** An engine that is watched; it stops with the first invariant that does not hold. */
export class WatchedEngine extends Engine {
  readonly #venue: Venue
  readonly #settings: Settings
  readonly #instruments = new Map<string, Instrument>()
  /** How often each invariant was put to the question with something at stake. */
  readonly asked = new Map<Invariant, number>()
  steps = 0
  /** Symbols that were held on both sides at once. */
  readonly hedged = new Set<string>()
  #wallet: Usdt
  readonly #held = new Map<string, Held>()
  readonly #requests = new Map<string, { readonly order: OrderRequest; filled: number }>()
  /** The one order chain of a signal: steps intended, and ids that were used for it. */
  readonly #chains = new Map<string, { readonly intended: number; filled: number; ids: Set<string> }>()
  readonly #signalOf = new Map<string, string>()

  /** @param caps settings whose caps are to be kept, where they are not the engine's own */
  constructor(settings: Settings, options: EngineOptions, venue: Venue, caps: Settings = settings) {
    super(settings, options)
    this.#venue = venue
    this.#settings = caps
    this.#wallet = options.wallet
  }

  override step(input: Input): readonly Effect[] {
    this.steps++
    this.#before()
    if (input.type === 'instrument') this.#instruments.set(input.instrument.symbol, input.instrument)
    if (input.type === 'fill') this.#fill(input)
    if (input.type === 'funding') this.#wallet += input.amount
    const all = super.step(input)
    noneIsSilent(all)
    const effects = all.filter(({ type }) => type !== 'decisions')
    const later = new Set(effects.flatMap(one => (one.type === 'place' ? [one.order.clientOrderId] : [])))
    for (const effect of effects) {
      if (effect.type === 'place') later.delete(effect.order.clientOrderId)
      this.#effect(effect, later)
    }
    this.#holds(
      'I16',
      Math.abs(this.#wallet - this.portfolio.wallet) <= CENT,
      () => `the ledger has ${this.#wallet}, the books ${this.portfolio.wallet}`,
    )
    return effects
  }

  /** Everything has been told: ledger, books and exchange have to say the same. */
  end(): void {
    this.#before()
    const { wallet, positions } = this.#venue.exchange.account()
    this.#holds(
      'I16',
      Math.abs(this.#wallet - wallet) <= CENT,
      () => `the ledger has ${this.#wallet}, the exchange ${wallet}`,
    )
    assert.equal(
      positions.map(one => [positionKey(one.symbol, one.side), one.steps]).sort(),
      [...this.portfolio.positions.values()]
        .map(one => [positionKey(one.symbol, one.side), one.steps])
        .sort(),
    )
  }

  /** What stands at the exchange. */
  #before(): void {
    const seen = new Set<string>()
    const account = this.#venue.exchange.account()
    for (const { symbol, side, stop, steps } of account.positions) {
      const key = positionKey(symbol, side)
      seen.add(key)
      this.#holds('I1', stop !== null, () => `${key} has no stop`)
      if (seen.has(positionKey(symbol, opposite(side)))) this.hedged.add(symbol)
      this.#holds('I8', this.#isHedge || !this.hedged.has(symbol), () => `both sides of ${symbol}`)
      this.#holds('I15', Number.isSafeInteger(steps) && steps > 0, () => `${key} has ${steps} steps`)
      let targets = 0
      for (const one of account.orders) {
        if (one.purpose !== 'exit' || one.symbol !== symbol || one.side !== side) continue
        // A close at the market comes beside them.
        if (one.price !== null) targets += one.steps
      }
      this.#holds('I8', targets <= steps, () => `targets of ${key} sell ${targets} of ${steps}`)
      const held = this.#held.get(key)
      if (held === undefined) continue
      if (held.stop !== null && stop !== null) {
        const { stop: before } = held
        this.#holds('I2', (stop - before) * sign(side) >= 0, () => `stop of ${key} from ${before} to ${stop}`)
      }
      this.#held.set(key, { ...held, stop })
    }
  }

  #fill({ clientOrderId, symbol, side, price, steps, fee }: FillInput): void {
    const key = positionKey(symbol, side)
    const instrument = this.#instrument(symbol)
    const at = priceOf(instrument, price)
    const request = clientOrderId === null ? undefined : this.#requests.get(clientOrderId)
    this.#exact(instrument, price, steps)
    this.#wallet -= fee
    const held = this.#held.get(key)
    if (request?.order.purpose === 'entry') {
      request.filled += steps
      const { order, filled } = request
      this.#holds(
        'I3',
        filled <= order.steps,
        () => `${order.clientOrderId} filled ${filled} of ${order.steps}`,
      )
      const chain = this.#chains.get(this.#signalOf.get(order.clientOrderId) ?? '')
      if (chain !== undefined) {
        chain.filled += steps
        this.#holds('I3', chain.filled <= chain.intended, () => `${[...chain.ids]} filled ${chain.filled}`)
      }
      const before = held ?? { steps: 0, entry: at, stop: null }
      const all = before.steps + steps
      this.#held.set(key, { ...before, steps: all, entry: (before.entry * before.steps + at * steps) / all })
      return
    }
    const open = held?.steps ?? 0
    this.#holds('I8', steps <= open, () => `${key} is closed by ${steps} of ${open}`)
    if (held === undefined) return
    this.#wallet += sign(side) * (at - held.entry) * qtyOf(instrument, steps)
    if (steps === open) this.#held.delete(key)
    else this.#held.set(key, { ...held, steps: open - steps })
  }

  /** @param later ids of the orders that leave after it in the same step */
  #effect(effect: Effect, later: ReadonlySet<string>): void {
    switch (effect.type) {
      case 'persist': {
        this.#signalOf.set(effect.key, effect.signalId)
        if (effect.order.purpose !== 'entry') break
        const entry = this.portfolio.pending.get(effect.key) ?? broken(`${effect.key} is pending`)
        if (entry.rung !== undefined) {
          this.#add(effect.key, `${effect.signalId}|add ${entry.rung}`, entry.rung, effect.order)
          break
        }
        this.#risks(entry)
        const id = `${effect.signalId}|${effect.order.type}`
        const chain = this.#chains.get(id)
        this.#holds('I3', chain === undefined || chain.ids.has(effect.key), () => `a second order for ${id}`)
        if (chain === undefined) {
          this.#chains.set(id, { intended: effect.order.steps, filled: 0, ids: new Set([effect.key]) })
        }
        this.#signalOf.set(effect.key, id)
        break
      }
      case 'place':
        this.#place(effect.order, later)
        break
      case 'amend':
        this.#exact(this.#instrument(effect.symbol), effect.price, effect.steps)
        break
      case 'set-stop': {
        const instrument = this.#instrument(effect.symbol)
        this.#exact(instrument, effect.stop, null)
        const held = this.portfolio.positions.get(positionKey(effect.symbol, effect.side))
        this.#holds(
          'I2',
          held !== undefined && (effect.stop - held.stop) * sign(effect.side) >= 0,
          () => `a looser stop ${effect.stop} is asked for on ${effect.symbol}`,
        )
        break
      }
      default:
    }
  }

  /** What an entry, with the adds that are planned to it, loses at its stop: both fees as taker. */
  #risks({ symbol, side, instrument, price, steps, stop, leverage, margin, ladder }: PendingEntry): void {
    const { strategies, fees } = this.#settings
    const { riskPercent, highLeverage, highLeverageTolerance } = strategies['atr-risk-sizing']
    const at = priceOf(instrument, stop)
    const loss = (from: number, count: Steps): Usdt =>
      qtyOf(instrument, count) * (sign(side) * (from - at) + fees.taker * (from + at))
    const planned = (ladder?.rungs ?? []).filter(rung => !rung.isDropped)
    let all = loss(price, steps)
    let binds = margin
    for (const rung of planned) {
      all += loss(priceOf(instrument, rung.price), rung.steps)
      binds += (qtyOf(instrument, rung.steps) * priceOf(instrument, rung.price)) / leverage
    }
    const times = leverage >= Number(highLeverage) ? Number(highLeverageTolerance) : 1
    const most = (this.equity() * Number(riskPercent) * times) / 100
    this.#holds('I7', all <= most + 1e-9, () => `${symbol} may lose ${all} of at most ${most}`)
    const { maxMargin } = strategies['dca-ladder']
    this.#holds(
      'I7',
      ladder === undefined || binds <= Number(maxMargin) + 1e-9,
      () => `the plan of ${symbol} binds ${binds} of ${maxMargin}`,
    )
  }

  /** An add of a ladder: one order of its rung at a time, and all of them no more than was planned. */
  #add(key: string, id: string, rung: number, { symbol, side, price, steps: order }: OrderRequest): void {
    const position = this.portfolio.positions.get(positionKey(symbol, side))
    const plan = position?.ladder
    if (position === undefined || plan === undefined) broken(`${key} adds to a plan`)
    const chain = this.#chains.get(id) ?? { intended: plan.rungs[rung].steps, filled: 0, ids: new Set() }
    const isAlone = ![...chain.ids].some(other => this.portfolio.pending.has(other))
    this.#holds('I3', isAlone, () => `a second order for ${id}`)
    this.#chains.set(id, { ...chain, ids: new Set([...chain.ids, key]) })
    this.#signalOf.set(key, id)
    const { instrument, steps, entry, stop } = position
    const at = priceOf(instrument, stop)
    const loss = (from: number, count: Steps): Usdt =>
      qtyOf(instrument, count) * (sign(side) * (from - at) + plan.takerFee * (from + at))
    const all = loss(entry, steps) + loss(price === null ? entry : priceOf(instrument, price), order)
    this.#holds('I7', all <= plan.budget * (1 + 1e-9), () => `${symbol} may lose ${all} of ${plan.budget}`)
    let margin = positionMargin(position)
    for (const one of this.portfolio.pending.values()) if (one.symbol === symbol) margin += one.margin
    const other = this.portfolio.positions.get(positionKey(symbol, opposite(side)))
    if (other !== undefined) margin += positionMargin(other)
    this.#holds('I7', margin <= plan.maxMargin + 1e-9, () => `${symbol} binds ${margin} of ${plan.maxMargin}`)
  }

  #place(order: OrderRequest, later: ReadonlySet<string>): void {
    const { clientOrderId, symbol, side, price, steps, stop, purpose, leverage } = order
    const instrument = this.#instrument(symbol)
    this.#exact(instrument, price, steps)
    const before = this.#requests.get(clientOrderId)
    if (before !== undefined) {
      this.#holds(
        'I3',
        JSON.stringify(before.order) === JSON.stringify(order),
        () => `${clientOrderId} twice`,
      )
    } else this.#requests.set(clientOrderId, { order, filled: 0 })
    if (purpose === 'exit') {
      const held = this.portfolio.positions.get(positionKey(symbol, side))
      this.#holds(
        'I8',
        held !== undefined && steps <= held.steps && stop === null,
        () => `${clientOrderId} closes ${steps} of ${held?.steps}`,
      )
      return
    }
    this.#holds('I1', stop !== null, () => `${clientOrderId} is sent without a stop`)
    if (stop !== null) this.#exact(instrument, stop, null)
    // An order may wait for its leverage: what was decided on after it does not count against it.
    const ids = [...this.portfolio.pending.keys()]
    const after = ids.slice(ids.indexOf(clientOrderId) + 1)
    this.#capped(symbol, side, leverage, new Set([...later, ...after]))
  }

  /** The caps of the house right after an order that adds has been decided on: it is in the books as pending. */
  #capped(symbol: string, side: Side, leverage: number, later: ReadonlySet<string>): void {
    const { portfolio } = this
    const { guards } = this.#settings
    const used = usedMargin(portfolio)
    const most = (this.equity() * (guards['total-margin'].percent ?? 100)) / 100
    this.#holds('I7', used <= most + 1e-9, () => `margin ${used} of at most ${most}`)
    this.#holds('I7', leverage <= this.#instrument(symbol).maxLeverage, () => `leverage ${leverage}`)
    const keys = new Set<string>(portfolio.positions.keys())
    const sides = new Map<string, Side>()
    for (const one of [...portfolio.positions.values(), ...portfolio.pending.values()]) {
      if (later.has(one.clientOrderId)) continue
      keys.add(positionKey(one.symbol, one.side))
      const other = sides.get(one.symbol)
      const isAlone = other === undefined || other === one.side
      this.#holds('I7', this.#isHedge || isAlone, () => `both sides of ${one.symbol}`)
      sides.set(one.symbol, one.side)
    }
    // What takes the place of a position counts in its stead; margin is bound by both.
    for (const { replaces } of portfolio.pending.values()) if (replaces !== undefined) keys.delete(replaces)
    const longs = [...keys].filter(key => key.endsWith(':long')).length
    const { freePositions, percent } = guards['long-share']
    this.#holds(
      'I7',
      side !== 'long' || keys.size <= (freePositions ?? 0) || 100 * longs <= (percent ?? 100) * keys.size,
      () => `${longs} of ${keys.size} are long`,
    )
  }

  get #isHedge(): boolean {
    return this.#settings.positionMode === 'hedge'
  }

  #exact(instrument: Instrument, price: Ticks | null, steps: Steps | null): void {
    if (price !== null) {
      this.#holds(
        'I15',
        Number.isSafeInteger(price) &&
          price >= Math.max(1, instrument.minPrice) &&
          DECIMAL.test(formatTicks(instrument, price)),
        () => `${price} ticks of ${instrument.symbol}`,
      )
    }
    if (steps !== null) {
      this.#holds(
        'I15',
        Number.isSafeInteger(steps) && steps > 0 && DECIMAL.test(formatSteps(instrument, steps)),
        () => `${steps} steps of ${instrument.symbol}`,
      )
    }
  }

  #instrument(symbol: string): Instrument {
    return this.#instruments.get(symbol) ?? broken(`${symbol} was never introduced`)
  }

  #holds(invariant: Invariant, isKept: boolean, how: () => string): void {
    this.asked.set(invariant, (this.asked.get(invariant) ?? 0) + 1)
    if (!isKept) throw new Error(`${invariant} is broken after ${this.steps} inputs: ${how()}`)
  }
}

/** All strategies, those too that are off by default. */
export function everything(): Settings {
  const settings = defaultSettings()
  const strategies = Object.fromEntries(
    Object.entries(settings.strategies).map(([id, params]) => [id, { ...params, enabled: true }]),
  )
  return { ...settings, strategies }
}

/** A watched run from the beginning of a venue to its end, and the trades it made. */
export interface Watched {
  readonly engine: WatchedEngine
  readonly trades: readonly Trade[]
}

/**
 * Under the simulated driver, which is the backtest's.
 *
 * @param meddle called after every instant: what others do to the account
 */
export function watchSimulated(
  venue: Venue,
  settings: Settings,
  caps: Settings = settings,
  meddle: (engine: Engine) => void = () => {},
): Watched {
  const engine = new WatchedEngine(
    settings,
    { wallet: venue.options.wallet, lacking: 'skip', decisions: { version: 'watched' } },
    venue,
    caps,
  )
  const trades: Trade[] = []
  runSimulated(engine, venue, { event() {}, trade: trade => trades.push(trade) }, () => {
    meddle(engine)
    return true
  })
  engine.end()
  return { engine, trades }
}

/** Under the live driver over the ports of the embedded exchange, as the loop has them. */
export async function watchLive(venue: Venue, settings: Settings): Promise<Watched> {
  const engine = new WatchedEngine(
    settings,
    { wallet: venue.options.wallet, lacking: 'skip', decisions: { version: 'watched' } },
    venue,
  )
  const { trades } = await drive(engine, new EmbeddedExchange(venue))
  engine.end()
  return { engine, trades }
}
