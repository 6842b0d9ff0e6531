/** An account in hedge mode: a long and a short position of one symbol beside each other. */
import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DAY, type Steps, type Usdt } from '../../base/units.ts'
import { Engine } from '../../engine/engine.ts'
import type { FillInput, Input, OrderRequest } from '../../engine/protocol.ts'
import { opposite, type PositionMode, type Side } from '../../market/side.ts'
import { positionKey } from '../../portfolio/position.ts'
import { instrument, SYMBOL, steps, ticks } from './exchange.fixture.ts'
import { type Bar, DEFAULT_COSTS, SimExchange } from './exchange.ts'
import { hedged, opposed } from './hedge.fixture.ts'
import { MemoryJournal } from './host.fixture.ts'
import { SimHost } from './host.ts'
import { answerOf, marketsOf, Recorder, simulate, throughJson, venueOf, WALLET } from './market.fixture.ts'

const test = suite('hedge mode at the embedded exchange')
const SEED = 20_260_412
console.log(`seed ${SEED}`)

class Account {
  readonly exchange: SimExchange
  readonly reports: Input[] = []
  #day = 0
  #orders = 0

  constructor(mode: PositionMode = 'hedge', wallet: Usdt = 10_000, checkMargin = true) {
    this.exchange = new SimExchange({ costs: DEFAULT_COSTS, wallet, checkMargin })
    assert.is(this.exchange.setPositionMode(mode), null)
    this.exchange.list(instrument, true)
    this.exchange.setTime(0)
    this.exchange.setLast(SYMBOL, 100)
  }

