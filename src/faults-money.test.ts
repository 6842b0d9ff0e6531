/**
 * Orders, stops and books over real sockets: what can befall them between bbw and Bybit has come about, and what is
 * asked of bbw then is a list of complaints that is empty for it and not for one with a planted bug.
 */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { HttpReply, HttpRequest } from './core/adapters/bybit/http.ts'
import { START } from './core/adapters/sim/bybit/bybit.fixture.ts'
import { BY_HAND } from './core/adapters/sim/bybit/wishes.ts'
import { ticks } from './core/adapters/sim/exchange.fixture.ts'
import { StoreFolder } from './core/adapters/sqlite/store.fixture.ts'
import { ExchangeError } from './core/base/errors.ts'
import { MINUTE, SECOND, type Steps } from './core/base/units.ts'
import type { Signal } from './core/decision/signal.ts'
import type { AccountPosition, ConditionalReport } from './core/engine/protocol.ts'
import { asOne, CREATE, fails, hasty, hearing, held, NEWS, rigs } from './faults-complaints.fixture.ts'
import {
  bound,
  levels,
  OTHER,
  type RigOptions,
  type StreamRig,
  SYMBOL,
} from './faults-streams-rig.fixture.ts'

const test = suite('faults of money')
const folder = new StoreFolder()
test.after(() => folder.remove())
const { complaintsOf, withRig } = rigs(folder)

const STOP = 'POST /v5/position/trading-stop'
/** A limit order with a target that rests. */
const REVERSION: Partial<Signal> = {
  strategy: 'mean-reversion',
  order: { type: 'limit', price: ticks(100) },
  leverage: 10,
}

type Row = { readonly [name: string]: unknown }

/** Planted: rows of the private stream are other ones; `null` leaves one out. */
function gossip(change: (row: Row, topic: string) => Row | null): RigOptions['listener'] {
  return hearing(listener => ({
    message: message => {
      const { topic = '', data = [] } = message as { readonly topic?: string; readonly data?: readonly Row[] }
      if (topic !== 'order' && topic !== 'execution') return listener.message(message)
      const rows = data.flatMap(row => change(row, topic) ?? [])
      if (rows.length > 0) listener.message({ ...(message as object), data: rows })
    },
  }))
}

/** Planted, or a library's bad habit: what happens to requests of a path. */
function onPath(
  path: string,
  act: (ask: () => Promise<HttpReply>, asked: HttpRequest) => Promise<HttpReply>,
): RigOptions['http'] {
  return http => asked => (asked.url.includes(path) ? act(() => http(asked), asked) : http(asked))
}

/** A library that sends everything twice, as one that repeats what it takes for lost. */
const twice = async (ask: () => Promise<HttpReply>): Promise<HttpReply> => {
  await ask()
  return ask()
}

/** Planted: a request is taken for done and never sent. */
const mute = onPath('/v5/position/trading-stop', async () => ({
  status: 200,
  headers: {},
  body: '{"retCode":0,"retMsg":"OK","result":{},"retExtInfo":{},"time":1}',
}))

/** Planted: nothing that was executed is ever asked for. */
const incurious: RigOptions['broker'] = one => ({ ...bound(one), executions: async () => [] })

// --- orders -------------------------------------------------------------------------------------------------------

async function lostReply(rig: StreamRig): Promise<readonly string[]> {
  rig.setFaults([{ fault: 'lose-reply', only: '/v5/order/create', most: 1 }, ...NEWS])
  await rig.propose()
  await rig.run(20 * SECOND)
  return asOne(rig)
}

test('A1: over the wire a lost reply is looked up, and one who takes it for a refusal is found out', async () => {
  assert.equal(await complaintsOf(['lose-reply', 'lose-push'], {}, lostReply, 'E101'), [])
  fails(await complaintsOf('lose-reply', { broker: hasty }, lostReply), 'no position')
})

