import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DAY, MINUTE, SECOND } from '../base/units.ts'
import { MIDNIGHT, steps, ticks } from '../decision/view.fixture.ts'
import type { Books } from './books.ts'
import {
  Desk,
  events,
  gates,
  gridSignal,
  instrument,
  only,
  placed,
  resumed,
  reversionSignal,
} from './desk.fixture.ts'
import { clientOrderId } from './order-id.ts'
import type { Account, Effect, OrderRequest } from './protocol.ts'
import { defaultSettings } from './settings.ts'

const test = suite('recovery')

const codes = (effects: readonly Effect[]): (string | null)[] =>
  effects.flatMap(effect =>
    effect.type === 'event' && effect.event.code !== null ? [effect.event.code] : [],
  )

/** Answers the questions of a light cycle as an exchange would that has this account. */
function look(
  desk: Desk,
  account: Account,
  reports: { readonly [id: string]: 'resting' | 'filled' | 'cancelled' | 'absent' } = {},
  executions: Parameters<Desk['executions']>[1] = [],
): readonly Effect[] {
  const seen: Effect[] = []
  const asked = [...desk.feed({ type: 'time' })]
  for (const effect of asked) {
    seen.push(effect)
    if (effect.type === 'query-executions') seen.push(...desk.executions(effect.queryId, executions))
    if (effect.type === 'query-order') {
      const state = reports[effect.clientOrderId] ?? 'resting'
      seen.push(...desk.found(effect.queryId, effect.clientOrderId, state))
    }
    if (effect.type === 'query-account') seen.push(...desk.reply(effect.queryId, account))
  }
  return seen
}

function pending(): { readonly desk: Desk; readonly order: OrderRequest } {
  const desk = new Desk().introduce('SOLUSDT', 'ADAUSDT')
  desk.live(0)
  const [order] = placed(desk.propose(gridSignal()))
  return { desk, order }
}

/** A desk with a position at leverage 10, its target accepted, its stop seen. */
function held(): Desk {
  const desk = new Desk().introduce('SOLUSDT', 'ADAUSDT')
  desk.live(0)
  for (const order of placed(desk.open(reversionSignal()).effects))
    desk.order(order.clientOrderId, 'accepted')
  desk.live(2 * SECOND)
  return desk
}

// --- a decision while something is found out ---------------------------------------------------------------------

/** The account as the books have it, but for a position that is smaller there. */
function smallerOf(desk: Desk): Account {
  const account = desk.account()
  return { ...account, positions: account.positions.map(one => ({ ...one, steps: steps(1) })) }
}

/** A desk on which a daily candle has closed that mean reversion buys, and what makes the house doubt. */
function atTheClose(doubt: (desk: Desk) => void): Desk {
  const defaults = defaultSettings()
  const settings = { ...defaults, guards: { ...defaults.guards, confluence: { least: 1 } } }
  const desk = new Desk(settings).introduce('SOLUSDT', 'ADAUSDT', 'XRPUSDT')
  desk.live(0)
  for (const order of placed(desk.open(reversionSignal('ADAUSDT')).effects))
    desk.order(order.clientOrderId, 'accepted')
  desk.wait(DAY - SECOND)
  desk.live(0)
  desk.price('SOLUSDT', 94)
  desk.price('ADAUSDT', 102)
  doubt(desk)
  desk.now += SECOND
  return desk
}

/** Somebody else buys another symbol, which the account alone tells. */
function stranger(desk: Desk): void {
  const books = desk.account.bind(desk)
  const of = {
    symbol: 'XRPUSDT',
    side: 'long',
    steps: steps(5),
    entry: 100,
    leverage: 1,
    stop: null,
  } as const
  desk.account = orders => ({ ...books(orders), positions: [...books(orders).positions, of] })
}

test('a daily decision that a stranger’s position or a gap comes in between is made as soon as books and exchange agree', () => {
  const undisturbed = atTheClose(() => {})
  const close = (desk: Desk): readonly Effect[] => [
    ...desk.answer(desk.day('SOLUSDT', MIDNIGHT, 94)),
    ...desk.live(MINUTE),
  ]
  const expected = close(undisturbed)
  const wanted = placed(expected)
  assert.is(wanted.length, 1)
  const doubts: readonly ((desk: Desk) => void)[] = [
    stranger,
    desk => void desk.feed({ type: 'feed-gap', reason: 'the stream was away' }),
  ]
  for (const doubt of doubts) {
    const desk = atTheClose(doubt)
    const made = close(desk)
    assert.equal(gates(made), gates(expected))
    assert.equal(
      placed(made).map(({ symbol, price }) => [symbol, price]),
      wanted.map(({ symbol, price }) => [symbol, price]),
    )
    assert.equal(placed(desk.live(MINUTE)), [], 'and made once')
  }
})

// --- orders of unknown fate -------------------------------------------------------------------------------------

