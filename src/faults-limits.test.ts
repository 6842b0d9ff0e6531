import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { StoreFolder } from './core/adapters/sqlite/store.fixture.ts'
import { ExchangeError } from './core/base/errors.ts'
import { HOUR, MINUTE, SECOND, type Steps } from './core/base/units.ts'
import { gridSignal, instrument, reversionSignal } from './core/engine/desk.fixture.ts'
import type { BrokerPort } from './core/engine/ports.ts'
import type { OrderRequest } from './core/engine/protocol.ts'
import { FaultRig, OTHER, type RigOptions, START, SYMBOL } from './faults-rig.fixture.ts'

const test = suite('faults of limits and of the exchange')
const folder = new StoreFolder()
test.after(() => folder.remove())

const open = (options: RigOptions = {}): Promise<FaultRig> => FaultRig.open(folder.fresh(), options)

const atMarket = (symbol: string = SYMBOL, over: Parameters<typeof gridSignal>[1] = {}) =>
  gridSignal(symbol, { order: { type: 'market' }, ...over })

const isPurpose =
  (purpose: OrderRequest['purpose']) =>
  ({ args }: { readonly args: readonly unknown[] }): boolean =>
    (args[0] as OrderRequest).purpose === purpose

/** Planted: whatever refuses an order is taken for a refusal of no kind. */
function forgetsWhy(broker: BrokerPort): BrokerPort {
  const plain = (error: unknown): never => {
    throw new ExchangeError(String(error), { retryable: false, ambiguous: false })
  }
  return {
    ...broker,
    place: order => broker.place(order).catch(plain),
    account: () => broker.account().catch(plain),
    executions: since => broker.executions(since).catch(plain),
    setStop: (id, symbol, side, stop) => broker.setStop(id, symbol, side, stop).catch(plain),
  }
}

/** One entry is refused for a reason; then the same and another symbol are tried. */
async function refusedFor(
  why: string,
  options: RigOptions = {},
): Promise<{ readonly rig: FaultRig; readonly again: number; readonly other: number }> {
  const rig = await open(options)
  const when = isPurpose('entry')
  rig.exchange.inject({ kind: 'refuse', why, operation: 'place', when, times: 1 })
  await rig.propose(atMarket())
  assert.is(rig.exchange.fired.refuse, 1)
  const sent = rig.requests('place', 'entry')
  await rig.propose(reversionSignal())
  const again = rig.requests('place', 'entry') - sent
  await rig.propose(atMarket(OTHER))
  const other = rig.requests('place', 'entry') - sent - again
  return { rig, again, other }
}

test('D9: an entry over the number of orders is denied, and the next is not sent before its time', async () => {
  const { rig, again, other } = await refusedFor('too-many')
  assert.equal([again, other], [0, 0])
  assert.is(rig.count('W409'), 1)
  assert.is(rig.counter('refused:readiness'), 2)
  await rig.run(16 * MINUTE)
  await rig.propose(reversionSignal(SYMBOL, { candleStart: reversionSignal().candleStart - 1 }))
  assert.is(rig.entriesAccepted(), 1, 'no block is without an end')
  rig.close()
})

test('D9: a driver that forgets why an order was refused is found out', async () => {
  const { rig, other } = await refusedFor('too-many', { mistake: forgetsWhy })
  assert.equal([other, rig.count('W409')], [1, 0])
  rig.close()
})

test('D1: a request that comes too fast keeps entries away for a minute, and is told once', async () => {
  const { rig, again, other } = await refusedFor('rate')
  assert.equal([again, other, rig.count('W401')], [0, 0, 1])
  await rig.run(61 * SECOND)
  rig.exchange.inject({ kind: 'refuse', why: 'rate', operation: 'account', times: 1 })
  await rig.propose(atMarket(OTHER, { candleStart: gridSignal().candleStart - 1 }))
  assert.is(rig.entriesAccepted(OTHER), 1)
  await rig.run(MINUTE)
  assert.is(rig.exchange.fired.refuse, 2)
  assert.is(rig.count('W401'), 1, 'the same within five minutes is not told again')
  rig.close()
})

