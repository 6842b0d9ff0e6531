import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DAY, HOUR } from '../base/units.ts'
import { instrumentOf, MIDNIGHT, steps, ticks } from '../decision/view.fixture.ts'
import { priceOf, qtyOf } from '../market/quantise.ts'
import { type Side, sign } from '../market/side.ts'
import { regridded } from './grid-change.ts'
import type { Ladder } from './ladder.ts'
import {
  apply,
  emptyPortfolio,
  equity,
  type Portfolio,
  type PortfolioEvent,
  realisedToday,
  usedMargin,
} from './portfolio.ts'
import { type PendingEntry, type Position, positionKey, unrealised } from './position.ts'
import type { ExitReason, Trade } from './trade.ts'

const test = suite('portfolio')
const SEED = 20_260_108

const INSTRUMENT = instrumentOf()

/** An entry of 10 coins at 100 with a margin of 300, unless said otherwise. */
function sent(over: Partial<PendingEntry> = {}): PortfolioEvent {
  return {
    type: 'entry-sent',
    entry: {
      clientOrderId: 'entry-1',
      signalId: 'signal-1',
      strategy: 'bollinger-grid-long',
      timeframe: '1d',
      symbol: 'SOLUSDT',
      side: 'long',
      instrument: INSTRUMENT,
      score: 6.5,
      steps: steps(10_000),
      price: 100,
      stop: ticks(over.side === 'short' ? 1050 : 950),
      target: null,
      leverage: 3,
      margin: 300,
      candleStart: MIDNIGHT - DAY,
      sentAt: MIDNIGHT,
      weekBb: 40,
      reason: 'BB% 20.0 < 25',
      ...over,
    },
  }
}

type Filled = Extract<PortfolioEvent, { readonly type: 'entry-filled' }>
type Exited = Extract<PortfolioEvent, { readonly type: 'exit-filled' }>

const filled = (price: number, coins: number, over: Partial<Filled> = {}): PortfolioEvent => ({
  type: 'entry-filled',
  clientOrderId: 'entry-1',
  time: MIDNIGHT,
  price: ticks(10 * price),
  steps: steps(1000 * coins),
  fee: 0,
  complete: true,
  ...over,
})

const exited = (price: number, coins: number, over: Partial<Exited> = {}): PortfolioEvent => ({
  type: 'exit-filled',
  symbol: 'SOLUSDT',
  side: 'long',
  time: MIDNIGHT + HOUR,
  price: ticks(10 * price),
  steps: steps(1000 * coins),
  fee: 0,
  reason: 'stop',
  left: steps(0),
  ...over,
})

function folded(events: readonly PortfolioEvent[], from: Portfolio = emptyPortfolio(1000)) {
  const trades: Trade[] = []
  let portfolio = from
  for (const event of events) {
    const applied = apply(portfolio, event)
    portfolio = applied.portfolio
    if (applied.trade !== null) trades.push(applied.trade)
  }
  return { portfolio, trades }
}

function heldAfter(...events: readonly PortfolioEvent[]): Position {
  const position = [...folded(events).portfolio.positions.values()][0]
  if (position === undefined) throw new Error('nothing is held')
  return position
}

const near = (actual: number, expected: number, say = ''): void =>
  assert.ok(
    Math.abs(actual - expected) <= 1e-9 * Math.max(1, Math.abs(expected)),
    `${say} ${actual}, not ${expected}`,
  )

test('an entry that is sent waits, and moves no money until it fills', () => {
  const { portfolio } = folded([sent()])
  assert.is(portfolio.wallet, 1000)
  assert.is(portfolio.pending.size, 1)
  assert.is(portfolio.positions.size, 0)
  assert.is(usedMargin(portfolio), 300)
})

test('an entry that is gone frees what it occupied', () => {
  const { portfolio } = folded([sent(), { type: 'entry-gone', clientOrderId: 'entry-1' }])
  assert.equal(portfolio, emptyPortfolio(1000))
})

