/**
 * What can break between bbw and Bybit, over real sockets: each fault has come about, and what is asked of bbw then is
 * a list of complaints that is empty for it and not for a client with a planted bug. The simulated exchange lives in
 * 2025, whatever the wall clock says.
 */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { BybitAccount } from './core/adapters/bybit/account.ts'
import type { BybitClient } from './core/adapters/bybit/client.ts'
import { environmentOf } from './core/adapters/bybit/environments.ts'
import type { HttpReply } from './core/adapters/bybit/http.ts'
import { pageOf } from './core/adapters/bybit/mapper-market.ts'
import { orderAck, orderRow } from './core/adapters/bybit/mapper-orders.ts'
import { BybitMarket } from './core/adapters/bybit/market.ts'
import type { BybitOptions } from './core/adapters/sim/bybit/bybit.ts'
import type { Fault, FaultRule } from './core/adapters/sim/bybit/fault-plan.ts'
import { ExchangeError } from './core/base/errors.ts'
import { BybitRig, type Plant, rewriting, SYMBOL } from './faults-bybit-rig.fixture.ts'

const test = suite('faults at Bybit')

const CREATE = 'POST /v5/order/create'
const POSITIONS = 'GET /v5/position/list'
const TICKERS = 'GET /v5/market/tickers'

async function withRig(
  rules: readonly FaultRule[],
  work: (rig: BybitRig) => Promise<void>,
  options: Partial<BybitOptions> = {},
): Promise<void> {
  const rig = await BybitRig.open(rules, options)
  try {
    await work(rig)
  } finally {
    await rig.close()
  }
}

function fired(rig: BybitRig, fault: Fault): void {
  assert.ok(rig.fired(fault) > 0, `${fault} has come about`)
}

/** What was thrown, or `null`. */
async function errorOf(work: Promise<unknown>): Promise<ExchangeError | null> {
  try {
    await work
    return null
  } catch (error) {
    if (error instanceof ExchangeError) return error
    throw error
  }
}

function place(client: BybitClient, orderLinkId: string): Promise<unknown> {
  const order = {
    category: 'linear',
    symbol: SYMBOL,
    side: 'Buy',
    orderType: 'Limit',
    qty: '0.1',
    price: '90',
  } as const
  return client.change(
    rest => rest.submitOrder({ ...order, positionIdx: 0, orderLinkId }),
    orderAck,
    'normal',
  )
}

/** How many orders the exchange has under an id. */
async function placed(client: BybitClient, orderLinkId: string): Promise<number> {
  const { items } = await client.read(
    rest => rest.getActiveOrders({ category: 'linear', symbol: SYMBOL, orderLinkId }),
    result => pageOf(result, orderRow),
  )
  return items.length
}

function positions(client: BybitClient): Promise<unknown> {
  return client.read(
    rest => rest.getPositionInfo({ category: 'linear', symbol: SYMBOL }),
    result => result,
  )
}

function mode(client: BybitClient): Promise<unknown> {
  return new BybitAccount(client).positionMode()
}

/** The reply with another code. */
function withCode(reply: HttpReply, from: number, to: number): HttpReply {
  return reply.body.includes(`"retCode":${from},`)
    ? { ...reply, body: reply.body.replace(`"retCode":${from},`, `"retCode":${to},`) }
    : reply
}

/** What is wrong with how an order was sent whose answer says nothing. */
async function doubtful(
  rig: BybitRig,
  client: BybitClient,
  id: string,
  isThere: boolean,
): Promise<readonly string[]> {
  const before = rig.count(CREATE)
  const error = await errorOf(place(client, id))
  const wrong: string[] = []
  if (error === null) wrong.push('it counts as placed')
  else if (!error.ambiguous) wrong.push('it counts as refused')
  if (rig.count(CREATE) - before !== 1) wrong.push('it was sent again')
  rig.sim.setFaults([])
  if ((await placed(rig.client(), id)) !== (isThere ? 1 : 0)) wrong.push('the exchange has something else')
  return wrong
}