test('D2: a blocked address keeps entries away for ten minutes, and positions their stops', async () => {
  const rig = await FaultRig.held(folder.fresh(), reversionSignal(), {
    path: [
      [1, 102],
      [240, 99],
    ],
  })
  rig.exchange.inject({ kind: 'refuse', why: 'banned', operation: 'account', times: 1 })
  await rig.run(MINUTE)
  assert.is(rig.exchange.fired.refuse, 1)
  assert.is(rig.count('C402'), 1)
  await rig.propose(atMarket(OTHER))
  assert.is(rig.entriesAccepted(OTHER), 0)
  assert.is(rig.account().positions[0]?.stop, 950)
  await rig.run(10 * MINUTE)
  await rig.propose(atMarket(OTHER, { candleStart: gridSignal().candleStart - 1 }))
  assert.is(rig.entriesAccepted(OTHER), 1)
  assert.is(rig.nakedMs, 0)
  rig.close()
})

/** The key is refused in the middle of a run, whatever is asked. */
async function keyRefused(options: RigOptions = {}): Promise<FaultRig> {
  const rig = await FaultRig.held(folder.fresh(), reversionSignal(), {
    path: [
      [1, 102],
      [240, 99],
    ],
    ...options,
  })
  rig.exchange.inject({ kind: 'refuse', why: 'credentials' })
  await rig.run(20 * MINUTE)
  return rig
}

test('D7: a key that is not accepted halts, and nothing more is asked or sent until a person resumes', async () => {
  const rig = await keyRefused()
  assert.is(rig.count('C407'), 1)
  assert.is(rig.exchange.fired.refuse, 1, 'a key that was refused is not tried again')
  assert.is(rig.engine.halted, true)
  assert.is(rig.position()?.stop, 950, 'what is known stays')
  rig.exchange.heal()
  await rig.hear({ type: 'command', at: 0, id: 'r', command: 'resume', by: 'a person', reason: 'new key' })
  await rig.run(2 * MINUTE)
  assert.equal(rig.differences(), [])
  await rig.propose(atMarket(OTHER))
  assert.is(rig.entriesAccepted(OTHER), 1)
  rig.close()
})

test('D7: after a restart the key is tried once more, and the halt stays', async () => {
  const rig = await keyRefused()
  await rig.restart()
  await rig.run(5 * MINUTE)
  assert.is(rig.exchange.fired.refuse, 3, 'both questions of one look')
  assert.is(rig.count('C407'), 2, 'each start says so once')
  rig.exchange.heal()
  await rig.restart()
  await rig.run(MINUTE)
  assert.equal(rig.differences(), [])
  assert.is(rig.engine.halted, true)
  rig.close()
})

test('D7: a driver that forgets that the key was refused hammers on, and is found out', async () => {
  const rig = await keyRefused({ mistake: forgetsWhy })
  assert.is(rig.count('C407'), 0)
  assert.ok((rig.exchange.fired.refuse ?? 0) > 10)
  rig.close()
})

test('D8: an account that may only reduce enters nothing, and what is held is closed all the same', async () => {
  const rig = await FaultRig.held(folder.fresh(), reversionSignal(), {
    path: [
      [1, 102],
      [30, 99],
      [200, 112],
    ],
  })
  const when = isPurpose('entry')
  rig.exchange.inject({ kind: 'refuse', why: 'account', operation: 'place', when })
  await rig.propose(atMarket(OTHER))
  assert.is(rig.count('C408'), 1)
  await rig.propose(atMarket(OTHER, { candleStart: gridSignal().candleStart - 1 }))
  assert.is(rig.exchange.fired.refuse, 1, 'it is not tried again at once')
  await rig.restart()
  await rig.run(MINUTE)
  await rig.propose(atMarket(OTHER, { candleStart: gridSignal().candleStart - 2 }))
  assert.is(rig.exchange.fired.refuse, 1, 'nor after a restart')
  await rig.run(40 * MINUTE)
  assert.equal(
    rig.trades.map(({ exitReason }) => exitReason),
    ['target'],
  )
  await rig.run(HOUR)
  await rig.propose(atMarket(OTHER, { candleStart: gridSignal().candleStart - 3 }))
  assert.is(rig.exchange.fired.refuse, 2, 'an hour later it is')
  rig.close()
})

