/**
 * What can break in Bybit's streams and in the market data that they carry, over real sockets: each fault has come
 * about, and what is asked of bbw then is a list of complaints that is empty for it and not for one with a planted bug.
 */
import { WebsocketClient } from 'bybit-api'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { HttpTrouble } from './core/adapters/bybit/http.ts'
import type { FaultRule } from './core/adapters/sim/bybit/fault-plan.ts'
import { StoreFolder } from './core/adapters/sqlite/store.fixture.ts'
import { MINUTE, type Milliseconds, SECOND } from './core/base/units.ts'
import { handling, hearing, held, rigs } from './faults-complaints.fixture.ts'
import {
  bound,
  levels,
  OTHER,
  type RigOptions,
  type StreamRig,
  SYMBOL,
} from './faults-streams-rig.fixture.ts'

const test = suite('faults of streams')
const folder = new StoreFolder()
test.after(() => folder.remove())
const { withRig, complaintsOf } = rigs(folder)

/** What is wrong with how sockets were taken that are open and silent. */
async function halfOpen(rig: StreamRig): Promise<readonly string[]> {
  await held(rig)
  await rig.cause({ fault: 'half-open' })
  const since = rig.now
  await rig.cause({ fault: 'human-close', symbol: SYMBOL, steps: 500 })
  const wrong: string[] = []
  let oldest: Milliseconds = 0
  for (let k = 0; k < 20; k++) {
    await rig.run(SECOND)
    oldest = Math.max(oldest, rig.now - (rig.pricedAt.get(SYMBOL) ?? 0))
  }
  const told = rig.said.filter(({ code, at }) => code === 'W501' && at <= since + 17 * SECOND)
  if (told.length !== 2) wrong.push('it was not told of both')
  if (rig.dialled.filter(({ at }) => at > since).length < 2) wrong.push('they were not connected anew')
  if (oldest > 14 * SECOND) wrong.push('prices were not asked for meanwhile')
  await rig.run(5 * SECOND)
  wrong.push(...(await rig.differences()))
  return wrong
}

test('E1: a socket that is open and silent is given up after 15 s, and requests tell what it does not', async () => {
  assert.equal(await complaintsOf('half-open', {}, halfOpen, 'W501'), [])
})

test('E1: a client that trusts an open socket is found out', async () => {
  const trusting = handling(() => ({ check: () => {} }))
  const complaints = await complaintsOf('half-open', { connection: trusting }, halfOpen)
  assert.ok(complaints.includes('it was not told of both'), complaints.join())
  assert.ok(complaints.includes('they were not connected anew'), complaints.join())
  let isFair = true
  const http: RigOptions['http'] = ask => asked =>
    isFair || !asked.url.includes('/v5/market/tickers')
      ? ask(asked)
      : Promise.reject(new HttpTrouble('never', { isReply: false, wasSent: false }))
  const blind = await complaintsOf('half-open', { http }, rig => {
    isFair = false
    return halfOpen(rig)
  })
  assert.equal(blind, ['prices were not asked for meanwhile'])
})

/** What is wrong with how topics were taken that are dead while their sockets live. */
async function deadTopics(rig: StreamRig): Promise<readonly string[]> {
  await held(rig)
  await rig.cause({ fault: 'dead-topic', only: 'tickers' })
  await rig.cause({ fault: 'dead-topic', only: 'execution' })
  await rig.cause({ fault: 'human-close', symbol: SYMBOL, steps: 500 })
  await rig.run(100 * SECOND, SECOND)
  const wrong: string[] = []
  const told = rig.said.filter(({ code }) => code === 'W502').map(({ words }) => words.split(/[ :]/)[0])
  for (const topic of ['tickers', 'execution']) if (!told.includes(topic)) wrong.push(`${topic}: not told`)
  if (rig.count('W501') > 0) wrong.push('a socket with a pong was given up')
  wrong.push(...(await rig.differences()))
  const before = rig.heard.length
  await rig.cause({ fault: 'human-close', symbol: SYMBOL, steps: 100 })
  await rig.run(2 * SECOND)
  if (!rig.heard.slice(before).some(({ type }) => type === 'fill')) wrong.push('fills do not come again')
  return wrong
}