test('a complete fill makes the position that the entry described', () => {
  const { portfolio } = folded([sent(), filled(99, 10, { fee: 0.2, time: MIDNIGHT + 5 })])
  assert.is(portfolio.pending.size, 0)
  assert.is(portfolio.wallet, 999.8)
  assert.equal(portfolio.positions.get('SOLUSDT:long'), {
    symbol: 'SOLUSDT',
    side: 'long',
    instrument: INSTRUMENT,
    strategy: 'bollinger-grid-long',
    timeframe: '1d',
    signalId: 'signal-1',
    clientOrderId: 'entry-1',
    score: 6.5,
    leverage: 3,
    entry: 99,
    steps: 10_000,
    enteredSteps: 10_000,
    openedAt: MIDNIGHT + 5,
    stop: 950,
    stopKind: 'initial',
    initialStop: 950,
    target: null,
    targetsFilled: 0,
    weekBbAtEntry: 40,
    halved: false,
    gross: 0,
    fees: 0.2,
    funding: 0,
    exits: [],
    lowest: 99,
    highest: 99,
    reason: 'BB% 20.0 < 25',
  })
})

test('a partial fill leaves the rest of the entry waiting, with the margin of the rest', () => {
  const { portfolio } = folded([sent(), filled(100, 4, { complete: false })])
  const [waiting] = portfolio.pending.values()
  assert.is(waiting?.steps, 6000)
  assert.is(waiting?.margin, 180)
  // 4 coins x 100 / 3 held, 180 waiting.
  near(usedMargin(portfolio), 400 / 3 + 180)
  const done = folded([filled(102, 6)], portfolio).portfolio
  assert.is(done.pending.size, 0)
  near(usedMargin(done), (10 * 101.2) / 3)
})

test('the entry price is the volume-weighted one, and the opening the first fill', () => {
  // (4 x 100 + 6 x 102) / 10 = 101.2.
  const position = heldAfter(
    sent(),
    filled(100, 4, { complete: false }),
    filled(102, 6, { time: MIDNIGHT + HOUR }),
  )
  near(position.entry, 101.2)
  assert.is(position.steps, 10_000)
  assert.is(position.enteredSteps, 10_000)
  assert.is(position.openedAt, MIDNIGHT)
  assert.is(position.lowest, 100)
  assert.is(position.highest, 102)
})

test('fills at one price have that price, to the last bit', () => {
  const tick = instrumentOf({ tick: '0.1' })
  const event = (count: number, complete: boolean): PortfolioEvent =>
    filled(0.3, 1, { steps: steps(count), complete })
  assert.is(
    heldAfter(sent({ instrument: tick }), event(7, false), event(11, false), event(13, true)).entry,
    0.3,
  )
})

test('a trade is worth its prices less its fees plus its funding, on both sides', () => {
  // Long 10 from 100 to 105: 50 gross, less 0.2 and 0.5775 of fees, less 0.1 of funding.
  for (const [side, exit] of [
    ['long', 105],
    ['short', 95],
  ] as const) {
    const { portfolio, trades } = folded([
      sent({ side }),
      filled(100, 10, { fee: 0.2 }),
      { type: 'funding', symbol: 'SOLUSDT', side, time: MIDNIGHT + 8 * HOUR, amount: -0.1 },
      exited(exit, 10, { side, fee: 0.5775, time: MIDNIGHT + 9 * HOUR, reason: 'target' }),
    ])
    near(portfolio.wallet, 1049.1225)
    assert.is(portfolio.positions.size, 0)
    assert.is(trades.length, 1)
    const [trade] = trades
    if (trade === undefined) return
    near(trade.gross, 50)
    near(trade.fees, 0.7775)
    assert.is(trade.funding, -0.1)
    near(trade.net, 49.1225)
    // On a value of 1,000.
    assert.is(trade.notional, 1000)
    near(trade.netPercent, 4.91225)
    assert.is(trade.entry, 100)
    assert.is(trade.exit, exit)
    assert.is(trade.qty, 10)
    assert.is(trade.openedAt, MIDNIGHT)
    assert.is(trade.closedAt, MIDNIGHT + 9 * HOUR)
    assert.is(trade.exitReason, 'target')
    assert.is(trade.id, 'signal-1')
  }
})

