import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { batchOf, StoreFolder } from './core/adapters/sqlite/store.fixture.ts'
import { ExchangeError } from './core/base/errors.ts'
import { HOUR, MINUTE, SECOND, type Steps } from './core/base/units.ts'
import { ticks } from './core/decision/view.fixture.ts'
import { gridSignal, reversionSignal } from './core/engine/desk.fixture.ts'
import type { BrokerPort } from './core/engine/ports.ts'
import type { Input, OrderRequest } from './core/engine/protocol.ts'
import { A_WHILE, FaultRig, OTHER, type RigOptions, SYMBOL } from './faults-rig.fixture.ts'

const test = suite('faults of orders')
const folder = new StoreFolder()
test.after(() => folder.remove())

const open = (options: RigOptions = {}): Promise<FaultRig> => FaultRig.open(folder.fresh(), options)

const atMarket = (symbol: string = SYMBOL): ReturnType<typeof gridSignal> =>
  gridSignal(symbol, { order: { type: 'market' } })

const isAccepted = (input: Input): boolean => input.type === 'order' && input.status === 'accepted'

const isEntry = ([what]: readonly unknown[]): boolean => (what as OrderRequest).purpose === 'entry'

/** What has to hold once a fault is over: one position of one order, under its stop, books and account the same. */
function wrong(rig: FaultRig): readonly string[] {
  const found = [...rig.differences()]
  const accepted = rig.entriesAccepted()
  if (accepted !== 1) found.push(`${accepted} orders were accepted`)
  const [position] = rig.account().positions
  if (position === undefined) found.push('no position')
  else if (position.stop === null) found.push('no stop')
  if (rig.nakedMs > 0) found.push(`without a stop for ${rig.nakedMs} ms`)
  return found
}

/** Planted: what is unknown is taken for refused. */
function takesSilenceForRefusal(broker: BrokerPort): BrokerPort {
  return {
    ...broker,
    place: order =>
      broker.place(order).catch(() => {
        throw new ExchangeError('no reply', { retryable: true, ambiguous: false })
      }),
  }
}

/** Planted: what is unknown is sent again at once, as another order. */
function sendsAgainBlindly(broker: BrokerPort): BrokerPort {
  return {
    ...broker,
    place: order =>
      broker.place(order).catch(() => broker.place({ ...order, clientOrderId: `${order.clientOrderId}x` })),
  }
}

async function replyLost(options: RigOptions = {}): Promise<FaultRig> {
  const rig = await open(options)
  rig.exchange.inject({ kind: 'lose-reply', operation: 'place', times: 1 })
  rig.exchange.inject({ kind: 'lose-input', when: isAccepted, times: 1 })
  await rig.propose(atMarket())
  return rig
}

test('A1: a reply lost after the order was accepted is looked up and taken over', async () => {
  const rig = await replyLost()
  assert.equal(rig.exchange.fired, { 'lose-reply': 1, 'lose-input': 1 })
  assert.ok(rig.has('E101'))
  await rig.run(2 * MINUTE)
  assert.equal(wrong(rig), [])
  rig.close()
})

/** What a mistake is found out by: the order's own symbol is free while it rests, or there are two orders. */
const isFreed = (rig: FaultRig): boolean => rig.engine.portfolio.pending.size === 0

test('A1: a driver that takes silence for a refusal, or sends again blindly, is found out', async () => {
  const refusing = await replyLost({ mistake: takesSilenceForRefusal })
  assert.ok(isFreed(refusing) && refusing.account().orders.length === 1)
  const right = await replyLost()
  assert.not.ok(isFreed(right))
  const blind = await replyLost({ mistake: sendsAgainBlindly })
  await blind.run(2 * MINUTE)
  assert.ok(wrong(blind).length > 0)
  for (const rig of [refusing, right, blind]) rig.close()
})

test('incident 26: an order lost on a time-out becomes one position', async () => {
  const rig = await replyLost()
  assert.is(rig.exchange.fired['lose-reply'], 1)
  await rig.run(2 * MINUTE)
  assert.is(rig.account().positions.length, 1)
  assert.is(rig.engine.portfolio.positions.size, 1)
  assert.equal(wrong(rig), [])
  rig.close()
})

