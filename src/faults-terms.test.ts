/**
 * Limits of the exchange, its listings and the terms of the account over real sockets: each fault has come about, and
 * what is asked of bbw then is a list of complaints that is empty for it and not for one with a planted bug.
 */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { HttpReply, HttpRequest } from './core/adapters/bybit/http.ts'
import { instrument as PLAIN, ticks } from './core/adapters/sim/exchange.fixture.ts'
import { verify } from './core/adapters/sqlite/backup.ts'
import type { Migration } from './core/adapters/sqlite/migrations.ts'
import { StoreFolder } from './core/adapters/sqlite/store.fixture.ts'
import { HOUR, MINUTE, SECOND, type Steps } from './core/base/units.ts'
import type { Signal } from './core/decision/signal.ts'
import { CREATE, fails, hearing, held, rigs } from './faults-complaints.fixture.ts'
import {
  bound,
  levels,
  OTHER,
  type RigOptions,
  type StreamRig,
  SYMBOL,
} from './faults-streams-rig.fixture.ts'

const test = suite('faults of terms')
const folder = new StoreFolder()
test.after(() => folder.remove())
const { complaintsOf, withRig } = rigs(folder)

/** A limit order with a target that rests. */
const REVERSION: Partial<Signal> = {
  strategy: 'mean-reversion',
  order: { type: 'limit', price: ticks(100) },
  leverage: 10,
}

/** Planted: replies of the exchange's are taken for other ones. */
function taking(change: (body: string, asked: HttpRequest) => string): RigOptions['http'] {
  return http => async asked => {
    const reply: HttpReply = await http(asked)
    return { ...reply, body: change(reply.body, asked) }
  }
}

/** An entry is refused for the account; the next ones are not sent, and what is held stays as it is. */
const refusedFor =
  (code: number, told: 'C408' | 'W409') =>
  async (rig: StreamRig): Promise<readonly string[]> => {
    await held(rig)
    rig.setFaults([{ fault: 'refuse', code, only: '/v5/order/create', most: 1 }])
    const before = rig.requests(CREATE)
    await rig.propose(OTHER)
    await rig.propose(OTHER)
    await rig.propose(OTHER)
    const sent = rig.requests(CREATE) - before
    const wrong: string[] = []
    if (sent !== 1) wrong.push(`${sent} entries were sent`)
    if (rig.count(told) !== 1) wrong.push(`${told} was told ${rig.count(told)} times`)
    return [...wrong, ...(await rig.differences())]
  }

test('D8: over the wire an account that may only reduce enters nothing more, and one who takes it for one order is found out', async () => {
  for (const code of [110_023, 10_027])
    assert.equal(await complaintsOf('refuse', {}, refusedFor(code, 'C408'), 'C408'), [])
  const http = taking(body => body.replace('"retCode":110023', '"retCode":110003'))
  fails(await complaintsOf('refuse', { http }, refusedFor(110_023, 'C408')), 'C408 was told 0 times')
})

test('D9: over the wire an entry over the number of orders is denied without a loop, and one who takes it for one order is found out', async () => {
  assert.equal(await complaintsOf('refuse', {}, refusedFor(110_020, 'W409'), 'W409'), [])
  const http = taking(body => body.replace('"retCode":110020', '"retCode":110003'))
  fails(await complaintsOf('refuse', { http }, refusedFor(110_020, 'W409')), 'W409 was told 0 times')
})

const FALLING = levels([2, 100], [60, 98.5])

