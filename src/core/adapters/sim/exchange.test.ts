import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DAY, HOUR, type Steps, type Ticks } from '../../base/units.ts'
import type { FillInput, Input, OrderRequest } from '../../engine/protocol.ts'
import { instrumentFrom } from '../../market/instruments.ts'
import { priceOf, qtyOf } from '../../market/quantise.ts'
import { type Side, sign } from '../../market/side.ts'
import { type Bar, type Costs, DEFAULT_COSTS, liquidationPrice, SimExchange } from './exchange.ts'

const test = suite('embedded exchange')
const SYMBOL = 'XUSDT'
const SEED = 20260401

/** Tick 0.1, step 0.001, leverage to 50: maintenance margin 1 %. */
const instrument = instrumentFrom({
  symbol: SYMBOL,
  baseCoin: 'X',
  quoteCoin: 'USDT',
  tick: '0.1',
  step: '0.001',
  minQty: '0.001',
  maxQty: '100',
  minPrice: '0.1',
  maxLeverage: '50',
  date: '2025-01-01',
})

const ticks = (price: number): Ticks => Math.round(price * 10) as Ticks
const steps = (qty: number): Steps => Math.round(qty * 1000) as Steps

/** A trader at the exchange: sends orders, lets bars pass, keeps what is reported. */
class Desk {
  readonly exchange: SimExchange
  readonly reports: Input[] = []
  /** Ids of the entries sent. */
  readonly entries = new Set<string>()
  react: (report: Input) => void = () => {}
  #day = 0
  #orders = 0

  constructor(costs: Partial<Costs> = {}, wallet = 1000, checkMargin = true) {
    this.exchange = new SimExchange({ costs: { ...DEFAULT_COSTS, ...costs }, wallet, checkMargin })
    this.exchange.list(instrument, true)
    this.exchange.setTime(0)
    this.exchange.setLast(SYMBOL, 100)
  }

  order(request: Partial<OrderRequest> & Pick<OrderRequest, 'purpose'>): string {
    const clientOrderId = request.clientOrderId ?? `order-${++this.#orders}`
    if (request.purpose === 'entry') this.entries.add(clientOrderId)
    this.exchange.place({
      symbol: SYMBOL,
      side: 'long',
      type: request.price === null ? 'market' : 'limit',
      price: null,
      steps: steps(1),
      stop: null,
      leverage: 3,
      postOnly: false,
      ...request,
      clientOrderId,
    })
    this.#drain()
    return clientOrderId
  }

  /** One daily bar; the mark price is the last price unless given. */
  bar(
    open: number,
    high: number,
    low: number,
    close: number,
    more: {
      readonly rates?: readonly (readonly [hour: number, rate: number])[]
      /** Open, high, low, close. */
      readonly mark?: readonly [number, number, number, number]
    } = {},
  ): void {
    const start = this.#day++ * DAY
    const [markOpen, markHigh, markLow, markClose] = more.mark ?? [open, high, low, close]
    const end = start + DAY
    const bar: Bar = { start, end, open, high, low, close, markOpen, markHigh, markLow, markClose }
    this.exchange.setTime(bar.end)
    const settlements = (more.rates ?? []).map(([hour, rate]) => ({
      time: start + hour * HOUR,
      rate,
      isAssumed: false,
    }))
    for (const _ of this.exchange.bar(SYMBOL, bar, settlements)) this.#drain()
    this.#drain()
  }

  #drain(): void {
    for (let reports = this.exchange.take(); reports.length > 0; reports = this.exchange.take()) {
      for (const report of reports) {
        this.reports.push(report)
        this.react(report)
      }
    }
  }

  get fills(): readonly FillInput[] {
    return this.reports.flatMap(report => (report.type === 'fill' ? [report] : []))
  }

  /** `price qty liquidity cause day` of each fill, the day being that of its stamp. */
  get told(): readonly string[] {
    return this.fills.map(
      fill =>
        `${priceOf(instrument, fill.price)} ${qtyOf(instrument, fill.steps)} ${fill.liquidity} ${fill.cause} ${fill.time / DAY}`,
    )
  }

  get refusals(): readonly string[] {
    return this.reports.flatMap(report =>
      report.type === 'order' && report.status === 'rejected' ? [report.reason] : [],
    )
  }

  get wallet(): number {
    return this.exchange.account().wallet
  }

  /** Long (or short) 1 X at 100, entered as maker in the first bar. */
  hold(side: Side = 'long', stop: number | null = null, leverage = 3): void {
    const away = side === 'long' ? 100.5 : 99.5
    this.exchange.setLast(SYMBOL, away)
    this.order({
      purpose: 'entry',
      side,
      price: ticks(100),
      stop: stop === null ? null : ticks(stop),
      leverage,
    })
    if (side === 'long') this.bar(away, 101, 99.9, 100.5)
    else this.bar(away, 100.1, 99, 99.5)
  }
}

