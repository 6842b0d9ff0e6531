import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ExchangeError } from '../../base/errors.ts'
import { HOUR, MINUTE } from '../../base/units.ts'
import type { Input, OrderRequest } from '../../engine/protocol.ts'
import { EmbeddedExchange } from './embedded.ts'
import { FaultyExchange } from './faults.fixture.ts'
import { entryOf, marketsOf, tradingFrom, venueOf } from './market.fixture.ts'

const test = suite('faulty exchange')

const MARKETS = marketsOf(3, 5, { symbols: 2, minutes15Days: 6 })
const FROM = tradingFrom(MARKETS)
const SYMBOL = MARKETS[0].instrument.symbol

const order = (clientOrderId: string): OrderRequest => entryOf(SYMBOL, { clientOrderId })

function opened(): { readonly exchange: FaultyExchange; readonly heard: Input[] } {
  const exchange = new FaultyExchange(new EmbeddedExchange(venueOf(MARKETS)))
  const heard: Input[] = []
  exchange.listen(input => heard.push(input))
  return { exchange, heard }
}

const idle = (): Promise<void> => Promise.resolve()
const go = (): Promise<boolean> => Promise.resolve(true)

/** The error of a call that has to fail. */
async function failure(call: Promise<unknown>): Promise<ExchangeError> {
  const error = await call.then(
    () => null,
    (reason: unknown) => reason,
  )
  if (error instanceof ExchangeError) return error
  throw new Error(`the call ended with ${error}`)
}

const told = (heard: readonly Input[]): readonly string[] =>
  heard.flatMap(input => (input.type === 'order' ? [`${input.clientOrderId} ${input.status}`] : []))

test('without a fault everything passes', async () => {
  const { exchange, heard } = opened()
  await exchange.place(order('a'))
  assert.equal(told(heard), ['a accepted'])
  assert.is((await exchange.lookUp(SYMBOL, 'a')).state, 'resting')
  assert.equal(exchange.fired, {})
  assert.ok((await exchange.history()).length > 100)
})

test('a lost request changes nothing, a lost reply does, and both look alike', async () => {
  const { exchange, heard } = opened()
  exchange.inject({ kind: 'lose-request', operation: 'place', ordinal: 1 })
  exchange.inject({ kind: 'lose-reply', operation: 'place', ordinal: 2 })
  const lost = await failure(exchange.place(order('a')))
  const silent = await failure(exchange.place(order('b')))
  await exchange.place(order('c'))
  assert.equal([lost.message, lost.ambiguous, lost.retryable], ['place: no reply', true, true])
  assert.equal([silent.message, silent.ambiguous, silent.retryable], ['place: no reply', true, true])
  assert.equal(told(heard), ['b accepted', 'c accepted'])
  assert.equal(exchange.fired, { 'lose-request': 1, 'lose-reply': 1 })
})

test('a held request arrives when its time has come on the clock of the exchange, and not before', async () => {
  const { exchange, heard } = opened()
  exchange.inject({ kind: 'hold-request', operation: 'place', forMs: 30 * MINUTE, times: 1 })
  assert.ok((await failure(exchange.place(order('late')))).ambiguous)
  await exchange.place(order('next'))
  assert.is(exchange.holds, 1)
  await exchange.run(idle, go, FROM + 15 * MINUTE)
  assert.not.ok(told(heard).includes('late accepted'))
  await exchange.run(idle, go, FROM + HOUR)
  assert.ok(told(heard).includes('late accepted'))
  assert.is(exchange.holds, 0)
  assert.is((await exchange.lookUp(SYMBOL, 'late')).state, 'filled')
})