test('parts are closed one after the other, and the trade comes with the last', () => {
  const part = (price: number, coins: number, reason: ExitReason): PortfolioEvent =>
    exited(price, coins, { reason })
  const events = [sent(), filled(100, 10), part(110, 2, 'partial-target-1'), part(120, 3, 'partial-target-2')]
  const position = heldAfter(...events)
  assert.is(position.steps, 5000)
  assert.is(position.enteredSteps, 10_000)
  assert.is(position.entry, 100)
  assert.is(position.targetsFilled, 2)
  // 2 x 10 + 3 x 20.
  near(position.gross, 80)
  near(folded(events).portfolio.wallet, 1080)
  const { trades } = folded([...events, part(90, 5, 'trailing-stop')])
  const [trade] = trades
  assert.is(trades.length, 1)
  near(trade?.gross ?? 0, 30)
  // (2 x 110 + 3 x 120 + 5 x 90) / 10.
  near(trade?.exit ?? 0, 103)
  assert.is(trade?.exitReason, 'trailing-stop')
  assert.equal(
    trade?.exits.map(exit => [exit.price, exit.qty, exit.reason]),
    [
      [110, 2, 'partial-target-1'],
      [120, 3, 'partial-target-2'],
      [90, 5, 'trailing-stop'],
    ],
  )
})

test('targets count upwards only, and other exits do not count', () => {
  const after = (...reasons: readonly ExitReason[]): number =>
    heldAfter(sent(), filled(100, 10), ...reasons.map(reason => exited(110, 1, { reason }))).targetsFilled
  assert.is(after('partial-target-1'), 1)
  assert.is(after('partial-target-2'), 2)
  assert.is(after('partial-target-2', 'partial-target-1'), 2)
  assert.is(after('stop', 'time-exit', 'target'), 0)
})

test('what is held between coarser steps is closed with the last of them: its profit is in the trade, and in the wallet', () => {
  const coarse = regridded(INSTRUMENT, INSTRUMENT.tick, '0.3')
  const [bought, coarser] = [filled(100, 1), { type: 'filters-changed', instrument: coarse } as const]
  const close = (count: number): PortfolioEvent => exited(110, 1, { steps: steps(count) })
  for (const closes of [[close(3)], [close(1), close(2)]]) {
    const { portfolio, trades } = folded([sent(), bought, coarser, ...closes])
    near(trades[0]?.gross ?? Number.NaN, 10)
    near(trades[0]?.qty ?? Number.NaN, 1)
    near(trades[0]?.exit ?? Number.NaN, 110)
    near(portfolio.wallet - folded([sent(), bought]).portfolio.wallet, 10)
  }
  near(unrealised(heldAfter(sent(), bought, coarser), 110), 10)
})

test('what a first target has left is known until it is filled, whatever else is sold meanwhile', () => {
  const left = (...events: readonly PortfolioEvent[]): number | undefined =>
    heldAfter(sent(), filled(100, 10), ...events).firstTargetLeft
  const part = exited(110, 1, { reason: 'partial-target-1', left: steps(1000) })
  assert.is(left(), undefined)
  assert.is(left(part), 1000)
  assert.is(left(part, exited(105, 1, { reason: 'closed-outside' })), 1000)
  assert.is(left(part, exited(110, 1, { reason: 'partial-target-1' })), undefined)
})

test('an entry that goes on filling after a part was sold keeps the money right, in books and trade', () => {
  // 4 at 100, 2 of them sold at 110 (+20), 6 more at 105: open 8 at (2 x 100 + 6 x 105) / 8 = 103.75.
  const events = [
    sent(),
    filled(100, 4, { complete: false }),
    exited(110, 2, { reason: 'partial-target-1' }),
    filled(105, 6),
  ]
  near(heldAfter(...events).entry, 103.75)
  const { portfolio, trades } = folded([...events, exited(100, 8)])
  // Bought for 4 x 100 + 6 x 105 = 1030, sold for 2 x 110 + 8 x 100 = 1020.
  near(portfolio.wallet, 990)
  const [trade] = trades
  near(trade?.gross ?? 0, -10)
  near(trade?.entry ?? 0, 103)
  near(trade?.exit ?? 0, 102)
  near(trade?.notional ?? 0, 1030)
})