/** A limit fills without a word, and is cancelled after that. */
async function late(rig: StreamRig): Promise<readonly string[]> {
  await rig.propose(SYMBOL, {
    strategy: 'mean-reversion',
    order: { type: 'limit', price: ticks(99) },
    leverage: 10,
  })
  rig.setFaults([
    { fault: 'lose-push', only: 'order' },
    { fault: 'lose-push', only: 'execution' },
    { fault: 'lose-push', only: 'position' },
  ])
  for (let k = 0; k < 400 && (await rig.account()).positions.length === 0; k++) await rig.run(SECOND)
  await rig.hear({ type: 'command', at: 0, id: 'h', command: 'halt', by: 'a person', reason: 'enough' })
  await rig.run(45 * SECOND)
  const wrong: string[] = []
  if (rig.count('I410') !== 1) wrong.push(`I410 was told ${rig.count('I410')} times`)
  if (rig.position() === null) wrong.push('the books have no position')
  if (rig.nakedMs > 0) wrong.push('it had no stop')
  return [...wrong, ...(await rig.differences())]
}

test('D10: over the wire a cancellation that comes too late is looked up, and one who takes it for done is found out', async () => {
  assert.equal(await complaintsOf('lose-push', { minutes: FALLING }, late, 'I410'), [])
  const broker: RigOptions['broker'] = one => ({
    ...bound(one),
    lookUp: async (_, clientOrderId) => ({
      clientOrderId,
      state: 'cancelled',
      filled: 0 as never,
      reason: '',
    }),
    executions: async () => [],
  })
  fails(await complaintsOf('lose-push', { minutes: FALLING, broker }, late), 'I410 was told 0 times')
})

/** An order of another bbw rests on the account, and a second one. */
async function rival(rig: StreamRig): Promise<readonly string[]> {
  rig.byHand(1, 'bbw-zzzz-00000000000000000000000001')
  await rig.run(35 * SECOND)
  const wrong: string[] = []
  await rig.propose()
  if (rig.requests(CREATE) > 0) wrong.push('an entry was sent')
  rig.byHand(1, 'bbw-zzzz-00000000000000000000000002')
  await rig.run(65 * SECOND)
  if (!rig.engine.halted) wrong.push('entries are not halted')
  if (rig.count('C305') === 0) wrong.push('C305 was not told')
  if (rig.requests('POST /v5/order/cancel') > 0) wrong.push('they were touched')
  return wrong
}

test('C5: over the wire orders of another bbw stop entries and halt them, and one who sees only its own is found out', async () => {
  await withRig({}, async rig => {
    assert.equal(await rival(rig), [])
    assert.ok(rig.count('C305') > 0)
  })
  const broker: RigOptions['broker'] = one => ({
    ...bound(one),
    account: async () => ({ ...(await one.account()), orders: [] }),
  })
  await withRig({ broker }, async rig => fails(await rival(rig), 'C305 was not told'))
})

/** What was changed in the lists of the exchange is known within the hour. */
const withinTheHour = async (rig: StreamRig): Promise<void> => {
  await rig.run(62 * MINUTE, 4 * SECOND)
}

async function coarser(rig: StreamRig): Promise<readonly string[]> {
  await held(rig)
  await rig.cause({ fault: 'filters', symbol: SYMBOL, ticks: 5, steps: 10 })
  await withinTheHour(rig)
  const wrong: string[] = []
  if (rig.count('I601') === 0) wrong.push('I601 was not told')
  if (rig.nakedMs > 0) wrong.push('it had no stop')
  const [there] = (await rig.account()).positions
  if (there?.stop !== 950) wrong.push(`the stop is ${there?.stop}`)
  return wrong
}

/** Planted: of its lists the exchange is asked once, and never again. */
function once(path: string): RigOptions['http'] {
  let known: HttpReply | null = null
  return http => async asked => {
    if (!asked.url.includes(path)) return http(asked)
    known ??= await http(asked)
    return known
  }
}

test('F1: over the wire a coarser grid is found within the hour, and one who never looks again is found out', async () => {
  assert.equal(await complaintsOf('filters', {}, coarser, 'I601'), [])
  fails(await complaintsOf('filters', { http: once('/instruments-info') }, coarser), 'I601 was not told')
})

