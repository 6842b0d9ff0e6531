import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DataError } from '../../base/errors.ts'
import { DAY, type Steps, type Ticks } from '../../base/units.ts'
import type { Input, OrderRequest } from '../../engine/protocol.ts'
import { ACT_KINDS, type Act, actFrom } from './acts.ts'
import { instrument, SYMBOL, steps, ticks } from './exchange.fixture.ts'
import { DEFAULT_COSTS, SimExchange } from './exchange.ts'

const test = suite('acts of others')

class Desk {
  readonly exchange = new SimExchange({ costs: DEFAULT_COSTS, wallet: 1000, checkMargin: true })
  readonly reports: Input[] = []
  #day = 0
  #orders = 0

  constructor() {
    this.exchange.list(instrument, true)
    this.exchange.setTime(0)
    this.exchange.setLast(SYMBOL, 100, 100, 0)
  }

  order(over: Partial<OrderRequest> = {}): string {
    const clientOrderId = over.clientOrderId ?? `o${++this.#orders}`
    this.exchange.place({
      clientOrderId,
      symbol: SYMBOL,
      side: 'long',
      purpose: 'entry',
      type: (over.price ?? null) === null ? 'market' : 'limit',
      price: null,
      steps: steps(1),
      stop: ticks(90),
      leverage: 3,
      postOnly: false,
      ...over,
    })
    return clientOrderId
  }

  act(act: Act): string | null {
    return this.exchange.act(act)
  }

  bar(open: number, high: number, low: number, close: number): void {
    const start = this.#day++ * DAY
    const mark = { markOpen: open, markHigh: high, markLow: low, markClose: close }
    this.exchange.setTime(start + DAY)
    const bar = { start, end: start + DAY, open, high, low, close, ...mark }
    for (const _ of this.exchange.bar(SYMBOL, bar, [])) this.reports.push(...this.exchange.take())
  }

  /** What was reported since the last time, in short. */
  get told(): readonly string[] {
    const reports = [...this.reports, ...this.exchange.take()]
    this.reports.length = 0
    return reports.map(one => {
      if (one.type === 'fill') {
        const part = one.complete ? '' : ' in part'
        const isByHand = one.clientOrderId === null
        const hand = isByHand && one.opens ? ' by hand, adding' : ''
        return `${one.cause} ${one.clientOrderId} ${one.steps} at ${one.price / 10}${part}${hand}`
      }
      if (one.type === 'order') return `${one.clientOrderId} ${one.status}`
      return one.type
    })
  }

  get position(): string {
    const [held] = this.exchange.account().positions
    return held === undefined ? 'none' : `${held.side} ${held.steps} at ${held.entry} stop ${held.stop}`
  }
}

test('a position is opened, added to and reduced by hand at the last price, as executions without an order', () => {
  const desk = new Desk()
  assert.is(desk.act({ kind: 'open', symbol: SYMBOL, side: 'short', steps: steps(2) }), null)
  assert.is(desk.position, 'short 2000 at 100 stop null')
  desk.exchange.setLast(SYMBOL, 110)
  assert.is(desk.act({ kind: 'open', symbol: SYMBOL, side: 'short', steps: steps(2) }), null)
  assert.is(desk.position, 'short 4000 at 105 stop null')
  assert.match(desk.act({ kind: 'open', symbol: SYMBOL, side: 'long', steps: steps(1) }) ?? '', /one-way/)
  assert.is(desk.act({ kind: 'reduce', symbol: SYMBOL, side: 'short', steps: steps(1) }), null)
  assert.is(desk.act({ kind: 'reduce', symbol: SYMBOL, side: 'short', steps: steps(9) }), null)
  assert.is(desk.position, 'none')
  assert.match(desk.act({ kind: 'reduce', symbol: SYMBOL, side: 'short', steps: steps(1) }) ?? '', /no short/)
  assert.equal(desk.told, [
    'order null 2000 at 100 by hand, adding',
    'order null 2000 at 110 by hand, adding',
    'order null 1000 at 110',
    'order null 3000 at 110',
  ])
  const fees = (2 * 100 + 2 * 110 + 4 * 110) * DEFAULT_COSTS.takerFee
  assert.ok(Math.abs(desk.exchange.wallet - (1000 - 20 - fees)) < 1e-9)
})