const near = (actual: number, expected: number): void =>
  assert.ok(Math.abs(actual - expected) < 1e-9, `${actual} is ${expected}`)

test('a limit fills only when the price trades through it by a tick, at its price, as maker, at the opening of the bar', () => {
  const desk = new Desk()
  desk.order({ purpose: 'entry', price: ticks(99) })
  desk.bar(100, 101, 99, 100)
  assert.equal(desk.told, [])
  desk.bar(100, 101, 98.9, 100)
  assert.equal(desk.told, ['99 1 maker order 1'])
  near(desk.wallet, 1000 - 99 * 0.0002)
})

test('by option a touch is enough', () => {
  const desk = new Desk({ touchFills: true })
  desk.order({ purpose: 'entry', price: ticks(99) })
  desk.bar(100, 101, 99, 100)
  assert.equal(desk.told, ['99 1 maker order 0'])
})

test('a bar that opens beyond a resting limit fills it at the open', () => {
  const desk = new Desk()
  desk.order({ purpose: 'entry', price: ticks(99) })
  desk.bar(97, 98, 96.5, 97.5)
  assert.equal(desk.told, ['97 1 maker order 0'])
})

test('a limit that is marketable when sent takes at the next open with slippage, never beyond its price', () => {
  const wide = new Desk()
  wide.order({ purpose: 'entry', price: ticks(101) })
  // 100.5 + 2 bp of it + 2 % of the range of 1.5 = 100.5501, on the grid 100.6.
  wide.bar(100.5, 101, 99.5, 100)
  assert.equal(wide.told, ['100.6 1 taker order 0'])
  const tight = new Desk()
  tight.order({ purpose: 'entry', price: ticks(100.5) })
  tight.bar(100.5, 101, 99.5, 100)
  assert.equal(tight.told, ['100.5 1 taker order 0'])
})

test('a marketable limit that the market opens away from rests as maker', () => {
  const desk = new Desk()
  desk.order({ purpose: 'entry', price: ticks(100) })
  desk.bar(101, 102, 99.8, 101)
  assert.equal(desk.told, ['100 1 maker order 0'])
})

test('a market order fills at the next open with slippage, stamped there', () => {
  const desk = new Desk()
  desk.hold()
  desk.order({ purpose: 'exit', price: null })
  // 103 - 0.0206 - 2 % of 4 = 102.8994, a sell on the grid: 102.8. No funding after the open.
  desk.bar(103, 105, 101, 104, { rates: [[8, 0.001]] })
  assert.equal(desk.told.slice(1), ['102.8 1 taker order 1'])
  near(desk.wallet, 1000 - 0.02 + 2.8 - 102.8 * 0.00055)
})

test('on the bar of an entry the whole range counts against the position', () => {
  const desk = new Desk()
  desk.order({ purpose: 'entry', price: ticks(99), stop: ticks(95) })
  // 95 - 0.019 - 2 % of 16 = 94.661, on the grid 94.6.
  desk.bar(100, 110, 94, 108)
  assert.equal(desk.told, ['99 1 maker order 0', '94.6 1 taker stop 1'])
  near(desk.wallet, 1000 - 0.0198 - 4.4 - 94.6 * 0.00055)
})

test('on the bar of an entry a target fills only if the close is at or beyond it, at its price', () => {
  for (const [close, expected] of [
    [104.9, ['99 1 maker order 0']],
    [105, ['99 1 maker order 0', '105 1 maker order 1']],
    [107, ['99 1 maker order 0', '105 1 maker order 1']],
  ] as const) {
    const desk = new Desk()
    desk.react = report => {
      if (report.type === 'fill' && desk.fills.length === 1)
        desk.order({ purpose: 'exit', price: ticks(105) })
    }
    desk.order({ purpose: 'entry', price: ticks(99), stop: ticks(90) })
    desk.bar(100, 110, 95, close)
    assert.equal(desk.told, expected)
  }
})

test('a gapped entry that is already beyond its stop is stopped at the open', () => {
  const desk = new Desk()
  desk.order({ purpose: 'entry', price: ticks(99), stop: ticks(95) })
  // 90 - 0.018 - 2 % of 2 = 89.942.
  desk.bar(90, 91, 89, 90)
  assert.equal(desk.told, ['90 1 maker order 0', '89.9 1 taker stop 1'])
})