async function lostRequest(rig: StreamRig): Promise<readonly string[]> {
  rig.setFaults([{ fault: 'lose-request', only: '/v5/order/create', most: 1 }])
  await rig.propose()
  await rig.run(20 * SECOND)
  const sent = rig.sent.filter(({ request }) => request === CREATE)
  const wrong: string[] = []
  const ids = new Set(sent.map(({ body }) => JSON.parse(body ?? '{}').orderLinkId))
  if (ids.size !== 1) wrong.push(`it has ${ids.size} ids`)
  if ((sent[1]?.at ?? 0) - (sent[0]?.at ?? 0) < 7 * SECOND) wrong.push('it was sent again within its window')
  return [...wrong, ...(await asOne(rig, 2))]
}

test('A2: over the wire what never arrived is sent again after its window, and one who sends it at once is found out', async () => {
  assert.equal(await complaintsOf('lose-request', {}, lostRequest), [])
  const http = onPath('/v5/order/create', async ask => {
    // It does not wait for an answer.
    void ask().catch(() => {})
    return ask()
  })
  fails(await complaintsOf('lose-request', { http }, lostRequest), 'within its window')
})

async function duplicate(rig: StreamRig): Promise<readonly string[]> {
  rig.setFaults([...NEWS])
  await rig.propose()
  await rig.run(20 * SECOND)
  return asOne(rig, 2)
}

test('A4: over the wire an id that is there already is looked up, and one who takes it for a refusal is found out', async () => {
  const http = onPath('/v5/order/create', twice)
  assert.equal(await complaintsOf('lose-push', { http }, duplicate, 'I104'), [])
  const deaf = onPath('/v5/order/create', async ask => {
    const reply = await twice(ask)
    return { ...reply, body: reply.body.replace('"retCode":110072', '"retCode":110007') }
  })
  fails(await complaintsOf('lose-push', { http: deaf }, duplicate), 'no position')
})

async function rejected(rig: StreamRig): Promise<readonly string[]> {
  await rig.cause({ fault: 'reject-later', symbol: SYMBOL })
  await rig.propose()
  const wrong: string[] = []
  if (rig.engine.portfolio.pending.size > 0) wrong.push('an entry is pending')
  if (rig.position() !== null) wrong.push('something is held')
  return [...wrong, ...(await rig.differences())]
}

test('A10: over the wire an order that is rejected later frees its slot, and one who takes the receipt for all is found out', async () => {
  assert.equal(await complaintsOf('reject-later', {}, rejected, 'W110'), [])
  const listener = gossip(row => (row.orderStatus === 'Rejected' ? null : row))
  fails(await complaintsOf('reject-later', { listener }, rejected), 'pending')
})

async function thinEntry(rig: StreamRig): Promise<readonly string[]> {
  await rig.cause({ fault: 'thin', symbol: SYMBOL, steps: 500 })
  await rig.propose()
  await rig.run(5 * SECOND)
  const wrong: string[] = []
  if (rig.position()?.steps !== 500) wrong.push(`${rig.position()?.steps ?? 'no'} steps are held`)
  return [...wrong, ...(await asOne(rig))]
}

test('A11: over the wire a part that fills is a position under its stop, and one who drops what was cancelled is found out', async () => {
  assert.equal(await complaintsOf('thin', {}, thinEntry, 'W111'), [])
  const listener = gossip((row, topic) => (topic === 'execution' ? null : row))
  fails(await complaintsOf('thin', { listener, broker: incurious }, thinEntry), 'steps are held')
})

// --- stops --------------------------------------------------------------------------------------------------------

async function lostStop(rig: StreamRig): Promise<readonly string[]> {
  await rig.cause({ fault: 'lose-stop', symbol: SYMBOL })
  await rig.propose()
  await rig.run(10 * SECOND)
  const [there] = (await rig.account()).positions
  return [...(there?.stop === 950 ? [] : ['the stop is not there']), ...(await asOne(rig))]
}