test('a refusal for money does not come back with every cycle, and one for the size rests its symbol alone', async () => {
  for (const [why, code, other] of [
    ['balance', 'W411', 0],
    ['small', 'W412', 1],
    ['parameters', 'W412', 1],
    ['risk', 'W608', 1],
    ['price', 'W413', 1],
    ['symbol', 'W414', 1],
    ['auction', 'I611', 1],
    ['no kind at all', null, 1],
  ] as const) {
    const seen = await refusedFor(why)
    assert.equal([seen.again, seen.other], [0, other], why)
    if (code !== null) assert.is(seen.rig.count(code), 1, why)
    seen.rig.close()
  }
})

/** A position whose stop somebody has removed and whose price is past it: it has to be closed. */
async function toClose(options: RigOptions = {}): Promise<FaultRig> {
  return FaultRig.held(folder.fresh(), reversionSignal(), {
    path: [
      [1, 102],
      [4, 99],
      [235, 94],
    ],
    ...options,
  })
}

const refuseExits = (rig: FaultRig, why: string, times?: number): void =>
  rig.exchange.inject({
    kind: 'refuse',
    why,
    operation: 'place',
    when: isPurpose('exit'),
    ...(times === undefined ? {} : { times }),
  })

const losesStop = async (rig: FaultRig): Promise<void> => {
  rig.exchange.inject({ kind: 'refuse', why: 'crossed', operation: 'setStop' })
  await rig.act({ kind: 'remove-stop', symbol: SYMBOL, side: 'long' })
}

test('a close that is refused again and again is asked for ever more rarely, told once, and gets through', async () => {
  const rig = await toClose()
  refuseExits(rig, 'symbol', 8)
  await losesStop(rig)
  const before = rig.requests('place', 'exit')
  await rig.run(90 * SECOND)
  const early = rig.requests('place', 'exit') - before
  assert.ok(early >= 5 && early <= 8, `${early} tries in a minute and a half`)
  assert.is(rig.count('C222'), 1)
  await rig.run(5 * MINUTE)
  assert.equal(
    rig.trades.map(({ exitReason }) => exitReason),
    ['emergency'],
  )
  assert.equal(rig.differences(), [])
  rig.close()
})

test('a close that finds nothing to reduce has the account asked, and is not hammered', async () => {
  let asks = 0
  const rig = await toClose({
    mistake: broker => ({
      ...broker,
      executions: since => {
        asks++
        return broker.executions(since)
      },
    }),
  })
  refuseExits(rig, 'flat')
  const before = asks
  await losesStop(rig)
  await rig.run(31 * SECOND)
  assert.ok((rig.exchange.fired.refuse ?? 0) >= 2)
  assert.ok(asks > before, 'what was executed is asked for')
  await rig.run(29 * SECOND)
  const tries = rig.requests('place', 'exit')
  assert.ok(tries <= 9, `${tries} tries`)
  rig.exchange.inject({ kind: 'lose-input' })
  await rig.act({ kind: 'reduce', symbol: SYMBOL, side: 'long', steps: 100_000 as Steps })
  await rig.run(2 * MINUTE)
  assert.is(rig.position(), null, 'what was never told is found')
  assert.equal(rig.differences(), [])
  rig.close()
})