test('a stop that a filled target has moved counts if the later bar closes beyond it, and only then', () => {
  for (const [close, expected] of [
    [103, []],
    // 100.1 - 0.02002 - 2 % of 8 = 99.91998.
    [100, ['99.9 0.8 taker stop 2']],
  ] as const) {
    const desk = new Desk()
    desk.hold('long', 90)
    desk.order({ purpose: 'exit', price: ticks(105), steps: steps(0.2) })
    desk.react = report => {
      if (report.type === 'fill' && report.cause === 'order')
        desk.exchange.setStop('s', SYMBOL, 'long', ticks(100.1))
    }
    desk.bar(101, 106, 98, close)
    assert.equal(desk.told.slice(1), ['105 0.2 maker order 2', ...expected])
  }
})

test('a target that the bar opens beyond fills at the open, and a stop it moves counts over the whole range', () => {
  const desk = new Desk()
  desk.hold('long', 90)
  desk.order({ purpose: 'exit', price: ticks(105), steps: steps(0.2) })
  desk.react = report => {
    if (report.type === 'fill' && report.cause === 'order')
      desk.exchange.setStop('s', SYMBOL, 'long', ticks(100.1))
  }
  desk.bar(106, 107, 99, 106)
  assert.equal(desk.told.slice(1), ['106 0.2 maker order 2', '99.9 0.8 taker stop 2'])
})

test('the stop wins over a target in the same bar', () => {
  const desk = new Desk()
  desk.hold('long', 95)
  desk.order({ purpose: 'exit', price: ticks(105) })
  desk.bar(101, 106, 94, 105.5)
  assert.is(desk.fills.length, 2)
  assert.is(desk.fills[1].cause, 'stop')
})

test('a stop gapped over fills at the open, and may fill beyond the extreme of its bar', () => {
  const gapped = new Desk()
  gapped.hold('long', 95)
  gapped.bar(90, 91, 89, 90)
  assert.equal(gapped.told.slice(1), ['89.9 1 taker stop 2'])
  const extreme = new Desk()
  extreme.hold('long', 95)
  // 95 - 0.019 - 2 % of 6 = 94.861, below the low of 95.
  extreme.bar(100, 101, 95, 100)
  assert.equal(extreme.told.slice(1), ['94.8 1 taker stop 2'])
})

test('a short is the mirror of a long', () => {
  const desk = new Desk()
  desk.hold('short', 105)
  // 105 + 0.021 + 2 % of 6 = 105.141, a buy on the grid: 105.2.
  desk.bar(100, 105, 99, 100)
  assert.equal(desk.told, ['100 1 maker order 0', '105.2 1 taker stop 2'])
  near(desk.wallet, 1000 - 0.02 - 5.2 - 105.2 * 0.00055)
  const target = new Desk()
  target.hold('short', 105)
  target.order({ purpose: 'exit', side: 'short', price: ticks(95) })
  target.bar(100, 101, 95, 96)
  assert.is(target.fills.length, 1)
  target.bar(96, 97, 94.9, 96)
  assert.equal(target.told.slice(1), ['95 1 maker order 3'])
})

test('the mark price triggers the stop, the last price does not', () => {
  const desk = new Desk()
  desk.hold('long', 95)
  desk.bar(100, 101, 90, 100, { mark: [100, 101, 95.1, 100] })
  assert.is(desk.fills.length, 1)
  desk.bar(100, 101, 99, 100, { mark: [100, 101, 95, 100] })
  assert.is(desk.fills[1].cause, 'stop')
})

test('liquidation comes before a farther stop, after a nearer one, and takes the margin and no more', () => {
  // Leverage 10, maintenance 1 %: taken over at 100 x (1 - 0.1 + 0.01) = 91, bankrupt at 90.
  near(liquidationPrice(instrument, { side: 'long', entry: 100, leverage: 10 }), 91)
  near(liquidationPrice(instrument, { side: 'short', entry: 100, leverage: 10 }), 109)
  const far = new Desk()
  far.hold('long', 85, 10)
  far.bar(95, 96, 91, 95)
  assert.equal(far.told.slice(1), ['90 1 taker liquidation 2'])
  const near95 = new Desk()
  near95.hold('long', 95, 10)
  near95.bar(97, 98, 80, 97)
  assert.is(near95.fills[1].cause, 'stop')
  const gap = new Desk()
  gap.hold('long', 95, 10)
  gap.bar(60, 61, 59, 60)
  assert.equal(gap.told.slice(1), ['90 1 taker liquidation 2'])
  near(gap.wallet, 1000 - 0.02 - 10 - 90 * 0.00055)
})