test('what cannot be done by hand is answered with the reason', () => {
  const desk = new Desk()
  const refusal = (act: Act): string => desk.act(act) ?? 'done'
  assert.match(refusal({ kind: 'settle', symbol: 'YUSDT' }), /YUSDT is not listed/)
  assert.match(refusal({ kind: 'open', symbol: SYMBOL, side: 'long', steps: steps(50) }), /not enough margin/)
  assert.match(refusal({ kind: 'open', symbol: SYMBOL, side: 'long', steps: 0 as Steps }), /below the least/)
  assert.match(refusal({ kind: 'liquidate', symbol: SYMBOL, side: 'long' }), /no long position/)
  desk.act({ kind: 'open', symbol: SYMBOL, side: 'long', steps: steps(1) })
  assert.match(
    refusal({ kind: 'move-stop', symbol: SYMBOL, side: 'long', stop: ticks(101) }),
    /beyond the stop/,
  )
  assert.match(
    refusal({ kind: 'move-stop', symbol: SYMBOL, side: 'long', stop: 0 as Ticks }),
    /below the least/,
  )
  desk.act({ kind: 'settle', symbol: SYMBOL })
  assert.match(refusal({ kind: 'settle', symbol: SYMBOL }), /not trading/)
  assert.match(refusal({ kind: 'open', symbol: SYMBOL, side: 'long', steps: steps(1) }), /not trading/)
})

test('a stop is moved and removed by hand, and what was removed does not fire', () => {
  const desk = new Desk()
  desk.order()
  desk.bar(100, 101, 99, 100)
  desk.act({ kind: 'move-stop', symbol: SYMBOL, side: 'long', stop: ticks(95) })
  assert.match(desk.position, /stop 950/)
  desk.act({ kind: 'remove-stop', symbol: SYMBOL, side: 'long' })
  desk.bar(100, 101, 80, 100)
  assert.match(desk.position, /long 1000 .* stop null/)
})

test('all orders are cancelled by hand and told so, the stop of the position stays', () => {
  const desk = new Desk()
  desk.order()
  desk.bar(100, 101, 99, 100)
  const target = desk.order({ purpose: 'exit', price: ticks(120), stop: null })
  const entry = desk.order({ price: ticks(95) })
  assert.ok(desk.told.length > 0)
  desk.act({ kind: 'cancel-all', symbol: SYMBOL })
  assert.equal(desk.told, [`${target} cancelled`, `${entry} cancelled`])
  assert.match(desk.position, /stop 900/)
  assert.is(desk.exchange.lookUp(SYMBOL, entry).state, 'cancelled')
  desk.order({ price: ticks(95) })
  desk.act({ kind: 'cancel-all', symbol: null })
  assert.equal(desk.exchange.account().orders, [])
})

test('an order of somebody else rests beside those of bbw', () => {
  const desk = new Desk()
  const order: OrderRequest = {
    clientOrderId: 'theirs',
    symbol: SYMBOL,
    side: 'long',
    purpose: 'entry',
    type: 'limit',
    price: ticks(95),
    steps: steps(1),
    stop: null,
    leverage: 3,
    postOnly: false,
  }
  desk.act({ kind: 'rest', order })
  assert.equal(desk.told, ['theirs accepted'])
  assert.equal(desk.exchange.account().orders, [
    {
      clientOrderId: 'theirs',
      symbol: SYMBOL,
      side: 'long',
      purpose: 'entry',
      price: ticks(95),
      steps: steps(1),
    },
  ])
})