/** Of what is held a part is less than a step of now, and a person wants it closed; over a restart, or without one. */
function closedWhole(restarts: boolean): (rig: StreamRig) => Promise<readonly string[]> {
  return async rig => {
    await rig.propose()
    await rig.cause({ fault: 'filters', symbol: SYMBOL, steps: 1_000 })
    if (restarts) await rig.restart()
    else await withinTheHour(rig)
    const request = { kind: 'close', symbol: SYMBOL, side: null, isForeignToo: false, halts: false } as const
    await rig.hear({ type: 'closure', at: 0, id: 'c', ...request, by: 'me', reason: 'out' })
    await rig.run(80 * SECOND)
    const wrong: string[] = []
    const { positions } = await rig.account()
    if (positions.length > 0) wrong.push(`${positions[0]?.steps} steps are left`)
    const said = rig.events.filter(({ kind }) => kind === 'flat').map(({ reason }) => reason)
    if (said.join() !== `flat: ${SYMBOL} long`) wrong.push(`the close ended with: ${said.join()}`)
    if (rig.count('W309') > 0) wrong.push('its money is not what the books say')
    if (rig.count('W303') + rig.count('C221') > 0) wrong.push('its own rest is somebody else’s')
    return [...wrong, ...(await rig.differences())]
  }
}

test('F4: over the wire what is held between coarser steps is closed whole, and one who counts in whole steps is found out', async () => {
  for (const restarts of [false, true]) {
    assert.equal(await complaintsOf('filters', {}, closedWhole(restarts), 'I601'), [], String(restarts))
  }
  const http: RigOptions['http'] = inner => async asked => {
    const reply = await inner(asked)
    if (!asked.url.includes('/v5/position/list')) return reply
    return { ...reply, body: reply.body.replaceAll(/"size":"(\d+)\.\d+"/g, '"size":"$1.000"') }
  }
  fails(await complaintsOf('filters', { http }, closedWhole(false)), 'steps are left')
})

async function delisted(rig: StreamRig): Promise<readonly string[]> {
  await held(rig)
  await rig.cause({ fault: 'delist', symbol: SYMBOL, ms: 20 * HOUR })
  await withinTheHour(rig)
  const wrong: string[] = []
  if (rig.count('C602') === 0) wrong.push('C602 was not told')
  if ((await rig.account()).positions.length > 0) wrong.push('it is held on')
  return [...wrong, ...(await rig.differences())]
}

test('F2: over the wire what is delisted within a day is closed, and one who never looks again is found out', async () => {
  assert.equal(await complaintsOf('delist', {}, delisted, 'C602'), [])
  fails(await complaintsOf('delist', { http: once('/instruments-info') }, delisted), 'it is held on')
})

async function otherMargin(rig: StreamRig): Promise<readonly string[]> {
  await held(rig)
  await rig.cause({ fault: 'margin-mode' })
  await rig.run(70 * SECOND)
  const before = rig.requests(CREATE)
  await rig.propose(OTHER)
  const wrong = rig.count('C610') === 1 ? [] : [`C610 was told ${rig.count('C610')} times`]
  if (rig.requests(CREATE) !== before) wrong.push('an entry was sent')
  return [...wrong, ...(await rig.differences())]
}

test('F10: over the wire another margin mode keeps entries away, and one who asks for it once is found out', async () => {
  assert.equal(await complaintsOf('margin-mode', {}, otherMargin, 'C610'), [])
  fails(
    await complaintsOf('margin-mode', { http: once('/v5/account/info') }, otherMargin),
    'C610 was told 0 times',
  )
})

async function announced(rig: StreamRig): Promise<readonly string[]> {
  await held(rig)
  await rig.cause({ fault: 'maintenance', ms: 8 * MINUTE })
  await rig.run(4 * MINUTE, SECOND)
  const before = rig.requests(CREATE)
  await rig.propose(OTHER)
  const wrong = rig.count('W404') === 1 ? [] : [`W404 was told ${rig.count('W404')} times`]
  if (rig.requests(CREATE) !== before) wrong.push('an entry was sent')
  return [...wrong, ...(await rig.differences())]
}