test('funding is paid by longs at a positive rate and received by shorts, on the value at the mark', () => {
  const long = new Desk()
  long.hold()
  long.bar(100, 101, 99, 100.5, {
    rates: [
      [8, 0.0001],
      [16, -0.0002],
      [24, 0.0003],
    ],
  })
  near(long.wallet, 1000 - 0.02 - 100.5 * 0.0002)
  const short = new Desk()
  short.hold('short')
  short.bar(100, 101, 99, 100.5, { rates: [[8, 0.0001]] })
  near(short.wallet, 1000 - 0.02 + 100.5 * 0.0001)
})

test('a reducing order never opens or flips a position, and does not outlive it', () => {
  const desk = new Desk()
  desk.order({ purpose: 'exit', price: ticks(105) })
  assert.match(desk.refusals[0], /no long position/)
  desk.hold('long', 90)
  desk.order({ purpose: 'exit', price: ticks(105), steps: steps(5) })
  const second = desk.order({ purpose: 'exit', price: ticks(110), steps: steps(5) })
  desk.bar(101, 106, 100, 101)
  assert.is(qtyOf(instrument, desk.fills[1].steps), 1)
  assert.equal(desk.exchange.account().positions, [])
  assert.equal(desk.exchange.account().orders, [])
  assert.ok(
    desk.reports.some(
      one => one.type === 'order' && one.clientOrderId === second && one.status === 'cancelled',
    ),
  )
})

test('an entry that cannot be is refused with its reason', () => {
  const refusal = (request: Partial<OrderRequest>, prepare: (desk: Desk) => void = () => {}): string => {
    const desk = new Desk()
    prepare(desk)
    desk.order({ purpose: 'entry', price: ticks(99), ...request })
    return desk.refusals.join()
  }
  assert.match(refusal({ symbol: 'YUSDT' }), /not trading/)
  assert.match(refusal({ steps: 0.5 as Steps }), /number of steps/)
  assert.match(refusal({ price: 0 as Ticks }), /number of ticks/)
  assert.match(refusal({ type: 'market' }), /a market order none/)
  assert.match(refusal({ steps: steps(101) }), /above the greatest/)
  assert.match(refusal({ steps: steps(0.001) }), /value is below/)
  assert.match(refusal({ leverage: 51 }), /leverage 51/)
  assert.match(refusal({ stop: ticks(99) }), /wrong side/)
  assert.match(refusal({ steps: steps(40) }), /not enough margin/)
  assert.match(refusal({ price: ticks(100), postOnly: true }), /post-only/)
  assert.match(
    refusal({ side: 'short', price: ticks(105), stop: ticks(110) }, desk => desk.hold()),
    /one-way/,
  )
  assert.match(
    refusal(
      { clientOrderId: 'same' },
      desk => void desk.order({ purpose: 'entry', price: ticks(99), clientOrderId: 'same' }),
    ),
    /used before/,
  )
})

test('what is asked while a bar runs counts from the next bar on', () => {
  const desk = new Desk()
  desk.hold('long', 90)
  // The hour is 12:00 of a bar that has begun at 00:00.
  desk.exchange.setTime(DAY + DAY / 2)
  desk.exchange.setStop('s', SYMBOL, 'long', ticks(99))
  desk.bar(100, 101, 98, 100)
  assert.is(desk.fills.length, 1)
  desk.bar(100, 101, 98.9, 100)
  assert.is(desk.fills[1].cause, 'stop')
})

test('at the end of trading a position is settled as a taker would, and nothing more is taken', () => {
  const desk = new Desk()
  desk.hold('long', 90)
  for (const _ of desk.exchange.close(SYMBOL, 100, 5)) desk.reports.push(...desk.exchange.take())
  // 100 - 0.02 - 2 % of 5 = 99.88.
  assert.equal(desk.told.slice(1), ['99.8 1 taker settlement 1'])
  desk.order({ purpose: 'entry', price: ticks(99) })
  assert.match(desk.refusals[0], /not trading/)
})

