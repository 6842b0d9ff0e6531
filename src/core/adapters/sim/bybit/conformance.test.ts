import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { SECOND, type Steps } from '../../../base/units.ts'
import { bybitApi, type Client, ccxtClient, present, until } from './conformance.fixture.ts'

const test = suite('conformance')

/** What a client has seen at each step of the scenario. */
interface Seen {
  readonly figures: { readonly [step: string]: unknown }
  /** Ids of fills by REST and by stream. */
  readonly fillIds: readonly string[]
  readonly heardFillIds: ReadonlySet<string>
}

/** One story, told to any client. */
async function scenario(connect: (url: string) => Promise<Client>): Promise<Seen> {
  const { sim, server } = await present('conformance')
  const client = await connect(server.url)
  const figures: { [step: string]: unknown } = {}
  const { desk } = sim
  try {
    figures.balance = await client.balance()
    figures.price = await client.lastPrice()
    figures.closes = await client.closes(30)
    await client.setLeverage(5)

    // An entry with its stop, which rests, is amended, and is then taken in parts.
    const entry = await client.place({ side: 'buy', qty: 2, price: 99, stop: 90, linkId: 'entry' })
    figures.resting = await client.order(entry)
    await client.amend(entry, 3, 99.5)
    figures.amended = await client.order(entry)
    desk.thin('XUSDT', 1_200 as Steps, false)
    await client.amend(entry, 3, 100.5)
    await until(
      () => desk.account.openOrder({ orderId: entry, orderLinkId: '' }) === undefined,
      'it is filled',
    )
    desk.thin('XUSDT', null, false)
    figures.filled = await client.order(entry)
    figures.entered = await client.position()
    figures.afterEntry = await client.balance()

    // A cancel that comes too late, and one that does not.
    figures.race = await client.cancel(entry)
    const spare = await client.place({ side: 'buy', qty: 1, price: 98, linkId: 'spare' })
    figures.cancel = await client.cancel(spare)
    figures.cancelled = await client.order(spare)

    await client.setStop(95)
    figures.stopped = await client.position()

    // Parts of the position go over the order channel and over REST.
    await client.placeBySocket({ side: 'sell', qty: 1, reduceOnly: true, linkId: 'part' })
    figures.reduced = await client.position()
    desk.thin('XUSDT', 500 as Steps, false)
    await client.place({ side: 'sell', qty: 2, reduceOnly: true, linkId: 'thin' })
    desk.thin('XUSDT', null, false)
    figures.thinned = await client.position()
    await client.place({ side: 'sell', qty: 5, reduceOnly: true, linkId: 'rest' })
    figures.flat = await client.position()

    const fills = await client.fills()
    figures.fills = fills.map(({ id: _, ...fill }) => fill)
    figures.closedPnl = await client.closedPnl()
    figures.end = await client.balance()

    const { heard } = client
    await until(() => new Set(heard.fills).size === fills.length, 'every fill was told by the stream')
    await until(() => client.streamedSize() === 0, 'the stream has told that the position is closed')
    await until(
      () => heard.statuses.includes('closed') && heard.statuses.includes('canceled'),
      'orders were told',
    )
    await until(() => heard.prices.includes(100) && heard.candles.includes(100), 'the market was told')
    return { figures, fillIds: fills.map(({ id }) => id), heardFillIds: new Set(heard.fills) }
  } finally {
    await client.close()
    await server.close()
  }
}

test('bybit-api and ccxt go through one scenario and see the same fills, positions and balances', async () => {
  const one = await scenario(bybitApi)
  const other = await scenario(ccxtClient)
  for (const step of Object.keys(one.figures)) assert.equal(other.figures[step], one.figures[step], step)
  for (const { fillIds, heardFillIds } of [one, other]) assert.equal(heardFillIds, new Set(fillIds))
  const { figures } = one
  assert.equal(figures.race, 110_001)
  assert.equal(figures.entered, { side: 'long', size: 3, entry: 100, stop: 90 })
  assert.equal(figures.thinned, { side: 'long', size: 1.5, entry: 100, stop: 95 })
  assert.equal(figures.flat, { side: '', size: 0, entry: 0, stop: 0 })
  assert.ok((figures.fills as object[]).length === 5)
})