test('D4: over the wire entries end before announced maintenance, and one who asks for it once is found out', async () => {
  assert.equal(await complaintsOf('maintenance', {}, announced, 'W404'), [])
  fails(
    await complaintsOf('maintenance', { http: once('/v5/system/status') }, announced),
    'W404 was told 0 times',
  )
})

/** Somebody removes the stop, it cannot be set where the price is, and what is held is too little for an order. */
async function dust(rig: StreamRig): Promise<readonly string[]> {
  await held(rig)
  const before = rig.requests(CREATE)
  rig.setFaults([
    { fault: 'refuse', code: 110_092, only: '/v5/position/trading-stop', most: 1 },
    { fault: 'refuse', code: 110_094, only: '/v5/order/create' },
  ])
  await rig.cause({ fault: 'human-stop', symbol: SYMBOL, ticks: 0 })
  await rig.run(10 * MINUTE, SECOND)
  const sent = rig.sent.filter(({ request }) => request === CREATE).slice(before)
  const wrong: string[] = []
  if (sent.length !== 1) wrong.push(`${sent.length} closes were sent`)
  if (rig.count('I604') !== 1) wrong.push(`I604 was told ${rig.count('I604')} times`)
  const [there] = (await rig.account()).positions
  const qty = Number(JSON.parse(sent[0]?.body ?? '{}').qty)
  if (Math.round(qty / rig.instrument(SYMBOL).stepSize) !== there?.steps)
    wrong.push(`${qty} of ${there?.steps} steps were to be closed`)
  if (there?.stop !== 950) wrong.push(`the stop is ${there?.stop}`)
  return [...wrong, ...(await rig.differences())]
}

test('F4: over the wire what is too little for an order is left under its stop, and one who tries on and on is found out', async () => {
  assert.equal(await complaintsOf(['refuse', 'human-stop'], {}, dust, 'I604'), [])
  const http = taking(body => body.replace('"retCode":110094', '"retCode":10016'))
  const complaints = await complaintsOf('refuse', { http }, dust)
  fails(complaints, 'closes were sent')
  fails(complaints, 'I604 was told 0 times')
})

/** Somebody takes nearly all money out from under what is held. */
async function lowMargin(rig: StreamRig): Promise<readonly string[]> {
  await held(rig)
  const { wallet } = await rig.account()
  await rig.cause({ fault: 'transfer', usdt: 1 - Number(wallet) })
  await rig.run(70 * SECOND, SECOND)
  const before = rig.requests(CREATE)
  await rig.propose(OTHER)
  const wrong = rig.count('C609') === 1 ? [] : [`C609 was told ${rig.count('C609')} times`]
  const why = rig.events.filter(({ kind }) => kind === 'refused').map(({ reason }) => reason)
  if (!why.some(reason => reason.includes('maintenance margin'))) wrong.push('it is no reason to stay away')
  if (rig.requests(CREATE) !== before) wrong.push('an entry was sent')
  return [...wrong, ...(await rig.differences())]
}