test('E2: a topic that is dead while pongs come is asked for again, and comes', async () => {
  assert.equal(await complaintsOf('dead-topic', {}, deadTopics, 'W502'), [])
})

test('E2: a client that goes by pongs alone is found out', async () => {
  const trusting = handling(() => ({ renew: () => {} }))
  const complaints = await complaintsOf('dead-topic', { connection: trusting }, deadTopics)
  assert.equal(complaints, ['fills do not come again'])
})

/** Five minutes. */
const SPAN: Milliseconds = 5 * MINUTE

/** What is wrong with how sockets were taken that are closed as soon as they are open. */
async function flapping(rig: StreamRig): Promise<readonly string[]> {
  await held(rig)
  const from = rig.now
  await rig.cause({ fault: 'flap', ms: 20 * MINUTE })
  await rig.run(19 * MINUTE, SECOND)
  const wrong: string[] = []
  for (const channel of ['public', 'private']) {
    const dialled = rig.dialled.filter(one => one.channel === channel && one.at >= from).map(({ at }) => at)
    const most = Math.max(
      ...dialled.map(since => dialled.filter(at => at >= since && at < since + SPAN).length),
    )
    if (most > 20) wrong.push(`${channel}: ${most} connections in five minutes`)
    const last = dialled.at(-1) ?? 0
    if (rig.now - last > 61 * SECOND) wrong.push(`${channel}: it is not tried any more`)
  }
  if (rig.said.filter(({ code }) => code === 'W503').length !== 2) wrong.push('it was not told once of each')
  const [stop] = (await rig.account()).positions.map(one => one.stop)
  if (stop !== 950) wrong.push('the stop is gone')
  await rig.run(3 * MINUTE, SECOND)
  if (rig.exchange.trouble !== null) wrong.push('it is not back')
  wrong.push(...(await rig.differences()))
  return wrong
}

test('E3: sockets that do not hold are tried ever more rarely, up to a minute, and come back', async () => {
  assert.equal(await complaintsOf('flap', {}, flapping, 'W503'), [])
})

/** Planted: bybit-api's own client as it is, which comes back twice a second for as long as it takes. */
class Hasty extends WebsocketClient {
  readonly #url: string

  constructor(url: string) {
    super({ reconnectTimeout: 500 }, { trace: () => {}, info: () => {}, error: () => {} })
    this.#url = url
  }

  protected override async getWsUrl(): Promise<string> {
    return this.#url
  }
}

test('E3: a client that comes back at once is found out', async () => {
  const hasty: RigOptions['connection'] = (connection, channel, url) => {
    if (channel === 'private') return connection
    const client = new Hasty(`${url}/v5/public/linear`)
    return handling(() => ({
      subscribe: topics => void Promise.all(client.subscribeV5([...topics], 'linear')).catch(() => {}),
      check: () => {},
      close: () => client.closeAll(true),
    }))(connection)
  }
  const complaints = await complaintsOf('flap', { connection: hasty }, flapping)
  assert.match(complaints[0], /^public: \d+ connections in five minutes$/)
})

/** What is wrong with the books after events that came while the stream was away. */
async function missed(rig: StreamRig): Promise<readonly string[]> {
  await held(rig)
  await rig.cause({ fault: 'drop', only: 'private' })
  await rig.run(20, 20)
  await rig.cause({ fault: 'human-close', symbol: SYMBOL, steps: 500 })
  const wrong: string[] = []
  await rig.run(5 * SECOND)
  if (!rig.heard.some(({ type }) => type === 'feed-gap')) wrong.push('nobody knows of a gap')
  wrong.push(...(await rig.differences()))
  return wrong
}

test('E4: what happened while a stream was away is known seconds after it is back', async () => {
  assert.equal(await complaintsOf('drop', {}, missed), [])
})

test('E4: a client that goes on as if nothing had been missed is found out', async () => {
  const forgetful = hearing(listener => ({ ready: () => listener.ready(false) }))
  const complaints = await complaintsOf('drop', { listener: forgetful }, missed)
  assert.is(complaints[0], 'nobody knows of a gap')
  assert.match(complaints[1], /^positions: /)
})