test('F4: what is too little for an order is closed with its own quantity, or left, told once, without a loop', async () => {
  const rig = await toClose()
  refuseExits(rig, 'small')
  await losesStop(rig)
  await rig.run(2 * HOUR)
  const { steps } = rig.account().positions[0]
  const atMarkets = () =>
    rig.sent.filter(({ operation, args: [order] }) => {
      const { purpose, type } = order as OrderRequest
      return operation === 'place' && purpose === 'exit' && type === 'market'
    })
  assert.equal(
    atMarkets().map(({ args: [order] }) => (order as OrderRequest).steps),
    [steps],
  )
  assert.is(rig.count('I604'), 1)
  await rig.restart()
  await rig.run(HOUR)
  assert.is(atMarkets().length, 1, 'nor after a restart')
  rig.exchange.heal()
  await rig.act({ kind: 'reduce', symbol: SYMBOL, side: 'long', steps: 1_000 as Steps })
  await rig.run(2 * MINUTE)
  assert.is(rig.account().positions.length, 0, 'another quantity is another matter')
  rig.close()
})

/** The stop of an entry is lost, and there is no room for another one while a target rests. */
async function noRoom(options: RigOptions = {}): Promise<FaultRig> {
  const rig = await open({
    path: [
      [1, 102],
      [240, 99],
    ],
    ...options,
  })
  rig.exchange.inject({
    kind: 'refuse',
    why: 'too-many',
    operation: 'setStop',
    when: () => rig.account().orders.length > 0,
  })
  await rig.act({ kind: 'drop-stop', symbol: SYMBOL })
  await rig.propose(reversionSignal())
  await rig.run(4 * MINUTE)
  return rig
}

test('B9: a stop that there is no room for takes the place of a target', async () => {
  const rig = await noRoom()
  assert.is(rig.exchange.fired.refuse, 1)
  assert.is(rig.account().positions[0]?.stop, 950)
  assert.is(rig.count('W209'), 1)
  assert.ok(rig.nakedMs <= 2 * SECOND, `${rig.nakedMs} ms without a stop`)
  assert.is(rig.account().orders.length, 0)
  rig.exchange.heal()
  await rig.run(20 * MINUTE)
  assert.is(rig.account().orders.length, 1, 'the target comes back when there may be room')
  rig.close()
})

test('B9: a driver that forgets why the stop was refused closes the position, and is found out', async () => {
  const rig = await noRoom({ mistake: forgetsWhy })
  assert.is(rig.account().positions.length, 0)
  assert.is(rig.count('W209'), 0)
  rig.close()
})

test('a target for whose price there is no way goes at the market once the price has reached it, and rests before', async () => {
  const rig = await FaultRig.open(folder.fresh(), {
    path: [
      [1, 102],
      [10, 99],
      [30, 108],
      [200, 112],
    ],
  })
  rig.exchange.inject({
    kind: 'refuse',
    why: 'price',
    operation: 'place',
    when: ({ args }) =>
      (args[0] as OrderRequest).purpose === 'exit' && (args[0] as OrderRequest).price !== null,
  })
  await rig.propose(reversionSignal())
  await rig.run(30 * MINUTE)
  assert.is(rig.account().positions.length, 1, 'a target that is far is no reason to sell at the market')
  assert.ok((rig.exchange.fired.refuse ?? 0) <= 3, `${rig.exchange.fired.refuse} refusals in half an hour`)
  await rig.run(HOUR)
  assert.equal(
    rig.trades.map(({ exitReason }) => exitReason),
    ['target'],
  )
  assert.ok(rig.count('W413') >= 1)
  rig.close()
})

/** The orders at the market that were sent to close, in order. */
const closes = (rig: FaultRig): readonly OrderRequest[] =>
  rig.sent.flatMap(({ operation, args: [order] }) => {
    const { purpose, type } = order as OrderRequest
    return operation === 'place' && purpose === 'exit' && type === 'market' ? [order as OrderRequest] : []
  })