test('an order of unknown fate blocks its symbol and no other until a look-up tells', () => {
  const { desk, order } = pending()
  assert.equal(codes(desk.order(order.clientOrderId, 'unknown', 'time-out')), ['E105'])
  assert.equal(gates(desk.propose(reversionSignal())), ['readiness'])
  assert.is(placed(desk.propose(gridSignal('ADAUSDT'))).length, 1)
  const found = look(desk, desk.account())
  assert.ok(codes(found).includes('E101'))
  assert.equal(
    only(found, 'outcome').map(one => one.state),
    ['open'],
  )
  assert.is(placed(found).length, 0, 'no second order')
})

test('an order without any answer is looked up once the answer is overdue', () => {
  const { desk, order } = pending()
  assert.is(desk.engine.wakeAt, MIDNIGHT + 10 * SECOND)
  desk.now += 10 * SECOND
  const effects = look(desk, desk.account(), { [order.clientOrderId]: 'resting' })
  assert.equal(codes(effects), ['E105', 'E101'])
})

test('an order that the exchange does not know is sent again under the same id, only after its window', () => {
  const { desk, order } = pending()
  desk.order(order.clientOrderId, 'unknown', 'time-out')
  const absent = { [order.clientOrderId]: 'absent' } as const
  const nothing = desk.account([])
  assert.equal(placed(look(desk, nothing, absent)), [])
  assert.is(desk.engine.wakeAt, MIDNIGHT + 7 * SECOND)
  desk.now += 7 * SECOND
  const again = look(desk, nothing, absent)
  assert.equal(placed(again), [order])
  assert.ok(codes(again).includes('E102'))
  // Found late: it was accepted after all.
  desk.order(order.clientOrderId, 'unknown', 'time-out')
  assert.ok(codes(look(desk, desk.account())).includes('W103'))
})

test('after two more tries the entry is dropped and its slot is free', () => {
  const { desk, order } = pending()
  const sent: OrderRequest[] = []
  for (let i = 0; i < 3; i++) {
    desk.order(order.clientOrderId, 'unknown', 'time-out')
    desk.now += 7 * SECOND
    sent.push(...placed(look(desk, desk.account([]), { [order.clientOrderId]: 'absent' })))
  }
  assert.is(sent.length, 2)
  assert.is(desk.engine.portfolio.pending.size, 0)
  assert.is(placed(desk.propose(reversionSignal())).length, 1)
})

test('a duplicate id is looked up and taken over', () => {
  const { desk, order } = pending()
  const told = desk.feed({
    type: 'order',
    clientOrderId: order.clientOrderId,
    status: 'rejected',
    reason: 'used before',
    why: 'duplicate-id',
  })
  assert.equal(codes(told), ['I104'])
  assert.is(desk.engine.portfolio.pending.size, 1)
  assert.ok(codes(look(desk, desk.account())).includes('I104'))
})

// --- after a restart --------------------------------------------------------------------------------------------

/** As an earlier bbw has left the books: what it had found at the exchange stayed on its way in them. */
const stuck = (books: Books): Books => ({
  ...books,
  orders: books.orders.map(one =>
    one.kind === 'entry' ? one : { ...one, order: { ...one.order, state: 'sent' }, doubt: null },
  ),
})

test('a close that an earlier bbw has left on its way for ever is missed, looked up, and what is left is closed', () => {
  for (const fate of ['cancelled', 'absent'] as const) {
    const desk = held()
    const all = { symbol: null, side: null, isForeignToo: false, halts: true } as const
    const asked = desk.feed({ type: 'closure', id: 'c', kind: 'close', ...all, by: 'me', reason: 'enough' })
    const [close] = placed([...asked, ...look(desk, desk.account())])
    assert.is(close?.type, 'market')
    const next = resumed(desk, defaultSettings(), {}, stuck).introduce('SOLUSDT', 'ADAUSDT')
    const seen: Effect[] = []
    for (let k = 0; k < 4; k++) {
      seen.push(...look(next, desk.account([]), { [close.clientOrderId]: fate }))
      next.now += SECOND
    }
    assert.ok(only(seen, 'query-order').some(({ clientOrderId: id }) => id === close.clientOrderId))
    const again = placed(seen).filter(({ type }) => type === 'market')
    assert.equal([again.length, again[0]?.steps], [1, desk.position().steps], fate)
    assert.is.not(again[0]?.clientOrderId, close.clientOrderId)
  }
})

test('a target that an earlier bbw has left on its way goes on where it rests, and is placed anew where it does not', () => {
  for (const rests of [true, false]) {
    const desk = held()
    const [target] = desk.account().orders
    const next = resumed(desk, defaultSettings(), {}, stuck).introduce('SOLUSDT', 'ADAUSDT')
    const seen: Effect[] = []
    for (let k = 0; k < 4; k++) {
      const account = rests ? desk.account() : desk.account([])
      seen.push(...look(next, account, { [target.clientOrderId]: 'cancelled' }))
      next.now += SECOND
    }
    assert.equal(
      placed(seen).map(({ price, steps: size }) => [price, size]),
      rests ? [] : [[target.price, target.steps]],
    )
    assert.equal(only(seen, 'cancel'), [])
  }
})