test('excursions are those of the side, 0 where the price never went', () => {
  const prices = [98, 104, 101].map(price => ({ type: 'price-seen', symbol: 'SOLUSDT', price }) as const)
  for (const [side, mae, mfe] of [
    ['long', -2, 4],
    ['short', -4, 2],
  ] as const) {
    const seen = prices.map(event => ({ ...event, side }))
    const { trades } = folded([sent({ side }), filled(100, 10), ...seen, exited(101, 10, { side })])
    near(trades[0]?.mae ?? 0, mae)
    near(trades[0]?.mfe ?? 0, mfe)
  }
  const { trades } = folded([sent(), filled(100, 10), exited(100, 10)])
  assert.ok(trades[0]?.mae === 0 && trades[0].mfe === 0)
})

test('the price of the exit itself counts as an excursion', () => {
  assert.is(folded([sent(), filled(100, 10), exited(93, 10)]).trades[0]?.mae, -7)
  assert.is(folded([sent(), filled(100, 10), exited(112, 10)]).trades[0]?.mfe, 12)
})

test('the day begins at 00:00 UTC with nothing realised, and that moment belongs to it', () => {
  const at = (time: number, fee: number): PortfolioEvent => exited(100, 1, { time, fee })
  const start = [sent(), filled(100, 10, { fee: 1, time: MIDNIGHT })]
  const first = folded([...start, at(MIDNIGHT + DAY - 1, 2)]).portfolio
  assert.is(first.dayRealised, -3)
  assert.is(realisedToday(first, MIDNIGHT + DAY - 1), -3)
  assert.is(realisedToday(first, MIDNIGHT + DAY), 0)
  const second = folded([at(MIDNIGHT + DAY, 4)], first).portfolio
  assert.is(second.dayRealised, -4)
  assert.is(realisedToday(second, MIDNIGHT + DAY), -4)
})

test('profit, fees and funding all count towards the day', () => {
  const { portfolio } = folded([
    sent(),
    filled(100, 10, { fee: 1 }),
    { type: 'funding', symbol: 'SOLUSDT', side: 'long', time: MIDNIGHT, amount: -0.5 },
    exited(97, 10, { fee: 2 }),
  ])
  near(realisedToday(portfolio, MIDNIGHT + 1), -33.5)
})

test('a fill stamped before the running day counts towards it, so that no loss slips out of the limit', () => {
  const { portfolio } = folded([
    sent(),
    filled(100, 10, { fee: 1, time: MIDNIGHT }),
    exited(90, 5, { time: MIDNIGHT - HOUR }),
    exited(90, 5, { time: MIDNIGHT + HOUR }),
  ])
  near(realisedToday(portfolio, MIDNIGHT + HOUR), -101)
})

test('a stop moves to the tighter side or stays, and takes the name of what moved it', () => {
  for (const [side, tighter, looser] of [
    ['long', 951, 949],
    ['short', 1049, 1051],
  ] as const) {
    const move = (stop: number): PortfolioEvent => ({
      type: 'stop-moved',
      symbol: 'SOLUSDT',
      side,
      stop: ticks(stop),
      kind: 'trailing',
    })
    const start = [sent({ side }), filled(100, 10)]
    const position = heldAfter(...start, move(tighter))
    assert.is(position.stop, tighter)
    assert.is(position.stopKind, 'trailing')
    assert.is(position.initialStop, side === 'long' ? 950 : 1050)
    assert.is(heldAfter(...start, move(tighter), move(tighter)).stop, tighter)
    assert.throws(() => folded([...start, move(looser)]), /would be loosened/)
    assert.throws(
      () => folded([...start, move(tighter), move(side === 'long' ? 950 : 1050)]),
      /would be loosened/,
    )
  }
})