test('F5: a close above the greatest quantity at the market goes out in parts of one chain', async () => {
  const rig = await toClose({ instrument: { ...instrument(SYMBOL), maxMarketQty: 400 as Steps } })
  const { steps } = rig.account().positions[0]
  assert.ok(steps > 800, `${steps} steps`)
  await losesStop(rig)
  await rig.run(3 * MINUTE)
  const sent = closes(rig)
  assert.is(sent.length, Math.ceil(steps / 400))
  assert.is(
    sent.reduce((sum, order) => sum + order.steps, 0),
    steps,
  )
  const ids = sent.map(({ clientOrderId }) => clientOrderId)
  assert.equal(
    ids.map(id => id.slice(33)),
    ids.map((_, k) => `_${k + 1}`),
  )
  assert.is(new Set(ids.map(id => id.slice(0, 33))).size, 1, 'one chain')
  assert.ok(ids.every(id => id.length <= 36))
  assert.equal(
    rig.trades.map(({ exitReason }) => exitReason),
    ['emergency'],
  )
  assert.equal(rig.differences(), [])
  rig.close()
})

test('F5: where nobody has told the greatest quantity it is found by halving, and all is closed', async () => {
  const rig = await toClose()
  rig.exchange.inject({
    kind: 'refuse',
    why: 'large',
    operation: 'place',
    when: ({ args: [order] }) =>
      (order as OrderRequest).type === 'market' && (order as OrderRequest).steps > 400,
  })
  await losesStop(rig)
  await rig.run(10 * MINUTE)
  assert.ok((rig.exchange.fired.refuse ?? 0) > 0)
  assert.is(rig.account().positions.length, 0)
  assert.is(rig.trades.length, 1)
  assert.equal(rig.differences(), [])
  rig.close()
})

test('B9: a target that there is no room for is done without, told once, and the stop stands', async () => {
  const rig = await open({
    path: [
      [1, 102],
      [500, 101],
    ],
    minutes: 500,
  })
  await rig.act({ kind: 'cap', symbol: SYMBOL, orders: 1 })
  await rig.propose(atMarket())
  await rig.run(40 * MINUTE)
  assert.is(rig.account().orders.length, 1)
  assert.is(rig.count('W209'), 1)
  assert.ok(rig.account().positions[0]?.stop !== null)
  const tries = rig.requests('place', 'exit')
  assert.ok(tries <= 5, `${tries} tries in 40 minutes`)
  await rig.act({ kind: 'cap', symbol: SYMBOL, orders: null })
  await rig.run(30 * MINUTE)
  assert.is(rig.account().orders.length, 2)
  rig.close()
})

/** Somebody opens a position with the app while bbw has nothing on the account. */
async function openedByHand(isShared: boolean): Promise<FaultRig> {
  const rig = await open({ engine: { everyCycle: false, isShared } })
  await rig.run(5 * MINUTE)
  rig.exchange.inject({ kind: 'lose-input', when: input => input.type === 'fill' })
  await rig.act({ kind: 'open', symbol: SYMBOL, side: 'long', steps: 1_000 as Steps })
  await rig.run(31 * SECOND)
  return rig
}

test('on an account that others can use a position of theirs is told of within one light cycle', async () => {
  const shared = await openedByHand(true)
  assert.is(shared.count('W303'), 1)
  await shared.act({ kind: 'reduce', symbol: SYMBOL, side: 'long', steps: 1_000 as Steps })
  await shared.run(31 * SECOND)
  await shared.propose(atMarket())
  assert.is(shared.entriesAccepted(), 1, 'and its end as well')
  shared.close()
  const alone = await openedByHand(false)
  assert.is(alone.count('W303'), 0, 'where nobody else can, an account without anything is not asked for')
  alone.close()
})