test('in a thin market a taker gets a part, and the rest of a market order is cancelled', () => {
  const desk = new Desk()
  desk.act({ kind: 'thin', symbol: SYMBOL, steps: steps(0.4) })
  const entry = desk.order()
  desk.bar(100, 100, 100, 100)
  assert.equal(desk.told, [`${entry} accepted`, `order ${entry} 400 at 100.1 in part`, `${entry} cancelled`])
  assert.is(desk.position, 'long 400 at 100.1 stop 900')
  assert.equal(desk.exchange.lookUp(SYMBOL, entry), {
    clientOrderId: entry,
    state: 'cancelled',
    filled: steps(0.4),
    reason: 'the market had 400 of 1000 steps',
  })
  desk.act({ kind: 'thin', symbol: SYMBOL, steps: steps(0.1) })
  const exit = desk.order({ purpose: 'exit', stop: null })
  desk.bar(100, 100, 100, 100)
  assert.equal(desk.told.slice(1), [`order ${exit} 100 at 99.9 in part`, `${exit} cancelled`])
  desk.act({ kind: 'thin', symbol: SYMBOL, steps: 0 as Steps })
  const nothing = desk.order({ purpose: 'exit', stop: null })
  desk.bar(100, 100, 100, 100)
  assert.equal(desk.told.slice(1), [`${nothing} cancelled`])
  desk.act({ kind: 'thin', symbol: SYMBOL, steps: null })
  const all = desk.order({ purpose: 'exit', stop: null })
  desk.bar(100, 100, 100, 100)
  assert.equal(desk.told.slice(1), [`order ${all} 300 at 99.9`])
  assert.is(desk.position, 'none')
})

test('in a thin market the rest of a marketable limit rests, and makers are served in full', () => {
  const desk = new Desk()
  desk.act({ kind: 'thin', symbol: SYMBOL, steps: steps(0.4) })
  const entry = desk.order({ price: ticks(100.5) })
  desk.bar(100, 100.6, 100.5, 100.6)
  assert.equal(desk.told, [`${entry} accepted`, `order ${entry} 400 at 100.1 in part`])
  assert.is(desk.exchange.account().orders[0].steps, steps(0.6))
  assert.is(desk.exchange.lookUp(SYMBOL, entry).state, 'resting')
  desk.bar(100.6, 101, 100, 100.6)
  assert.equal(desk.told, [`order ${entry} 600 at 100.5`])
  assert.equal(desk.exchange.lookUp(SYMBOL, entry), {
    clientOrderId: entry,
    state: 'filled',
    filled: steps(1),
    reason: '',
  })
})

test('in a market that is thin for makers, too, a target fills bar by bar', () => {
  const desk = new Desk()
  desk.order()
  desk.bar(100, 100, 100, 100)
  const target = desk.order({ purpose: 'exit', stop: null, price: ticks(101) })
  desk.act({ kind: 'thin', symbol: SYMBOL, steps: steps(0.6), makers: true })
  desk.bar(100, 102, 100, 102)
  assert.equal(desk.told.slice(-1), [`order ${target} 600 at 101 in part`])
  desk.bar(100, 102, 100, 102)
  assert.equal(desk.told.slice(-1), [`order ${target} 400 at 101`])
  assert.is(desk.position, 'none')
})

test('a stop that fires into a thin market leaves the rest without one', () => {
  const desk = new Desk()
  desk.order()
  desk.bar(100, 100, 100, 100)
  desk.act({ kind: 'thin', symbol: SYMBOL, steps: steps(0.3) })
  assert.ok(desk.told.length > 0)
  desk.bar(100, 100, 89, 95)
  assert.equal(desk.told, ['stop null 300 at 89.7 in part'])
  assert.match(desk.position, /long 700 .* stop null/)
  desk.bar(95, 95, 80, 90)
  assert.equal(desk.told, [])
})

test('the stop of the next entry is lost, that of a later one is not', () => {
  const desk = new Desk()
  desk.act({ kind: 'drop-stop', symbol: SYMBOL })
  desk.order()
  desk.bar(100, 100, 100, 100)
  assert.match(desk.position, /stop null/)
  desk.order({ stop: ticks(91) })
  desk.bar(100, 100, 100, 100)
  assert.match(desk.position, /stop 910/)
})