test('a restart compares everything before it adds anything', () => {
  const before = held()
  const account = before.account()
  const desk = resumed(before).introduce('ADAUSDT')
  desk.feed({ type: 'price', symbol: 'SOLUSDT', time: desk.now, last: 101, mark: 101 })
  assert.equal(gates(desk.propose(gridSignal('ADAUSDT'))), ['readiness'])
  const effects = look(desk, account)
  assert.ok(only(effects, 'query-executions').length > 0)
  assert.ok(codes(effects).includes('I705'))
  assert.is(placed(desk.propose(reversionSignal('ADAUSDT', { lastAt: desk.now }))).length, 1)
})

test('an order that had never arrived before the restart, and then does, ends the comparison', () => {
  const { desk: before, order } = pending()
  const desk = resumed(before).introduce('SOLUSDT', 'ADAUSDT')
  const absent = { [order.clientOrderId]: 'absent' } as const
  const sent: OrderRequest[] = []
  for (let i = 0; i < 2; i++) {
    sent.push(...placed(look(desk, desk.account([]), absent)))
    desk.now += 7 * SECOND
  }
  sent.push(...placed(look(desk, desk.account([]), absent)))
  assert.is(sent.length, 1)
  assert.equal(gates(desk.propose(gridSignal('ADAUSDT'))), ['readiness'])
  desk.order(order.clientOrderId, 'accepted')
  assert.ok(codes(desk.live(SECOND)).includes('I705'))
  assert.equal(gates(desk.propose(gridSignal('ADAUSDT', { lastAt: desk.now }))), [])
})

test('prices from before a position, told again after a restart, are not what it has seen', () => {
  const before = held()
  before.price('SOLUSDT', 104)
  const [seen] = before.engine.portfolio.positions.values()
  const desk = resumed(before)
  desk.feed({ type: 'instrument', instrument: instrument('SOLUSDT') })
  for (let day = 4; day > 1; day--) desk.day('SOLUSDT', MIDNIGHT - day * DAY, 100 + 20 * (-1) ** day * day)
  desk.feed({ type: 'price', symbol: 'SOLUSDT', time: MIDNIGHT - DAY, last: 10, mark: 10, low: 1, high: 500 })
  const [position] = desk.engine.portfolio.positions.values()
  assert.equal([position.lowest, position.highest], [seen.lowest, seen.highest])
  desk.price('SOLUSDT', 104.5)
  assert.is([...desk.engine.portfolio.positions.values()][0].highest, 104.5)
})

test('an entry that was on its way when the process ended is taken over, or dropped once its signal is old', () => {
  const first = pending()
  const found = resumed(first.desk)
  assert.ok(codes(look(found, first.desk.account())).includes('I108'))
  assert.is(found.engine.portfolio.pending.size, 1)

  const late = resumed(first.desk)
  late.now += 2 * DAY
  const nothing = first.desk.account([])
  const effects = look(late, nothing, { [first.order.clientOrderId]: 'absent' })
  assert.ok(codes(effects).includes('I107'))
  assert.is(late.engine.portfolio.pending.size, 0)
  assert.equal(placed(effects), [])
})

test('H7: books that do not know an order of their own bbw that has filled are old: entries are halted', () => {
  const instance = '0a1f'
  const empty = new Desk(defaultSettings(), { instance }).introduce('SOLUSDT', 'ADAUSDT')
  let injected = 0
  for (const [id, isHalted] of [
    [clientOrderId(instance, 'a signal', 'entry', 1), true],
    [clientOrderId('ffff', 'a signal', 'entry', 1), false],
    ['by-hand', false],
    [null, false],
  ] as const) {
    const next = resumed(empty, defaultSettings(), { instance }).introduce('SOLUSDT', 'ADAUSDT')
    const there = {
      symbol: 'SOLUSDT',
      side: 'long',
      steps: steps(10),
      entry: 97,
      leverage: 3,
      stop: ticks(930),
    } as const
    const fill = {
      type: 'fill',
      at: 0,
      time: next.now,
      execId: 'e1',
      clientOrderId: id,
      cause: 'order',
      symbol: 'SOLUSDT',
      side: 'long',
      price: ticks(970),
      steps: steps(10),
      fee: 0,
      liquidity: 'maker',
      complete: true,
      opens: true,
    } as const
    const effects = look(next, { wallet: 1_000, positions: [there], orders: [] }, {}, [fill])
    injected++
    assert.is(codes(effects).includes('C807'), isHalted, String(id))
    assert.is(next.engine.halted, isHalted)
    assert.is(codes(effects).includes('W316'), isHalted, 'what is its own it takes back')
    assert.is(codes(effects).includes('W303'), !isHalted, 'anything else is left alone')
    assert.equal([...next.engine.portfolio.positions.keys()], isHalted ? ['SOLUSDT:long'] : [])
    // Once a person has looked, it is over for good.
    next.feed({ type: 'command', id: '', command: 'resume', by: 'test', reason: '' })
    const again = resumed(next, defaultSettings(), { instance }).introduce('SOLUSDT', 'ADAUSDT')
    look(again, { wallet: 1_000, positions: [there], orders: [] }, {}, [fill])
    assert.is(again.engine.halted, false)
  }
  assert.is(injected, 4)
})