test('the halving is remembered', () => {
  const halving = { type: 'halving-sent', symbol: 'SOLUSDT', side: 'long' } as const
  assert.is(heldAfter(sent(), filled(100, 10)).halved, false)
  assert.is(heldAfter(sent(), filled(100, 10), halving).halved, true)
})

test('what contradicts the books is refused', () => {
  const start = [sent(), filled(100, 10)]
  const other = { clientOrderId: 'entry-2' }
  const cases: readonly (readonly [readonly PortfolioEvent[], RegExp])[] = [
    [[sent(), sent()], /was sent before/],
    [[{ type: 'entry-gone', clientOrderId: 'entry-1' }], /was not there/],
    [[filled(100, 1)], /fill of an unknown entry/],
    [[...start, filled(100, 1)], /fill of an unknown entry/],
    [[sent(), filled(100, 0)], /fill of nothing/],
    [[sent(), filled(100, 11)], /more than entry-1 has left/],
    [[sent(), filled(100, 6, { complete: false }), filled(100, 5)], /more than entry-1 has left/],
    [[...start, sent(other), filled(100, 1, other)], /a second entry/],
    [[...start, sent({ ...other, side: 'short' }), filled(100, 1, other)], /both sides/],
    [[exited(100, 1)], /no position SOLUSDT long/],
    [[...start, exited(100, 1, { side: 'short' })], /no position SOLUSDT short/],
    [[...start, exited(100, 11)], /closed by more than is held/],
    [[...start, exited(100, 0)], /closed by more than is held/],
    [[...start, exited(100, 10), exited(100, 1)], /no position/],
    [[{ type: 'funding', symbol: 'SOLUSDT', side: 'long', time: MIDNIGHT, amount: 1 }], /no position/],
    [[{ type: 'price-seen', symbol: 'SOLUSDT', side: 'long', price: 1 }], /no position/],
    [[{ type: 'halving-sent', symbol: 'SOLUSDT', side: 'long' }], /no position/],
  ]
  for (const [events, expected] of cases) assert.throws(() => folded(events), expected)
})

test('in hedge mode both sides of a symbol are held, each with its own money', () => {
  const short = { clientOrderId: 'entry-2', side: 'short' } as const
  const events = [
    sent(),
    filled(100, 10),
    sent({ ...short, steps: steps(5_000) }),
    filled(102, 5, { clientOrderId: 'entry-2' }),
  ]
  let books = emptyPortfolio(1_000)
  for (const event of events) books = apply(books, event, 'hedge').portfolio
  assert.equal([...books.positions.keys()], ['SOLUSDT:long', 'SOLUSDT:short'])
  const before = books.wallet
  const { portfolio, trade } = apply(books, exited(101, 5, { side: 'short' }), 'hedge')
  assert.is(trade?.side, 'short')
  assert.is(trade?.gross, 5)
  const fee = 5 - (portfolio.wallet - before)
  assert.is(trade?.fees, (books.positions.get('SOLUSDT:short')?.fees ?? 0) + fee)
  assert.equal([...portfolio.positions.values()], [books.positions.get('SOLUSDT:long')])
})

test('an event makes new books and leaves the old ones as they were', () => {
  const books = folded([sent(), filled(100, 4, { complete: false })]).portfolio
  const before = JSON.stringify([books.wallet, [...books.positions], [...books.pending]])
  for (const event of [sent({ clientOrderId: 'entry-2', symbol: 'XRPUSDT' }), filled(99, 6), exited(90, 4)]) {
    apply(books, event)
    assert.is(JSON.stringify([books.wallet, [...books.positions], [...books.pending]]), before)
  }
})

test('equity is the wallet and what is open at the marks', () => {
  const second = { clientOrderId: 'entry-2', symbol: 'XRPUSDT', side: 'short' } as const
  const { portfolio } = folded([
    sent(),
    filled(100, 10, { fee: 1 }),
    sent(second),
    filled(50, 4, { clientOrderId: 'entry-2' }),
  ])
  // 999 + 10 x 3 - 4 x 2.
  near(
    equity(portfolio, symbol => (symbol === 'SOLUSDT' ? 103 : 52)),
    1021,
  )
  assert.is(
    equity(emptyPortfolio(77), () => Number.NaN),
    77,
  )
})