test('an order is accepted and rejected when time goes on, and the next one is not', () => {
  const desk = new Desk()
  desk.act({ kind: 'reject-later', symbol: SYMBOL })
  const doomed = desk.order({ price: ticks(95) })
  const sound = desk.order({ price: ticks(95) })
  assert.equal(desk.told, [`${doomed} accepted`, `${sound} accepted`])
  desk.exchange.setTime(0)
  assert.equal(desk.told, [])
  desk.exchange.setTime(1)
  assert.equal(desk.told, [`${doomed} rejected`])
  assert.is(desk.exchange.lookUp(SYMBOL, doomed).state, 'rejected')
  assert.is(desk.exchange.lookUp(SYMBOL, sound).state, 'resting')
})

test('a symbol is settled without an order, and a position is liquidated for its margin', () => {
  const settled = new Desk()
  settled.order()
  settled.bar(100, 100, 100, 100)
  const target = settled.order({ purpose: 'exit', price: ticks(120), stop: null })
  assert.ok(settled.told.length > 0)
  settled.act({ kind: 'settle', symbol: SYMBOL })
  // 100 less 2 basis points, a sell on the grid.
  assert.equal(settled.told, ['settlement null 1000 at 99.9', `${target} cancelled`])
  const liquidated = new Desk()
  liquidated.order()
  liquidated.bar(100, 100, 100, 100)
  assert.ok(liquidated.told.length > 0)
  liquidated.act({ kind: 'liquidate', symbol: SYMBOL, side: 'long' })
  // Entered at 100.1 with leverage 3.
  assert.equal(liquidated.told, ['liquidation null 1000 at 66.8'])
})

test('a deposit changes the wallet and nothing else', () => {
  const desk = new Desk()
  assert.is(desk.act({ kind: 'deposit', usdt: -100 }), null)
  assert.is(desk.exchange.account().wallet, 900)
  assert.equal(desk.told, [])
})

test('an id that was used before is told apart from other rejections, and the first order stays as it is', () => {
  const desk = new Desk()
  desk.order({ clientOrderId: 'same', price: ticks(95) })
  desk.order({ clientOrderId: 'same', price: ticks(96) })
  desk.order({ clientOrderId: 'bad', price: ticks(95), leverage: 99 })
  const whys = desk.exchange.take().map(one => (one.type === 'order' ? [one.status, one.why] : []))
  assert.equal(whys, [
    ['accepted', undefined],
    ['rejected', 'duplicate-id'],
    ['rejected', 'risk'],
  ])
  assert.is(desk.exchange.lookUp(SYMBOL, 'same').state, 'resting')
  assert.is(desk.exchange.lookUp(SYMBOL, 'bad').state, 'rejected')
  assert.is(desk.exchange.lookUp(SYMBOL, 'never').state, 'absent')
  assert.is(desk.exchange.lookUp('YUSDT', 'same').state, 'absent')
})

test('a stop that is there already and one beyond the price are told apart', () => {
  const desk = new Desk()
  desk.order()
  desk.bar(100, 100, 100, 100)
  assert.ok(desk.told.length > 0)
  const why = (stop: number): unknown => {
    desk.exchange.setStop('s', SYMBOL, 'long', ticks(stop))
    const [report] = desk.exchange.take()
    return report.type === 'stop' ? [report.ok, report.why] : report
  }
  assert.equal(why(90), [false, 'not-modified'])
  assert.equal(why(100), [false, 'crossed'])
  assert.equal(why(105), [false, 'crossed'])
  assert.equal(why(99.9), [true, undefined])
  // Some time later the price is not known any more.
  desk.exchange.setTime(DAY + 1)
  assert.equal(why(105), [true, undefined])
})

