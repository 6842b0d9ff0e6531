/**
 * What can be wrong with the account and with what Bybit tells of it, over real sockets: each fault has come about, and
 * what is asked of bbw then is a list of complaints that is empty for it and not for one with a planted bug.
 */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { HttpPort, HttpReply, HttpRequest } from './core/adapters/bybit/http.ts'
import { StoreFolder } from './core/adapters/sqlite/store.fixture.ts'
import { MINUTE, SECOND } from './core/base/units.ts'
import { held, rigs } from './faults-complaints.fixture.ts'
import { bound, OTHER, type RigOptions, type StreamRig, SYMBOL } from './faults-streams-rig.fixture.ts'

const test = suite('faults of the account')
const folder = new StoreFolder()
test.after(() => folder.remove())
const { withRig, complaintsOf } = rigs(folder)

const CREATE = 'POST /v5/order/create'
const LEVERAGE = '/v5/position/set-leverage'
const POSITIONS = '/v5/position/list'

/** Planted: replies of the exchange's are taken for other ones. */
function taking(change: (reply: HttpReply, asked: HttpRequest) => HttpReply): RigOptions['http'] {
  return (http: HttpPort) => async asked => change(await http(asked), asked)
}

/** A reply with other words in it. */
function reworded(reply: HttpReply, from: RegExp, to: string): HttpReply {
  return { ...reply, body: reply.body.replace(from, to) }
}

/** What is wrong after somebody has switched the account to hedge mode while bbw trades it. */
async function switched(rig: StreamRig): Promise<readonly string[]> {
  await rig.cause({ fault: 'human-mode' })
  await rig.propose()
  const wrong: string[] = []
  if (rig.count('C606') !== 1) wrong.push(`C606 was told ${rig.count('C606')} times`)
  await rig.propose(OTHER)
  await rig.run(MINUTE, SECOND)
  if (rig.requests(CREATE) > 0) wrong.push('an order was sent')
  if (rig.requests('POST /v5/position/switch-mode') > 0) wrong.push('it was switched')
  if (rig.engine.portfolio.pending.size > 0) wrong.push('an entry is pending')
  return [...wrong, ...(await rig.differences())]
}

test('F6: an account that is switched to hedge mode enters nothing, is told of once and never switched back', async () => {
  assert.equal(await complaintsOf('human-mode', {}, switched, 'C606'), [])
})

test('F6: a client that does not look at the mode, and knows it from no other refusal, is found out', async () => {
  const http = taking((reply, { url }) =>
    url.includes(POSITIONS)
      ? reworded(reply, /"positionIdx":1/g, '"positionIdx":0')
      : reworded(reply, /position idx not match position mode/, 'params error'),
  )
  assert.equal(await complaintsOf('human-mode', { http }, switched), [
    'C606 was told 0 times',
    'an order was sent',
  ])
})

test('F6: what the exchange says of a switch is no, it was so already, or something is in the way', async () => {
  for (const [code, refusal] of [
    [110_025, null],
    [110_028, 'a position or an order is in the way'],
    [110_024, 'a position or an order is in the way'],
  ] as const) {
    await withRig({}, async rig => {
      rig.setFaults([{ fault: 'refuse', code, only: '/v5/position/switch-mode' }])
      assert.is(await rig.until(rig.exchange.setPositionMode('hedge')), refusal, String(code))
      assert.is(rig.fired('refuse'), 1)
    })
  }
})

/** What is wrong with an entry, where the leverage is the planned one. */
async function already(rig: StreamRig): Promise<readonly string[]> {
  await rig.cause({ fault: 'human-leverage', symbol: SYMBOL, steps: 3 })
  await rig.propose()
  const wrong: string[] = []
  if (rig.requests(`POST ${LEVERAGE}`) !== 1) wrong.push('it was not asked for once')
  if ((await rig.account()).positions[0]?.leverage !== 3) wrong.push('nothing was entered')
  return [...wrong, ...(await rig.differences())]
}

/** What is wrong with an entry, where the exchange refuses the leverage that it was planned with. */
const refusedLeverage =
  (code: number) =>
  async (rig: StreamRig): Promise<readonly string[]> => {
    await rig.cause({ fault: 'human-leverage', symbol: SYMBOL, steps: 20 })
    rig.setFaults([{ fault: 'refuse', code, only: LEVERAGE }])
    await rig.propose()
    await rig.run(20 * SECOND)
    const wrong: string[] = []
    if (rig.count('W608') !== 1) wrong.push(`W608 was told ${rig.count('W608')} times`)
    if (rig.requests(CREATE) > 0) wrong.push('an entry was sent at another leverage')
    if (rig.engine.portfolio.pending.size > 0) wrong.push('an entry is pending')
    return wrong
  }

/** Planted: whatever is asked, the leverage is the one that was wanted. */
const credulous = taking((reply, { url }) =>
  url.includes(POSITIONS) ? reworded(reply, /"leverage":"20"/g, '"leverage":"3"') : reply,
)

test('F7: a leverage that is in force already is a success, once it is read back', async () => {
  assert.equal(await complaintsOf('human-leverage', {}, already), [])
  const untrue = await complaintsOf(['human-leverage', 'refuse'], {}, refusedLeverage(110_043), 'W608')
  assert.equal(untrue, [], 'words alone are no success')
})

test('F7: a client that takes it for a refusal, or its words for a success, is found out', async () => {
  const stubborn: RigOptions['broker'] = broker => ({
    ...bound(broker),
    setLeverage: async () => {
      throw new Error('leverage not modified')
    },
  })
  const complaints = await complaintsOf('human-leverage', { broker: stubborn }, already)
  assert.ok(complaints.includes('nothing was entered'), complaints.join())
  assert.ok(
    (await complaintsOf('refuse', { http: credulous }, refusedLeverage(110_043))).includes(
      'an entry was sent at another leverage',
    ),
  )
})