test('B1: over the wire a stop that got lost is set again in time, and one who takes its request for done is found out', async () => {
  assert.equal(await complaintsOf('lose-stop', {}, lostStop, 'C201'), [])
  fails(await complaintsOf('lose-stop', { http: mute }, lostStop), 'the stop is not there')
})

async function crossed(rig: StreamRig): Promise<readonly string[]> {
  rig.setFaults([{ fault: 'refuse', code: 110_092, only: '/v5/position/trading-stop' }])
  await rig.cause({ fault: 'lose-stop', symbol: SYMBOL })
  await rig.propose()
  await rig.run(5 * SECOND)
  const { positions } = await rig.account()
  const wrong = positions.length === 0 ? [] : ['it is held without a stop']
  if (rig.count('C202') === 0) wrong.push('it was not told as that')
  return [...wrong, ...(await rig.differences())]
}

test('B2: over the wire a position past its stop is closed, and one who tries to set it on and on is found out', async () => {
  assert.equal(await complaintsOf(['lose-stop', 'refuse'], {}, crossed, 'C202'), [])
  const http = onPath('/v5/position/trading-stop', async ask => {
    const reply = await ask()
    return { ...reply, body: reply.body.replace('"retCode":110092', '"retCode":10006') }
  })
  fails(await complaintsOf('lose-stop', { http }, crossed), 'it was not told as that')
})

/** After the fill the price rises by 2 %: the stop moves to where nothing is lost. */
const RISING = levels([3, 100], [60, 102.2])

/** The stop is moved once; what is wrong with that. */
const movesStop =
  (rules: RigOptions['faults'] = []) =>
  async (rig: StreamRig): Promise<readonly string[]> => {
    await rig.propose(SYMBOL, REVERSION)
    rig.setFaults(rules)
    // The rule looks ten minutes after the beginning; what is asked then is answered in parts of a second.
    await rig.run(START + 595 * SECOND - rig.now, SECOND)
    await rig.run(15 * SECOND, 50)
    await rig.run(MINUTE, SECOND)
    const [there] = (await rig.account()).positions
    const wrong = (there?.stop ?? 0) >= 1_000 ? [] : [`the stop is ${there?.stop}`]
    if (rig.events.filter(({ kind }) => kind === 'stop-moved').length !== 1)
      wrong.push('it was not moved once')
    if (rig.nakedMs > 0) wrong.push(`${rig.nakedMs} ms without a stop`)
    return [...wrong, ...(await rig.differences())]
  }

test('B3: over the wire the lost reply to moving a stop is replaced by reading it back, and one who takes its request for done is found out', async () => {
  const wrong = movesStop([{ fault: 'lose-reply', only: '/v5/position/trading-stop', most: 1 }])
  assert.equal(await complaintsOf('lose-reply', { minutes: RISING }, wrong, 'I203'), [])
  await withRig({ minutes: RISING, http: mute }, async rig => fails(await wrong(rig), 'the stop is'))
})

test('B4: over the wire "not modified" counts once the stop is read back, and one who takes its request for done is found out', async () => {
  const http = onPath('/v5/position/trading-stop', twice)
  await withRig({ minutes: RISING, http }, async rig => {
    assert.equal(await movesStop()(rig), [])
    assert.ok(rig.count('I204') > 0)
    assert.ok(
      rig.heard.some(input => input.type === 'stop' && input.why === 'not-modified'),
      'it was said',
    )
  })
  const untrue = movesStop([{ fault: 'refuse', code: 34_040, only: '/v5/position/trading-stop', most: 1 }])
  assert.equal(await complaintsOf('refuse', { minutes: RISING }, untrue), [], 'words alone are none')
  await withRig({ minutes: RISING, http: mute }, async rig => fails(await untrue(rig), 'the stop is'))
})

async function removed(rig: StreamRig): Promise<readonly string[]> {
  await held(rig)
  await rig.cause({ fault: 'human-stop', symbol: SYMBOL, ticks: 0 })
  await rig.run(45 * SECOND)
  const [there] = (await rig.account()).positions
  return [...(there?.stop === 950 ? [] : [`the stop is ${there?.stop}`]), ...(await rig.differences())]
}