test('a fill that was missed is booked once, with its stop and targets', () => {
  const { desk, order } = pending()
  desk.order(order.clientOrderId, 'accepted')
  const fill = {
    type: 'fill',
    at: 0,
    time: desk.now,
    execId: 'e1',
    clientOrderId: order.clientOrderId,
    cause: 'order',
    symbol: 'SOLUSDT',
    side: 'long',
    price: ticks(970),
    steps: order.steps,
    fee: 0.1,
    liquidity: 'maker',
    complete: true,
  } as const
  const next = resumed(desk).introduce('SOLUSDT')
  const there = {
    wallet: 999.9,
    positions: [
      { symbol: 'SOLUSDT', side: 'long', steps: order.steps, entry: 97, leverage: 3, stop: ticks(930) },
    ],
    orders: [],
  } as const
  const effects = look(next, there, { [order.clientOrderId]: 'filled' }, [fill])
  assert.ok(codes(effects).includes('I301'))
  assert.is(next.position().steps, order.steps)
  assert.is(placed(effects).length, 2, 'its targets are set')
  next.feed(fill)
  assert.is(next.engine.counts['fill-repeated'], 1)
  assert.is(next.engine.portfolio.wallet, 999.9)
})

test('pause and halt survive a restart, and only a person lifts them', () => {
  for (const command of ['pause', 'halt'] as const) {
    const desk = held()
    const [answer] = only(
      desk.feed({ type: 'command', id: 'c1', command, by: 'me', reason: 'test' }),
      'answer',
    )
    assert.equal([answer.id, answer.ok], ['c1', true])
    const next = resumed(desk).introduce('ADAUSDT')
    next.price('SOLUSDT', 101)
    look(next, desk.account())
    assert.equal(gates(next.propose(gridSignal('ADAUSDT'))), ['kill-switch'])
    next.feed({ type: 'command', id: 'c2', command: 'resume', by: 'me', reason: '' })
    assert.is(placed(next.propose(reversionSignal('ADAUSDT'))).length, 1)
  }
})

test('an execution that is told after its entry had ended opens the position all the same', () => {
  const { desk, order } = pending()
  desk.order(order.clientOrderId, 'accepted')
  desk.order(order.clientOrderId, 'cancelled', 'by hand')
  assert.is(desk.engine.portfolio.pending.size, 0)
  const part = { steps: steps(order.steps - 100), complete: false }
  const next = resumed(desk).introduce('SOLUSDT')
  next.fill(order, part)
  assert.is(next.position().steps, order.steps - 100)
  assert.is(next.engine.portfolio.pending.size, 0, 'what is left of it has ended')
  next.fill(order, { steps: steps(100), execId: 'rest' })
  assert.is(next.position().steps, order.steps)
  assert.is(events(next.effects, 'expired')[0].code, 'W111')
})

test('a part of an entry that is told after its last one adds to the position', () => {
  const { desk, order } = pending()
  desk.order(order.clientOrderId, 'accepted')
  desk.fill(order, { steps: steps(order.steps - 100) })
  assert.is(desk.engine.portfolio.pending.size, 0)
  const next = resumed(desk)
  const effects = next.fill(order, { steps: steps(100), complete: false, execId: 'first' })
  assert.is(next.position().steps, order.steps)
  assert.is(next.engine.portfolio.pending.size, 0)
  assert.equal([events(effects, 'expired'), codes(effects)], [[], []])
})

test('an execution of an entry whose place another one has taken by now adds to that position', () => {
  const { desk, order } = pending()
  desk.order(order.clientOrderId, 'accepted')
  desk.order(order.clientOrderId, 'cancelled', 'by hand')
  const other = desk.open(reversionSignal())
  desk.fill(order)
  assert.is(desk.position().steps, other.entry.steps + order.steps)
  assert.is(desk.position().strategy, 'mean-reversion')
})

test('an entry that comes to life takes back another one that waits on its symbol', () => {
  const { desk, order } = pending()
  desk.order(order.clientOrderId, 'accepted')
  desk.order(order.clientOrderId, 'cancelled', 'by hand')
  const [other] = placed(desk.propose(reversionSignal()))
  const effects = desk.fill(order)
  assert.equal(
    only(effects, 'cancel').map(one => one.clientOrderId),
    [other.clientOrderId],
  )
  assert.is(desk.position().clientOrderId, order.clientOrderId)
})

test('an execution of a target that is told after its end is that target’s', () => {
  const desk = held()
  const [target] = placed(desk.effects).filter(order => order.purpose === 'exit')
  desk.order(target.clientOrderId, 'cancelled', 'by hand')
  const effects = desk.fill(target, { steps: steps(5), complete: false })
  assert.equal(
    events(effects, 'reduced').map(event => [event.reason, event.code]),
    [['target', null]],
  )
})

test('prices told again after a restart that lie before a position leave its extremes alone', () => {
  const desk = held()
  const { lowest, highest } = desk.position()
  const next = resumed(desk)
  for (const [days, close] of [
    [2, 90],
    [1, 120],
  ] as const)
    next.day('SOLUSDT', MIDNIGHT - days * DAY, close)
  assert.equal([next.position().lowest, next.position().highest], [lowest, highest])
  next.now += SECOND
  next.price('SOLUSDT', 108)
  assert.is(next.position().highest, 108)
})