/** The first request of an entry at the market is lost, and the price moves before it would be sent again. */
async function lostAndMoved(last: number | null): Promise<FaultRig> {
  const rig = await open()
  rig.exchange.inject({ kind: 'lose-request', operation: 'place', times: 1 })
  await rig.propose(atMarket())
  await rig.run(6 * SECOND)
  if (last !== null) await rig.hear({ type: 'price', at: 0, symbol: SYMBOL, time: rig.now, last, mark: last })
  await rig.run(2 * MINUTE)
  return rig
}

test('A2: what never arrived is sent again only at a price that is fresh and far from the stop', async () => {
  const still = await lostAndMoved(102)
  assert.equal([still.requests('place', 'entry'), still.entriesAccepted()], [2, 1])
  still.close()
  const near = await lostAndMoved(85.5)
  assert.equal([near.requests('place', 'entry'), near.entriesAccepted(), near.count('E102')], [1, 0, 1])
  assert.is(near.engine.portfolio.pending.size, 0)
  near.close()
  const late = await open()
  late.exchange.inject({ kind: 'lose-request', operation: 'place', times: 2 })
  await late.propose(atMarket())
  await late.run(2 * MINUTE)
  assert.is(late.requests('place', 'entry'), 2, 'by the second time the price is 14 s old')
  assert.is(late.entriesAccepted(), 0)
  late.close()
})

test('A3: an entry given up as gone that fills all the same begins the rest of its strategy', async () => {
  const rig = await open()
  rig.exchange.inject({ kind: 'hold-request', operation: 'place', forMs: 30 * SECOND, times: 1 })
  rig.exchange.inject({ kind: 'lose-request', operation: 'place', times: 2 })
  await rig.propose(reversionSignal(SYMBOL, { order: { type: 'market' }, leverage: 5 }))
  await rig.run(25 * SECOND)
  assert.is(rig.engine.portfolio.pending.size, 0)
  assert.equal(rig.engine.books().cooldowns, [])
  rig.exchange.inject({ kind: 'lose-input', when: input => input.type === 'order' })
  await rig.run(3 * MINUTE)
  assert.is(rig.exchange.fired['hold-request'], 1)
  assert.ok(rig.position() !== null)
  assert.equal(
    rig.engine.books().cooldowns.map(([key]) => key),
    ['mean-reversion:SOLUSDT'],
  )
  rig.close()
})

/** Planted: a cancellation goes nowhere, as one that is held up on its way. */
function swallowsCancels(broker: BrokerPort): BrokerPort {
  return { ...broker, cancel: () => Promise.resolve() }
}

test('D10: a cancellation that comes too late is never taken for granted: what has filled is taken over', async () => {
  const rig = await open({
    path: [
      [1, 102],
      [2, 101],
      [200, 99],
    ],
    mistake: swallowsCancels,
  })
  await rig.propose(reversionSignal())
  await rig.run(3 * MINUTE + 55 * SECOND)
  assert.is(rig.account().orders.length, 1)
  await rig.hear({ type: 'command', at: 0, id: 'h', command: 'halt', by: 'a person', reason: 'enough' })
  await rig.run(2 * MINUTE)
  assert.is(rig.count('I410'), 1)
  assert.is(rig.account().positions[0]?.stop, 950)
  assert.equal(rig.differences(), [])
  rig.close()
})

test('E6: a price that is too old for an entry is told of once, and nothing is sent', async () => {
  const rig = await open()
  await rig.run(5 * MINUTE)
  const old = (candleStart: number) => ({ ...atMarket(SYMBOL, { candleStart }), lastAt: START })
  await rig.proposeAsIs(old(gridSignal().candleStart))
  await rig.proposeAsIs(old(gridSignal().candleStart - 1))
  assert.equal([rig.count('W506'), rig.requests('place', 'entry')], [1, 0])
  assert.is(rig.counter('refused:stale-data'), 2)
  rig.close()
})

test.run()