test('B7: over the wire a stop that somebody removes is back within a cycle, and one who takes its request for done is found out', async () => {
  assert.equal(await complaintsOf('human-stop', {}, removed, 'W207'), [])
  fails(await complaintsOf('human-stop', { http: mute }, removed), 'the stop is')
})

/** Planted: the stream's word about positions is not heard. */
const deaf = hearing(listener => ({
  message: message => {
    if ((message as { readonly topic?: string }).topic !== 'position') listener.message(message)
  },
}))

/** Nobody answers what the account has just then. */
async function unread(rig: StreamRig): Promise<readonly string[]> {
  await held(rig)
  rig.setFaults([{ fault: 'late-reply', only: '/v5/account/wallet-balance', ms: 8 * SECOND }])
  await rig.run(MINUTE)
  await rig.cause({ fault: 'human-stop', symbol: SYMBOL, ticks: 0 })
  await rig.run(15 * SECOND, 10)
  rig.setFaults([])
  await rig.run(45 * SECOND)
  const wrong = rig.nakedMs > SECOND / 2 ? [`${rig.nakedMs} ms without a stop`] : []
  return [...wrong, ...(await rig.differences())]
}

test('B7: over the wire a stop that somebody removes is back before the account can be read, and one who waits for that is found out', async () => {
  assert.equal(await complaintsOf(['human-stop', 'late-reply'], {}, unread, 'W207'), [])
  fails(await complaintsOf(['human-stop', 'late-reply'], { listener: deaf }, unread), 'without a stop')
})

async function cancelledAll(rig: StreamRig): Promise<readonly string[]> {
  await rig.propose(SYMBOL, REVERSION)
  await rig.run(5 * SECOND)
  const before = (await rig.account()).orders.length
  if (before === 0) return ['no target rests']
  await rig.cause({ fault: 'human-cancel-all' })
  await rig.run(2 * MINUTE, SECOND)
  const { positions, orders } = await rig.account()
  const wrong = positions[0]?.stop === 950 ? [] : [`the stop is ${positions[0]?.stop}`]
  if (orders.length !== before) wrong.push(`${orders.length} of ${before} targets rest`)
  return [...wrong, ...(await rig.differences())]
}

test('B8: over the wire what somebody cancels is set again, the stop first, and one who takes its request for done is found out', async () => {
  assert.equal(await complaintsOf('human-cancel-all', {}, cancelledAll, 'W208'), [])
  fails(await complaintsOf('human-cancel-all', { http: mute }, cancelledAll), 'the stop is')
})

const FALLING = levels([3, 100], [60, 94])

async function thinStop(rig: StreamRig): Promise<readonly string[]> {
  await held(rig)
  await rig.cause({ fault: 'thin', symbol: SYMBOL, steps: 700 })
  await rig.run(5 * MINUTE, SECOND)
  const { positions } = await rig.account()
  return [
    ...(positions.length === 0 ? [] : [`${positions[0].steps} steps are left`]),
    ...(await rig.differences()),
  ]
}

test('B10: over the wire what a stop could not sell is closed, and one who waits for the order alone is found out', async () => {
  assert.equal(await complaintsOf('thin', { minutes: FALLING }, thinStop, 'C210'), [])
  const broker: RigOptions['broker'] = one => ({
    ...bound(one),
    place: order =>
      order.purpose === 'entry'
        ? one.place(order)
        : Promise.reject(new ExchangeError('wait', { retryable: false, ambiguous: false })),
  })
  fails(await complaintsOf('thin', { minutes: FALLING, broker }, thinStop), 'steps are left')
})

