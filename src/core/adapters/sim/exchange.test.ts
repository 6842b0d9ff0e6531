import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DAY, HOUR, type Steps, type Ticks } from '../../base/units.ts'
import type { FillInput, Input, OrderRequest } from '../../engine/protocol.ts'
import { priceOf, qtyOf } from '../../market/quantise.ts'
import { type Side, sign } from '../../market/side.ts'
import { instrument, SYMBOL, steps, ticks } from './exchange.fixture.ts'
import { type Bar, type Costs, DEFAULT_COSTS, SimExchange } from './exchange.ts'

const test = suite('embedded exchange')
const SEED = 20260401
console.log(`seed ${SEED}`)

/** A trader at the exchange: sends orders, lets bars pass, keeps what is reported. */
class Desk {
  exchange: SimExchange
  readonly #options: ConstructorParameters<typeof SimExchange>[0]
  readonly reports: Input[] = []
  /** Leverage of the orders sent. */
  readonly leverages = new Map<string, number>()
  react: (report: Input) => void = () => {}
  /** Bars that passed without touching anything. */
  untouched = 0
  #day = 0
  #orders = 0
  #close = 100

  constructor(costs: Partial<Costs> = {}, wallet = 1000, checkMargin = true) {
    this.#options = { costs: { ...DEFAULT_COSTS, ...costs }, wallet, checkMargin }
    this.exchange = new SimExchange(this.#options)
    this.exchange.list(instrument, true)
    this.exchange.setTime(0)
    this.exchange.setLast(SYMBOL, 100)
  }

  /** Goes on with an exchange that stands where the one before was saved. */
  restart(): void {
    const saved = JSON.parse(JSON.stringify(this.exchange.save()))
    const { wallet: _, ...rest } = this.#options
    this.exchange = new SimExchange({ ...rest, wallet: 0 })
    this.exchange.load(saved)
    if (!this.exchange.isListed(SYMBOL)) {
      this.exchange.list(instrument, true)
      this.exchange.setLast(SYMBOL, this.#close)
    }
  }

  order(request: Partial<OrderRequest> & Pick<OrderRequest, 'purpose'>): string {
    const clientOrderId = request.clientOrderId ?? `order-${++this.#orders}`
    this.leverages.set(clientOrderId, request.leverage ?? 3)
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

  /** It is 12:00 of the bar that is going on. */
  noon(): void {
    this.exchange.setTime(this.#day * DAY + DAY / 2)
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
    this.#close = close
    const [markOpen, markHigh, markLow, markClose] = more.mark ?? [open, high, low, close]
    const end = start + DAY
    const bar: Bar = { start, end, open, high, low, close, markOpen, markHigh, markLow, markClose }
    this.exchange.setTime(bar.end)
    const settlements = (more.rates ?? []).map(([hour, rate]) => ({
      time: start + hour * HOUR,
      rate,
      isAssumed: false,
    }))
    this.#drain()
    const isUntouched = this.exchange.isUntouched(SYMBOL, bar)
    const before = this.reports.length
    for (const _ of this.exchange.bar(SYMBOL, bar, settlements)) this.#drain()
    this.#drain()
    if (!isUntouched) return
    this.untouched++
    assert.ok(
      this.reports.slice(before).every(report => report.type === 'funding'),
      'a bar said to touch nothing changes nothing when it is matched all the same',
    )
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

test('an order that adds to a position averages its entry, and tightens its stop but never loosens it', () => {
  for (const [sent, stands] of [
    [80, 90],
    [null, 90],
    [92, 92],
  ] as const) {
    const desk = new Desk()
    desk.hold('long', 90)
    desk.order({ purpose: 'entry', price: ticks(97), stop: sent === null ? null : ticks(sent) })
    desk.bar(100, 101, 96, 98)
    const [position] = desk.exchange.account().positions
    assert.equal([position.steps, position.entry, position.stop], [2_000, 98.5, ticks(stands)])
  }
  const short = new Desk()
  short.hold('short', 110)
  short.order({ purpose: 'entry', side: 'short', price: ticks(103), stop: ticks(120) })
  short.bar(100, 104, 99, 102)
  assert.is(short.exchange.account().positions[0].stop, ticks(110))
})

test('on the bar of an add its whole range counts for the stop, and only its close for a target that was there', () => {
  const added = (close: number, stop: number): readonly string[] => {
    const desk = new Desk()
    desk.hold('long', stop)
    desk.order({ purpose: 'exit', price: ticks(105) })
    desk.order({ purpose: 'entry', price: ticks(97), stop: ticks(stop) })
    desk.bar(100, 106, 94, close)
    return desk.told.slice(1).map(one => one.replace(/ (maker|taker)/, ''))
  }
  assert.equal(added(104, 90), ['97 1 order 1'])
  assert.equal(added(105, 90), ['97 1 order 1', '105 1 order 2'])
  assert.match(added(105, 95)[1], / 2 stop 2$/)
  const gapped = new Desk()
  gapped.hold('long', 90)
  gapped.order({ purpose: 'exit', price: ticks(105) })
  gapped.order({ purpose: 'entry', price: ticks(97), stop: ticks(90) })
  gapped.bar(106, 107, 94, 104)
  assert.equal(gapped.told.slice(1), ['97 1 maker order 1'])
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
  const later = new Desk()
  later.order({ purpose: 'entry', price: ticks(100) })
  later.bar(101, 102, 100.5, 101)
  later.bar(99, 102, 98, 101)
  assert.equal(later.told, ['99 1 maker order 1'])
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
  const far = new Desk()
  far.hold('long', 85, 10)
  far.bar(95, 96, 91, 95)
  assert.equal(far.told.slice(1), ['90 1 taker liquidation 2'])
  const both = new Desk()
  both.hold('long', 85, 10)
  both.bar(95, 96, 84, 95)
  assert.equal(both.told.slice(1), ['90 1 taker liquidation 2'])
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
  short.bar(100, 101, 99, 100.5, { rates: [[8, 0.0001]], mark: [100, 101, 99, 100.2] })
  near(short.wallet, 1000 - 0.02 + 100.2 * 0.0001)
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
  desk.noon()
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

// The same rules for a short, with numbers of their own: slippage is a share of the price, so no fill is a plain mirror.

test('a short: a limit needs a tick, an option takes the touch, and a gap fills at the open', () => {
  const desk = new Desk()
  desk.order({ purpose: 'entry', side: 'short', price: ticks(101) })
  desk.bar(100, 101, 99, 100)
  assert.equal(desk.told, [])
  desk.bar(100, 101.1, 99, 100)
  assert.equal(desk.told, ['101 1 maker order 1'])
  near(desk.wallet, 1000 - 101 * 0.0002)
  const touch = new Desk({ touchFills: true })
  touch.order({ purpose: 'entry', side: 'short', price: ticks(101) })
  touch.bar(100, 101, 99, 100)
  assert.equal(touch.told, ['101 1 maker order 0'])
  const gap = new Desk()
  gap.order({ purpose: 'entry', side: 'short', price: ticks(101) })
  gap.bar(103, 103.5, 102, 103)
  assert.equal(gap.told, ['103 1 maker order 0'])
})

test('a short: a marketable limit takes with slippage, never beyond its price, and rests when the open is away', () => {
  const wide = new Desk()
  wide.order({ purpose: 'entry', side: 'short', price: ticks(99) })
  // 99.5 - 0.0199 - 2 % of 1.5 = 99.4501, a sell on the grid: 99.4.
  wide.bar(99.5, 100.5, 99, 100)
  assert.equal(wide.told, ['99.4 1 taker order 0'])
  const tight = new Desk()
  tight.order({ purpose: 'entry', side: 'short', price: ticks(99.5) })
  tight.bar(99.5, 100.5, 99, 100)
  assert.equal(tight.told, ['99.5 1 taker order 0'])
  const away = new Desk()
  away.order({ purpose: 'entry', side: 'short', price: ticks(100) })
  away.bar(99, 100.2, 98, 99)
  assert.equal(away.told, ['100 1 maker order 0'])
})

test('market orders open and close at the next open, on both sides, and are stamped there', () => {
  const long = new Desk()
  long.order({ purpose: 'entry', price: null, stop: ticks(90) })
  // 101 + 0.0202 + 2 % of 3 = 101.0802.
  long.bar(101, 102, 99, 100)
  assert.equal(long.told, ['101.1 1 taker order 0'])
  const short = new Desk()
  short.order({ purpose: 'entry', side: 'short', price: null, stop: ticks(110) })
  // 99 - 0.0198 - 2 % of 3 = 98.9202.
  short.bar(99, 101, 98, 100)
  // 97 + 0.0194 + 2 % of 4 = 97.0994, a buy on the grid: 97.1.
  short.order({ purpose: 'exit', side: 'short', price: null })
  short.bar(97, 99, 95, 96, { rates: [[8, 0.001]] })
  assert.equal(short.told, ['98.9 1 taker order 0', '97.1 1 taker order 1'])
  near(short.wallet, 1000 - 98.9 * 0.00055 + 1.8 - 97.1 * 0.00055)
})

test('a short: on the bar of its entry the range counts for the stop alone, and the close for the target', () => {
  const stopped = new Desk()
  stopped.order({ purpose: 'entry', side: 'short', price: ticks(101), stop: ticks(105) })
  // 105 + 0.021 + 2 % of 16 = 105.341.
  stopped.bar(100, 106, 90, 92)
  assert.equal(stopped.told, ['101 1 maker order 0', '105.4 1 taker stop 1'])
  for (const [close, expected] of [
    [95.1, []],
    [95, ['95 1 maker order 1']],
    [93, ['95 1 maker order 1']],
  ] as const) {
    const desk = new Desk()
    desk.react = report => {
      if (report.type === 'fill' && desk.fills.length === 1)
        desk.order({ purpose: 'exit', side: 'short', price: ticks(95) })
    }
    desk.order({ purpose: 'entry', side: 'short', price: ticks(101), stop: ticks(110) })
    desk.bar(100, 105, 90, close)
    assert.equal(desk.told, ['101 1 maker order 0', ...expected])
  }
  const gapped = new Desk()
  gapped.order({ purpose: 'entry', side: 'short', price: ticks(101), stop: ticks(105) })
  // 110 + 0.022 + 2 % of 2 = 110.062.
  gapped.bar(110, 111, 109, 110)
  assert.equal(gapped.told, ['110 1 maker order 0', '110.1 1 taker stop 1'])
})

test('a short: a stop moved by a target counts at the close of a later bar, or over the range after a gap', () => {
  const reactive = (): Desk => {
    const desk = new Desk()
    desk.hold('short', 110)
    desk.order({ purpose: 'exit', side: 'short', price: ticks(95), steps: steps(0.2) })
    desk.react = report => {
      if (report.type === 'fill' && report.cause === 'order')
        desk.exchange.setStop('s', SYMBOL, 'short', ticks(99.9))
    }
    return desk
  }
  // 99.9 + 0.01998 + 2 % of 8 = 100.07998.
  const stop = '100.1 0.8 taker stop 2'
  for (const [bar, expected] of [
    [[99, 102, 94, 97], ['95 0.2 maker order 2']],
    [
      [99, 102, 94, 100],
      ['95 0.2 maker order 2', stop],
    ],
    [
      [94, 101, 93, 94],
      ['94 0.2 maker order 2', stop],
    ],
  ] as const) {
    const desk = reactive()
    const [open, high, low, close] = bar
    desk.bar(open, high, low, close)
    assert.equal(desk.told.slice(1), expected)
  }
})

test('a short: the stop wins over a target in one bar, and fills at an open that gaps over it', () => {
  const both = new Desk()
  both.hold('short', 105)
  both.order({ purpose: 'exit', side: 'short', price: ticks(95) })
  both.bar(99, 106, 94, 94.5)
  assert.equal(
    both.fills.slice(1).map(fill => fill.cause),
    ['stop'],
  )
  const gapped = new Desk()
  gapped.hold('short', 105)
  gapped.bar(110, 111, 109, 110)
  assert.equal(gapped.told.slice(1), ['110.1 1 taker stop 2'])
})

test('a short: liquidation comes before a farther stop and at an open beyond it, and takes the margin alone', () => {
  const far = new Desk()
  far.hold('short', 115, 10)
  far.bar(105, 109.1, 104, 105)
  assert.equal(far.told.slice(1), ['110 1 taker liquidation 2'])
  const both = new Desk()
  both.hold('short', 115, 10)
  both.bar(105, 116, 104, 105)
  assert.equal(both.told.slice(1), ['110 1 taker liquidation 2'])
  const nearer = new Desk()
  nearer.hold('short', 105, 10)
  nearer.bar(103, 120, 102, 103)
  assert.is(nearer.fills[1].cause, 'stop')
  const gap = new Desk()
  gap.hold('short', 105, 10)
  gap.bar(140, 141, 139, 140)
  assert.equal(gap.told.slice(1), ['110 1 taker liquidation 2'])
  near(gap.wallet, 1000 - 0.02 - 10 - 110 * 0.00055)
})

test('a short is settled at the end of trading as a buyer would', () => {
  const desk = new Desk()
  desk.hold('short', 110)
  for (const _ of desk.exchange.close(SYMBOL, 100, 5)) desk.reports.push(...desk.exchange.take())
  // 100 + 0.02 + 2 % of 5 = 100.12.
  assert.equal(desk.told.slice(1), ['100.2 1 taker settlement 1'])
})

test('an open at the price of a resting order is a touch, of an entry and of a target alike', () => {
  for (const touchFills of [false, true]) {
    const filled = touchFills ? 1 : 0
    const entry = new Desk({ touchFills })
    entry.order({ purpose: 'entry', price: ticks(99) })
    entry.bar(99, 100, 99, 100)
    assert.is(entry.fills.length, filled)
    const target = new Desk({ touchFills })
    target.hold('long', 90)
    target.order({ purpose: 'exit', price: ticks(105) })
    target.bar(105, 105, 101, 102)
    assert.is(target.fills.length, 1 + filled)
  }
})

test('a target that is marketable when sent takes at the next open, never below its price', () => {
  const desk = new Desk()
  desk.hold('long', 90)
  desk.order({ purpose: 'exit', price: ticks(100.3) })
  // 100.5 - 0.0201 - 2 % of 4 = 100.3999, a sell on the grid: 100.3.
  desk.bar(100.5, 102, 98, 100)
  assert.equal(desk.told.slice(1), ['100.3 1 taker order 2'])
  const away = new Desk()
  away.hold('long', 90)
  away.order({ purpose: 'exit', price: ticks(100.3) })
  away.bar(100, 100.4, 98, 99)
  assert.equal(away.told.slice(1), ['100.3 1 maker order 2'])
})

test('targets fill from the nearest on, each at its price, and the stop holds for what is left', () => {
  const desk = new Desk()
  desk.hold('long', 90)
  desk.order({ purpose: 'exit', price: ticks(110), steps: steps(0.3) })
  desk.order({ purpose: 'exit', price: ticks(105), steps: steps(0.2) })
  desk.bar(101, 111, 100, 108)
  assert.equal(desk.told.slice(1), ['105 0.2 maker order 2', '110 0.3 maker order 2'])
  assert.equal(desk.exchange.account().positions, [
    { symbol: SYMBOL, side: 'long', steps: steps(0.5), entry: 100, leverage: 3, stop: ticks(90) },
  ])
})

test('the open of the mark liquidates, the open of the last price does not', () => {
  const last = new Desk()
  last.hold('long', 85, 10)
  // Taken over at 91.
  last.bar(88, 97, 87, 96, { mark: [95, 97, 91.1, 96] })
  assert.is(last.fills.length, 1)
  const mark = new Desk()
  mark.hold('long', 95, 10)
  mark.bar(97, 98, 96, 97, { mark: [90.9, 97, 90, 97] })
  assert.equal(mark.told.slice(1), ['90 1 taker liquidation 2'])
})

test('a position that is liquidated at the open still settles the funding of its bar, as it ends at the close', () => {
  const desk = new Desk()
  desk.hold('long', 95, 10)
  desk.bar(60, 61, 59, 60, { rates: [[8, 0.001]] })
  near(desk.wallet, 1000 - 0.02 - 60 * 0.001 - 10 - 90 * 0.00055)
})

test('the range of the bar cannot make an exit lose more than the margin', () => {
  const long = new Desk()
  long.hold('long', 91.5, 10)
  // 91.5 - 0.0183 - 2 % of 100 = 89.48: beyond 90, where the margin is gone.
  long.bar(100, 191, 91, 100)
  assert.equal(long.told.slice(1), ['90 1 taker stop 2'])
  const short = new Desk()
  short.hold('short', 108.5, 10)
  short.bar(100, 108.9, 8.9, 100)
  assert.equal(short.told.slice(1), ['110 1 taker stop 2'])
})

test('a stop asked for when the price is already beyond it goes at the close, not at a price never traded', () => {
  const long = new Desk()
  long.hold('long', 90)
  long.noon()
  long.exchange.setStop('s', SYMBOL, 'long', ticks(103))
  // 100 - 0.02 - 2 % of 3 = 99.92.
  long.bar(100, 101, 98, 100)
  assert.equal(long.told.slice(1), ['99.9 1 taker stop 2'])
  const short = new Desk()
  short.hold('short', 110)
  short.noon()
  short.exchange.setStop('s', SYMBOL, 'short', ticks(97))
  // 100 + 0.02 + 2 % of 3 = 100.08.
  short.bar(100, 102, 99, 100)
  assert.equal(short.told.slice(1), ['100.1 1 taker stop 2'])
})

test('several stops asked for in one bar leave the one it began with in force over its range', () => {
  const desk = new Desk()
  desk.hold('long', 95)
  desk.noon()
  desk.exchange.setStop('a', SYMBOL, 'long', ticks(97))
  desk.exchange.setStop('b', SYMBOL, 'long', ticks(98))
  desk.bar(100, 101, 95.5, 99)
  assert.is(desk.fills.length, 1)
  desk.noon()
  desk.exchange.setStop('c', SYMBOL, 'long', ticks(99))
  // The one in force over the range is 98: 98 - 0.0196 - 2 % of 3 = 97.9204.
  desk.bar(100, 101, 98, 99.5)
  assert.equal(desk.told.slice(1), ['97.9 1 taker stop 3'])
})

test('orders that come while a bar runs: an entry waits for the next bar, a target counts at the close alone', () => {
  const entry = new Desk()
  entry.noon()
  entry.order({ purpose: 'entry', price: ticks(99) })
  entry.order({ purpose: 'entry', price: null })
  entry.bar(100, 101, 90, 92)
  assert.is(entry.fills.length, 0)
  entry.bar(92, 93, 91, 92)
  assert.is(entry.fills.length, 2)
  for (const [close, expected] of [
    [104.9, []],
    [105, ['105 1 maker order 2']],
  ] as const) {
    for (const open of [101, 107]) {
      const target = new Desk()
      target.hold('long', 90)
      target.noon()
      target.order({ purpose: 'exit', price: ticks(105) })
      target.bar(open, 108, 100, close)
      assert.equal(target.told.slice(1), expected)
    }
  }
})

test('an amended target counts from its next bar on; a smaller quantity keeps its place', () => {
  const moved = new Desk()
  moved.hold('long', 90)
  const id = moved.order({ purpose: 'exit', price: ticks(110) })
  moved.noon()
  moved.exchange.amend(SYMBOL, id, ticks(105), steps(1))
  moved.bar(101, 106, 100, 104)
  assert.is(moved.fills.length, 1)
  moved.bar(104, 105.1, 103, 104)
  assert.equal(moved.told.slice(1), ['105 1 maker order 3'])
  const smaller = new Desk()
  smaller.hold('long', 90)
  const kept = smaller.order({ purpose: 'exit', price: ticks(105) })
  // The close touches the target: it still rests, and an open beyond it is a gap and no take.
  smaller.bar(101, 105, 100, 105)
  smaller.exchange.amend(SYMBOL, kept, ticks(105), steps(0.4))
  smaller.bar(106, 107, 104, 106)
  assert.equal(smaller.told.slice(1), ['106 0.4 maker order 3'])
})

test('requests about what is not there are refused with their reason', () => {
  const desk = new Desk()
  desk.hold('long', 90)
  const target = desk.order({ purpose: 'exit', price: ticks(105) })
  const refused = (request: (exchange: SimExchange) => void): string => {
    request(desk.exchange)
    return desk.exchange
      .take()
      .map(one => (one.type === 'order' || one.type === 'stop' ? one.reason : ''))
      .join()
  }
  assert.match(
    refused(it => it.amend(SYMBOL, 'nothing', ticks(1), steps(1))),
    /does not rest here/,
  )
  assert.match(
    refused(it => it.amend(SYMBOL, target, 0 as Ticks, steps(1))),
    /too small/,
  )
  assert.match(
    refused(it => it.cancel(SYMBOL, 'nothing')),
    /does not rest here/,
  )
  assert.match(
    refused(it => it.cancel(SYMBOL, target)),
    /cancelled on request/,
  )
  assert.match(
    refused(it => it.setStop('s', SYMBOL, 'short', ticks(110))),
    /no short position/,
  )
  assert.match(
    refused(it => it.setStop('s', SYMBOL, 'long', 0 as Ticks)),
    /below the least/,
  )
  desk.order({ purpose: 'entry', price: ticks(95), clientOrderId: 'more' })
  assert.match(
    refused(it => it.amend(SYMBOL, 'more', ticks(96), steps(1))),
    /only reducing/,
  )
  assert.is(desk.exchange.account().positions[0].stop, ticks(90))
})

test('the account is one-way and has one leverage a symbol, for pending entries too', () => {
  const desk = new Desk()
  desk.order({ purpose: 'entry', price: ticks(99) })
  desk.order({ purpose: 'entry', side: 'short', price: ticks(101) })
  desk.order({ purpose: 'entry', price: ticks(98), leverage: 5 })
  assert.match(desk.refusals[0], /an entry long is pending/)
  assert.match(desk.refusals[1], /another leverage/)
  desk.bar(99.5, 102, 98.5, 100)
  desk.order({ purpose: 'entry', price: ticks(98), leverage: 5 })
  assert.match(desk.refusals[2], /another leverage/)
  assert.equal(desk.told, ['99 1 maker order 0'])
})

test('a further entry is averaged in, and its stop is the whole position', () => {
  const desk = new Desk()
  desk.hold('long', 90)
  desk.order({ purpose: 'entry', price: ticks(96), stop: ticks(92) })
  desk.bar(99, 100, 95, 99)
  assert.equal(desk.exchange.account().positions, [
    { symbol: SYMBOL, side: 'long', steps: steps(2), entry: 98, leverage: 3, stop: ticks(92) },
  ])
  desk.order({ purpose: 'exit', price: null, steps: steps(2) })
  // Entered at 98 on average; 99 - 0.0198 - 2 % of 2 = 98.9402.
  desk.bar(99, 100, 98, 99)
  near(desk.wallet, 1000 - 100 * 0.0002 - 96 * 0.0002 + 2 * (98.9 - 98) - 2 * 98.9 * 0.00055)
})

test('market orders on their way tie up margin, reducing orders none, and post-only holds for both', () => {
  const desk = new Desk({}, 50)
  desk.order({ purpose: 'entry', price: null, stop: ticks(90) })
  desk.order({ purpose: 'entry', price: ticks(99), stop: ticks(90) })
  assert.match(desk.refusals[0], /not enough margin/)
  desk.bar(100, 101, 99, 100)
  desk.order({ purpose: 'exit', price: ticks(99), postOnly: true })
  assert.match(desk.refusals[1], /post-only/)
  desk.order({ purpose: 'exit', price: ticks(101), postOnly: true })
  assert.is(desk.refusals.length, 2)
  const unchecked = new Desk({}, 50, false)
  unchecked.order({ purpose: 'entry', price: ticks(99), steps: steps(100) })
  assert.equal(unchecked.refusals, [])
})

test('only settlements that a position has had are counted', () => {
  const desk = new Desk()
  desk.order({ purpose: 'entry', price: ticks(90) })
  desk.bar(100, 101, 95, 100, { rates: [[8, 0.0001]] })
  assert.equal(desk.exchange.settled, { recorded: 0, assumed: 0 })
  desk.bar(89, 92, 88, 91, { rates: [[8, 0.0001]] })
  assert.equal(desk.exchange.settled, { recorded: 1, assumed: 0 })
})

test('an instrument that is not trading takes no order', () => {
  const exchange = new SimExchange({ costs: DEFAULT_COSTS, wallet: 1000, checkMargin: true })
  exchange.list(instrument, false)
  exchange.setLast(SYMBOL, 100)
  exchange.place({
    clientOrderId: 'one',
    symbol: SYMBOL,
    side: 'long',
    purpose: 'entry',
    type: 'market',
    price: null,
    steps: steps(1),
    stop: ticks(90),
    leverage: 3,
    postOnly: false,
  })
  assert.equal(
    exchange.take().map(one => (one.type === 'order' ? one.reason : one.type)),
    [`${SYMBOL} is not trading`],
  )
})

/** A bar around the last price and what a trader does before and within it. Prices are in ticks. */
const days = fc.array(
  fc.record({
    gap: fc.integer({ min: -40, max: 40 }),
    up: fc.nat(80),
    down: fc.nat(80),
    close: fc.nat(100),
    /** The mark price lies this far from the last price. */
    basis: fc.integer({ min: -3, max: 3 }),
    rate: fc.integer({ min: -20, max: 20 }),
    side: fc.constantFrom<Side>('long', 'short'),
    leverage: fc.constantFrom(3, 3, 10, 50),
    enters: fc.constantFrom('limit', 'limit', 'market', 'no'),
    offset: fc.integer({ min: -30, max: 30 }),
    stop: fc.integer({ min: 5, max: 90 }),
    targets: fc.array(fc.integer({ min: -5, max: 60 }), { maxLength: 2 }),
    amends: fc.option(fc.integer({ min: -5, max: 60 })),
    moves: fc.option(fc.integer({ min: -20, max: 60 }), { freq: 3 }),
    isAtNoon: fc.boolean(),
    leaves: fc.boolean(),
    expires: fc.boolean(),
  }),
  { minLength: 5, maxLength: 30 },
)
type Day =
  typeof days extends fc.Arbitrary<infer T> ? (T extends readonly (infer One)[] ? One : never) : never

interface Played {
  readonly desk: Desk
  /** Orders by id: what they are for, and the greatest quantity they ever had. */
  readonly orders: ReadonlyMap<string, { readonly purpose: 'entry' | 'exit'; readonly steps: number }>
}

/**
 * Lets a trader go through the days. `mirror` reflects every price at 100 and every side, and `leverage` overrides
 * that of the days. `after` is called with the range of each bar and the number of the first report it made.
 */
function play(
  days: readonly Day[],
  options: {
    readonly costs?: Partial<Costs>
    readonly mirror?: boolean
    readonly leverage?: number
    readonly reach: number
  },
  after: (played: Played, low: number, high: number, first: number) => void = () => {},
): Played {
  const { mirror = false, reach } = options
  const desk = new Desk(options.costs, 1_000_000, false)
  const orders = new Map<string, { purpose: 'entry' | 'exit'; steps: number }>()
  const played = { desk, orders }
  const at = (price: number): Ticks => (mirror ? 2000 - price : price) as Ticks
  const facing = (side: Side): Side => (mirror === (side === 'long') ? 'short' : 'long')
  const within = (price: number): number => Math.min(1000 + reach, Math.max(1000 - reach, price))
  let last = 1000
  let serial = 0
  const order = (request: Partial<OrderRequest> & Pick<OrderRequest, 'purpose' | 'side'>): void => {
    const clientOrderId = `o${++serial}`
    orders.set(clientOrderId, { purpose: request.purpose, steps: request.steps ?? steps(1) })
    desk.order({ ...request, clientOrderId })
  }
  // Once a target has filled, the stop goes to the entry.
  let entered: Ticks = 1000 as Ticks
  desk.react = report => {
    if (report.type !== 'fill' || report.cause !== 'order') return
    if (orders.get(report.clientOrderId ?? '')?.purpose === 'entry') entered = report.price
    else desk.exchange.setStop('even', SYMBOL, report.side, entered)
  }
  for (const day of days) {
    const leverage = options.leverage ?? day.leverage
    const [held] = desk.exchange.account().positions
    if (day.enters !== 'no') {
      const limit = last + day.offset
      const base = day.enters === 'market' ? last : limit
      order({
        purpose: 'entry',
        side: facing(day.side),
        price: day.enters === 'market' ? null : at(limit),
        stop: at(base - sign(day.side) * day.stop),
        leverage,
      })
    }
    if (day.isAtNoon) desk.noon()
    if (held !== undefined) {
      // The side as it is without the mirror.
      const side = facing(held.side)
      const ahead = (ticks: number): Ticks => at(last + sign(side) * ticks)
      for (const target of day.targets)
        order({ purpose: 'exit', side: held.side, price: ahead(target), steps: steps(0.3) })
      const resting = desk.exchange.account().orders.find(one => one.purpose === 'exit')
      if (day.amends !== null && resting !== undefined) {
        desk.exchange.amend(SYMBOL, resting.clientOrderId, ahead(day.amends), steps(0.2))
      }
      if (day.moves !== null) desk.exchange.setStop('s', SYMBOL, held.side, ahead(-day.moves))
      if (day.leaves && day.targets.length === 0) order({ purpose: 'exit', side: held.side, price: null })
    }
    const first = desk.reports.length
    const open = within(last + day.gap)
    const high = within(open + day.up)
    const low = within(open - day.down)
    const close = Math.round(low + ((high - low) * day.close) / 100)
    const mark = [open, high, low, close].map(price => price + day.basis)
    const [o, h, l, c, mo, mh, ml, mc] = [open, high, low, close, ...mark].map(price => at(price) / 10)
    const rates = [[8, ((mirror ? -1 : 1) * day.rate) / 10_000]] as const
    if (mirror) desk.bar(o, l, h, c, { rates, mark: [mo, ml, mh, mc] })
    else desk.bar(o, h, l, c, { rates, mark: [mo, mh, ml, mc] })
    after(played, low, high, first)
    if (day.expires) {
      for (const { clientOrderId, purpose } of desk.exchange.account().orders) {
        if (purpose === 'entry') desk.exchange.cancel(SYMBOL, clientOrderId)
      }
    }
    last = close
  }
  return played
}

const BANKRUPT = (entry: number, leverage: number, side: Side): number => {
  const price = entry * (1 - sign(side) / leverage)
  return side === 'long' ? Math.ceil(price - 1e-6) : Math.floor(price + 1e-6)
}

/** Books kept from the reports alone. Prices in ticks, quantities in steps, money in USDT. */
class Ledger {
  wallet = 1_000_000
  side: Side = 'long'
  leverage = 0
  open = 0
  entry = 0
  /** Profit from prices and the margin that was put in, since the position was opened. */
  gross = 0
  margin = 0
  readonly filled = new Map<string, number>()

  take(report: Input, { orders, desk }: Played): void {
    if (report.type === 'funding') {
      assert.ok(this.open > 0, 'funding is of a position')
      this.wallet += report.amount
    }
    if (report.type !== 'fill') return
    const { clientOrderId, price, steps: count } = report
    const fee = (price / 10) * (count / 1000) * (report.liquidity === 'maker' ? 0.0002 : 0.00055)
    near(report.fee, fee)
    this.wallet -= fee
    const order = clientOrderId === null ? undefined : orders.get(clientOrderId)
    if (clientOrderId !== null) {
      const filled = (this.filled.get(clientOrderId) ?? 0) + count
      this.filled.set(clientOrderId, filled)
      assert.ok(order !== undefined && filled <= order.steps, 'no order fills more than its quantity')
    }
    if (order?.purpose === 'entry') {
      if (this.open === 0) {
        this.side = report.side
        this.gross = 0
        this.margin = 0
        this.leverage = desk.leverages.get(clientOrderId ?? '') ?? 0
      }
      assert.is(report.side, this.side, 'a position is of one side')
      this.entry = (this.entry * this.open + price * count) / (this.open + count)
      this.open += count
      this.margin += ((price / 10) * (count / 1000)) / this.leverage
    } else {
      assert.ok(report.side === this.side && count <= this.open, 'an exit takes no more than is held')
      const gross = (sign(this.side) * (price - this.entry) * count) / 10_000
      this.wallet += gross
      this.gross += gross
      this.open -= count
      assert.ok(this.gross >= -this.margin - 1e-9, `lost ${this.gross} on a margin of ${this.margin}`)
    }
  }
}

test(`books kept from the reports alone agree with the exchange, whatever comes (seed ${SEED})`, () => {
  const causes = new Map<string, number>()
  let untouched = 0
  fc.assert(
    fc.property(days, plans => {
      const ledger = new Ledger()
      const { desk } = play(plans, { reach: 600 }, (played, low, high, first) => {
        const { desk, orders } = played
        for (const report of desk.reports.slice(first)) {
          const { entry, leverage, side } = ledger
          ledger.take(report, played)
          if (report.type !== 'fill') continue
          causes.set(report.cause, (causes.get(report.cause) ?? 0) + 1)
          const isEntry = orders.get(report.clientOrderId ?? '')?.purpose === 'entry'
          const buys = (report.side === 'long') === isEntry
          // Nobody buys below the low or sells above the high, but for margin that cannot lose more than itself.
          const isPossible = buys ? report.price >= low : report.price <= high
          const isCapped =
            !isEntry && report.liquidity === 'taker' && report.price === BANKRUPT(entry, leverage, side)
          assert.ok(isPossible || isCapped, `${report.cause} at ${report.price} in ${low} to ${high}`)
          if (report.liquidity === 'maker') assert.is(report.cause, 'order')
        }
        const { wallet, positions, orders: resting } = desk.exchange.account()
        assert.ok(Math.abs(wallet - ledger.wallet) < 1e-6, `${wallet} is ${ledger.wallet}`)
        assert.is(positions.length, ledger.open > 0 ? 1 : 0)
        for (const one of positions) {
          assert.equal([one.side, one.steps], [ledger.side, ledger.open])
          assert.ok(one.stop !== null && one.stop > 0, 'a position has its stop')
        }
        if (positions.length === 0) {
          assert.ok(
            resting.every(one => orders.get(one.clientOrderId)?.purpose === 'entry'),
            'no reducing order outlives its position',
          )
        }
      })
      untouched += desk.untouched
    }),
    { seed: SEED, numRuns: 400 },
  )
  for (const [cause, least] of [
    ['order', 1_000],
    ['stop', 300],
    ['liquidation', 20],
  ] as const) {
    assert.ok((causes.get(cause) ?? 0) >= least, `${causes.get(cause)} fills by ${cause}`)
  }
  assert.ok(untouched >= 300, `${untouched} bars touched nothing`)
})

test(`a long and the short in the mirrored market fill alike, tick for tick (seed ${SEED})`, () => {
  let filled = 0
  // Without the share of the price slippage is the same at mirrored prices; margin lasts for the whole range.
  const options = { costs: { slippage: 0 }, leverage: 3, reach: 110 }
  fc.assert(
    fc.property(days, plans => {
      const told = (mirror: boolean): readonly string[] =>
        play(plans, { ...options, mirror }).desk.reports.map(report => {
          if (report.type !== 'fill') return report.type === 'order' ? `${report.status}` : report.type
          const { price, side, cause, liquidity, time } = report
          const flipped = mirror ? 2000 - price : price
          return `${flipped} ${report.steps} ${mirror === (side === 'long') ? 'short' : 'long'} ${cause} ${liquidity} ${time}`
        })
      const plain = told(false)
      filled += plain.filter(line => line.includes(' ')).length
      assert.equal(told(true), plain)
    }),
    { seed: SEED, numRuns: 400 },
  )
  assert.ok(filled > 2_000, `${filled} fills were compared`)
})

test(`an exchange that is saved and loaded each day tells what one that goes on tells (seed ${SEED})`, () => {
  let restarts = 0
  fc.assert(
    fc.property(days, plans => {
      const told = (isRestarted: boolean): string => {
        const { desk } = play(plans, { reach: 200 }, ({ desk: one }) => {
          if (!isRestarted) return
          one.restart()
          restarts++
        })
        return JSON.stringify([desk.reports, desk.exchange.account(), desk.exchange.executions(0)])
      }
      assert.is(told(true), told(false))
    }),
    { seed: SEED, numRuns: 200 },
  )
  assert.ok(restarts > 1_000, `${restarts} restarts`)
})

test('a leverage is set while a symbol has nothing, at most the greatest, and orders of another one are refused', () => {
  const desk = new Desk()
  const { exchange } = desk
  const answer = (leverage: number): readonly unknown[] => {
    exchange.setLeverage('l', SYMBOL, leverage)
    return exchange.take().map(input => (input.type === 'leverage' ? [input.leverage, input.reason] : input))
  }
  assert.is(exchange.leverage(SYMBOL), 10, 'before anybody sets one')
  assert.equal(answer(3), [[3, '']])
  assert.equal(answer(1_000), [[instrument.maxLeverage, '']])
  assert.equal(answer(3), [[3, '']])
  desk.order({ purpose: 'entry', price: null, leverage: 10 })
  const refused = desk.reports.at(-1)
  assert.is(refused?.type === 'order' && refused.reason, `the leverage of ${SYMBOL} is 3, not 10`)
  desk.order({ purpose: 'entry', price: null, leverage: 3 })
  assert.equal(answer(5), [[3, `${SYMBOL} has a position or orders: its leverage stays`]])
})

test.run()