  order(request: Partial<OrderRequest> & Pick<OrderRequest, 'purpose' | 'side'>): string {
    const clientOrderId = request.clientOrderId ?? `${request.side}-${++this.#orders}`
    this.exchange.place({
      symbol: SYMBOL,
      type: request.price == null ? 'market' : 'limit',
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

  bar(open: number, high: number, low: number, close: number, rate = 0): void {
    const start = this.#day++ * DAY
    const mark = { markOpen: open, markHigh: high, markLow: low, markClose: close }
    const bar: Bar = { start, end: start + DAY, open, high, low, close, ...mark }
    this.exchange.setTime(bar.end)
    this.#drain()
    const settlements = rate === 0 ? [] : [{ time: start + DAY / 3, rate, isAssumed: false }]
    const isUntouched = this.exchange.isUntouched(SYMBOL, bar)
    const before = this.reports.length
    for (const _ of this.exchange.bar(SYMBOL, bar, settlements)) this.#drain()
    this.#drain()
    if (isUntouched) assert.ok(this.reports.slice(before).every(report => report.type === 'funding'))
  }

  /** Long and short 1 X at 100. */
  both(long: Partial<OrderRequest> = {}, short: Partial<OrderRequest> = {}): void {
    this.order({ purpose: 'entry', side: 'long', price: ticks(100), stop: ticks(90), ...long })
    this.order({ purpose: 'entry', side: 'short', price: ticks(100), stop: ticks(110), ...short })
    this.bar(100, 100.5, 99.5, 100)
  }

  #drain(): void {
    for (let reports = this.exchange.take(); reports.length > 0; reports = this.exchange.take())
      this.reports.push(...reports)
  }

  get fills(): readonly FillInput[] {
    return this.reports.flatMap(report => (report.type === 'fill' ? [report] : []))
  }

  /** `side price cause` of each fill. */
  get told(): readonly string[] {
    return this.fills.map(({ side, price, cause }) => `${side} ${price / 10} ${cause}`)
  }

  get refusals(): readonly string[] {
    return this.reports.flatMap(report =>
      report.type === 'order' && report.status === 'rejected' ? [report.reason] : [],
    )
  }

  get held(): readonly string[] {
    return this.exchange.account().positions.map(({ side, steps, stop }) => `${side} ${steps} ${stop}`)
  }
}

test('long and short of one symbol are held at once, each with an entry, a stop and a size of its own', () => {
  const account = new Account()
  account.both()
  assert.equal(account.refusals, [])
  assert.equal(account.held, ['long 1000 900', 'short 1000 1100'])
  account.order({ purpose: 'entry', side: 'short', price: ticks(104), stop: ticks(108) })
  account.bar(100, 105, 99, 102)
  const [long, short] = account.exchange.account().positions
  assert.equal([long.entry, long.steps, long.stop], [100, 1000, 900])
  assert.equal([short.entry, short.steps, short.stop], [102, 2000, 1080])
})

test('in one-way mode the other side is refused, held, pending or by hand', () => {
  const account = new Account('one-way')
  account.order({ purpose: 'entry', side: 'long', price: ticks(99) })
  account.order({ purpose: 'entry', side: 'short', price: ticks(101) })
  account.bar(100, 100.5, 98, 100)
  account.order({ purpose: 'entry', side: 'short', price: ticks(101) })
  assert.match(account.refusals[0], /one-way and an entry long is pending/)
  assert.match(account.refusals[1], /one-way and holds long/)
  const open = { kind: 'open', symbol: SYMBOL, side: 'short', steps: steps(1) } as const
  assert.match(account.exchange.act(open) ?? '', /one-way and holds long/)
})

test('a stop closes its own side and takes its targets with it; those of the other side rest', () => {
  const account = new Account()
  account.both()
  account.order({ purpose: 'exit', side: 'long', price: ticks(120) })
  const target = account.order({ purpose: 'exit', side: 'short', price: ticks(80) })
  account.bar(100, 111, 99, 105)
  // 110, and slippage of 0.02 % and 2 % of a range of 12.
  assert.equal(account.told.slice(2), ['short 110.3 stop'])
  assert.equal(account.held, ['long 1000 900'])
  assert.equal(
    account.exchange.account().orders.map(one => [one.side, one.price]),
    [['long', 1200]],
  )
  assert.is(account.exchange.lookUp(SYMBOL, target).state, 'cancelled')
})

test('a target, and a close at the market, take from the side they name alone', () => {
  const account = new Account()
  account.both()
  account.order({ purpose: 'exit', side: 'short', price: ticks(97) })
  account.bar(100, 101, 96, 100)
  assert.equal(account.told.slice(2), ['short 97 order'])
  account.order({ purpose: 'exit', side: 'short', price: null })
  assert.match(account.refusals[0], /no short position on XUSDT to reduce/)
  account.order({ purpose: 'exit', side: 'long', price: null })
  account.bar(100, 100, 100, 100)
  assert.equal([account.held, account.told.slice(3)], [[], ['long 99.9 order']])
})

test('one bar can stop both sides', () => {
  const account = new Account()
  account.both()
  account.bar(100, 112, 88, 100)
  assert.equal(
    account.fills.slice(2).map(({ side, cause }) => `${side} ${cause}`),
    ['long stop', 'short stop'],
  )
  assert.equal(account.held, [])
})

test('what one side pays of funding the other one receives, and each is told for itself', () => {
  const account = new Account()
  account.both({}, { steps: steps(2) })
  account.bar(100, 101, 99, 100, 0.001)
  assert.equal(
    account.reports.flatMap(report => (report.type === 'funding' ? [[report.side, report.amount]] : [])),
    [
      ['long', -0.1],
      ['short', 0.2],
    ],
  )
})

test('each side is liquidated for itself, at its own leverage', () => {
  const account = new Account()
  account.both({ stop: null, leverage: 10 }, { stop: null, leverage: 3 })
  account.bar(100, 101, 89, 90)
  assert.equal(account.told.slice(2), ['long 90 liquidation'])
  assert.equal(account.held, ['short 1000 null'])
  account.bar(90, 140, 90, 139)
  assert.equal(account.told.slice(3), ['short 133.3 liquidation'])
})

test('each side has a leverage of its own, set while that side has neither a position nor an order', () => {
  const account = new Account()
  const { exchange } = account
  const set = (leverage: number, side?: Side): readonly unknown[] => {
    exchange.setLeverage('l', SYMBOL, leverage, side)
    const [told] = exchange.take()
    return told.type === 'leverage' ? [told.leverage, told.reason] : []
  }
  assert.equal(set(3, 'long'), [3, ''])
  assert.equal([exchange.leverage(SYMBOL, 'long'), exchange.leverage(SYMBOL, 'short')], [3, 10])
  account.order({ purpose: 'entry', side: 'long', price: ticks(99), leverage: 3 })
  assert.equal(set(5, 'long'), [3, `${SYMBOL} long has a position or orders: its leverage stays`])
  assert.equal(set(5, 'short'), [5, ''])
  assert.equal(set(5), [3, `${SYMBOL} has a position or orders: its leverage stays`])
  account.order({ purpose: 'entry', side: 'short', price: ticks(101), leverage: 3 })
  assert.match(account.refusals[0], /the leverage of XUSDT is 5, not 3/)
  account.order({ purpose: 'entry', side: 'short', price: ticks(101), leverage: 5 })
  account.bar(100, 102, 98, 100)
  assert.equal(
    exchange.account().positions.map(one => [one.side, one.leverage]),
    [
      ['long', 3],
      ['short', 5],
    ],
  )
})

test('both sides bind margin', () => {
  const account = new Account('hedge', 50)
  account.order({ purpose: 'entry', side: 'long', price: ticks(99) })
  account.order({ purpose: 'entry', side: 'short', price: ticks(101) })
  assert.equal(account.refusals, ['not enough margin'])
})

test('the mode is switched only with nothing on the account, and to the one that it is in at any time', () => {
  const account = new Account('one-way')
  const { exchange } = account
  const id = account.order({ purpose: 'entry', side: 'long', price: ticks(99) })
  assert.match(exchange.setPositionMode('hedge') ?? '', /stays one-way: XUSDT has an order/)
  assert.is(exchange.setPositionMode('one-way'), null)
  exchange.cancel(SYMBOL, id)
  assert.is(exchange.setPositionMode('hedge'), null)
  exchange.setLeverage('a', SYMBOL, 7, 'long')
  exchange.setLeverage('b', SYMBOL, 4, 'short')
  account.order({ purpose: 'entry', side: 'short', price: ticks(101), leverage: 4 })
  account.bar(100, 102, 98, 100)
  assert.match(exchange.setPositionMode('one-way') ?? '', /stays hedge: XUSDT has a position/)
  account.order({ purpose: 'exit', side: 'short', price: null, leverage: 4 })
  account.bar(100, 102, 98, 100)
  assert.is(exchange.setPositionMode('one-way'), null)
  // One leverage for both sides: the lower one.
  assert.equal([exchange.leverage(SYMBOL, 'long'), exchange.leverage(SYMBOL, 'short')], [4, 4])
})

test('acts name the side they are of, and the end of trading settles both', () => {
  const account = new Account()
  const { exchange } = account
  for (const side of ['long', 'short'] as const)
    assert.is(exchange.act({ kind: 'open', symbol: SYMBOL, side, steps: steps(2) }), null)
  assert.is(exchange.act({ kind: 'move-stop', symbol: SYMBOL, side: 'short', stop: ticks(111) }), null)
  assert.is(exchange.act({ kind: 'reduce', symbol: SYMBOL, side: 'long', steps: steps(1) }), null)
  assert.equal(account.held, ['long 1000 null', 'short 2000 1110'])
  assert.is(exchange.act({ kind: 'settle', symbol: SYMBOL }), null)
  account.bar(100, 100, 100, 100)
  assert.equal(account.held, [])
  assert.equal(
    account.fills.filter(({ cause }) => cause === 'settlement').map(({ side }) => side),
    ['long', 'short'],
  )
})

test('the range that a bar has shown is that of each side', () => {
  const account = new Account()
  account.order({ purpose: 'entry', side: 'long', price: ticks(99) })
  account.bar(100, 103, 98, 101)
  account.order({ purpose: 'entry', side: 'short', price: ticks(102) })
  account.bar(101, 104, 99, 100)
  const bar = { start: DAY, end: 2 * DAY, open: 101, high: 104, low: 99, close: 100 }
  const seen = { ...bar, markOpen: 101, markHigh: 104, markLow: 99, markClose: 100 }
  assert.equal(account.exchange.range(SYMBOL, 'long', seen), { low: 99, high: 104 })
  assert.equal(account.exchange.range(SYMBOL, 'short', seen), { low: 100, high: 104 })
})

/** What a trader does before a bar, and the bar, in ticks around the close before. */
const days = fc.array(
  fc.record({
    gap: fc.integer({ min: -30, max: 30 }),
    up: fc.nat(60),
    down: fc.nat(60),
    close: fc.nat(100),
    rate: fc.integer({ min: -20, max: 20 }),
    acts: fc.array(
      fc.record({
        side: fc.constantFrom<Side>('long', 'short'),
        does: fc.constantFrom('enter', 'enter', 'market', 'target', 'stop', 'leave', 'cancel', 'amend'),
        by: fc.integer({ min: -20, max: 50 }),
        leverage: fc.constantFrom(3, 10),
      }),
      { maxLength: 5 },
    ),
  }),
  { minLength: 5, maxLength: 40 },
)
type Days = typeof days extends fc.Arbitrary<infer T> ? T : never

/** Plays the days on an account, doing only what concerns the sides given. */
function play(mode: PositionMode, days: Days, sides: readonly Side[]): Account {
  const account = new Account(mode, 100_000, false)
  const { exchange } = account
  let last = 1_000
  let serial = 0
  for (const day of days) {
    for (const { side, does, by, leverage } of day.acts) {
      serial++
      if (!sides.includes(side)) continue
      const toward = side === 'long' ? 1 : -1
      const at = ticks((last + toward * by) / 10)
      const clientOrderId = `o${serial}`
      const stop = ticks((last - toward * 60) / 10)
      const known = exchange.account().positions.find(one => one.side === side)?.leverage ?? leverage
      const entry = { purpose: 'entry', side, clientOrderId, stop, leverage: known } as const
      const resting = exchange.account().orders.find(one => one.side === side)
      if (does === 'enter') account.order({ ...entry, price: at })
      else if (does === 'market') account.order({ ...entry, price: null })
      else if (does === 'target')
        account.order({ purpose: 'exit', side, clientOrderId, price: at, steps: steps(0.4) })
      else if (does === 'leave') account.order({ purpose: 'exit', side, clientOrderId, price: null })
      else if (does === 'stop') exchange.setStop(`s${serial}`, SYMBOL, side, at)
      else if (resting !== undefined && does === 'cancel') exchange.cancel(SYMBOL, resting.clientOrderId)
      else if (resting !== undefined) exchange.amend(SYMBOL, resting.clientOrderId, at, steps(0.3))
    }
    const open = last + day.gap
    const [high, low] = [open + day.up, open - day.down]
    const close = Math.round(low + ((high - low) * day.close) / 100)
    account.bar(open / 10, high / 10, low / 10, close / 10, day.rate / 10_000)
    last = close
  }
  return account
}

/** What was told of one side, without the numbers that the two accounts count for themselves. */
function toldOf(account: Account, side: Side): readonly unknown[] {
  return account.reports.flatMap((report): Input[] => {
    if (report.type === 'fill') return report.side === side ? [{ ...report, execId: '' }] : []
    return report.type === 'funding' && report.side === side ? [report] : []
  })
}

test('both sides on one account are what each is alone, and their money is the change of the wallet', () => {
  let fills = 0
  let together = 0
  fc.assert(
    fc.property(days, days => {
      const account = play('hedge', days, ['long', 'short'])
      let sum = 0
      for (const side of ['long', 'short'] as const) {
        const alone = play('one-way', days, [side])
        assert.equal(toldOf(account, side), toldOf(alone, side))
        assert.equal(
          account.exchange.account().positions.filter(one => one.side === side),
          alone.exchange.account().positions,
        )
        sum += alone.exchange.wallet - 100_000
      }
      const change = account.exchange.wallet - 100_000
      assert.ok(Math.abs(change - sum) < 1e-6, `${change} is ${sum}`)
      fills += account.fills.length
      if (account.held.length === 2) together++
    }),
    { seed: SEED, numRuns: 300 },
  )
  assert.ok(fills > 2_000 && together > 50, `${fills} fills, ${together} ended with both sides held`)
})

test('an exchange that is opened on its journal is in the mode it was in, with both sides, and goes on the same', () => {
  const markets = marketsOf(5, 6, { symbols: 2 })
  const [{ instrument: traded }] = markets
  const { symbol } = traded
  const journal = new MemoryJournal()
  const host = new SimHost(venueOf(markets), journal)
  assert.is(host.setPositionMode('hedge'), null)
  for (const side of ['long', 'short'] as const) {
    host.setLeverage(`l-${side}`, symbol, side === 'long' ? 3 : 5, side)
    assert.is(host.act({ kind: 'open', symbol, side, steps: (traded.minQty * 10) as Steps }).refusal, null)
  }
  const rows = journal.rows().length
  assert.is(host.setPositionMode('hedge'), null)
  assert.is(journal.rows().length, rows, 'what changes nothing is not written down')
  assert.match(host.setPositionMode('one-way') ?? '', /stays hedge/)
  const on = (one: SimHost): string => {
    for (let k = 0; k < 6; k++) while (one.advance(Number.MAX_SAFE_INTEGER).more);
    return JSON.stringify([one.now, one.positionMode, one.account(), one.executions(0)])
  }
  const again = new SimHost(venueOf(markets), journal.copy())
  assert.equal(
    again.account().positions.map(({ side }) => side),
    ['long', 'short'],
  )
  assert.is(on(again), on(host))
  assert.ok(host.executions(0).length >= 2)
})

test('an engine that is saved and loaded in the middle of both sides goes on the same', () => {
  const settings = hedged()
  const options = { wallet: WALLET, lacking: 'skip' } as const
  const markets = marketsOf(11, 40, { symbols: 6, minutes15Days: 20 })
  const recorder = new Recorder(settings, options)
  const { trades } = simulate(markets, { settings }, recorder)
  assert.ok(opposed(trades).length > 1)
  let engine: Engine = new Engine(settings, options)
  let cuts = 0
  for (const [k, input] of recorder.inputs.entries()) {
    const { positions } = engine.portfolio
    const isBoth = [...positions.values()].some(one =>
      positions.has(positionKey(one.symbol, opposite(one.side))),
    )
    if (isBoth && k % 7 === 0) {
      cuts++
      engine = Engine.load(settings, options, throughJson(engine.save()))
    }
    assert.is(answerOf(engine.step(input), engine.wakeAt), recorder.answers[k])
  }
  assert.ok(cuts > 20, `${cuts} cuts`)
})

test.run()