/** The stop of a fill is lost, and the exchange has no room for another one while a target rests. */
const noRoomForStop =
  (code: number) =>
  async (rig: StreamRig): Promise<readonly string[]> => {
    rig.setFaults([{ fault: 'refuse', code, only: '/v5/position/trading-stop', most: 1 }])
    await rig.cause({ fault: 'lose-stop', symbol: SYMBOL })
    await rig.propose(SYMBOL, REVERSION)
    await rig.run(20 * SECOND)
    const { positions, orders } = await rig.account()
    const wrong: string[] = []
    if (positions.length === 0) wrong.push('it was closed')
    else if (positions[0].stop !== 950) wrong.push(`the stop is ${positions[0].stop}`)
    if (orders.length > 0) wrong.push('the target rests where the stop has no room')
    if (rig.nakedMs > 2 * SECOND) wrong.push(`${rig.nakedMs} ms without a stop`)
    if (rig.count('W209') !== 1) wrong.push(`W209 was told ${rig.count('W209')} times`)
    await rig.run(20 * MINUTE, SECOND)
    if ((await rig.account()).orders.length !== 1) wrong.push('the target has not come back')
    return [...wrong, ...(await rig.differences())]
  }

/** An entry that rests fills while the exchange takes no target of its symbol. */
const noRoomForTarget =
  (code: number) =>
  async (rig: StreamRig): Promise<readonly string[]> => {
    await rig.propose(SYMBOL, { ...REVERSION, order: { type: 'limit', price: ticks(99) } })
    rig.setFaults([{ fault: 'refuse', code, only: '/v5/order/create' }])
    await rig.run(10 * MINUTE, SECOND)
    const { positions } = await rig.account()
    const wrong = positions[0]?.stop === 950 ? [] : [`the stop is ${positions[0]?.stop}`]
    if (rig.requests(CREATE) > 4) wrong.push(`${rig.requests(CREATE) - 1} targets in ten minutes`)
    if (rig.count('W209') !== 1) wrong.push(`W209 was told ${rig.count('W209')} times`)
    rig.setFaults([])
    await rig.run(40 * MINUTE, SECOND)
    if ((await rig.account()).orders.length !== 1) wrong.push('the target has not come back')
    return [...wrong, ...(await rig.differences())]
  }

/** Planted: that there is no room is taken for something else. */
const elsewise = (path: string, code: number): RigOptions['http'] =>
  onPath(path, async ask => {
    const reply = await ask()
    return { ...reply, body: reply.body.replace(/"retCode":(110009|110061)/, `"retCode":${code}`) }
  })

test('B9: over the wire a stop without room takes the place of a target, and one who forgets why it was refused is found out', async () => {
  for (const code of [110_009, 110_061])
    assert.equal(await complaintsOf(['refuse', 'lose-stop'], {}, noRoomForStop(code), 'W209'), [])
  const http = elsewise('/v5/position/trading-stop', 10_001)
  fails(await complaintsOf('refuse', { http }, noRoomForStop(110_009)), 'the target rests')
})

test('B9: over the wire a target without room is done without and tried later, and one who forgets why is found out', async () => {
  const minutes = levels([2, 100], [118, 98.5])
  for (const code of [110_009, 110_061])
    assert.equal(await complaintsOf('refuse', { minutes }, noRoomForTarget(code), 'W209'), [])
  const http = elsewise('/v5/order/create', 10_001)
  fails(await complaintsOf('refuse', { minutes, http }, noRoomForTarget(110_061)), 'W209 was told 0 times')
})

/** A person's order that is to sell on the symbol when the price falls to 90. */
const STOP_BY_HAND = {
  ...BY_HAND,
  symbol: SYMBOL,
  side: 'Sell',
  positionIdx: 0,
  reduceOnly: true,
  steps: 100 as Steps,
  trigger: { price: ticks(90), direction: 'fall', by: 'LastPrice' },
} as const