test('A2: a request that never arrived is sent again under the same id, once its window has passed', async () => {
  const rig = await open()
  rig.exchange.inject({ kind: 'lose-request', operation: 'place', times: 1 })
  await rig.propose(atMarket())
  await rig.run(6 * SECOND)
  assert.is(rig.requests('place', 'entry'), 1, 'within the window it may still land')
  await rig.propose(reversionSignal())
  assert.is(rig.counter('refused:readiness'), 1, 'no other entry on the symbol meanwhile')
  await rig.run(2 * MINUTE)
  assert.is(rig.exchange.fired['lose-request'], 1)
  assert.is(rig.count('E102'), 1)
  const ids = rig.sent.flatMap(({ operation, args: [order] }) =>
    operation === 'place' && isEntry([order]) ? [(order as OrderRequest).clientOrderId] : [],
  )
  assert.is(ids.length, 2)
  assert.is(new Set(ids).size, 1)
  assert.equal(wrong(rig), [])
  rig.close()
})

test('A2: a request that never arrives at all is given up after two more tries', async () => {
  const rig = await open()
  rig.exchange.inject({ kind: 'lose-request', operation: 'place', when: ({ args }) => isEntry(args) })
  await rig.propose(reversionSignal())
  await rig.run(2 * MINUTE)
  assert.is(rig.exchange.fired['lose-request'], 3)
  assert.is(rig.count('E102'), 3)
  assert.equal([rig.entriesAccepted(), rig.engine.portfolio.pending.size], [0, 0])
  assert.equal(rig.differences(), [])
  rig.exchange.heal()
  await rig.propose(atMarket())
  assert.is(rig.entriesAccepted(), 1, 'the symbol is free again')
  rig.close()
})

async function lateArrival(options: RigOptions = {}): Promise<FaultRig> {
  const rig = await open(options)
  rig.exchange.inject({ kind: 'hold-request', operation: 'place', forMs: 4_900, times: 1 })
  await rig.propose(atMarket())
  return rig
}

test('A3: a request that lands late is waited for, and is the only one', async () => {
  const rig = await lateArrival()
  await rig.run(4 * SECOND)
  assert.equal([rig.entriesAccepted(), rig.requests('place', 'entry')], [0, 1])
  await rig.run(2 * MINUTE)
  assert.is(rig.exchange.fired['hold-request'], 1)
  assert.ok(rig.has('W103'))
  assert.is(rig.requests('place', 'entry'), 1)
  assert.equal(wrong(rig), [])
  rig.close()
})

test('A3: a driver that judges before the window ends is found out', async () => {
  const refusing = await lateArrival({ mistake: takesSilenceForRefusal })
  assert.ok(isFreed(refusing))
  const right = await lateArrival()
  assert.not.ok(isFreed(right))
  const blind = await lateArrival({ mistake: sendsAgainBlindly })
  await blind.run(2 * MINUTE)
  assert.ok(wrong(blind).length > 0)
  for (const rig of [refusing, right, blind]) rig.close()
})

test('A4: an id that the exchange has already is looked up and taken over', async () => {
  const rig = await open()
  rig.exchange.inject({ kind: 'double-request', operation: 'place', times: 1 })
  rig.exchange.inject({ kind: 'lose-input', when: isAccepted, times: 1 })
  await rig.propose(atMarket())
  assert.equal(rig.exchange.fired, { 'double-request': 1, 'lose-input': 1 })
  assert.ok(rig.has('I104'))
  await rig.run(2 * MINUTE)
  assert.equal(wrong(rig), [])
  rig.close()
})

test('A5: an error that says nothing is no verdict, whether the order was taken or not', async () => {
  for (const isCarriedOut of [true, false]) {
    const rig = await open()
    rig.exchange.inject({ kind: 'no-clear-answer', operation: 'place', isCarriedOut, times: 1 })
    rig.exchange.inject({ kind: 'lose-input', when: isAccepted, times: isCarriedOut ? 1 : 0 })
    await rig.propose(atMarket())
    assert.is(rig.exchange.fired['no-clear-answer'], 1)
    assert.ok(rig.has('E105'))
    await rig.run(2 * MINUTE)
    assert.is(rig.has('E102'), !isCarriedOut)
    assert.equal(wrong(rig), [])
    rig.close()
  }
})

