/** Why positions end, when they have to, and what they earned: the incidents of exits and of signs. */
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DAY, HOUR, MINUTE, SECOND } from './core/base/units.ts'
import type { Signal } from './core/decision/signal.ts'
import { instrumentOf, MIDNIGHT, steps, ticks } from './core/decision/view.fixture.ts'
import {
  Desk,
  events,
  gridSignal,
  instrument,
  only,
  PATIENT,
  placed,
  resumed,
  reversionSignal,
} from './core/engine/desk.fixture.ts'
import type { FillInput } from './core/engine/protocol.ts'
import { priceOf } from './core/market/quantise.ts'
import type { Side } from './core/market/side.ts'
import { apply, emptyPortfolio, type Portfolio, type PortfolioEvent } from './core/portfolio/portfolio.ts'
import type { PendingEntry } from './core/portfolio/position.ts'
import type { ExitReason } from './core/portfolio/trade.ts'

const test = suite('incidents of exits')
const SEED = 20_261_128
console.log(`seed ${SEED}`)

/** A desk with a position of SOL, its stop and targets confirmed by the account. */
function held(signal: Signal): Desk {
  const desk = new Desk(PATIENT).introduce('SOLUSDT')
  desk.live(0)
  desk.open(signal)
  for (const { clientOrderId } of placed(desk.effects)) desk.order(clientOrderId, 'accepted')
  return desk
}

const GRID = gridSignal('SOLUSDT')
const REVERSION = reversionSignal('SOLUSDT')
const MOMENTUM = reversionSignal('SOLUSDT', {
  strategy: 'funding-momentum',
  order: { type: 'market' },
  last: 100,
})

/** Has every stop that is asked for confirmed. */
function confirmStops(desk: Desk): void {
  for (const { requestId } of only(desk.effects, 'set-stop')) {
    desk.feed({ type: 'stop', requestId, ok: true, reason: '' })
  }
}

/** The closing order that has been sent last fills. */
function fillClose(desk: Desk): void {
  const close = placed(desk.effects).at(-1)
  if (close === undefined || close.type !== 'market') throw new Error('a closing order was sent')
  desk.fill(close, { price: ticks(1_000) })
}

/** The target with this many of all to come fills. */
function fillTarget(desk: Desk, nth: number): void {
  const targets = placed(desk.effects).filter(({ purpose, type }) => purpose === 'exit' && type === 'limit')
  desk.fill(targets[nth])
}

const outside = (over: Partial<FillInput>): Partial<FillInput> & { readonly type: 'fill' } => ({
  type: 'fill',
  ...over,
})

/** Every way out: what is held, and what happens to it; restarted on the way where a closing order is out. */
const EXITS: readonly (readonly [
  reason: ExitReason,
  signal: Signal,
  happens: (desk: Desk) => Desk | undefined,
])[] = [
  ['stop', GRID, desk => void desk.stopOut(desk.position())],
  [
    'breakeven-stop',
    GRID,
    desk => {
      fillTarget(desk, 0)
      confirmStops(desk)
      desk.stopOut(desk.position())
      return undefined
    },
  ],
  [
    'trailing-stop',
    REVERSION,
    desk => {
      desk.price('SOLUSDT', 104)
      desk.live(8 * MINUTE)
      confirmStops(desk)
      desk.stopOut(desk.position())
      return undefined
    },
  ],
  ['target', REVERSION, desk => void fillTarget(desk, 0)],
  [
    'partial-target-2',
    GRID,
    desk => {
      fillTarget(desk, 0)
      const [target] = placed(desk.effects)
        .filter(one => one.purpose === 'exit')
        .slice(1)
      desk.fill(target, { steps: desk.position().steps })
      return undefined
    },
  ],
  [
    'time-exit',
    REVERSION,
    desk => {
      desk.now += 30 * DAY
      desk.price('SOLUSDT', 100)
      desk.live(MINUTE)
      const next = restarted(desk)
      fillCloseAfter(next, desk)
      return next
    },
  ],
  [
    'funding-sign',
    MOMENTUM,
    desk => {
      desk.feed({ type: 'funding-rate', symbol: 'SOLUSDT', per8h: 0.0003, interval: null, next: null })
      desk.live(8 * MINUTE)
      const next = restarted(desk)
      fillCloseAfter(next, desk)
      return next
    },
  ],
  [
    'liquidation',
    REVERSION,
    desk => void desk.stopOut(desk.position(), { cause: 'liquidation', price: ticks(905) }),
  ],
  [
    'closed-outside',
    REVERSION,
    desk => void desk.stopOut(desk.position(), { ...outside({}), cause: 'order', clientOrderId: null }),
  ],
  ['end-of-data', REVERSION, desk => void desk.stopOut(desk.position(), { cause: 'settlement' })],
]

function restarted(desk: Desk): Desk {
  const next = resumed(desk, PATIENT)
  next.feed({ type: 'instrument', instrument: instrument('SOLUSDT') })
  next.price('SOLUSDT', 100)
  return next
}

/** The closing order that was sent before the restart fills after it. */
function fillCloseAfter(next: Desk, before: Desk): void {
  const close = placed(before.effects).at(-1)
  if (close === undefined || close.type !== 'market') throw new Error('a closing order was sent')
  next.fill(close, { price: ticks(1_000), execId: 'after the restart' })
}