test('A5: an order that Bybit answers by nothing clear is in doubt and not sent again', async () => {
  for (const [rule, isThere] of [
    [{ fault: 'refuse', code: 10_016, only: '/v5/order/create' }, false],
    [{ fault: 'refuse', code: 10_000, only: '/v5/order/create' }, false],
    [{ fault: 'status', code: 429, only: '/v5/order/create' }, false],
    [{ fault: 'status-after', code: 503, only: '/v5/order/create' }, true],
    [{ fault: 'reset-reply', only: '/v5/order/create' }, true],
  ] as const) {
    await withRig([rule], async rig => {
      const complaints = await doubtful(rig, rig.client(), 'a5', isThere)
      assert.equal([rule.fault, ...complaints], [rule.fault])
    })
  }
  await withRig([{ fault: 'refuse', code: 10_016, only: '/v5/order/create' }], async rig => {
    await errorOf(place(rig.client(), 'fired'))
    fired(rig, 'refuse')
  })
})

test('A5: a client that sends again what was not clearly answered is found out', async () => {
  await withRig([{ fault: 'refuse', code: 10_016, only: '/v5/order/create', most: 1 }], async rig => {
    const client = rig.client({
      plant: http => async request => {
        const reply = await http(request)
        return reply.body.includes('10016') ? http(request) : reply
      },
    })
    assert.equal(await doubtful(rig, client, 'a5', false), [
      'it counts as placed',
      'it was sent again',
      'the exchange has something else',
    ])
  })
})

test('A6: a page of HTML, half a reply and an empty one say nothing of an order that was taken', async () => {
  for (const fault of ['html', 'truncated', 'empty'] as const) {
    await withRig([{ fault, only: '/v5/order/create' }], async rig => {
      const error = await errorOf(place(rig.client(), `a6-${fault}`))
      assert.equal([error?.why, error?.ambiguous], ['unreadable', true], fault)
      fired(rig, fault)
      assert.equal(await doubtful(rig, rig.client(), `a6-${fault}-again`, true), [])
    })
  }
})

test('A6: a client that takes what it cannot read for an answer is found out', async () => {
  await withRig([{ fault: 'html', only: '/v5/order/create' }], async rig => {
    const acks = rewriting(reply =>
      reply.body.startsWith('<')
        ? { ...reply, status: 200, body: '{"retCode":0,"result":{"orderId":"x"}}' }
        : reply,
    )
    assert.equal(await doubtful(rig, rig.client({ plant: acks }), 'a6', true), ['it counts as placed'])
  })
})

/** What is wrong with a list that breaks off on its second page. */
async function brokenList(rig: BybitRig, client: BybitClient): Promise<readonly string[]> {
  try {
    const { items } = await new BybitMarket(client).riskTiers()
    const symbols = new Set(items.map(({ symbol }) => symbol))
    return symbols.size === rig.sim.desk.feeds.size ? [] : [`${symbols.size} symbols count as all`]
  } catch (error) {
    if (error instanceof ExchangeError) return error.ambiguous ? ['a question left a doubt'] : []
    throw error
  }
}