test('A6: a reply that cannot be read is no verdict, whether the order was taken or not', async () => {
  for (const isCarriedOut of [true, false]) {
    const rig = await open()
    rig.exchange.inject({ kind: 'unreadable', operation: 'place', isCarriedOut, times: 1 })
    rig.exchange.inject({ kind: 'lose-input', when: isAccepted, times: isCarriedOut ? 1 : 0 })
    await rig.propose(atMarket())
    assert.is(rig.exchange.fired.unreadable, 1)
    assert.ok(rig.has('E106'))
    await rig.run(2 * MINUTE)
    assert.equal(wrong(rig), [])
    rig.close()
  }
})

test('A7: an entry written down and never sent is dropped when its signal is old, and sent when it is not', async () => {
  for (const away of [25 * HOUR, SECOND]) {
    const rig = await open({ minutes: 26 * 60 })
    rig.killAt({ at: 'place', phase: 'before', when: isEntry })
    await rig.propose(atMarket())
    assert.is(rig.fired.kill, 1)
    assert.is(rig.entriesAccepted(), 0)
    await rig.dark(away)
    await rig.restart()
    await rig.run(2 * MINUTE)
    if (away > HOUR) {
      assert.ok(rig.has('I107'))
      assert.equal([rig.entriesAccepted(), rig.engine.portfolio.pending.size], [0, 0])
      assert.equal(rig.differences(), [])
    } else {
      assert.ok(rig.has('E102'))
      assert.equal(wrong(rig), [])
    }
    assert.ok(rig.has('I705'))
    rig.close()
  }
})

test('A8: an order that was taken while bbw ended is recovered with its stop', async () => {
  for (const away of [SECOND, 5 * MINUTE]) {
    const rig = await open()
    rig.killAt({ at: 'place', phase: 'after', when: isEntry })
    await rig.propose(atMarket())
    await rig.dark(away)
    assert.equal([rig.fired.kill, rig.entriesAccepted(), rig.engine.portfolio.positions.size], [1, 1, 0])
    await rig.restart()
    assert.ok(rig.has('I108'), `away for ${away}`)
    await rig.run(2 * MINUTE)
    assert.is(rig.requests('place', 'entry'), 1)
    assert.equal(wrong(rig), [])
    rig.close()
  }
})

test('A9: a state that cannot be written keeps entries out, and nothing is lost once it can', async () => {
  for (const [trouble, code] of [
    ['busy', 'W803'],
    ['full', 'C805'],
    ['other', 'E109'],
  ] as const) {
    const rig = await open()
    await rig.propose(atMarket())
    rig.failStore(trouble, 6)
    await rig.run(MINUTE)
    assert.ok(rig.fired.store > 0)
    assert.ok(rig.has(code), code)
    assert.is(rig.account().positions.length, 1)
    if (rig.counter('filled') === 1 && rig.fired.store < 6) {
      await rig.propose(gridSignal(OTHER))
      assert.is(rig.entriesAccepted(OTHER), 0)
    }
    await rig.run(5 * MINUTE)
    assert.is(rig.fired.store, 6)
    assert.equal(wrong(rig), [])
    await rig.restart()
    await rig.run(A_WHILE)
    assert.not.ok(rig.has('I301'), 'everything was saved')
    assert.equal(wrong(rig), [])
    rig.close()
  }
})

test('A9: an entry whose row cannot be written is never sent', async () => {
  const rig = await open()
  rig.failStore('full', 1)
  await rig.propose(atMarket())
  assert.is(rig.fired.store, 1)
  assert.ok(rig.has('E109'))
  assert.is(rig.requests('place'), 0)
  assert.equal(rig.differences(), [])
  rig.close()
})