test('F8: a leverage that the tier does not allow denies the entry, over the wire as well', async () => {
  assert.equal(await complaintsOf(['human-leverage', 'refuse'], {}, refusedLeverage(110_013), 'W608'), [])
})

test('F8: a client that sends entries at whatever leverage there is is found out', async () => {
  const complaints = await complaintsOf('refuse', { http: credulous }, refusedLeverage(110_013))
  assert.ok(complaints.includes('an entry was sent at another leverage'), complaints.join())
})

/** What is wrong with how an account was taken that cannot be read for a minute. */
async function unreadable(rig: StreamRig): Promise<readonly string[]> {
  await held(rig)
  rig.setFaults([{ fault: 'refuse', code: 10_016, only: POSITIONS }])
  const wrong: string[] = []
  await rig.run(45 * SECOND)
  const created = rig.requests(CREATE)
  await rig.propose(OTHER)
  if (rig.requests(CREATE) !== created) wrong.push('an entry was sent')
  if (rig.position() === null) wrong.push('what is held was forgotten')
  if (rig.count('W308') !== 1) wrong.push(`W308 was told ${rig.count('W308')} times`)
  rig.setFaults([])
  await rig.run(35 * SECOND)
  return [...wrong, ...(await rig.differences())]
}

test('C8: positions that cannot be read over the wire are not none', async () => {
  assert.equal(await complaintsOf('refuse', {}, unreadable, 'W308'), [])
})

test('C8: a client that takes a failure for an empty account is found out', async () => {
  const broker: RigOptions['broker'] = one => ({
    ...bound(one),
    account: () => one.account().catch(() => ({ wallet: 1_000, positions: [], orders: [] })),
  })
  const complaints = await complaintsOf('refuse', { broker }, unreadable)
  assert.ok(complaints.includes('W308 was told 0 times'), complaints.join())
})

/** A person lets 55 orders rest, and the list of them never ends; resolves to what is wrong with that. */
async function endless(rig: StreamRig): Promise<readonly string[]> {
  await held(rig)
  rig.byHand(55)
  const before = rig.engine.portfolio.positions.size
  await rig.run(45 * SECOND)
  const wrong: string[] = []
  if (!rig.events.some(({ reason }) => reason.includes('E313')))
    wrong.push('nobody knows that it is incomplete')
  if (rig.count('W308') === 0) wrong.push('a part counts as all')
  if (rig.engine.portfolio.positions.size !== before) wrong.push('something was changed')
  return wrong
}

/** The cursor of the orders that rest leads back to where it came from. */
function circle(): RigOptions['http'] {
  let first: HttpReply | null = null
  return http => async asked => {
    if (!asked.url.includes('/v5/order/realtime')) return http(asked)
    if (!asked.url.includes('cursor=') || first === null) first = await http(asked)
    return reworded(first, /"nextPageCursor":"[^"]+"/, '"nextPageCursor":"x"')
  }
}

test('C9: more orders than one page has are read to the end, and a cursor that leads nowhere makes none of them count', async () => {
  await withRig({}, async rig => {
    rig.byHand(55)
    assert.is((await rig.until(rig.exchange.account())).orders.length, 55)
  })
  await withRig({ http: circle() }, async rig => assert.equal(await endless(rig), []))
})

test('C9: a client that takes the first page for all of them is found out', async () => {
  const http = taking((reply, { url }) =>
    url.includes('/v5/order/realtime')
      ? reworded(reply, /"nextPageCursor":"[^"]+"/, '"nextPageCursor":""')
      : reply,
  )
  await withRig({ http }, async rig => {
    assert.equal(await endless(rig), ['nobody knows that it is incomplete', 'a part counts as all'])
  })
})

/** An order is taken, its answer and all news of it are lost, and the exchange forgets it; what is wrong then. */
async function forgotten(rig: StreamRig): Promise<readonly string[]> {
  rig.setFaults([
    { fault: 'lose-reply', only: '/v5/order/create', most: 1 },
    { fault: 'lose-push', only: 'order' },
    { fault: 'lose-push', only: 'execution' },
  ])
  await rig.propose()
  await rig.cause({ fault: 'amnesia' })
  await rig.run(40 * SECOND)
  const wrong: string[] = []
  if (rig.requests(CREATE) !== 1) wrong.push(`${rig.requests(CREATE)} orders were sent`)
  if (rig.position() === null) wrong.push('nobody knows what was bought')
  if (rig.nakedMs > 0) wrong.push('it had no stop')
  return [...wrong, ...(await rig.differences())]
}

test('C10: an order that the exchange has forgotten is found by its executions', async () => {
  assert.equal(await complaintsOf(['lose-reply', 'lose-push', 'amnesia'], {}, forgotten), [])
})

test('C10: a client that believes one record alone is found out', async () => {
  const broker: RigOptions['broker'] = one => ({
    ...bound(one),
    // Of what the other records know it hears nothing.
    lookUp: async (_, clientOrderId) => ({ clientOrderId, state: 'absent', filled: 0 as never, reason: '' }),
    executions: async () => [],
  })
  const complaints = await complaintsOf('amnesia', { broker }, forgotten)
  assert.ok(complaints.length > 0)
  assert.ok(
    complaints.some(words => words.endsWith('orders were sent') || words.includes('positions')),
    complaints.join(),
  )
})

test.run()
