import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Hour, type Kind, type Managed, manage } from './core/adapters/sim/managed.fixture.ts'
import { marketsOf, simulate } from './core/adapters/sim/market.fixture.ts'
import { StoreFolder } from './core/adapters/sqlite/store.fixture.ts'
import { DAY, HOUR, MINUTE, SECOND, type Steps, type Ticks } from './core/base/units.ts'
import type { Signal } from './core/decision/signal.ts'
import {
  instrumentOf,
  MIDNIGHT,
  minutes5Of,
  signalOf,
  steps,
  ticks,
  viewOf,
} from './core/decision/view.fixture.ts'
import { ENTRY_STRATEGIES } from './core/engine/cycles.ts'
import {
  Desk,
  events,
  gates,
  gridSignal,
  PATIENT,
  placed,
  resumed,
  reversionSignal,
} from './core/engine/desk.fixture.ts'
import { Engine } from './core/engine/engine.ts'
import type { Effect, EngineEvent, Input } from './core/engine/protocol.ts'
import { defaultSettings, overlay } from './core/engine/settings.ts'
import type { Guard, House, Proposal } from './core/guards/guard.ts'
import { GUARDS } from './core/guards/list.ts'
import { houseOf, outcome, proposalOf, scoreOf } from './core/guards/proposal.fixture.ts'
import type { Side } from './core/market/side.ts'
import { FaultRig, SYMBOL } from './faults-rig.fixture.ts'

const test = suite('incidents of positions')
const folder = new StoreFolder()
test.after(() => folder.remove())

const shortReversion = reversionSignal(SYMBOL, {
  side: 'short',
  order: { type: 'market' },
  stop: ticks(1_078),
  target: ticks(900),
  bbPercent: 97,
  weekBb: 60,
  monthBb: 60,
  tier: 'B',
  funding: 0,
})
const longReversion = reversionSignal(SYMBOL, { order: { type: 'market' }, stop: ticks(960) })

/** The stop at the exchange, in ticks. */
const stopThere = (rig: FaultRig): number | null | undefined => rig.account().positions[0]?.stop

// --- 17, 18 -------------------------------------------------------------------------------------------------------

test('incident 17: a position in profit has its stop again within one cycle, as any other has', async () => {
  for (const [signal, price] of [
    [longReversion, 103.4],
    [shortReversion, 100.8],
    [gridSignal(SYMBOL, { order: { type: 'market' } }), 104],
  ] as const) {
    const rig = await FaultRig.held(folder.fresh(), signal, {
      path: [
        [3, 102],
        [60, price],
      ],
    })
    await rig.run(2 * MINUTE)
    const before = stopThere(rig)
    await rig.act({ kind: 'remove-stop', symbol: SYMBOL, side: signal.side })
    assert.is(stopThere(rig), null)
    await rig.run(30 * SECOND)
    assert.is(stopThere(rig), before)
    assert.ok(rig.nakedMs <= 30 * SECOND, `${rig.nakedMs} ms without a stop`)
    rig.close()
  }
})

test('incident 18: a stop that was trailed is restored where it was, and never where the entry had it', async () => {
  for (const [signal, price] of [
    [longReversion, 104.2],
    [shortReversion, 99.8],
  ] as const) {
    const rig = await FaultRig.held(folder.fresh(), signal, {
      path: [
        [3, 102],
        [60, price],
      ],
    })
    await rig.run(9 * MINUTE)
    const trailed = Number(stopThere(rig))
    const direction = signal.side === 'long' ? 1 : -1
    assert.ok((trailed - signal.stop) * direction > 0, 'it has been trailed')
    for (const looser of [signal.stop, null]) {
      await rig.act(
        looser === null
          ? { kind: 'remove-stop', symbol: SYMBOL, side: signal.side }
          : { kind: 'move-stop', symbol: SYMBOL, side: signal.side, stop: looser },
      )
      await rig.run(30 * SECOND)
      assert.is(stopThere(rig), trailed)
    }
    // What a person has tightened no rule takes back either.
    const tighter = (trailed + 5 * direction) as Ticks
    await rig.act({ kind: 'move-stop', symbol: SYMBOL, side: signal.side, stop: tighter })
    await rig.run(9 * MINUTE)
    assert.is(stopThere(rig), tighter)
    assert.equal(rig.differences(), [])
    rig.close()
  }
})

// --- 20 -----------------------------------------------------------------------------------------------------------