test('executions and closed orders are known for as long as is said, and resting ones for ever', () => {
  const exchange = new SimExchange({ costs: DEFAULT_COSTS, wallet: 1000, checkMargin: true, historyDays: 10 })
  exchange.list(instrument, true)
  exchange.setTime(DAY)
  exchange.setLast(SYMBOL, 100)
  exchange.act({ kind: 'open', symbol: SYMBOL, side: 'long', steps: steps(1) })
  const resting: OrderRequest = {
    clientOrderId: 'resting',
    symbol: SYMBOL,
    side: 'long',
    purpose: 'exit',
    type: 'limit',
    price: ticks(120),
    steps: steps(1),
    stop: null,
    leverage: 3,
    postOnly: false,
  }
  exchange.place(resting)
  exchange.place({ ...resting, clientOrderId: 'closed' })
  exchange.cancel(SYMBOL, 'closed')
  exchange.setTime(11 * DAY)
  assert.is(exchange.executions(0).length, 1)
  assert.is(exchange.executions(2 * DAY).length, 0)
  assert.is(exchange.lookUp(SYMBOL, 'closed').state, 'cancelled')
  exchange.setTime(11 * DAY + 1)
  assert.is(exchange.executions(0).length, 0)
  assert.is(exchange.lookUp(SYMBOL, 'closed').state, 'absent')
  assert.is(exchange.lookUp(SYMBOL, 'resting').state, 'resting')
})

test('every kind of act is read, and a wrong one is refused with the field', () => {
  const position = { symbol: SYMBOL, side: 'long' }
  const order = {
    clientOrderId: 'x',
    ...position,
    purpose: 'entry',
    type: 'limit',
    price: 5,
    steps: 1,
    stop: null,
    leverage: 1,
    postOnly: false,
  }
  const good: readonly unknown[] = [
    { kind: 'open', ...position, steps: 1 },
    { kind: 'reduce', ...position, steps: 1 },
    { kind: 'remove-stop', ...position },
    { kind: 'move-stop', ...position, stop: 5 },
    { kind: 'cancel-all', symbol: SYMBOL },
    { kind: 'rest', order },
    { kind: 'thin', symbol: SYMBOL, steps: null },
    { kind: 'thin', symbol: SYMBOL, steps: 3, makers: true },
    { kind: 'drop-stop', symbol: SYMBOL },
    { kind: 'reject-later', symbol: SYMBOL },
    { kind: 'settle', symbol: SYMBOL },
    { kind: 'liquidate', ...position },
    { kind: 'delist', symbol: SYMBOL, minutes: 5 },
    { kind: 'restrict', onlyReduce: true },
    { kind: 'cap', symbol: SYMBOL, orders: 2 },
    { kind: 'refilter', symbol: SYMBOL, tick: '0.01', step: '1' },
    { kind: 'cap', symbol: SYMBOL, orders: null },
    { kind: 'deposit', usdt: -5 },
  ]
  assert.equal(good.map(actFrom), good)
  assert.equal(new Set(good.map(one => actFrom(one).kind)), new Set(ACT_KINDS))
  assert.equal(actFrom({ kind: 'cancel-all' }), { kind: 'cancel-all', symbol: null })
  const refusal = (value: unknown): string => {
    try {
      actFrom(value)
      return 'read'
    } catch (error) {
      return error instanceof DataError ? error.message : String(error)
    }
  }
  for (const [value, words] of [
    [null, /not a JSON object/],
    [[], /not a JSON object/],
    [{}, /kind has to be one of open, .* and is missing/],
    [{ kind: 'explode' }, /kind has to be one of/],
    [{ kind: 'settle', symbol: 'x' }, /symbol has to be a symbol such as BTCUSDT and is "x"/],
    [{ kind: 'open', ...position, steps: 0 }, /steps has to be a whole number of 1 or more and is 0/],
    [{ kind: 'open', ...position, steps: 1.5 }, /steps/],
    [{ kind: 'open', ...position, side: 'up', steps: 1 }, /side has to be one of long, short/],
    [{ kind: 'deposit', usdt: 0 }, /usdt is 0/],
    [{ kind: 'deposit', usdt: '5' }, /usdt has to be a number/],
    [{ kind: 'deposit', usdt: 5, to: 'me' }, /there is no field to here/],
    [{ kind: 'rest', order: { ...order, postOnly: 1 } }, /order.postOnly has to be true or false/],
    [{ kind: 'rest', order: { ...order, extra: 1 } }, /there is no field order.extra here/],
    [JSON.parse('{"kind":"deposit","usdt":5,"__proto__":1}'), /there is no field __proto__ here/],
  ] as const) {
    assert.match(refusal(value), words)
  }
})

test.run()