/** One thing that may happen; what is impossible at its moment does not. */
interface Happening {
  readonly kind: 'enter' | 'fill' | 'exit' | 'funding' | 'gone'
  readonly symbol: string
  readonly side: Side
  readonly price: number
  readonly size: number
  readonly part: number
  readonly fee: number
  readonly wait: number
}

const happenings = fc.array(
  fc.record<Happening>({
    kind: fc.constantFrom('enter', 'fill', 'fill', 'exit', 'exit', 'funding', 'gone'),
    symbol: fc.constantFrom('SOLUSDT', 'XRPUSDT'),
    side: fc.constantFrom('long', 'short'),
    price: fc.integer({ min: 1, max: 5_000 }),
    size: fc.integer({ min: 1, max: 20_000 }),
    part: fc.constantFrom(1, 30, 70, 100, 100),
    fee: fc.integer({ min: 0, max: 500 }).map(cents => cents / 100),
    wait: fc.integer({ min: 0, max: 20 * HOUR }),
  }),
  { minLength: 20, maxLength: 80 },
)

test(`no money appears or vanishes over any sequence of events (seed ${SEED})`, () => {
  let closed = 0
  const property = fc.property(happenings, list => {
    let portfolio = emptyPortfolio(1000)
    let now = MIDNIGHT
    let id = 0
    // Kept apart from the books: cash that went in and out at each fill's own price, by position.
    let cash = 1000
    const inDay = new Map<number, number>()
    const earn = (amount: number): void => {
      const day = Math.floor(now / DAY)
      inDay.set(day, (inDay.get(day) ?? 0) + amount)
    }
    let trades = 0
    for (const { kind, symbol, side, price, size, part, fee, wait } of list) {
      now += wait
      const waiting = [...portfolio.pending.values()].find(one => one.symbol === symbol)
      const held = [...portfolio.positions.values()].find(one => one.symbol === symbol)
      const before = portfolio
      const fold = (event: PortfolioEvent): Trade | null => {
        const applied = apply(portfolio, event)
        portfolio = applied.portfolio
        return applied.trade
      }
      let trade: Trade | null = null
      if (kind === 'enter' && waiting === undefined && held === undefined) {
        fold(sent({ clientOrderId: `entry-${++id}`, symbol, side, steps: steps(size), margin: size / 100 }))
      } else if (kind === 'gone' && waiting !== undefined) {
        fold({ type: 'entry-gone', clientOrderId: waiting.clientOrderId })
      } else if (kind === 'fill' && waiting !== undefined) {
        const count = Math.max(1, Math.floor((waiting.steps * part) / 100))
        fold({
          type: 'entry-filled',
          clientOrderId: waiting.clientOrderId,
          time: now,
          price: ticks(price),
          steps: steps(count),
          fee,
          complete: count === waiting.steps,
        })
        cash -= sign(waiting.side) * priceOf(INSTRUMENT, ticks(price)) * qtyOf(INSTRUMENT, steps(count)) + fee
        earn(-fee)
      } else if (kind === 'exit' && held !== undefined) {
        const count = Math.max(1, Math.floor((held.steps * part) / 100))
        const qty = qtyOf(INSTRUMENT, steps(count))
        trade = fold({
          type: 'exit-filled',
          symbol,
          side: held.side,
          time: now,
          price: ticks(price),
          steps: steps(count),
          fee,
          reason: 'stop',
          left: steps(0),
        })
        cash += sign(held.side) * priceOf(INSTRUMENT, ticks(price)) * qty - fee
        earn(portfolio.wallet - before.wallet)
      } else if (kind === 'funding' && held !== undefined) {
        const amount = fee - 2.5
        fold({ type: 'funding', symbol, side: held.side, time: now, amount })
        cash += amount
        earn(amount)
      }
      // At any mark, cash and the value of what is open are equity.
      let value = cash
      for (const one of portfolio.positions.values())
        value += sign(one.side) * 77.7 * qtyOf(INSTRUMENT, one.steps)
      near(
        equity(portfolio, () => 77.7),
        value,
        'equity',
      )
      near(realisedToday(portfolio, now), inDay.get(Math.floor(now / DAY)) ?? 0, 'day')
      assert.ok(usedMargin(portfolio) >= 0)
      if (trade !== null) {
        trades += trade.net
        closed++
        near(trade.net, trade.gross - trade.fees + trade.funding, 'net')
        near(sign(trade.side) * (trade.exit - trade.entry) * trade.qty, trade.gross, 'gross')
        near(
          trade.exits.reduce((sum, exit) => sum + exit.qty, 0),
          trade.qty,
          'quantity',
        )
        assert.ok(trade.mae <= 1e-9 && trade.mfe >= -1e-9, `excursions ${trade.mae}, ${trade.mfe}`)
      }
      assert.not(
        portfolio.positions.has(positionKey(symbol, 'long')) &&
          portfolio.positions.has(positionKey(symbol, 'short')),
      )
    }
    if (portfolio.positions.size === 0) near(portfolio.wallet, 1000 + trades, 'wallet')
  })
  fc.assert(property, { seed: SEED, numRuns: 500 })
  assert.ok(closed > 100, `only ${closed} trades`)
})