/** A bar around a price, in tenths. */
const bars = fc.array(
  fc.record({ gap: fc.integer({ min: -60, max: 60 }), up: fc.nat(80), down: fc.nat(80), close: fc.nat(100) }),
  { minLength: 5, maxLength: 25 },
)
const wishes = fc.array(
  fc.record({
    side: fc.constantFrom<Side>('long', 'short'),
    offset: fc.integer({ min: -40, max: 40 }),
    stop: fc.integer({ min: 5, max: 90 }),
    target: fc.integer({ min: 1, max: 90 }),
    leverage: fc.constantFrom(3, 10),
    rate: fc.integer({ min: -20, max: 20 }),
  }),
  { minLength: 25, maxLength: 25 },
)

test(`money is conserved, no position is without its stop, and no fill is better than its bar (seed ${SEED})`, () => {
  fc.assert(
    fc.property(bars, wishes, (moves, plans) => {
      const desk = new Desk({}, 100_000)
      let price = 1000
      moves.forEach((move, i) => {
        const plan = plans[i]
        const from = price
        const open = Math.max(200, price + move.gap)
        const high = open + move.up
        const low = Math.max(150, open - move.down)
        const close = Math.round(low + ((high - low) * move.close) / 100)
        const limit = from + plan.offset
        const stop = limit - sign(plan.side) * plan.stop
        desk.order({
          purpose: 'entry',
          side: plan.side,
          price: limit as Ticks,
          stop: stop as Ticks,
          leverage: plan.leverage,
        })
        const [held] = desk.exchange.account().positions
        if (held !== undefined) {
          desk.order({
            purpose: 'exit',
            side: held.side,
            price: Math.max(1, from + sign(held.side) * plan.target) as Ticks,
            steps: steps(0.4),
          })
        }
        const before = desk.fills.length
        desk.bar(open / 10, high / 10, low / 10, close / 10, { rates: [[8, plan.rate / 10_000]] })
        for (const fill of desk.fills.slice(before)) {
          if (fill.liquidity === 'maker')
            assert.ok(fill.price >= low && fill.price <= high, 'a maker fills inside the bar')
        }
        for (const one of desk.exchange.account().positions)
          assert.ok(one.stop !== null, 'the stop is attached')
        if (desk.exchange.account().positions.length === 0) {
          const left = desk.exchange.account().orders
          assert.ok(
            left.every(
              id =>
                !desk.reports.some(
                  one => one.type === 'order' && one.clientOrderId === id && one.status === 'cancelled',
                ),
            ),
          )
        }
        for (const id of desk.exchange.account().orders) desk.exchange.cancel(SYMBOL, id)
        desk.exchange.take()
        price = close
      })
      // A ledger of its own, fed by the reports alone.
      let wallet = 100_000
      let open = 0
      let entry = 0
      for (const report of desk.reports) {
        if (report.type === 'funding') wallet += report.amount
        if (report.type !== 'fill') continue
        const qty = report.steps / 1000
        const at = report.price / 10
        wallet -= report.fee
        if (desk.entries.has(report.clientOrderId ?? '')) {
          entry = (entry * open + at * qty) / (open + qty)
          open += qty
        } else {
          wallet += sign(report.side) * (at - entry) * qty
          open -= qty
          if (open < 1e-9) open = 0
        }
        near(report.fee, at * qty * (report.liquidity === 'maker' ? 0.0002 : 0.00055))
      }
      assert.ok(Math.abs(desk.wallet - wallet) < 1e-6, `${desk.wallet} is ${wallet}`)
    }),
    { seed: SEED, numRuns: 200 },
  )
})

test(`a bar said to touch nothing changes nothing when it is matched all the same (seed ${SEED})`, () => {
  let passed = 0
  fc.assert(
    fc.property(bars, wishes, (moves, plans) => {
      const desk = new Desk({}, 100_000)
      moves.forEach((move, i) => {
        const plan = plans[i]
        desk.order({
          purpose: 'entry',
          side: plan.side,
          price: (1000 + plan.offset) as Ticks,
          stop: (1000 + plan.offset - sign(plan.side) * plan.stop) as Ticks,
        })
        const open = (1000 + move.gap) / 10
        const high = open + move.up / 10
        const low = open - move.down / 10
        const start = i * DAY
        const bar = {
          start,
          end: start + DAY,
          open,
          high,
          low,
          close: open,
          markOpen: open,
          markHigh: high,
          markLow: low,
          markClose: open,
        }
        const untouched = desk.exchange.isUntouched(SYMBOL, bar)
        const before = desk.reports.length
        desk.bar(open, high, low, open)
        if (!untouched) return
        passed++
        assert.is(desk.reports.length, before)
      })
    }),
    { seed: SEED, numRuns: 200 },
  )
  assert.ok(passed > 50, `${passed} bars have passed`)
})

test.run()