/** A position is closed and its stop stays behind, beside one that lives and an order of a person's. */
async function orphaned(rig: StreamRig): Promise<readonly string[]> {
  await held(rig)
  await rig.propose(OTHER)
  const { orderId: byHand } = rig.sim.desk.create(STOP_BY_HAND)
  await rig.cause({ fault: 'orphan-stop', symbol: SYMBOL })
  await rig.cause({ fault: 'human-close', symbol: SYMBOL })
  await rig.run(40 * SECOND)
  await rig.restart()
  await rig.run(40 * SECOND)
  const waiting = rig.sim.desk.account.openOrders
    .filter(({ status }) => status === 'Untriggered')
    .map(({ symbol, orderId }) => (orderId === byHand ? 'by hand' : symbol))
  const wrong: string[] = []
  if (waiting.includes(SYMBOL)) wrong.push('a stop outlives its position')
  if (!waiting.includes('by hand')) wrong.push('an order of a person is gone')
  if (!waiting.includes(OTHER) || rig.nakedMs > 0) wrong.push('a living position has lost its stop')
  if (rig.count('I211') !== 1) wrong.push(`I211 was told ${rig.count('I211')} times`)
  if (rig.count('W314') !== 1) wrong.push(`W314 was told ${rig.count('W314')} times`)
  return [...wrong, ...(await rig.differences())]
}

/** Planted: what waits for a price is seen in another way. */
const seeing = (
  over: (one: ConditionalReport) => Partial<ConditionalReport> | null,
): RigOptions['broker'] => {
  return one => ({
    ...bound(one),
    account: async () => {
      const account = await one.account()
      const conditional = (account.conditional ?? []).flatMap(order => {
        const seen = over(order)
        return seen === null ? [] : [{ ...order, ...seen }]
      })
      return { ...account, conditional }
    },
  })
}

test('B11: over the wire a stop that outlives its position is removed, and one who does not see it, or takes all for its own, is found out', async () => {
  assert.equal(await complaintsOf('orphan-stop', {}, orphaned, 'I211'), [])
  const blind = seeing(() => null)
  fails(await complaintsOf('orphan-stop', { broker: blind }, orphaned), 'a stop outlives its position')
  const greedy = seeing(() => ({ isGuard: true, since: 0 }))
  fails(await complaintsOf('orphan-stop', { broker: greedy }, orphaned), 'an order of a person is gone')
})

/** Of a stop that fires in a thin market a part is left, and what the first order that closes it comes to is not heard. */
async function unheardClose(rig: StreamRig): Promise<readonly string[]> {
  await held(rig)
  rig.setFaults([{ fault: 'lose-reply', only: '/v5/order/create', most: 1 }, ...NEWS])
  await rig.cause({ fault: 'thin', symbol: SYMBOL, steps: 700 })
  await rig.run(5 * MINUTE, SECOND)
  const { positions } = await rig.account()
  return [
    ...(positions.length === 0 ? [] : [`${positions[0].steps} steps are left`]),
    ...(await rig.differences()),
  ]
}

test('B10: over the wire what is left of a close that filled in part, unheard, is closed as well', async () => {
  assert.equal(
    await complaintsOf(['thin', 'lose-reply', 'lose-push'], { minutes: FALLING }, unheardClose, 'C210'),
    [],
  )
})

/** The price goes through the target and through the stop within one minute. */
const BOTH = [...levels([4, 100]), [100, 111, 94, 95] as const, ...levels([60, 95])]

async function both(rig: StreamRig): Promise<readonly string[]> {
  rig.setFaults([
    { fault: 'duplicate-push', only: 'execution' },
    { fault: 'reorder-push', only: 'order', ms: 900 },
  ])
  await rig.propose(SYMBOL, REVERSION)
  await rig.run(6 * MINUTE, SECOND)
  const wrong: string[] = []
  if ((await rig.account()).positions.length > 0) wrong.push('something is left')
  if (rig.trades.length !== 1) wrong.push(`${rig.trades.length} trades`)
  if (rig.count('W309') > 0) wrong.push('the books were wrong for a while')
  return [...wrong, ...(await rig.differences())]
}

/** Planted: every execution is another one. */
let told = 0
const credulous = gossip((row, topic) => (topic === 'execution' ? { ...row, execId: `x${++told}` } : row))