/** Prices hour by hour from 100 on: to each level in an even walk of so many hours. */
function walk(...levels: readonly (readonly [hours: number, to: number])[]): readonly Hour[] {
  let at = 100
  return levels.flatMap(([hours, to]) => {
    const from = at
    at = to
    return Array.from({ length: hours }, (_, k) => ({ close: from + ((to - from) * (k + 1)) / hours }))
  })
}

/** The position at the exchange when a walk ends, and which rules have moved its stop. */
function after(kind: Kind, hours: readonly Hour[]) {
  const engine = manage(kind, instrumentOf(), hours)
  assert.ok(engine.last !== null, said(engine))
  const { account, position } = engine.last
  const [there] = account.positions
  const why = engine.events.filter(event => event.kind === 'stop-moved').map(event => event.figures.why)
  return { stop: there.stop, steps: there.steps, orders: account.orders, entry: position.entry, why }
}

const said = ({ events: all }: Managed): string => all.map(one => `${one.kind}: ${one.reason}`).join('; ')

/** Half or three quarters of the way from the entry to a mark, in ticks towards the tighter side. */
function locked(side: Side, entry: number, mark: number, share: number): number {
  const price = (entry + (mark - entry) * share) * 10
  return side === 'long' ? Math.ceil(price - 1e-6) : Math.floor(price + 1e-6)
}

test('incident 20: each rule that moves a stop changes the stop at the exchange', () => {
  // Both fees: of a maker and a taker by the rule of partial profits, as they are paid by that of leverage 10.
  const even = (side: Side, entry: number, fees = 0.00075): number =>
    side === 'long' ? Math.ceil(entry * (1 + fees) * 10) : Math.floor(entry * (1 - fees) * 10)
  const long = after('grid long', walk([6, 102], [2, 101]))
  assert.equal([long.stop, long.why], [even('long', long.entry), ['breakeven']])
  const short = after('grid short', walk([6, 97], [2, 98]))
  assert.equal([short.stop, short.why], [even('short', short.entry), ['breakeven']])

  const trailed = after('grid long', walk([6, 102], [6, 110], [1, 110]))
  assert.is(trailed.stop, locked('long', trailed.entry, 110, 0.5))
  assert.ok(trailed.why.includes('trailing'))
  const down = after('grid short', walk([6, 98], [6, 90], [1, 90]))
  assert.is(down.stop, locked('short', down.entry, 90, 0.5))

  const ten = after('reversion long', walk([4, 101.8], [2, 101.8]))
  assert.equal([ten.stop, ten.why], [even('long', ten.entry, 0.0011), ['breakeven']])
  const half = after('reversion long', walk([4, 104], [2, 104]))
  assert.is(half.stop, locked('long', half.entry, 104, 0.5))
  const most = after('reversion short', walk([4, 92], [2, 92]))
  assert.is(most.stop, locked('short', most.entry, 92, 0.75))
})

test('incident 20: partial targets rest at the exchange, and what they sell is sold', () => {
  const resting = after('grid long', walk([3, 100.1]))
  assert.is(resting.orders.filter(one => one.purpose === 'exit').length, 2)
  const sold = after('grid long', walk([6, 102], [2, 101]))
  assert.ok(sold.steps < resting.steps, `${sold.steps} of ${resting.steps}`)
})

// --- 30 -----------------------------------------------------------------------------------------------------------

test('incident 30: a stop whose order is another one each cycle is told of never', async () => {
  const rig = await FaultRig.held(folder.fresh(), longReversion)
  const before = rig.events.length
  const requests = rig.sent.length
  for (let cycle = 0; cycle < 10; cycle++) {
    await rig.act({ kind: 'remove-stop', symbol: SYMBOL, side: 'long' })
    await rig.act({ kind: 'move-stop', symbol: SYMBOL, side: 'long', stop: longReversion.stop })
    await rig.run(30 * SECOND)
  }
  const told = rig.events.slice(before).filter(({ kind }) => kind !== 'digest')
  assert.equal([told, rig.sent.slice(requests)], [[], []])
  rig.close()
})

// --- 33 -----------------------------------------------------------------------------------------------------------

