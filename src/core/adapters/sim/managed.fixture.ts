/** One position with all management on, on the embedded exchange over prices written down hour by hour, for tests. */
import * as assert from 'uvu/assert'
import { DAY, HOUR, type Price, type Steps, type Timestamp } from '../../base/units.ts'
import type { Signal } from '../../decision/signal.ts'
import { ticks } from '../../decision/view.fixture.ts'
import { gridSignal, reversionSignal } from '../../engine/desk.fixture.ts'
import { runSimulated } from '../../engine/drivers/simulated.ts'
import { Engine } from '../../engine/engine.ts'
import { scoreSignal } from '../../engine/pipeline.ts'
import type { Account, Effect, EngineEvent, Input } from '../../engine/protocol.ts'
import { defaultSettings } from '../../engine/settings.ts'
import { CandleSeries } from '../../market/candles.ts'
import type { Instrument } from '../../market/instrument.ts'
import { sign } from '../../market/side.ts'
import { type Position, positionKey } from '../../portfolio/position.ts'
import type { Trade } from '../../portfolio/trade.ts'
import type { Act } from './acts.ts'
import { DEFAULT_COSTS } from './exchange.ts'
import { Venue } from './venue.ts'

/** 2026-01-01T00:00Z less the days before: trading begins then. */
const BEGIN = 1_767_225_600_000
const HISTORY = 160
const SYMBOL = 'SOLUSDT'

/** What happens within one hour: where the price goes, and what others do at its beginning. */
export interface Hour {
  /** The close of the hour before, unless it is said otherwise. */
  readonly open?: Price
  readonly close: Price
  readonly act?: Act
}

/** The kinds of positions there are: leverage 3 with parts, leverage 10 with one target, each on both sides. */
export const KINDS = ['grid long', 'grid short', 'reversion long', 'reversion short'] as const
export type Kind = (typeof KINDS)[number]

/** The entry of a kind, at the market at 100. */
export function entryOf(kind: Kind, instrument: Instrument): Signal {
  const order = { type: 'market' } as const
  const at = (price: Price) => ticks(Math.round(price / instrument.tickSize))
  const common = { instrument, order, price: 100, last: 100, weekBb: 40, monthBb: 40 }
  const short = { side: 'short', bbPercent: 97, weekBb: 60, monthBb: 60, tier: 'B', funding: 0 } as const
  switch (kind) {
    case 'grid long':
      return gridSignal(SYMBOL, { ...common, stop: at(95) })
    case 'grid short':
      return gridSignal(SYMBOL, { ...common, ...short, strategy: 'bollinger-grid-short', stop: at(105) })
    case 'reversion long':
      return reversionSignal(SYMBOL, { ...common, stop: at(95), target: at(112) })
    case 'reversion short':
      return reversionSignal(SYMBOL, { ...common, ...short, stop: at(105), target: at(88) })
  }
}

/** An engine that enters once, and looks at the account around every input and between all requests. */
export class Managed extends Engine {
  readonly venue: Venue
  readonly events: EngineEvent[] = []
  readonly trades: Trade[] = []
  /** How often what was asked of the exchange or came of it. */
  readonly seen = { stops: 0, amendments: 0, cancellations: 0, targets: 0, partTargets: 0, looks: 0 }
  /** The position as it stood when an instant ended last, and the account with it. */
  last: { readonly account: Account; readonly position: Position } | null = null
  readonly #signal: Signal
  #isProposed = false
  #before: Account | null = null
  readonly #inFlight = new Map<string, string>()
  /** Targets have rested since one has filled last. */
  #hadTargets = false
  #bareSince: Timestamp | null = null
  /** The stop has fired: what a thin market has left is on its way out. */
  #hasFired = false
  #nakedSince: Timestamp | null = null

  constructor(venue: Venue, signal: Signal) {
    super(defaultSettings(), { wallet: venue.options.wallet })
    this.venue = venue
    this.#signal = signal
  }

