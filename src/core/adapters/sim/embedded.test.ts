import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DAY, MINUTE, type Steps, type Ticks, type Timestamp } from '../../base/units.ts'
import type { Input, OrderRequest } from '../../engine/protocol.ts'
import { EmbeddedExchange } from './embedded.ts'
import { MemoryJournal } from './host.fixture.ts'
import { SimHost } from './host.ts'
import { entryOf, marketsOf, tradingFrom, venueOf } from './market.fixture.ts'
import { ScriptedTrader } from './trader.fixture.ts'

const test = suite('embedded exchange')

const MARKETS = marketsOf(3, 5, { symbols: 2, minutes15Days: 6 })
const FROM = tradingFrom(MARKETS)
const SYMBOL = MARKETS[0].instrument.symbol

const order = (): OrderRequest => entryOf(SYMBOL, { clientOrderId: 'entry-1' })

interface Opened {
  readonly exchange: EmbeddedExchange
  readonly heard: Input[]
}

function opened(): Opened {
  const venue = venueOf(MARKETS)
  const exchange = new EmbeddedExchange(venue)
  const heard: Input[] = []
  exchange.listen(input => heard.push(input))
  return { exchange, heard }
}

const idle = (): Promise<void> => Promise.resolve()
const go = (): Promise<boolean> => Promise.resolve(true)

test('a request is answered later than it is made, and its report comes over the feed', async () => {
  const { exchange, heard } = opened()
  const sent = exchange.place(order())
  assert.equal(heard, [])
  await sent
  assert.equal(
    heard.map(input => (input.type === 'order' ? [input.clientOrderId, input.status] : input.type)),
    [['entry-1', 'accepted']],
  )
})

test('what the exchange refuses is told over the feed too', async () => {
  const { exchange, heard } = opened()
  await exchange.cancel(SYMBOL, 'nothing')
  await exchange.amend(SYMBOL, 'nothing', 5 as Ticks, 5 as Steps)
  await exchange.setStop('stop-1', SYMBOL, 'long', 5 as Ticks)
  assert.equal(
    heard.map(input =>
      input.type === 'order' ? input.status : input.type === 'stop' ? input.ok : input.type,
    ),
    ['rejected', 'rejected', false],
  )
})

test('a leverage that was set is told over the feed, and can be asked for', async () => {
  const { exchange, heard } = opened()
  await exchange.setLeverage('leverage-1', SYMBOL, 3)
  assert.equal(
    heard.map(input => (input.type === 'leverage' ? [input.requestId, input.leverage] : input.type)),
    [['leverage-1', 3]],
  )
  assert.is(await exchange.leverage(SYMBOL), 3)
})

test('a market order fills at the next open, and the account has it', async () => {
  const { exchange, heard } = opened()
  await exchange.place(order())
  assert.equal((await exchange.account()).orders, [
    { clientOrderId: 'entry-1', symbol: SYMBOL, side: 'long', purpose: 'entry', price: null, steps: 10 },
  ])
  await exchange.run(idle, go, FROM + 15 * MINUTE)
  const fill = heard.find(input => input.type === 'fill')
  assert.is(fill?.type === 'fill' ? fill.time : null, FROM)
  const account = await exchange.account()
  assert.equal(account.orders, [])
  const [{ entry, ...position }] = account.positions
  assert.equal(position, { symbol: SYMBOL, side: 'long', steps: 10, stop: 100, leverage: 3 })
  assert.ok(entry > 0)
})

test('the market moves only while the trader has nothing on its way', async () => {
  const { exchange } = opened()
  let busy = true
  let asked = 0
  let release: () => void = () => {}
  const waiting = new Promise<void>(resolve => {
    release = resolve
  })
  const run = exchange.run(
    async () => {
      asked++
      if (busy) await waiting
    },
    go,
    FROM + DAY,
  )
  for (let i = 0; i < 20; i++) await Promise.resolve()
  assert.is(exchange.clock.now(), FROM)
  assert.is(asked, 1)
  busy = false
  release()
  await run
  assert.is(exchange.clock.now(), FROM + DAY)
})

test('it says why it has ended: the data, the time that was set, or whoever paces it', async () => {
  assert.is(await opened().exchange.run(idle, go, null), 'ended')
  const { exchange } = opened()
  assert.is(await exchange.run(idle, go, FROM + DAY), 'until')
  assert.ok(exchange.clock.now() <= FROM + DAY)
  const moments: Timestamp[] = []
  const paced = opened()
  const why = await paced.exchange.run(
    idle,
    at => {
      moments.push(at)
      return Promise.resolve(moments.length < 3)
    },
    null,
  )
  assert.is(why, 'stopped')
  assert.is(moments.length, 3)
  assert.is(paced.exchange.clock.now(), moments[1], 'the third moment does not come')
})

test('the trader is woken between the moves of the market, at the time it has set', async () => {
  const { exchange } = opened()
  const woken: Timestamp[] = []
  const again = (): void => {
    woken.push(exchange.clock.now())
    exchange.clock.wakeAt(exchange.clock.now() + 7 * MINUTE, again)
  }
  exchange.clock.wakeAt(FROM + 7 * MINUTE, again)
  await exchange.run(idle, go, FROM + 30 * MINUTE)
  assert.equal(
    woken.map(at => (at - FROM) / MINUTE),
    [7, 14, 21, 28],
  )
})

test('a trader that wants to be woken in the past is woken at once, and time does not go back', async () => {
  const { exchange } = opened()
  const woken: Timestamp[] = []
  exchange.clock.wakeAt(FROM - DAY, () => woken.push(exchange.clock.now()))
  await exchange.run(idle, go, FROM + MINUTE)
  assert.equal(woken, [FROM])
})

test('what is told comes in order of time, and each symbol has its daily close', async () => {
  const { exchange, heard } = opened()
  await exchange.run(idle, go, null)
  const times = heard.map(input => input.at)
  assert.equal(
    times,
    [...times].sort((a, b) => a - b),
  )
  for (const { instrument } of MARKETS) {
    const closes = heard.filter(
      input => input.type === 'candle' && input.interval === '1d' && input.symbol === instrument.symbol,
    )
    assert.is(closes.length, 5)
  }
})

test('opened again on its journal within an instant, it goes on with that instant', async () => {
  const journal = new MemoryJournal()
  const host = new SimHost(venueOf(MARKETS), journal)
  const exchange = new EmbeddedExchange(host)
  const trader = new ScriptedTrader(exchange, SYMBOL)
  const stopped = await exchange
    .run(
      async () => {
        await trader.idle()
        if (trader.heard.filter(input => input.type === 'fill').length === 3) throw new Error('killed')
      },
      go,
      null,
    )
    .catch((error: Error) => error.message)
  assert.equal([stopped, host.isMidway], ['killed', true])
  const again = new EmbeddedExchange(new SimHost(venueOf(MARKETS), journal.copy()))
  assert.is(again.clock.now(), host.now)
  assert.equal(await again.account(), await exchange.account())
  assert.equal(await again.executions(0), await exchange.executions(0))
  assert.equal(await again.lookUp(SYMBOL, 'entry-1'), await exchange.lookUp(SYMBOL, 'entry-1'))
  const [one, other]: Input[][] = [[], []]
  exchange.listen(input => one.push(input))
  again.listen(input => other.push(input))
  assert.equal([await exchange.run(idle, go, null), await again.run(idle, go, null)], ['ended', 'ended'])
  assert.ok(one.length > 100)
  assert.equal(other, one)
})

test.run()