test('incident 33: the time in a position counts from its first fill, and not from order, last fill or restart', () => {
  const signal = gridSignal('SOLUSDT', {
    strategy: 'bollinger-grid-short',
    side: 'short',
    order: { type: 'limit', price: ticks(1_050) },
    stop: ticks(1_103),
    bbPercent: 97,
    weekBb: 60,
    monthBb: 60,
  })
  let desk = new Desk(PATIENT).introduce('SOLUSDT')
  desk.live(0)
  const [entry] = placed(desk.propose(signal))
  desk.order(entry.clientOrderId, 'accepted')
  desk.live(20 * HOUR)
  const part = steps(Math.floor(entry.steps / 2))
  desk.fill(entry, { steps: part, complete: false })
  desk.live(3 * HOUR)
  desk.fill(entry, { steps: (entry.steps - part) as Steps })
  assert.is(desk.position('SOLUSDT', 'short').openedAt, MIDNIGHT + 20 * HOUR)
  desk = resumed(desk, PATIENT)
  desk.feed({ type: 'instrument', instrument: signal.instrument })
  desk.price('SOLUSDT', 104)
  desk.live(69 * HOUR - SECOND)
  assert.equal(events(desk.effects, 'exiting'), [])
  desk.live(SECOND)
  assert.equal(
    events(desk.effects, 'exiting').map(({ reason }) => reason),
    ['held for 72 h, the longest allowed'],
  )
})

// --- 35 -----------------------------------------------------------------------------------------------------------

/** An engine that notes each close at the market that was not said before in the same step. */
class Closing extends Engine {
  readonly unsaid: string[] = []
  closes = 0

  override step(input: Input): readonly Effect[] {
    const effects = super.step(input)
    const saidOf = new Set<string | null>()
    for (const effect of effects) {
      if (effect.type === 'event' && effect.event.kind === 'exiting') {
        const { reason, clientOrderId } = effect.event as EngineEvent
        if (reason !== '') saidOf.add(clientOrderId)
      }
      if (effect.type !== 'place' || effect.order.purpose !== 'exit' || effect.order.type !== 'market')
        continue
      this.closes++
      if (!saidOf.has(effect.order.clientOrderId)) this.unsaid.push(effect.order.clientOrderId)
    }
    return effects
  }
}

/** All switches of the settings whose name speaks of closing, with their path. */
function closers(value: unknown, path = ''): readonly (readonly [string, unknown])[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return []
  return Object.entries(value).flatMap(([key, inner]) => [
    ...(/clos/i.test(key) && typeof inner !== 'number' ? [[`${path}${key}`, inner] as const] : []),
    ...closers(inner, `${path}${key}.`),
  ])
}

test('incident 35: nothing is closed at the market unsaid, and what would close by itself for risk alone is off', () => {
  const settings = overlay({ ...defaultSettings() }, { maxBars: 2 })
  const engine = new Closing(settings, { wallet: 1_000 })
  const { trades } = simulate(marketsOf(11, 60, { symbols: 4 }), { settings }, engine)
  assert.ok(engine.closes > 5, `${engine.closes} closes`)
  assert.equal(engine.unsaid, [])
  const allowed = new Set([
    'stop',
    'breakeven-stop',
    'trailing-stop',
    'target',
    'partial-target-1',
    'partial-target-2',
    'time-exit',
    'end-of-data',
    'liquidation',
  ])
  for (const { exitReason } of trades) assert.ok(allowed.has(exitReason), exitReason)
  for (const [path, value] of closers(defaultSettings())) assert.is(value, false, path)
})

// --- 43 -----------------------------------------------------------------------------------------------------------

/** What is missing, and the guard that refuses for it. */
const CLOSED: readonly {
  readonly guard: string
  readonly lacks: string
  readonly proposal?: Partial<Proposal>
  readonly signal?: Partial<Signal>
  readonly house?: Partial<House>
}[] = [
  { guard: 'universe', lacks: 'width of the bands', signal: { width: Number.NaN } },
  { guard: 'score-threshold', lacks: 'score', proposal: { score: { ...scoreOf(65), value: Number.NaN } } },
  { guard: 'fresh-signal', lacks: 'close of the candle', signal: { candleEnd: Number.NaN } },
  { guard: 'stale-data', lacks: 'time of the price', signal: { lastAt: Number.NaN } },
  { guard: 'stale-data', lacks: 'a candle of the window', signal: { missingCandles: 1 } },
  { guard: 'distance-to-stop', lacks: 'price', signal: { last: Number.NaN } },
  { guard: 'confluence', lacks: 'weekly and monthly bands', signal: { weekBb: null, monthBb: null } },
  { guard: 'daily-loss', lacks: 'result of the day', house: { realisedToday: Number.NaN } },
  { guard: 'daily-loss', lacks: 'equity', house: { equity: Number.NaN } },
  { guard: 'sizing', lacks: 'equity', house: { equity: Number.NaN } },
  { guard: 'total-margin', lacks: 'margin', proposal: { margin: Number.NaN } },
  {
    guard: 'readiness',
    lacks: 'account',
    house: { blocks: [{ gate: 'readiness', symbol: null, reason: 'the account cannot be read' }] },
  },
]