test('C9: a list that comes in pages comes whole or not at all', async () => {
  const pages = 'GET /v5/market/risk-limit'
  await withRig([], async rig => {
    assert.equal(await brokenList(rig, rig.client()), [])
    assert.is(rig.count(pages), 2)
    const second = rewriting((reply, { url }) => {
      if (!url.includes('cursor=')) rig.sim.setFaults([{ fault: 'truncated', only: '/v5/market/risk-limit' }])
      return reply
    })
    assert.equal(await brokenList(rig, rig.client({ plant: second })), [])
    fired(rig, 'truncated')
    // The page that cannot be read was asked for four times, the list then given up.
    assert.is(rig.count(pages), 2 + 1 + 4)
    rig.sim.setFaults([])
    const circle: Plant = http => async request => {
      const reply = await http({ ...request, url: request.url.replace(/&cursor=[^&]*/, '') })
      return { ...reply, body: reply.body.replace(/"nextPageCursor":"[^"]*"/, '"nextPageCursor":"x"') }
    }
    const error = await errorOf(new BybitMarket(rig.client({ plant: circle })).instruments())
    assert.is(error?.message.split(' ')[0], 'E313')
  })
})

test('C9: a client that takes a broken page for the last one is found out', async () => {
  await withRig([], async rig => {
    const last = '{"retCode":0,"result":{"category":"linear","list":[],"nextPageCursor":""},"time":1}'
    const patient = rewriting((reply, { url }) =>
      url.includes('cursor=') ? { ...reply, body: last } : reply,
    )
    assert.equal(await brokenList(rig, rig.client({ plant: patient })), ['15 symbols count as all'])
  })
})

/** What is wrong with how a rate limit was taken. */
async function limited(rig: BybitRig, client: BybitClient): Promise<readonly string[]> {
  const error = await errorOf(place(client, 'd1'))
  const wrong: string[] = []
  if (error !== null) wrong.push(`it came to ${error.why}`)
  if (rig.count(CREATE) !== 2) wrong.push(`it was sent ${rig.count(CREATE)} times`)
  if (rig.waits === 0) wrong.push('it did not wait')
  if (!rig.said.some(words => words.startsWith('W401'))) wrong.push('it was not told')
  return wrong
}

test('D1: a rate limit is waited out, told, and the order placed once', async () => {
  await withRig([{ fault: 'refuse', code: 10_006, only: '/v5/order/create', most: 1 }], async rig => {
    assert.equal(await limited(rig, rig.client()), [])
    fired(rig, 'refuse')
    assert.is(rig.said.filter(words => words.startsWith('W401')).length, 1, 'W401')
    assert.is(await placed(rig.client(), 'd1'), 1)
    assert.ok(rig.said.every(words => words.split(' ')[0] === 'W401'))
  })
})

test('D1: a client that does not know a rate limit from a refusal is found out', async () => {
  await withRig([{ fault: 'refuse', code: 10_006, only: '/v5/order/create', most: 1 }], async rig => {
    const plant = rewriting(reply => withCode(reply, 10_006, 110_007))
    assert.equal(await limited(rig, rig.client({ plant })), [
      'it came to balance',
      'it was sent 1 times',
      'it did not wait',
      'it was not told',
    ])
  })
})

/** What is wrong with how a block was taken. */
async function blocked(rig: BybitRig, client: BybitClient): Promise<readonly string[]> {
  await client.serverNow()
  rig.sim.cause({ fault: 'ban' })
  const before = rig.sent.length
  const errors = [
    await errorOf(positions(client)),
    await errorOf(place(client, 'd2')),
    await errorOf(mode(client)),
  ]
  const wrong: string[] = []
  if (errors.some(error => error?.why !== 'banned')) wrong.push('it does not count as a block')
  if (rig.sent.length - before !== 1)
    wrong.push(`${rig.sent.length - before} requests went to a host that had blocked it`)
  if (rig.said.filter(words => words.startsWith('C402')).length !== 1) wrong.push('it was not told once')
  return wrong
}

test('D2: a host that has blocked the address hears nothing more, whatever is wanted', async () => {
  await withRig([], async rig => {
    assert.equal(await blocked(rig, rig.client()), [])
    fired(rig, 'ban')
    assert.equal(
      rig.said.map(words => words.split(' ')[0]),
      ['C402'],
    )
  })
})

test('D2: a client that takes a block for a busy server hammers on, and is found out', async () => {
  await withRig([], async rig => {
    const plant = rewriting(reply => (reply.status === 403 ? { ...reply, status: 503, body: '' } : reply))
    const complaints = await blocked(rig, rig.client({ plant }))
    assert.is(complaints.length, 3)
    assert.ok(complaints.includes('9 requests went to a host that had blocked it'), complaints.join())
  })
})

/** What is wrong with how slow answers were taken. */
async function slow(client: BybitClient): Promise<readonly string[]> {
  await client.serverNow()
  const read = await errorOf(positions(client))
  const write = await errorOf(place(client, 'd5'))
  const wrong: string[] = []
  if (read?.why !== 'network' || read.ambiguous) wrong.push('a slow answer counts as one')
  if (write?.ambiguous !== true) wrong.push('a slow order is in no doubt')
  return wrong
}

test('D5: an answer that is too slow is given up in its time, and an order is in doubt then', async () => {
  await withRig([{ fault: 'late-reply', ms: 2_500 }], async rig => {
    rig.sim.setFaults([
      { fault: 'late-reply', ms: 2_500, only: '/v5/position' },
      { fault: 'late-reply', ms: 2_500, only: '/v5/order' },
    ])
    assert.equal(await slow(rig.client({ deadlineMs: 150 })), [])
    fired(rig, 'late-reply')
  })
})

test('D5: a client without a time limit is found out', async () => {
  await withRig([], async rig => {
    rig.sim.setFaults([
      { fault: 'late-reply', ms: 1_000, only: '/v5/position' },
      { fault: 'late-reply', ms: 1_000, only: '/v5/order' },
    ])
    assert.equal(await slow(rig.client()), ['a slow answer counts as one', 'a slow order is in no doubt'])
  })
})

/** What is wrong with fifty equal questions at once to an exchange that fails twice. */
async function storm(rig: BybitRig, client: () => BybitClient): Promise<readonly string[]> {
  rig.sim.setFaults([{ fault: 'status', code: 503, only: '/v5/market/tickers', most: 2 }])
  const ask = (): Promise<unknown> =>
    client().read(
      rest => rest.getTickers({ category: 'linear' }),
      result => result,
    )
  await Promise.all(Array.from({ length: 50 }, ask))
  return rig.count(TICKERS) === 3 ? [] : [`they were ${rig.count(TICKERS)} requests`]
}

test('D6: equal questions at once are one, and after an outage they come back with pauses', async () => {
  await withRig([], async rig => {
    const client = rig.client()
    assert.equal(await storm(rig, () => client), [])
    fired(rig, 'status')
  })
})

test('D6: a client that asks each question by itself is found out', async () => {
  await withRig([], async rig => {
    assert.equal(await storm(rig, () => rig.client()), ['they were 52 requests'])
  })
})

/** What is wrong with how a key was taken that is not accepted. */
async function rejected(rig: BybitRig, client: BybitClient): Promise<readonly string[]> {
  const error = await errorOf(positions(client))
  const wrong: string[] = []
  if (error?.why !== 'credentials' || error.retryable) wrong.push('it does not count as a wrong key')
  if (rig.count(POSITIONS) !== 1) wrong.push(`it was tried ${rig.count(POSITIONS)} times`)
  return wrong
}

test('D7: a key that is not accepted is tried once, and the verdict on it says so', async () => {
  for (const code of [10_003, 10_004, 10_005, 10_010, 33_004]) {
    await withRig([{ fault: 'refuse', code }], async rig => {
      rig.sim.setFaults([
        { fault: 'refuse', code, only: '/v5/position' },
        { fault: 'refuse', code, only: '/v5/user' },
      ])
      assert.equal(await rejected(rig, rig.client()), [], String(code))
      fired(rig, 'refuse')
      const { refused } = await new BybitAccount(rig.client()).checkedKey(environmentOf('live'), 'trades')
      assert.equal(
        refused.map(one => one.code),
        [code === 10_003 ? 'C976' : 'C407'],
      )
    })
  }
})

test('D7: a client that takes a wrong key for a busy server is found out', async () => {
  await withRig([], async rig => {
    rig.sim.setFaults([{ fault: 'refuse', code: 10_003, only: '/v5/position' }])
    const plant = rewriting(reply => withCode(reply, 10_003, 10_016))
    assert.equal(await rejected(rig, rig.client({ plant })), [
      'it does not count as a wrong key',
      'it was tried 4 times',
    ])
  })
})

/** What is wrong with orders under a wall clock that is wrong, and an exchange's that steps in between. */
async function clocked(rig: BybitRig, client: BybitClient): Promise<readonly string[]> {
  const wrong: string[] = []
  if ((await errorOf(place(client, 'g1-before'))) !== null) wrong.push('a wrong wall clock keeps orders away')
  rig.sim.cause({ fault: 'clock-skew', ms: 8_000 })
  if ((await errorOf(place(client, 'g1-after'))) !== null) wrong.push('a step of the clock keeps orders away')
  if (!rig.said.some(words => words.startsWith('W701'))) wrong.push('it was not told')
  return wrong
}

test('G1: the clock of the exchange counts, and is taken anew when it refuses a time stamp', async () => {
  for (const skewMs of [0, 1_500, -6_000, 3_600_000]) {
    await withRig([], async rig => {
      assert.equal(await clocked(rig, rig.client({ skewMs })), [], String(skewMs))
      fired(rig, 'clock-skew')
      assert.equal(
        rig.said.map(words => words.split(' ')[0]),
        ['W701'],
      )
    })
  }
})

test('G1: a client that trusts the clock of its machine is found out', async () => {
  await withRig([], async rig => {
    const trusting = rewriting((reply, { url }) => {
      if (!url.endsWith('/v5/market/time')) return reply
      const nanos = `${Date.now() + 3_600_000}000000`
      return { ...reply, body: reply.body.replace(/"timeNano":"\d+"/, `"timeNano":"${nanos}"`) }
    })
    assert.equal((await clocked(rig, rig.client({ plant: trusting, skewMs: 3_600_000 }))).slice(0, 2), [
      'a wrong wall clock keeps orders away',
      'a step of the clock keeps orders away',
    ])
  })
})

/** What is wrong with the verdict on a key of another environment. */
async function elsewhere(client: BybitClient): Promise<readonly string[]> {
  const { refused } = await new BybitAccount(client).checkedKey(environmentOf('testnet'), 'trades')
  return refused.some(({ code }) => code === 'C976') ? [] : ['a key of another environment is taken']
}

test('K3: a key of another environment is refused before anything is sent with it', async () => {
  await withRig([], async rig => {
    assert.equal(await elsewhere(rig.client({ key: 'key-of-another-place' })), [])
    const other = new BybitAccount(rig.client({ key: 'key-of-another-place' }))
    assert.is((await other.checkedKey(environmentOf('demo'), 'trades')).refused[0].code, 'C976')
    assert.ok(rig.sent.every(request => request.startsWith('GET')))
    // The one that belongs there is taken.
    const { refused } = await new BybitAccount(rig.client()).checkedKey(environmentOf('testnet'), 'trades')
    assert.equal(refused, [])
  })
})

test('K3: one that can move money away, or has run out, is refused at its own environment, too', async () => {
  for (const [keyInfo, code] of [
    [{ canWithdraw: true }, 'C415'],
    [{ expiresAt: '2020-01-01T00:00:00Z' }, 'C407'],
    [{ isReadOnly: true }, 'C407'],
  ] as const) {
    await withRig(
      [],
      async rig => {
        const { refused } = await new BybitAccount(rig.client()).checkedKey(
          environmentOf('testnet'),
          'trades',
        )
        assert.equal(
          refused.map(one => one.code),
          [code],
        )
      },
      { keyInfo },
    )
  }
})

test('K3: a client that takes the answer of another environment is found out', async () => {
  await withRig([], async rig => {
    let known: HttpReply | null = null
    const record = rewriting((reply, { url }) => {
      if (url.includes('/v5/user/')) known = reply
      return reply
    })
    await new BybitAccount(rig.client({ plant: record })).key()
    const plant = rewriting((reply, { url }) => (url.includes('/v5/user/') && known !== null ? known : reply))
    assert.equal(await elsewhere(rig.client({ plant, key: 'key-of-another-place' })), [
      'a key of another environment is taken',
    ])
  })
})

test.run()