// --- stops ------------------------------------------------------------------------------------------------------

test('a missing stop is set again, and a position that cannot be protected is closed', () => {
  const desk = held()
  const naked = {
    ...desk.account(),
    positions: desk.account().positions.map(one => ({ ...one, stop: null })),
  }
  desk.now += 58 * SECOND
  desk.price('SOLUSDT', 101)
  const [request] = only(look(desk, naked), 'set-stop')
  assert.is(request.stop, 950)
  const told = desk.feed({ type: 'stop', requestId: request.requestId, ok: true, reason: '' })
  assert.equal(codes(told), ['W207'])

  const crossed = held()
  crossed.now += 58 * SECOND
  crossed.price('SOLUSDT', 101)
  const [asked] = only(look(crossed, naked), 'set-stop')
  const closing = crossed.feed({
    type: 'stop',
    requestId: asked.requestId,
    ok: false,
    reason: 'beyond the price',
    why: 'crossed',
  })
  assert.equal(codes(closing), ['C202'])
  const [close] = placed(closing)
  assert.equal([close.type, close.purpose, close.steps], ['market', 'exit', crossed.position().steps])
})

test('what a stop leaves over is closed until nothing is left', () => {
  const desk = held()
  const { steps: size } = desk.position()
  const effects = desk.stopOut(desk.position(), { steps: steps(size - 100), complete: false })
  assert.ok(codes(effects).includes('C210'))
  const [close] = placed(effects)
  assert.is(close.steps, 100)
  desk.order(close.clientOrderId, 'accepted')
  desk.fill(close, { steps: steps(40), complete: false, price: ticks(940) })
  desk.order(close.clientOrderId, 'cancelled', 'the rest found no buyer')
  const next = desk.live(2 * SECOND)
  assert.equal(
    placed(next).map(order => order.steps),
    [60],
  )
  assert.is.not(placed(next)[0].clientOrderId, close.clientOrderId)
})

// --- books and exchange -----------------------------------------------------------------------------------------

test('a fill that is told again after a quiet week and a restart is still known', () => {
  const { desk, order } = pending()
  desk.order(order.clientOrderId, 'accepted')
  const effects = desk.fill(order, { execId: 'e1', opens: true })
  for (const target of placed(effects)) desk.order(target.clientOrderId, 'accepted')
  const before = desk.position()
  desk.live(7 * DAY)
  const account = desk.account()
  const next = resumed(desk).introduce('SOLUSDT')
  const again = {
    type: 'fill',
    at: 0,
    time: MIDNIGHT,
    execId: 'e1',
    clientOrderId: order.clientOrderId,
    cause: 'order',
    symbol: 'SOLUSDT',
    side: 'long',
    price: ticks(970),
    steps: order.steps,
    fee: 0.01,
    liquidity: 'maker',
    complete: true,
    opens: true,
  } as const
  const seen = look(next, account, {}, [again])
  assert.equal(codes(seen), ['I705'])
  assert.is(next.position().steps, before.steps)
})

test('a difference that nothing explains blocks entries at once and halts them after 35 s', () => {
  const desk = held()
  const wrong = smallerOf(desk)
  desk.now += 58 * SECOND
  desk.price('SOLUSDT', 101)
  look(desk, wrong)
  // The executions are asked for before anything is concluded; they explain nothing.
  const told = look(desk, wrong)
  assert.equal(codes(told), ['W309'])
  assert.equal(gates(desk.propose(gridSignal('ADAUSDT'))), ['readiness'])
  const halted: Effect[] = []
  for (let i = 0; i < 7; i++) {
    desk.now += 5 * SECOND
    halted.push(...look(desk, wrong))
  }
  assert.equal(codes(halted), ['C310'])
  assert.is(desk.engine.halted, true)
})

test('a position that is gone without a trace is booked as closed outside at the mark, and entries go on', () => {
  const desk = held()
  desk.now += 58 * SECOND
  desk.price('SOLUSDT', 101)
  const before = desk.engine.portfolio.wallet
  const empty = { ...desk.account(), positions: [] }
  look(desk, empty)
  assert.equal(codes(look(desk, empty)), ['W309'])
  const seen: Effect[] = []
  for (let i = 0; i < 4; i++) {
    desk.now += 5 * SECOND
    seen.push(...look(desk, empty))
  }
  const [trade] = only(seen, 'trade')
  assert.is(trade?.trade.exitReason, 'closed-outside')
  assert.is(trade?.trade.exits.at(-1)?.price, 101)
  assert.equal(codes(seen), ['W318', 'I304'])
  assert.match(events(seen, 'reconciled')[0]?.reason ?? '', /the mark of 101\.0, its fee is not known/)
  assert.ok(desk.engine.portfolio.wallet > before)
  assert.is(desk.engine.portfolio.positions.size, 0)
  const after = look(desk, { ...empty, orders: [], wallet: 990 })
  assert.equal(codes(after), ['W309'])
  assert.is(desk.engine.portfolio.wallet, 990)
  desk.now += 60 * SECOND
  assert.equal(codes(look(desk, { ...empty, orders: [], wallet: 990 })), [])
  assert.is(desk.engine.halted, false)
  assert.is(placed(desk.propose(reversionSignal('ADAUSDT', { lastAt: desk.now }))).length, 1)
})