const LADDER: Ladder = {
  firstEntry: ticks(1_000),
  budget: 100,
  takerFee: 0,
  maxMargin: 500,
  rungs: [{ price: ticks(950), steps: steps(5_000), filled: steps(0), margin: 158, isDropped: false }],
  decided: null,
}
const ADD = { clientOrderId: 'add-1', steps: steps(5_000), price: 95, margin: 158, stop: ticks(850), rung: 0 }

test('an add of the same signal averages the entry, keeps the stop, and fills its rung', () => {
  const before = [sent({ ladder: LADDER }), filled(100, 10), sent(ADD)]
  const part = filled(95, 2, { clientOrderId: 'add-1', complete: false, time: MIDNIGHT + HOUR })
  const position = heldAfter(...before, part, filled(95, 3, { clientOrderId: 'add-1' }))
  near(position.entry, (100 * 10 + 95 * 5) / 15)
  assert.equal([position.steps, position.enteredSteps], [15_000, 15_000])
  assert.equal([position.stop, position.openedAt, position.clientOrderId], [950, MIDNIGHT, 'entry-1'])
  assert.is(position.ladder?.rungs[0].filled, 5_000)
  assert.is(heldAfter(...before, part).ladder?.rungs[0].filled, 2_000)
})

test('an add of another signal is no part of a position', () => {
  const other = sent({ ...ADD, signalId: 'signal-2' })
  assert.throws(
    () => folded([sent(), filled(100, 10), other, filled(95, 5, { clientOrderId: 'add-1' })]),
    /a second entry/,
  )
})

test('an add that fills when its position is gone opens one without a plan, under the stop it was sent with', () => {
  const events = [sent({ ladder: LADDER }), filled(100, 10), sent(ADD), exited(95, 10)]
  const position = heldAfter(...events, filled(95, 5, { clientOrderId: 'add-1' }))
  assert.equal([position.stop, position.steps, position.ladder], [850, 5_000, undefined])
})

test('that an add was decided on is remembered until its rung has filled', () => {
  const decided = { type: 'add-decided', symbol: 'SOLUSDT', side: 'long', candleStart: MIDNIGHT } as const
  const events = [sent({ ladder: LADDER }), filled(100, 10), decided]
  assert.is(heldAfter(...events).ladder?.decided, MIDNIGHT)
  assert.is(heldAfter(...events, sent(ADD), filled(95, 5, { clientOrderId: 'add-1' })).ladder?.decided, null)
  assert.throws(() => folded([sent(), filled(100, 10), decided]), /has a ladder/)
})

test.run()