test('F9: over the wire margin that is low keeps entries away, and one who does not read its rate is found out', async () => {
  assert.equal(await complaintsOf('transfer', {}, lowMargin, 'C609'), [])
  const http = taking(body => body.replace(/"accountMMRate":"[^"]*"/, '"accountMMRate":"0"'))
  assert.equal(await complaintsOf('transfer', { http }, lowMargin), [
    'C609 was told 0 times',
    'it is no reason to stay away',
  ])
})

/** The market takes 500 steps at once, and more than that, whose stop is lost, has to be closed. */
const NARROW = { ...PLAIN, maxQty: 2_500 as Steps }
const MOST_AT_MARKET = 500

async function inParts(rig: StreamRig): Promise<readonly string[]> {
  await rig.propose(SYMBOL, {
    strategy: 'mean-reversion',
    order: { type: 'limit', price: ticks(100) },
    leverage: 10,
  })
  const steps = rig.position()?.steps ?? 0
  assert.ok(steps > 2 * MOST_AT_MARKET, `${steps} steps are held`)
  rig.setFaults([{ fault: 'refuse', code: 110_092, only: '/v5/position/trading-stop', most: 1 }])
  await rig.cause({ fault: 'human-stop', symbol: SYMBOL, ticks: 0 })
  await rig.run(MINUTE, SECOND)
  const closes = rig.sent
    .filter(({ request }) => request === CREATE)
    .map(({ body }) => JSON.parse(body ?? '{}'))
    .filter(({ orderType, reduceOnly }) => orderType === 'Market' && reduceOnly === true)
  const parts = closes.map(({ qty }) => Math.round(Number(qty) / NARROW.stepSize))
  const wrong: string[] = []
  if (parts.some(part => part > MOST_AT_MARKET)) wrong.push(`${parts.join()} steps were sent`)
  const sum = parts.reduce((all, part) => all + part, 0)
  if (sum !== steps) wrong.push(`${sum} of ${steps} steps were sent`)
  const chains = new Set(closes.map(({ orderLinkId }) => orderLinkId.split('_')[0]))
  if (chains.size !== 1) wrong.push(`${chains.size} chains`)
  if (new Set(closes.map(({ orderLinkId }) => orderLinkId)).size !== closes.length)
    wrong.push('an id came twice')
  if ((await rig.account()).positions.length > 0) wrong.push('it is held on')
  if (rig.trades.length !== 1) wrong.push(`${rig.trades.length} trades`)
  return [...wrong, ...(await rig.differences())]
}

test('F5: over the wire a close above the greatest quantity goes in parts of one chain, and one who takes that of limits for it is found out', async () => {
  assert.equal(await complaintsOf(['refuse', 'human-stop'], { instrument: NARROW }, inParts, 'C202'), [])
  const http = taking(body =>
    body.replace(
      /"maxOrderQty":("[^"]*")(.*?)"maxMktOrderQty":"[^"]*"/g,
      '"maxOrderQty":$1$2"maxMktOrderQty":$1',
    ),
  )
  fails(await complaintsOf('refuse', { instrument: NARROW, http }, inParts), 'steps were sent')
})

/** Prices come as ever, but they are those of a minute ago, and requests tell no others. */
async function stale(rig: StreamRig): Promise<readonly string[]> {
  const offer = (): Promise<void> => rig.propose(SYMBOL, { lastAt: rig.pricedAt.get(SYMBOL) ?? 0 })
  rig.setFaults([
    { fault: 'stale-push', only: 'tickers' },
    { fault: 'lose-request', only: '/v5/market/tickers' },
  ])
  await rig.run(15 * SECOND)
  await offer()
  await offer()
  const wrong: string[] = []
  if (rig.count('W506') !== 1) wrong.push(`W506 was told ${rig.count('W506')} times`)
  if (rig.requests(CREATE) > 0) wrong.push('an entry was sent')
  rig.setFaults([])
  await rig.run(15 * SECOND)
  await offer()
  if (rig.requests(CREATE) !== 1) wrong.push('nothing is entered afterwards')
  return [...wrong, ...(await rig.differences())]
}

/** A price that moves every minute. */
const MOVING = levels(...Array.from({ length: 120 }, (_, k) => [1, 100 + (k % 5) / 10] as const))

test('E6: over the wire a price is as old as the exchange says, and one who goes by its arrival is found out', async () => {
  const minutes = MOVING
  assert.equal(await complaintsOf(['stale-push', 'lose-request'], { minutes }, stale, 'W506'), [])
  const listener = hearing(to => ({
    message: message => {
      const { topic = '', ts = 0 } = message as { readonly topic?: string; readonly ts?: number }
      // No time is later than the arrival.
      to.message(topic.startsWith('tickers') ? { ...(message as object), ts: ts + MINUTE } : message)
    },
  }))
  assert.equal(await complaintsOf('stale-push', { minutes, listener }, stale), [
    'W506 was told 0 times',
    'an entry was sent',
  ])
})

/** What is held is missing in the lists of the exchange from now on. */
async function unlisted(rig: StreamRig): Promise<readonly string[]> {
  await rig.propose(OTHER)
  assert.ok(rig.position(OTHER) !== null, 'something is held')
  // Of two rows the second one, and of one that is asked for by its name that.
  rig.setFaults([{ fault: 'row-gap', only: '/v5/market/instruments-info' }])
  await withinTheHour(rig)
  const wrong: string[] = []
  if (rig.position(OTHER)?.stop !== 950) wrong.push('it is not in the books with its stop')
  if (rig.count('W309') + rig.count('C310') > 0) wrong.push('it was taken for gone')
  if (rig.count('C602') !== 1) wrong.push(`C602 was told ${rig.count('C602')} times`)
  const before = rig.requests(CREATE)
  await rig.propose(OTHER, { strategy: 'mean-reversion' })
  if (rig.requests(CREATE) !== before) wrong.push('an order was sent')
  return [...wrong, ...(await rig.differences())]
}

test('F3: over the wire what is held and missing in the lists stays in the books, and one who goes by the lists is found out', async () => {
  assert.equal(await complaintsOf('row-gap', {}, unlisted, 'C602'), [])
  let names: readonly string[] = [SYMBOL, OTHER]
  const http = taking((body, { url }) => {
    if (url.includes('/instruments-info')) {
      names = [SYMBOL, OTHER].filter(name => body.includes(`"symbol":"${name}"`))
    }
    return body
  })
  const broker: RigOptions['broker'] = one => ({
    ...bound(one),
    account: async () => {
      const account = await one.account()
      return { ...account, positions: account.positions.filter(({ symbol }) => names.includes(symbol)) }
    },
  })
  fails(await complaintsOf('row-gap', { http, broker }, unlisted), 'it was taken for gone')
})

/** A symbol is in an auction for three hours, of which nobody has told before an order is sent there. */
async function auctioned(rig: StreamRig): Promise<readonly string[]> {
  await rig.cause({ fault: 'auction', symbol: SYMBOL, ms: 3 * HOUR })
  await rig.propose()
  await rig.propose()
  const wrong: string[] = []
  if (rig.requests(CREATE) !== 1) wrong.push(`${rig.requests(CREATE)} entries were sent`)
  if (rig.count('I611') !== 1) wrong.push(`I611 was told ${rig.count('I611')} times`)
  if (rig.position() !== null) wrong.push('something is held')
  await rig.propose(OTHER)
  if (rig.position(OTHER) === null) wrong.push('another symbol is kept from trading')
  return [...wrong, ...(await rig.differences())]
}

/** The exchange lists it as that within the hour: then nothing is tried at all. */
async function listedAuction(rig: StreamRig): Promise<readonly string[]> {
  await rig.cause({ fault: 'auction', symbol: SYMBOL, ms: 3 * HOUR })
  await withinTheHour(rig)
  await rig.propose()
  const wrong: string[] = []
  if (rig.requests(CREATE) > 0) wrong.push('an entry was sent')
  if (rig.count('I611') !== 1) wrong.push(`I611 was told ${rig.count('I611')} times`)
  return [...wrong, ...(await rig.differences())]
}

test('F11: over the wire nothing more is sent into an auction, and one who takes its refusal for that of one order is found out', async () => {
  assert.equal(await complaintsOf('auction', {}, auctioned, 'I611'), [])
  const http = taking(body => body.replace('"retCode":110099', '"retCode":110003'))
  fails(await complaintsOf('auction', { http }, auctioned), 'I611 was told 0 times')
})

test('F11: over the wire an auction that is listed is told of before anything is sent, and one who does not read its phase is found out', async () => {
  assert.equal(await complaintsOf('auction', {}, listedAuction, 'I611'), [])
  const http = taking(body => body.replace('"curAuctionPhase":"CallAuction"', '"curAuctionPhase":""'))
  fails(await complaintsOf('auction', { http }, listedAuction), 'I611 was told 0 times')
})

test('F11: over the wire whatever the exchange calls the refusal of an order in an auction, it is known as that', async () => {
  const otherwise = taking(body => body.replace('"retCode":110099', '"retCode":110095'))
  assert.equal(await complaintsOf('auction', { http: otherwise }, auctioned, 'I611'), [])
})

/** Answers take three seconds, for three minutes. */
async function slow(rig: StreamRig): Promise<readonly string[]> {
  await held(rig)
  rig.setFaults([{ fault: 'late-reply', ms: 3 * SECOND }])
  await rig.run(3 * MINUTE, 250)
  const wrong: string[] = []
  if (rig.count('W405') !== 1) wrong.push(`W405 was told ${rig.count('W405')} times`)
  rig.setFaults([])
  await rig.run(MINUTE, SECOND)
  if (rig.position() === null) wrong.push('what is held was given up')
  if (rig.nakedMs > 0) wrong.push(`${rig.nakedMs} ms without a stop`)
  await rig.propose(OTHER)
  if (rig.position(OTHER) === null) wrong.push('nothing is entered afterwards')
  return [...wrong, ...(await rig.differences())]
}

test('D5: over the wire slow answers are told of once and nothing is given up for them', async () => {
  assert.equal(await complaintsOf('late-reply', {}, slow, 'W405'), [])
})

/** What a later bbw keeps in a table of its own. */
const LATER: Migration = { version: 2, up: writer => writer.exec('CREATE TABLE later (a TEXT) STRICT') }

/** While something is held, with its target, and another entry rests, a later bbw takes the place of this one. */
const updated =
  (step: Migration) =>
  async (rig: StreamRig): Promise<readonly string[]> => {
    await rig.propose(SYMBOL, REVERSION)
    await rig.propose(OTHER, { ...REVERSION, order: { type: 'limit', price: ticks(98) } })
    assert.equal([rig.engine.portfolio.positions.size, rig.engine.portfolio.pending.size], [1, 1])
    const before = await rig.account()
    const sent = rig.requests(CREATE)
    await rig.update([step])
    await rig.run(MINUTE, SECOND)
    const wrong: string[] = []
    const { upgrade } = rig.store
    if (upgrade?.code !== 'I709') wrong.push('the upgrade is not told')
    if (upgrade === null || verify(upgrade.backup).counts.positions !== 1)
      wrong.push('there is no backup of it')
    if (rig.nakedMs > 0) wrong.push(`${rig.nakedMs} ms without a stop`)
    if (rig.requests(CREATE) !== sent) wrong.push('orders were sent')
    if (rig.count('W303') > 0) wrong.push('its own position is a stranger’s')
    const { wallet: _, ...after } = await rig.account()
    const { wallet: __, ...was } = before
    if (JSON.stringify(after) !== JSON.stringify(was)) wrong.push('something has changed at the exchange')
    return [...wrong, ...(await rig.differences())]
  }

test('G9: over the wire a later bbw takes over what is held, from a state that it upgrades beside a backup, and one whose upgrade loses rows is found out', async () => {
  await withRig({}, async rig => assert.equal(await updated(LATER)(rig), []))
  const loses: Migration = { version: 2, up: writer => writer.exec('DELETE FROM positions') }
  await withRig({}, async rig => fails(await updated(loses)(rig), 'its own position is a stranger’s'))
})

test.run()