test('a close of what the account has no more ends flat, however often the exchange refuses to reduce it', () => {
  const desk = held()
  desk.now += 58 * SECOND
  desk.price('SOLUSDT', 101)
  const empty = { ...desk.account(), positions: [] }
  desk.feed({
    type: 'closure',
    id: 'c',
    kind: 'close',
    symbol: 'SOLUSDT',
    side: null,
    by: 'me',
    reason: 'out',
    halts: false,
    isForeignToo: false,
  })
  const seen: Effect[] = []
  for (let i = 0; i < 12; i++) {
    for (const { clientOrderId, leg } of desk.engine.save().orders)
      if (leg === 'close') {
        const reason = 'current position is zero'
        desk.feed({ type: 'order', clientOrderId, status: 'rejected', reason, why: 'flat' })
      }
    desk.now += 3 * SECOND
    seen.push(...look(desk, desk.engine.portfolio.positions.size > 0 ? empty : { ...empty, orders: [] }))
  }
  assert.equal(
    only(seen, 'answer').map(({ ok, reason }) => [ok, reason]),
    [[true, 'flat: SOLUSDT long']],
  )
  assert.equal(
    codes(seen).filter(code => code?.startsWith('C')),
    [],
  )
})

test('a difference that goes away is said, and entries go on', () => {
  const desk = held()
  const right = desk.account()
  desk.now += 58 * SECOND
  desk.price('SOLUSDT', 101)
  look(desk, { ...right, positions: [] })
  look(desk, { ...right, positions: [] })
  desk.now += 5 * SECOND
  assert.is(events(look(desk, right), 'reconciled').length, 1)
  assert.is(placed(desk.propose(reversionSignal('ADAUSDT', { lastAt: desk.now }))).length, 1)
})

test('a wallet that nothing explains is taken over from the exchange', () => {
  const desk = held()
  const richer = { ...desk.account(), wallet: 2_000 }
  desk.now += 58 * SECOND
  desk.price('SOLUSDT', 101)
  look(desk, richer)
  assert.equal(codes(look(desk, richer)), ['W309'])
  assert.is(desk.engine.portfolio.wallet, 2_000)
  assert.is(desk.engine.halted, false)
})

test('a position opened by somebody else is left alone, and its symbol is blocked while it is there', () => {
  const desk = held()
  const account = desk.account()
  const foreign = {
    symbol: 'ADAUSDT',
    side: 'short',
    steps: steps(5),
    entry: 1,
    leverage: 3,
    stop: null,
  } as const
  desk.now += 58 * SECOND
  desk.price('SOLUSDT', 101)
  const strange = { ...account, positions: [...account.positions, foreign] }
  assert.equal(codes(look(desk, strange)), [], 'it may be a fill that is still to be told')
  const effects = look(desk, strange)
  assert.equal(codes(effects), ['W303'])
  assert.equal(only(effects, 'set-stop'), [])
  assert.equal(gates(desk.propose(gridSignal('ADAUSDT'))), ['readiness'])
  desk.now += 60 * SECOND
  desk.price('SOLUSDT', 101.5)
  look(desk, account)
  assert.is(placed(desk.propose(reversionSignal('ADAUSDT', { lastAt: desk.now }))).length, 1)
})

test('orders of another bbw stop entries, and halt them at the second sight', () => {
  const desk = held()
  const account = desk.account()
  const rival = { clientOrderId: 'bbw-ffff-1', symbol: 'XUSDT', side: 'long', purpose: 'entry' } as const
  const busy = { ...account, orders: [...account.orders, { ...rival, price: null, steps: steps(1) }] }
  desk.now += 58 * SECOND
  desk.price('SOLUSDT', 101)
  assert.equal(codes(look(desk, busy)), ['C305'])
  assert.equal(gates(desk.propose(gridSignal('ADAUSDT'))), ['readiness'])
  desk.now += 5 * SECOND
  look(desk, busy)
  assert.is(desk.engine.halted, true)
})

test('an order of bbw that nothing needs is cancelled', () => {
  const desk = held()
  const account = desk.account()
  const orphan = { clientOrderId: 'bbw-0000-9', symbol: 'SOLUSDT', side: 'long', purpose: 'exit' } as const
  desk.now += 58 * SECOND
  desk.price('SOLUSDT', 101)
  const effects = look(desk, {
    ...account,
    orders: [...account.orders, { ...orphan, price: ticks(1_200), steps: steps(1) }],
  })
  assert.equal(codes(effects), ['I211'])
  assert.equal(
    only(effects, 'cancel').map(one => one.clientOrderId),
    ['bbw-0000-9'],
  )
})