test('incident 43: a gate that lacks its data refuses', () => {
  for (const { guard: id, lacks, proposal = {}, signal = {}, house = {} } of CLOSED) {
    const guard = GUARDS.find(one => one.id === id) as Guard
    const check = (over: Partial<Proposal>, of: Partial<Signal>, at: Partial<House>): string =>
      outcome(guard.check(proposalOf({ ...over, signal: signalOf(of) }), houseOf(at), guard.params))
    assert.is(check({}, {}, {}), 'admitted', id)
    assert.is(check(proposal, signal, house), id, `${id} without ${lacks}`)
  }
})

test('incident 43: without daily bands, or without those of 5 minutes, no strategy wants an entry', () => {
  const absent = { lower: undefined, middle: undefined, upper: undefined, rsi: undefined }
  for (const strategy of ENTRY_STRATEGIES) {
    for (const price of [1, 99, 150, 201, 1_000]) {
      const minutes5 = minutes5Of(absent)
      for (const view of [
        viewOf({ ...absent, price, minutes5 }),
        viewOf({ ...absent, price, minutes5: undefined }),
      ]) {
        assert.equal(strategy.decide(view, strategy.params), [], `${strategy.id} at ${price}`)
      }
    }
  }
  const few = new Desk()
  few.feed({ type: 'instrument', instrument: signalOf().instrument })
  for (let day = 10; day > 0; day--) few.day('SOLUSDT', MIDNIGHT - day * DAY, 100 - 2 * (10 - day))
  few.price('SOLUSDT', 50)
  assert.equal(placed(few.live(HOUR)), [])
  assert.is(few.engine.counts.decisions, 1)
})

// --- 45 -----------------------------------------------------------------------------------------------------------

test('incident 45: every rest of a strategy on a symbol ends, at the moment that was said', () => {
  const tried = (
    signal: Signal,
    end: 'order' | 'stop' | 'target',
    rest: number,
    back: Partial<Signal>,
  ): void => {
    const desk = new Desk(PATIENT).introduce('SOLUSDT')
    desk.live(0)
    const { entry, effects } = desk.open(signal)
    const [target] = placed(effects)
    if (end === 'target') desk.fill({ ...target, steps: desk.position().steps })
    else desk.stopOut(desk.position())
    const [[, until]] = desk.engine.books().cooldowns
    assert.is(until - desk.now, rest)
    assert.ok(entry.steps > 0)
    const again = (): unknown => {
      const effect = desk.propose({ ...signal, ...back, id: `again-${desk.now}`, lastAt: desk.now })
      return placed(effect).length > 0 ? 'entered' : gates(effect)[0]
    }
    desk.now += rest - 1
    desk.price('SOLUSDT', 102)
    assert.is(again(), 'cooldown')
    desk.now += 1
    desk.price('SOLUSDT', 102)
    assert.is(again(), 'entered')
  }
  tried(gridSignal(), 'stop', 4 * HOUR, {})
  tried(reversionSignal(), 'order', 2 * HOUR, {})
  tried(reversionSignal(), 'target', 2 * HOUR, {})
})

test('incident 45: a drawdown pause ends by itself, over a restart too', () => {
  const settings = overlay({ ...defaultSettings() }, { drawdown: { percent: 0.2 } })
  let desk = new Desk(settings).introduce('SOLUSDT', 'ADAUSDT')
  desk.live(0)
  desk.open(reversionSignal())
  desk.price('SOLUSDT', 95.5)
  desk.live(30 * SECOND)
  assert.is(gates(desk.propose(gridSignal('ADAUSDT')))[0], 'drawdown')
  const { gates: saved } = desk.engine.books().ledger
  const left = saved.pausedUntil - desk.now
  assert.ok(left > 0 && left <= DAY, `${left} ms`)
  desk.stopOut(desk.position())
  desk = resumed(desk, settings)
  desk.introduce('SOLUSDT', 'ADAUSDT')
  const later = (): unknown => {
    const at = { lastAt: desk.now, candleStart: desk.now - (desk.now % DAY) - DAY }
    const signal = gridSignal('ADAUSDT', { ...at, candleEnd: at.candleStart + DAY })
    const effects = desk.propose(signal)
    return placed(effects).length > 0 ? 'entered' : gates(effects)[0]
  }
  desk.live(left - 1)
  assert.is(later(), 'drawdown')
  desk.live(30 * SECOND)
  desk.price('ADAUSDT', 102)
  assert.is(later(), 'entered')
})

test.run()