test('A10: an order that is rejected after it was accepted frees its slot', async () => {
  const rig = await open()
  await rig.act({ kind: 'reject-later', symbol: SYMBOL })
  await rig.propose(gridSignal())
  assert.is(rig.engine.portfolio.pending.size, 1)
  await rig.run(2 * MINUTE)
  assert.is(rig.fired.act, 1)
  assert.ok(rig.has('W110'))
  assert.equal(rig.engine.portfolio.pending.size, 0)
  assert.equal(rig.differences(), [])
  await rig.propose(reversionSignal())
  assert.is(rig.engine.portfolio.pending.size, 1)
  rig.close()
})

test('A11: a market order that fills in part is a position of that size under its stop', async () => {
  const rig = await open()
  await rig.act({ kind: 'thin', symbol: SYMBOL, steps: 400 as Steps })
  await rig.propose(atMarket())
  await rig.run(2 * MINUTE)
  assert.is(rig.fired.act, 1)
  assert.ok(rig.has('W111'))
  assert.is(rig.position()?.steps, 400)
  const targets = rig.account().orders.reduce((sum, order) => sum + order.steps, 0)
  assert.ok(targets > 0 && targets <= 400, 'the targets do not sell more than there is')
  assert.equal(wrong(rig), [])
  rig.close()
})

test('A12: of two strategies that want one symbol at the same moment one gets it', async () => {
  const rig = await open()
  await rig.propose(atMarket(), reversionSignal(SYMBOL, { order: { type: 'market' }, stop: ticks(960) }))
  assert.is(rig.counter('refused:one-position'), 1)
  assert.is(rig.count('I112'), 1)
  await rig.run(2 * MINUTE)
  assert.equal(wrong(rig), [])
  rig.close()
})

/** Writes an intent as another process that holds the state would have. */
function writtenBefore(rig: FaultRig, key: string, order: OrderRequest): readonly string[] {
  const intents = [{ key, order: { ...order, clientOrderId: key }, signalId: 'another' }]
  return rig.store.commit(batchOf({ at: rig.now, intents, isAhead: true }))
}

/** The order that a signal becomes. */
async function orderOf(signal: ReturnType<typeof gridSignal>): Promise<OrderRequest> {
  const rig = await open()
  await rig.propose(signal)
  rig.close()
  const placed = rig.sent.find(({ operation }) => operation === 'place')
  return placed?.args[0] as OrderRequest
}

test('A12: a symbol that is reserved in the state stays reserved, whatever the books know', async () => {
  const order = await orderOf(atMarket())
  const rig = await open()
  assert.equal(writtenBefore(rig, 'bbw-0000-another', order), [])
  await rig.propose(atMarket())
  assert.ok(rig.has('I113'))
  assert.is(rig.requests('place'), 0)
  assert.equal(rig.differences(), [])
  rig.close()
})

test('A13: a signal that was acted on is ignored when it comes again, also after a restart', async () => {
  const rig = await open()
  await rig.propose(atMarket())
  await rig.propose(atMarket())
  assert.is(rig.count('I113'), 1)
  await rig.restart()
  await rig.run(A_WHILE)
  await rig.propose(atMarket())
  assert.is(rig.count('I113'), 2)
  await rig.run(2 * MINUTE)
  assert.equal(wrong(rig), [])
  rig.close()
})

test('A13: an order whose row is in the state already is not sent', async () => {
  const order = await orderOf(atMarket())
  const rig = await open()
  assert.equal(writtenBefore(rig, order.clientOrderId, order), [])
  await rig.propose(atMarket())
  assert.ok(rig.has('I113'))
  assert.is(rig.requests('place'), 0)
  assert.equal(rig.differences(), [])
  rig.close()
})

test('incident 25: two triggers at once become one order', async () => {
  const rig = await open()
  const signal = atMarket()
  await rig.propose(signal, signal, reversionSignal(SYMBOL, { order: { type: 'market' }, stop: ticks(960) }))
  await Promise.all([rig.propose(signal), rig.propose(signal)])
  await rig.run(2 * MINUTE)
  assert.is(rig.requests('place', 'entry'), 1)
  assert.is(rig.count('I113') + rig.count('I112'), 4)
  assert.equal(wrong(rig), [])
  rig.close()
})

test.run()