test('B12: over the wire a target and a stop that fire together, each told twice, are counted once, and one who counts all of them is found out', async () => {
  assert.equal(await complaintsOf(['duplicate-push', 'reorder-push'], { minutes: BOTH }, both, 'I212'), [])
  assert.ok((await complaintsOf('duplicate-push', { minutes: BOTH, listener: credulous }, both)).length > 0)
})

// --- books --------------------------------------------------------------------------------------------------------

async function untold(rig: StreamRig): Promise<readonly string[]> {
  await held(rig)
  rig.setFaults([...NEWS])
  await rig.cause({ fault: 'human-close', symbol: SYMBOL, steps: 500 })
  await rig.run(45 * SECOND)
  return asOne(rig)
}

test('C1: over the wire a fill that was never told is found and booked, and one who never asks is found out', async () => {
  assert.equal(await complaintsOf('lose-push', {}, untold, 'I301'), [])
  fails(await complaintsOf('lose-push', { broker: incurious }, untold), 'positions')
})

async function repeated(rig: StreamRig): Promise<readonly string[]> {
  rig.setFaults([
    { fault: 'duplicate-push', only: 'execution', chance: 0.5 },
    { fault: 'reorder-push', ms: 900 },
    { fault: 'duplicate-push' },
  ])
  await held(rig)
  await rig.cause({ fault: 'human-close', symbol: SYMBOL, steps: 500 })
  await rig.cause({ fault: 'human-close', symbol: SYMBOL, steps: 300 })
  await rig.run(5 * SECOND)
  return asOne(rig)
}

test('C2: over the wire news that come twice and out of order are booked once, and one who books all of them is found out', async () => {
  assert.equal(await complaintsOf(['duplicate-push', 'reorder-push'], {}, repeated), [])
  const listener = hearing(to => ({
    message: message => {
      to.message(message)
      const { topic, data = [] } = message as { readonly topic?: string; readonly data?: readonly Row[] }
      if (topic !== 'execution') return
      to.message({ ...(message as object), data: data.map(row => ({ ...row, execId: `x${++told}` })) })
    },
  }))
  const wrong = async (rig: StreamRig): Promise<readonly string[]> => {
    await rig.propose()
    rig.setFaults([{ fault: 'duplicate-push' }])
    await rig.cause({ fault: 'human-close', symbol: SYMBOL, steps: 500 })
    await rig.run(2 * SECOND)
    return rig.differences()
  }
  assert.ok((await complaintsOf('duplicate-push', { listener }, wrong)).length > 0)
})

async function byHand(rig: StreamRig): Promise<readonly string[]> {
  await rig.cause({ fault: 'human-open', symbol: SYMBOL, steps: 1_000 })
  await rig.run(35 * SECOND)
  await rig.propose()
  const wrong: string[] = []
  if (rig.count('W303') !== 1) wrong.push(`W303 was told ${rig.count('W303')} times`)
  if (rig.requests(CREATE) + rig.requests(STOP) > 0) wrong.push('it was touched')
  if (rig.position() !== null) wrong.push('it counts as bbw’s')
  return wrong
}

test('C3: over the wire a position by hand is told of and left alone, and one who sees only its own is found out', async () => {
  assert.equal(await complaintsOf('human-open', {}, byHand, 'W303'), [])
  const broker: RigOptions['broker'] = one => ({
    ...bound(one),
    account: async () => ({ ...(await one.account()), positions: [] }),
  })
  const listener = gossip(row => (row.orderLinkId === '' ? null : row))
  fails(await complaintsOf('human-open', { broker, listener }, byHand), 'it was touched')
})

async function partByHand(rig: StreamRig): Promise<readonly string[]> {
  await rig.propose(SYMBOL, REVERSION)
  await rig.run(5 * SECOND)
  await rig.cause({ fault: 'human-close', symbol: SYMBOL, steps: 500 })
  await rig.run(45 * SECOND)
  const { positions, orders } = await rig.account()
  const resting = orders.reduce((sum, { steps }) => sum + steps, 0)
  const wrong = resting <= (positions[0]?.steps ?? 0) ? [] : ['targets of more than is held rest']
  return [...wrong, ...(await rig.differences())]
}