test('incident 31: every way out has its own reason, a person, a liquidation and funding among them', () => {
  for (const [reason, signal, happens] of EXITS) {
    const desk = held(signal)
    const last = happens(desk) ?? desk
    const trades = only(last.effects, 'trade').map(({ trade }) => trade.exitReason)
    assert.equal(trades, [reason], `${reason}`)
  }
})

test('incident 31: what cannot be protected is told as an emergency, not as time that has run out', () => {
  const desk = held(REVERSION)
  desk.price('SOLUSDT', 104)
  desk.live(8 * MINUTE)
  const [request] = only(desk.effects, 'set-stop')
  desk.feed({ type: 'stop', requestId: request.requestId, ok: false, reason: 'crossed', why: 'crossed' })
  desk.live(SECOND)
  fillClose(desk)
  assert.equal(
    only(desk.effects, 'trade').map(({ trade }) => trade.exitReason),
    ['emergency'],
  )
})

test('incident 32: a position is closed at its limit though the heavy cycle starves', () => {
  const desk = held(
    gridSignal('SOLUSDT', {
      strategy: 'bollinger-grid-short',
      side: 'short',
      order: { type: 'limit', price: ticks(1_050) },
      stop: ticks(1_103),
      bbPercent: 97,
      weekBb: 60,
      monthBb: 60,
    }),
  )
  desk.introduce('ADAUSDT')
  desk.propose(gridSignal('ADAUSDT'))
  // 72 h after the fill: on the way an entry of another coin has run out, and nobody answers its cancellation.
  desk.live(72 * HOUR - SECOND)
  const cancels = only(desk.effects, 'cancel').length
  assert.ok(cancels > 0, 'the heavy cycle has asked for a cancellation')
  assert.equal(events(desk.effects, 'exiting'), [])
  desk.live(31 * SECOND)
  assert.equal(
    events(desk.effects, 'exiting').map(({ symbol, reason }) => [symbol, reason]),
    [['SOLUSDT', 'held for 72 h, the longest allowed']],
  )
})

const entry = (side: Side): PendingEntry => ({
  clientOrderId: 'entry-1',
  signalId: 'signal-1',
  strategy: 'mean-reversion',
  timeframe: '1d',
  symbol: 'SOLUSDT',
  side,
  instrument: instrumentOf(),
  score: 6.5,
  steps: steps(1_000),
  price: 100,
  stop: ticks(side === 'long' ? 500 : 1_500),
  target: null,
  leverage: 10,
  margin: 10,
  candleStart: MIDNIGHT - DAY,
  sentAt: MIDNIGHT,
  weekBb: null,
  reason: 'test',
})

test('incident 50: a short earns what its mirror image earns as a long', () => {
  const property = fc.property(
    fc.integer({ min: 600, max: 1_400 }),
    fc.array(fc.tuple(fc.integer({ min: 600, max: 1_400 }), fc.integer({ min: 1, max: 400 })), {
      maxLength: 4,
    }),
    fc.integer({ min: 600, max: 1_400 }),
    (from, parts, to) => {
      const tradeOf = (side: Side) => {
        const at = (price: number) => ticks(side === 'long' ? price : 2_000 - price)
        let portfolio: Portfolio = emptyPortfolio(1_000)
        const fold = (event: PortfolioEvent) => {
          const applied = apply(portfolio, event)
          portfolio = applied.portfolio
          return applied.trade
        }
        const common = { symbol: 'SOLUSDT', side, time: MIDNIGHT, fee: 0 } as const
        fold({ type: 'entry-sent', entry: entry(side) })
        fold({
          type: 'entry-filled',
          clientOrderId: 'entry-1',
          price: at(from),
          steps: steps(1_000),
          complete: true,
          time: MIDNIGHT,
          fee: 0,
        })
        let left = 1_000
        for (const [price, size] of parts) {
          const sold = Math.min(size, left - 1)
          if (sold < 1) continue
          left -= sold
          fold({
            ...common,
            type: 'exit-filled',
            price: at(price),
            steps: steps(sold),
            left: steps(0),
            reason: 'target',
          })
        }
        const trade = fold({
          ...common,
          type: 'exit-filled',
          price: at(to),
          steps: steps(left),
          left: steps(0),
          reason: 'stop',
        })
        return { trade, wallet: portfolio.wallet, entry: priceOf(instrumentOf(), at(from)) }
      }
      const long = tradeOf('long')
      const short = tradeOf('short')
      const near = (a: number, b: number): boolean => Math.abs(a - b) < 1e-6
      assert.ok(near(long.wallet, short.wallet), `${long.wallet} and ${short.wallet}`)
      assert.ok(near(long.trade?.net ?? Number.NaN, short.trade?.net ?? Number.NaN))
      if (Math.abs(long.wallet - 1_000) > 1e-6) assert.is.not(short.trade?.net, 0)
      const percent = (one: typeof long): number => ((one.trade?.netPercent ?? 0) * one.entry) / 100
      assert.ok(near(percent(long), percent(short)))
    },
  )
  fc.assert(property, { seed: SEED, numRuns: 500 })
})

test.run()