  override step(input: Input): readonly Effect[] {
    if (input.type === 'fill' && input.clientOrderId !== null && input.opens !== true) {
      this.#hadTargets = false
      this.#bareSince = null
      const filled = this.books().orders.find(
        one => one.kind === 'exit' && one.order.clientOrderId === input.clientOrderId,
      )
      if (!input.complete && filled?.kind === 'exit' && filled.order.leg !== 'close') this.seen.partTargets++
    }
    if (input.type === 'fill' && input.cause === 'stop') this.#hasFired = true
    this.#look(input.at, false)
    if (input.type === 'stop') {
      for (const [key, id] of this.#inFlight) if (id === input.requestId) this.#inFlight.delete(key)
    }
    const effects = [...super.step(input)]
    if (!this.#isProposed && input.type === 'time') {
      this.#isProposed = true
      const scored = [scoreSignal({ ...this.#signal, lastAt: input.at })]
      effects.push(...super.step({ type: 'propose', at: input.at, scored }))
    }
    for (const effect of effects) this.#ask(effect)
    return effects
  }

  #ask(effect: Effect): void {
    switch (effect.type) {
      case 'set-stop': {
        const key = positionKey(effect.symbol, effect.side)
        assert.not.ok(this.#inFlight.has(key), `a second request for the stop of ${key}`)
        this.#inFlight.set(key, effect.requestId)
        this.seen.stops++
        break
      }
      case 'amend':
        this.seen.amendments++
        break
      case 'cancel':
        this.seen.cancellations++
        break
      case 'place':
        if (effect.order.purpose === 'exit' && effect.order.price !== null) this.seen.targets++
        break
      default:
    }
  }

  /** What must hold of the account at any moment, and against the last look; `isOver`: the instant is. */
  #look(at: Timestamp, isOver: boolean): void {
    const account = this.venue.exchange.account()
    const before = this.#before
    this.#before = account
    this.seen.looks++
    for (const { symbol, side, stop, steps } of account.positions) {
      if (this.#hasFired) continue
      // A stop that has fired is gone before its fill is told, at the same instant.
      if (stop === null) this.#nakedSince ??= at
      assert.ok(stop !== null || (at === this.#nakedSince && !isOver), 'a position without a stop')
      if (stop === null) continue
      const targets = account.orders.filter(one => one.purpose === 'exit' && one.price !== null)
      const sold = targets.reduce((sum, one) => sum + one.steps, 0)
      assert.ok(sold <= steps, `targets of ${sold} on a position of ${steps}`)
      const was = before?.positions.find(one => one.symbol === symbol && one.side === side)
      if (was === undefined || was.stop === null) continue
      assert.ok((stop - was.stop) * sign(side) >= 0, `the stop went from ${was.stop} to ${stop}`)
      // As with a stop: the fill of the last target is told after it.
      if (targets.length > 0) this.#hadTargets = true
      else if (this.#hadTargets) this.#bareSince ??= at
      const isBare = this.#bareSince !== null
      assert.ok(!isBare || (at === this.#bareSince && !isOver), 'the targets have vanished')
    }
  }

  /** Looks at the account while requests are carried out. */
  glance(): void {
    this.#look(this.venue.exchange.now, false)
  }

  /** Between two instants, with nothing on its way: books and exchange say the same of position, stop and targets. */
  agrees(at: Timestamp): void {
    this.#look(at, true)
    const [position] = this.portfolio.positions.values()
    if (position !== undefined) this.last = { account: this.venue.exchange.account(), position }
    const { positions, orders } = this.venue.exchange.account()
    const books = this.books()
    if (this.#hasFired) {
      for (const { stop } of books.positions) assert.ok(stop?.closing, 'what the stop has left is not closed')
      return
    }
    assert.equal(
      books.positions.map(({ position: one }) => [one.symbol, one.side, one.steps, one.stop]),
      positions.map(one => [one.symbol, one.side, one.steps, one.stop]),
    )
    const booked = books.orders.flatMap(one => (one.kind === 'exit' ? [one.order] : []))
    for (const { position: one } of books.positions) {
      const resting = booked.filter(order => order.price !== null)
      const sold = resting.reduce((sum, order) => sum + order.steps, 0)
      if (one.target !== null) assert.is(sold, one.steps, 'the one target is not of the whole position')
      // A fill in part may leave less than any order may be of.
      const isOrderable = one.steps >= one.instrument.minQty
      if (one.targetsFilled === 0 && isOrderable) assert.ok(sold > 0, 'a position without a target')
      const first = resting.find(order => order.leg === 'target-1')
      if (one.firstTargetLeft !== undefined) {
        assert.ok((first?.steps ?? 0) >= one.firstTargetLeft, 'what TP1 had left is gone')
      }
    }
    const byId = (a: readonly unknown[], b: readonly unknown[]) => (String(a[0]) < String(b[0]) ? -1 : 1)
    assert.equal(
      booked.map(one => [one.clientOrderId, one.price, one.steps]).sort(byId),
      orders
        .filter(one => one.purpose === 'exit')
        .map(one => [one.clientOrderId, one.price, one.steps])
        .sort(byId),
    )
  }
}

/** A slow wave around 100 for as many days as weekly bands need, and then the hours. */
function venueOf(instrument: Instrument, hours: readonly Hour[]): Venue {
  const daily = new CandleSeries(SYMBOL, '1d', HISTORY)
  for (let day = 0; day < HISTORY; day++) {
    const close = day === HISTORY - 1 ? 100 : 100 + 6 * Math.sin(day / 4) + (day % 2)
    daily.push(BEGIN - (HISTORY - day) * DAY, close, close + 1, close - 1, close, 1e6, 60e6)
  }
  const fine = new CandleSeries(SYMBOL, '1h', hours.length)
  let before = 100
  for (const [hour, { open = before, close }] of hours.entries()) {
    fine.push(BEGIN + hour * HOUR, open, Math.max(open, close), Math.min(open, close), close, 1e5, 1e7)
    before = close
  }
  const candles = new Map([
    ['1d', daily],
    ['1h', fine],
  ] as const)
  return new Venue([{ instrument, candles, mark: new Map(), funding: null }], {
    from: BEGIN,
    to: null,
    costs: DEFAULT_COSTS,
    wallet: 1_000,
    checkMargin: true,
    detail: true,
  })
}

/** Opens a position and manages it over the hours, watched at every input. */
export function manage(kind: Kind, instrument: Instrument, hours: readonly Hour[]): Managed {
  const venue = venueOf(instrument, hours)
  const engine = new Managed(venue, entryOf(kind, instrument))
  // Between two requests, too: what one has taken away and the next is to bring is not there.
  const place = venue.place.bind(venue)
  venue.place = order => {
    engine.glance()
    place(order)
  }
  const journal = {
    event: (event: EngineEvent) => engine.events.push(event),
    trade: (trade: Trade) => engine.trades.push(trade),
  }
  const done = new Set<Timestamp>()
  runSimulated(engine, venue, journal, at => {
    engine.agrees(at)
    const hour = Math.floor((at - BEGIN) / HOUR)
    const act = hours[hour]?.act
    if (act !== undefined && !done.has(hour)) {
      done.add(hour)
      venue.act(act)
    }
    return true
  })
  return engine
}

/** So many steps and no more at once, for whoever trades. */
export function thin(steps: number | null): Act {
  return { kind: 'thin', symbol: SYMBOL, steps: steps as Steps | null, makers: true }
}