test('the clock stops where a held request is to land, and the alarm of the trader still goes off', async () => {
  const { exchange, heard } = opened()
  exchange.inject({ kind: 'hold-request', operation: 'place', forMs: 4_900, times: 1 })
  await failure(exchange.place(order('late')))
  const alarms: number[] = []
  exchange.clock.wakeAt(FROM + 7_000, () => alarms.push(exchange.clock.now() - FROM))
  const moments: number[] = []
  const noted = (at: number): Promise<boolean> => {
    moments.push(at - FROM)
    return Promise.resolve(true)
  }
  await exchange.run(idle, noted, FROM + 10_000)
  assert.equal([moments, alarms], [[4_900, 7_000], [7_000]])
  assert.equal(told(heard), ['late accepted'])
  assert.is(heard[0].at - FROM, 4_900)
})

test('a request that arrives twice is carried out once, and refused the second time', async () => {
  const { exchange, heard } = opened()
  exchange.inject({ kind: 'double-request', operation: 'place', times: 1 })
  await exchange.place(order('a'))
  assert.equal(told(heard), ['a accepted', 'a rejected'])
  assert.is((await exchange.lookUp(SYMBOL, 'a')).state, 'resting')
  assert.equal(exchange.fired, { 'double-request': 1 })
})

test('an error without meaning and an unreadable answer say nothing of what was done', async () => {
  const { exchange, heard } = opened()
  exchange.inject({
    kind: 'no-clear-answer',
    when: ({ args }) => (args[0] as OrderRequest).clientOrderId === 'a',
  })
  exchange.inject({ kind: 'unreadable', operation: 'place', isCarriedOut: false })
  const unclear = await failure(exchange.place(order('a')))
  const nonsense = await failure(exchange.place(order('b')))
  assert.equal([unclear.ambiguous, unclear.why], [true, undefined])
  assert.equal([nonsense.ambiguous, nonsense.why], [true, 'unreadable'])
  assert.equal(told(heard), ['a accepted'])
})

test('queries fail without being ambiguous, as often as is said', async () => {
  const { exchange } = opened()
  exchange.inject({ kind: 'lose-reply', operation: 'account', times: 2 })
  exchange.inject({ kind: 'unreadable', operation: 'lookUp', ordinal: 1 })
  exchange.inject({ kind: 'lose-request', operation: 'executions', times: 1 })
  for (let i = 0; i < 2; i++) assert.not.ok((await failure(exchange.account())).ambiguous)
  assert.is((await exchange.account()).wallet, 1000)
  assert.is((await failure(exchange.lookUp(SYMBOL, 'a'))).why, 'unreadable')
  assert.is((await exchange.lookUp(SYMBOL, 'a')).state, 'absent')
  assert.not.ok((await failure(exchange.executions(0))).ambiguous)
  assert.equal(await exchange.executions(0), [])
  assert.equal(exchange.fired, { 'lose-reply': 2, unreadable: 1, 'lose-request': 1 })
})

test('pushed inputs are lost, doubled and reversed, prices and candles are not', async () => {
  const { exchange, heard } = opened()
  exchange.inject({ kind: 'lose-input', times: 1 })
  exchange.inject({ kind: 'double-input', times: 1 })
  exchange.inject({ kind: 'reverse-inputs', when: input => input.type === 'order', times: 1 })
  for (const id of ['a', 'b', 'c', 'd']) await exchange.place(order(id))
  assert.equal(told(heard), ['b accepted', 'b accepted', 'd accepted', 'c accepted'])
  assert.equal(exchange.fired, { 'lose-input': 1, 'double-input': 1, 'reverse-inputs': 1 })
  exchange.heal()
  await exchange.run(idle, go, FROM + HOUR)
  assert.is(heard.filter(input => input.type === 'fill').length, 4)
})

test('an input that waits for a next one that never comes is heard all the same', async () => {
  const { exchange, heard } = opened()
  exchange.inject({ kind: 'reverse-inputs', times: 1 })
  await exchange.place(order('a'))
  assert.equal(heard, [])
  await exchange.run(idle, () => Promise.resolve(false), null)
  assert.equal(told(heard), ['a accepted'])
})

test.run()