/** The other story: both sides at once, and prices that are waited for. */
async function hedged(connect: (url: string) => Promise<Client>): Promise<Seen['figures']> {
  // Twenty seconds at 100, then down to 70.
  const { sim, server, skip } = await present('hedged', [[100, 100, 70, 70]])
  const client = await connect(server.url)
  const figures: { [step: string]: unknown } = {}
  try {
    await client.setHedge()
    await client.setLeverage(4)
    await client.place({ side: 'buy', qty: 2, stop: 99.5, positionIdx: 1, linkId: 'long' })
    await client.place({ side: 'sell', qty: 1, target: 98, stop: 110, positionIdx: 2, linkId: 'short' })
    figures.both = await client.sizes()
    skip(15 * SECOND)
    await until(() => sim.desk.account.positions.every(({ side }) => side === null), 'both are closed')
    figures.none = await client.sizes()
    figures.fills = (await client.fills()).map(({ id: _, ...fill }) => fill)
    figures.closedPnl = await client.closedPnl()
    figures.end = await client.balance()
    const { heard } = client
    await until(() => new Set(heard.fills).size === 4, 'every fill was told by the stream')
    assert.is(sim.desk.account.openOrders.length, 0)
    return figures
  } finally {
    await client.close()
    await server.close()
  }
}

test('in hedge mode both see the same stop and the same target go off', async () => {
  const one = await hedged(bybitApi)
  const other = await hedged(ccxtClient)
  for (const step of Object.keys(one)) assert.equal(other[step], one[step], step)
  assert.equal(one.both, { long: 2, short: 1 })
  assert.equal(one.none, {})
  assert.equal(
    (one.fills as { price: number }[]).map(({ price }) => price),
    [98, 99.5, 100, 100],
  )
})

/** The third story: the margin of the account, and its end. */
async function crossed(connect: (url: string) => Promise<Client>): Promise<Seen['figures']> {
  // Twenty seconds at 100, then down to 70.
  const { sim, server, skip } = await present('crossed', [[100, 100, 70, 70]])
  const client = await connect(server.url)
  const figures: { [step: string]: unknown } = {}
  try {
    figures.begins = await client.marginMode()
    await client.setMarginMode('cross')
    figures.mode = await client.marginMode()
    figures.unheld = await client.maintenanceRate()
    await client.place({ side: 'buy', qty: 1, linkId: 'little' })
    figures.far = await client.liquidationPrice()
    await client.place({ side: 'buy', qty: 20, linkId: 'one' })
    await client.place({ side: 'buy', qty: 19, stop: 50, linkId: 'two' })
    figures.near = await client.liquidationPrice()
    figures.rate = await client.maintenanceRate()
    skip(28 * SECOND)
    await until(() => sim.desk.account.positions.every(({ side }) => side === null), 'it is taken over')
    figures.end = await client.balance()
    figures.ends = await client.maintenanceRate()
    // ccxt asks for trades alone, of which a take-over is none: its result and the stream show it.
    figures.closedPnl = await client.closedPnl()
    const { heard } = client
    await until(() => new Set(heard.fills).size === 4, 'every fill was told by the stream')
    return figures
  } finally {
    await client.close()
    await server.close()
  }
}

test('in cross margin both see the mode, the margin that the account has to keep, and its liquidation', async () => {
  const one = await crossed(bybitApi)
  const other = await crossed(ccxtClient)
  for (const step of Object.keys(one)) assert.equal(other[step], one[step], step)
  assert.equal([one.begins, one.mode, one.far], ['ISOLATED_MARGIN', 'REGULAR_MARGIN', null])
  assert.ok(Number(one.near) > 75 && Number(one.near) < 77, `${one.near}`)
  assert.equal([one.unheld, one.rate, one.ends], [0, 0.0421, 0])
})

test.run()