test('C4: over the wire a part that is closed by hand changes position and targets, and one who hears nothing of it is found out', async () => {
  assert.equal(await complaintsOf('human-close', {}, partByHand, 'I304'), [])
  const listener = gossip(row => (row.orderLinkId === '' ? null : row))
  fails(await complaintsOf('human-close', { listener, broker: incurious }, partByHand), 'positions')
})

/** A person closes all of it, and no list and no push ever tells how. */
async function goneWithoutTrace(rig: StreamRig): Promise<readonly string[]> {
  await held(rig)
  await rig.cause({ fault: 'human-close', symbol: SYMBOL })
  await rig.run(90 * SECOND)
  const wrong: string[] = []
  if (rig.position() !== null) wrong.push('it is in the books for good')
  if (rig.trades.map(({ exitReason }) => exitReason).join() !== 'closed-outside') wrong.push('no trade ended')
  if (rig.count('C310') > 0) wrong.push('entries were halted')
  return [...wrong, ...(await rig.differences())]
}

test('C11: over the wire a position that is gone and that nothing tells of is closed in the books, and one who sees it still is found out', async () => {
  const listener = gossip(row => (row.orderLinkId === '' ? null : row))
  assert.equal(
    await complaintsOf('human-close', { listener, broker: incurious }, goneWithoutTrace, 'W318'),
    [],
  )
  // Planted: what was there once is taken for there still.
  let last: readonly AccountPosition[] = []
  const broker: RigOptions['broker'] = one => ({
    ...bound(one),
    executions: async () => [],
    account: async () => {
      const account = await one.account()
      if (account.positions.length > 0) last = account.positions
      return { ...account, positions: last }
    },
  })
  fails(await complaintsOf('human-close', { listener, broker }, goneWithoutTrace), 'in the books for good')
})

async function liquidated(rig: StreamRig): Promise<readonly string[]> {
  await held(rig)
  await rig.cause({ fault: 'liquidate', symbol: SYMBOL })
  await rig.run(5 * SECOND)
  const wrong = rig.position() === null ? [] : ['it counts as held']
  if (rig.trades.length !== 1) wrong.push(`${rig.trades.length} trades`)
  if (rig.count('C306') !== 1) wrong.push(`C306 was told ${rig.count('C306')} times`)
  return [...wrong, ...(await rig.differences())]
}

test('C6: over the wire a liquidation is told and booked as the loss it is, and one who takes it for a trade is found out', async () => {
  assert.equal(await complaintsOf('liquidate', {}, liquidated, 'C306'), [])
  const listener = gossip(row =>
    row.execType === 'BustTrade' ? { ...row, execType: 'Trade', createType: 'CreateByUser' } : row,
  )
  fails(await complaintsOf('liquidate', { listener }, liquidated), 'C306 was told 0 times')
})

async function settled(rig: StreamRig): Promise<readonly string[]> {
  await held(rig)
  await rig.cause({ fault: 'delist', symbol: SYMBOL, ms: 20 * SECOND })
  await rig.run(60 * SECOND)
  const wrong = rig.position() === null ? [] : ['it counts as held']
  const ends = rig.trades.map(({ exitReason }) => exitReason).join()
  if (ends !== 'end-of-data') wrong.push(`it ended by ${ends}`)
  return [...wrong, ...(await rig.differences())]
}

test('C7: over the wire a settlement without an order is booked, and one who wants an order for everything is found out', async () => {
  assert.equal(await complaintsOf('delist', {}, settled, 'W307'), [])
  const listener = gossip(row => (row.execType === 'Settle' ? null : row))
  fails(await complaintsOf('delist', { listener, broker: incurious }, settled), 'it ended by closed-outside')
})

test.run()