/** A price that moves every minute. */
const MOVING = levels(...Array.from({ length: 120 }, (_, k) => [1, 100 + (k % 5)] as const))

/** What is wrong with prices of which only what changes is told. */
async function deltas(rig: StreamRig): Promise<readonly string[]> {
  await rig.run(3 * MINUTE, SECOND)
  const wrong: string[] = []
  const prices = rig.heard.filter(input => input.type === 'price')
  if (prices.length < 100) wrong.push(`${prices.length} prices`)
  const figures = prices.flatMap(({ last, mark, low = last, high = last }) => [last, mark, low, high])
  if (!figures.every(figure => Number.isFinite(figure) && figure > 0)) wrong.push('a price is none')
  if (rig.count('E106') > 0) wrong.push('a message could not be read')
  return wrong
}

/** Counts deltas that lack the mark price, and may change them. */
function lacking(change: (message: object) => object) {
  const counted = { lacking: 0 }
  const listener = hearing(to => ({
    message: message => {
      const { type, data } = message as { readonly type?: string; readonly data?: object }
      const isLean = type === 'delta' && data !== undefined && !('markPrice' in data && 'lastPrice' in data)
      if (isLean) counted.lacking++
      to.message(isLean ? change(message as object) : message)
    },
  }))
  return { counted, listener }
}

test('E5: a field that a delta lacks is as it was, and no price is ever none', async () => {
  const { counted, listener } = lacking(message => message)
  await withRig({ listener, minutes: MOVING }, async rig => {
    assert.equal(await deltas(rig), [])
    assert.ok(counted.lacking > 10, `${counted.lacking} deltas lack a price`)
  })
})

test('E5: a client that takes a delta for all there is is found out', async () => {
  const { counted, listener } = lacking(message => ({ ...message, type: 'snapshot' }))
  await withRig({ listener, minutes: MOVING }, async rig => {
    assert.ok((await deltas(rig)).includes('a message could not be read'))
    assert.ok(counted.lacking > 0)
  })
})

/** Lets the exchange be away for so long; resolves to what is wrong with how that was taken. */
async function outage(rig: StreamRig, minutes: number): Promise<readonly string[]> {
  await held(rig)
  const from = rig.now
  const rule: FaultRule = { fault: 'outage', ms: minutes * MINUTE }
  await rig.cause(rule)
  await rig.run(4 * MINUTE, SECOND)
  await rig.cause({ fault: 'human-close', symbol: SYMBOL, steps: 500 })
  const wrong: string[] = []
  await rig.propose(OTHER)
  await rig.run((minutes - 5) * MINUTE, SECOND)
  if (rig.requests('POST /v5/order/create', from) > 0) wrong.push('an entry was sent')
  if (rig.count('C403') !== 1) wrong.push(`C403 was told ${rig.count('C403')} times`)
  if (rig.position() === null) wrong.push('what is held was given up')
  const sent = rig.sent.filter(({ at }) => at >= from).length
  if (sent > 60 * minutes) wrong.push(`${sent} requests went to an exchange that is away`)
  await rig.run(MINUTE + 35 * SECOND, SECOND)
  wrong.push(...(await rig.differences()))
  await rig.propose(OTHER)
  if (rig.requests('POST /v5/order/create', from) !== 1) wrong.push('nothing is entered afterwards')
  return wrong
}

test('D3: in an outage of half an hour nothing is entered, it is told once, and all is compared before it goes on', async () => {
  assert.equal(await complaintsOf('outage', {}, rig => outage(rig, 30), 'C403'), [])
})

test('D3: a client that takes no answer for no change is found out', async () => {
  let last: Awaited<ReturnType<StreamRig['account']>> | null = null
  const complaints = await complaintsOf(
    'outage',
    {
      broker: broker => ({
        ...bound(broker),
        account: async () => {
          last = await broker.account().catch(error => {
            if (last === null) throw error
            return last
          })
          return last
        },
        executions: since => broker.executions(since).catch(() => []),
      }),
    },
    rig => outage(rig, 8),
  )
  assert.ok(complaints.includes('C403 was told 0 times'), complaints.join())
})

test.run()