test('a part closed by somebody else makes the position smaller and its targets anew', () => {
  const desk = held()
  const { steps: size } = desk.position()
  const effects = desk.feed({
    type: 'fill',
    time: desk.now,
    execId: 'hand-1',
    clientOrderId: null,
    cause: 'order',
    opens: false,
    symbol: 'SOLUSDT',
    side: 'long',
    price: ticks(1_010),
    steps: steps(100),
    fee: 0.1,
    liquidity: 'taker',
    complete: true,
  })
  assert.equal(codes(effects), ['I304'])
  assert.is(desk.position().steps, size - 100)
  assert.equal(
    only(effects, 'amend').map(one => one.steps),
    [size - 100],
  )
})

test('while the state cannot be saved nothing is added, and what reduces goes on', () => {
  const desk = held()
  assert.equal(codes(desk.feed({ type: 'store', ok: false, reason: 'disk full', code: 'C805' })), ['C805'])
  assert.equal(gates(desk.propose(gridSignal('ADAUSDT'))), ['readiness'])
  desk.feed({ type: 'store', ok: true, reason: '', code: null })
  assert.is(placed(desk.propose(reversionSignal('ADAUSDT', { lastAt: desk.now }))).length, 1)
})

test('an account that cannot be read keeps what is known and adds nothing', () => {
  const desk = held()
  desk.now += 58 * SECOND
  desk.price('SOLUSDT', 101)
  const [{ queryId }] = only(desk.feed({ type: 'time' }), 'query-account')
  const effects = desk.feed({ type: 'query-failed', queryId, reason: 'HTTP 502' })
  assert.ok(codes(effects).includes('W308'))
  assert.is(desk.engine.portfolio.positions.size, 1)
  assert.equal(gates(desk.propose(gridSignal('ADAUSDT'))), ['readiness'])
})

// --- positions that the books have lost

const INSTANCE = '0a1f'

/** A start on empty books of this instance, at an account. */
function lost(settings = defaultSettings()): Desk {
  const empty = new Desk(settings, { instance: INSTANCE })
  return resumed(empty, settings, { instance: INSTANCE }).introduce('SOLUSDT', 'ADAUSDT')
}

const there = (symbol: string, over: Partial<Account['positions'][number]> = {}) =>
  ({
    symbol,
    side: 'long',
    steps: steps(1_000),
    entry: 102,
    leverage: 10,
    stop: ticks(970),
    ...over,
  }) as const

const executed = (symbol: string, id: string | null, opens: boolean, nth = 0) =>
  ({
    type: 'fill',
    at: 0,
    time: MIDNIGHT - 3 * DAY + nth,
    execId: `${symbol}-${nth}`,
    clientOrderId: id,
    cause: id === null ? 'stop' : 'order',
    symbol,
    side: 'long',
    opens,
    price: ticks(1_000),
    steps: steps(1_000),
    fee: 0,
    liquidity: 'taker',
    complete: true,
  }) as const

const entryOf = (symbol: string, instance = INSTANCE): string => clientOrderId(instance, symbol, 'entry', 1)

const targetOf = (symbol: string, price: number, nth: number) =>
  ({
    clientOrderId: clientOrderId(INSTANCE, symbol, nth === 0 ? 'target-1' : 'target-2', 1),
    symbol,
    side: 'long',
    purpose: 'exit',
    price: ticks(price),
    steps: steps(500),
  }) as const

test('H7: at a start with nothing booked the executions of a week are asked for', () => {
  const [asked] = only(lost().feed({ type: 'time' }), 'query-executions')
  assert.is(asked.since, MIDNIGHT - 7 * DAY)
})

test('H7: a position that is lost keeps its stop and its targets, and is managed again', () => {
  const desk = lost()
  const targets = [targetOf('SOLUSDT', 1_200, 1), targetOf('SOLUSDT', 1_100, 0)]
  const account = { wallet: 1_000, positions: [there('SOLUSDT')], orders: targets }
  const effects = look(desk, account, {}, [executed('SOLUSDT', entryOf('SOLUSDT'), true)])
  assert.ok(codes(effects).includes('W316'))
  const { strategy, stop, target, steps: size } = desk.position()
  assert.equal([strategy, stop, target, size], ['manual', 970, null, 1_000])
  assert.equal([only(effects, 'cancel'), placed(effects), only(effects, 'set-stop')], [[], [], []])
  // The target that fills is of its books.
  desk.feed({ ...executed('SOLUSDT', targets[1].clientOrderId, false, 1), time: desk.now, steps: steps(500) })
  assert.is(desk.position().steps, 500)
  assert.is(desk.position().exits[0]?.reason, 'partial-target-1')
})

test('H7: a target of this bbw that rests tells whose a position is, where no execution does any more', () => {
  const desk = lost()
  const account = { wallet: 1_000, positions: [there('SOLUSDT')], orders: [targetOf('SOLUSDT', 1_100, 0)] }
  const effects = look(desk, account)
  assert.ok(codes(effects).includes('W316'))
  assert.is(desk.position().target, 1_100)
  assert.equal([only(effects, 'cancel'), placed(effects)], [[], []], 'it stays')
})

test('H7: one without a stop gets one half-way to its liquidation at once', () => {
  const desk = lost()
  const account = { wallet: 1_000, positions: [there('SOLUSDT', { stop: null })], orders: [] }
  const effects = look(desk, account, {}, [executed('SOLUSDT', entryOf('SOLUSDT'), true)])
  const [{ stop }] = only(effects, 'set-stop')
  assert.ok(stop > 965 && stop < 980, `${stop}`)
})

test('H7: what was closed before the start is not told of, and what another bbw has opened is left alone', () => {
  const desk = lost()
  const account = { wallet: 1_000, positions: [there('ADAUSDT')], orders: [] }
  const effects = look(desk, account, {}, [
    executed('SOLUSDT', entryOf('SOLUSDT'), true, 0),
    executed('SOLUSDT', null, false, 1),
    executed('XRPUSDT', 'by-hand', true, 2),
    executed('XRPUSDT', 'by-hand', false, 3),
    executed('ADAUSDT', entryOf('ADAUSDT', 'ffff'), true, 4),
  ])
  const told = effects.flatMap(effect =>
    effect.type === 'event' && ['W303', 'W316'].includes(effect.event.code ?? '')
      ? [[effect.event.code, effect.event.symbol]]
      : [],
  )
  assert.equal(told, [['W303', 'ADAUSDT']])
  assert.is(desk.engine.portfolio.positions.size, 0)
})

test('H7: that a position is its own is known over another end, before it could be taken back', () => {
  const desk = resumed(new Desk(), defaultSettings(), { instance: INSTANCE })
  const account = { wallet: 1_000, positions: [there('SOLUSDT')], orders: [] }
  const first = look(desk, account, {}, [executed('SOLUSDT', entryOf('SOLUSDT'), true)])
  assert.equal([codes(first).includes('W316'), desk.engine.portfolio.positions.size], [false, 0])
  const next = resumed(desk, defaultSettings(), { instance: INSTANCE }).introduce('SOLUSDT')
  assert.ok(codes(look(next, account)).includes('W316'))
  assert.is(next.position().stop, 970)
  assert.equal(next.engine.books().ledger.foreign, [])
})

test('H7: whoever wants everything closed has what was lost closed as well', () => {
  const desk = lost()
  const all = { symbol: null, side: null, isForeignToo: false, halts: true } as const
  desk.feed({ type: 'closure', id: 'c', kind: 'close', ...all, by: 'me', reason: 'enough' })
  const account = { wallet: 1_000, positions: [there('SOLUSDT')], orders: [] }
  const effects = look(desk, account, {}, [executed('SOLUSDT', entryOf('SOLUSDT'), true)])
  assert.equal(
    placed(effects).map(({ purpose, type, steps: size }) => [purpose, type, size]),
    [['exit', 'market', 1_000]],
  )
})

test('H7: a signal whose entry had filled and closed in what is lost is spent, and its slot is free', () => {
  const before = new Desk(defaultSettings(), { instance: INSTANCE }).introduce('SOLUSDT', 'ADAUSDT')
  before.live(0)
  const [sent] = placed(before.propose(gridSignal()))
  const flat = { wallet: 1_000, positions: [], orders: [] }
  /** The same signal once more, after what had come of it was lost; the exchange knows its id. */
  const again = (): Desk => {
    const desk = lost()
    const told = [executed('SOLUSDT', sent.clientOrderId, true, 0), executed('SOLUSDT', null, false, 1)]
    for (let k = 0; k < 3; k++) look(desk, flat, {}, told)
    desk.feed({ type: 'command', id: '', command: 'resume', by: 'test', reason: '' })
    desk.price('SOLUSDT', 100)
    assert.equal(placed(desk.propose(gridSignal())), [sent])
    const refused = { reason: 'used before', why: 'duplicate-id', status: 'rejected' } as const
    desk.feed({ type: 'order', clientOrderId: sent.clientOrderId, ...refused })
    return desk
  }
  const through = (desk: Desk, account: Account): readonly Effect[] => {
    const seen: Effect[] = []
    for (let k = 0; k < 65; k++) {
      seen.push(...look(desk, account, { [sent.clientOrderId]: 'filled' }))
      desk.now += SECOND
    }
    return seen
  }
  const desk = again()
  const seen = through(desk, flat)
  assert.equal(codes(seen), ['W317'])
  assert.is(desk.engine.portfolio.pending.size, 0)
  assert.equal(placed(seen), [])
  desk.price('SOLUSDT', 100)
  assert.equal(
    gates(desk.propose(reversionSignal('SOLUSDT', { lastAt: desk.now }))),
    [],
    'its symbol is free',
  )
  // What the account shows is on its way to the books: it is waited for.
  const filled = again()
  assert.not(codes(through(filled, { ...flat, positions: [there('SOLUSDT')] })).includes('W317'))
  // Over another end, too: nothing is taken for compared before.
  const stopped = again()
  look(stopped, flat, { [sent.clientOrderId]: 'filled' })
  const next = resumed(stopped, defaultSettings(), { instance: INSTANCE }).introduce('SOLUSDT', 'ADAUSDT')
  const told = codes(through(next, flat))
  assert.ok(told.includes('W317') && told.includes('I705'), told.join())
})

test.run()
