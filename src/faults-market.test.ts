/**
 * What can be wrong with candles, prices and funding rates as they come from Bybit, over real sockets: each fault has
 * come about, and what is asked of bbw then is a list of complaints that is empty for it and not for one with a planted
 * bug.
 */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { StreamListener } from './core/adapters/bybit/stream-connection.ts'
import { StoreFolder } from './core/adapters/sqlite/store.fixture.ts'
import { HOUR, MINUTE, SECOND } from './core/base/units.ts'
import { hearing, held, rigs } from './faults-complaints.fixture.ts'
import { levels, type RigOptions, type StreamRig, SYMBOL } from './faults-streams-rig.fixture.ts'

const test = suite('faults of market data')
const folder = new StoreFolder()
test.after(() => folder.remove())
const { complaintsOf } = rigs(folder)

/** A price that moves every minute. */
const MOVING = levels(...Array.from({ length: 120 }, (_, k) => [1, 100 + ((k * 7) % 11) / 10] as const))
const SPAN = 5 * MINUTE

interface Message {
  readonly topic?: string
  readonly type?: string
  readonly data?: object
}

/** A listener whose messages are other ones. */
function rewriting(change: (message: Message) => Message): (listener: StreamListener) => StreamListener {
  return hearing(listener => ({ message: message => listener.message(change(message as Message)) }))
}

/** What is wrong with the candles that the engine is told for so long. */
async function candles(rig: StreamRig, minutes: number, least = minutes / 5 - 1): Promise<readonly string[]> {
  const before = rig.heard.length
  await rig.run(minutes * MINUTE, 2 * SECOND)
  const wrong = new Set<string>()
  let last = Number.NEGATIVE_INFINITY
  const feed = rig.sim.desk.feed(SYMBOL)
  const told = rig.heard
    .slice(before)
    .flatMap(input => (input.type === 'candle' && input.symbol === SYMBOL ? [input] : []))
  for (const { start, open, high, low, close } of told) {
    if (start <= last) wrong.add('a candle is told twice, or before its time')
    last = start
    const there = feed.candle('last', start, start + SPAN, rig.now)
    const isSame =
      there !== null &&
      [open - there.open, high - there.high, low - there.low, close - there.close].every(
        by => Math.abs(by) < 0.06,
      )
    if (!isSame) wrong.add('a candle is none of the exchange’s')
  }
  if (told.length < Math.floor(least)) wrong.add(`${told.length} candles in ${minutes} minutes`)
  return [...wrong]
}

const FOLLOWED: RigOptions = { minutes: MOVING, intervals: ['5m'] }

test('E7: candles that come twice, out of order or unfinished are told once, in order, when they have closed', async () => {
  const pushes = [
    { fault: 'duplicate-push', only: 'kline', chance: 0.5 },
    { fault: 'reorder-push', only: 'kline', ms: 3_000 },
  ] as const
  assert.equal(
    await complaintsOf(['duplicate-push', 'reorder-push'], { ...FOLLOWED, faults: pushes }, rig =>
      candles(rig, 16),
    ),
    [],
  )
  const lists = [
    { fault: 'lose-push', only: 'kline' },
    { fault: 'row-twice', most: 3 },
    { fault: 'rows-reversed' },
  ] as const
  const wrong = (rig: StreamRig) => {
    rig.setFaults(lists)
    return candles(rig, 21)
  }
  assert.equal(await complaintsOf(['lose-push', 'row-twice', 'rows-reversed'], FOLLOWED, wrong), [])
})

/** The stream confirms nothing, and the lists lack a candle. */
function holes(rig: StreamRig): Promise<readonly string[]> {
  rig.setFaults([{ fault: 'lose-push', only: 'kline' }, { fault: 'row-gap' }])
  // Of each list one is missing.
  return candles(rig, 26, 2)
}

test('E7: a candle that the exchange itself does not have is a gap, told as that, and nothing stands for it', async () => {
  assert.equal(await complaintsOf(['lose-push', 'row-gap'], FOLLOWED, holes, 'I507'), [])
})

test('E7: a client that fills holes, or takes a candle before it has closed, is found out', async () => {
  const filled: RigOptions['http'] = http => async asked => {
    const reply = await http(asked)
    if (!asked.url.includes('/v5/market/kline')) return reply
    const answer: { result: { list: string[][] } } = JSON.parse(reply.body)
    const [newest, ...older] = answer.result.list
    if (newest === undefined) return reply
    const before = [String(Number(newest[0]) - SPAN), ...newest.slice(1)]
    return {
      ...reply,
      body: JSON.stringify({ ...answer, result: { ...answer.result, list: [newest, before, ...older] } }),
    }
  }
  const complaints = await complaintsOf('row-gap', { ...FOLLOWED, http: filled }, holes)
  assert.equal(complaints, ['a candle is none of the exchange’s'])
  const hasty = rewriting(message => {
    const { topic = '', data } = message
    if (!topic.startsWith('kline') || !Array.isArray(data)) return message
    return { ...message, data: data.map((row: object) => ({ ...row, confirm: true })) }
  })
  const faults = [{ fault: 'duplicate-push', only: 'kline', chance: 0.1 }] as const
  assert.ok(
    (
      await complaintsOf('duplicate-push', { ...FOLLOWED, faults, listener: hasty }, rig => candles(rig, 11))
    ).includes('a candle is none of the exchange’s'),
  )
})

/** What is wrong with how prices were taken that nobody has paid. */
async function spikes(rig: StreamRig, rate: number): Promise<readonly string[]> {
  await held(rig)
  rig.setFaults([
    { fault: 'wick-push', rate },
    { fault: 'wick', rate },
  ])
  const before = rig.heard.length
  const sent = rig.sent.length
  await rig.run(20 * SECOND, SECOND)
  // Then the stream has nothing to say, and prices are asked for.
  await rig.cause({ fault: 'dead-topic', only: 'tickers' })
  await rig.run(20 * SECOND, SECOND)
  const wrong: string[] = []
  const prices = rig.heard.slice(before).flatMap(input => (input.type === 'price' ? [input] : []))
  const figures = prices.flatMap(({ last, low = last, high = last }) => [last, low, high])
  if (figures.some(figure => !(figure > 90 && figure < 110)))
    wrong.push('a price is told that nobody has paid')
  if (rig.position() === null) wrong.push('what is held was sold')
  if (rig.sent.slice(sent).some(({ request }) => request.startsWith('POST'))) wrong.push('something was sent')
  rig.setFaults([])
  await rig.run(10 * SECOND, SECOND)
  if (rig.now - (rig.pricedAt.get(SYMBOL) ?? 0) > 5 * SECOND) wrong.push('no price is told afterwards')
  return wrong
}

test('E9: a price far from the mark, or of nothing, is not decided by, by stream or by request', async () => {
  assert.equal(
    await complaintsOf(['wick-push', 'wick'], { minutes: MOVING }, rig => spikes(rig, 0.5), 'W509'),
    [],
  )
  assert.equal(
    await complaintsOf(['wick-push', 'wick'], { minutes: MOVING }, rig => spikes(rig, 2), 'W509'),
    [],
  )
  assert.equal(await complaintsOf('wick-push', { minutes: MOVING }, rig => spikes(rig, 0), 'E106'), [])
})

test('E9: a client that compares a price with nothing is found out', async () => {
  const believing = rewriting(message => {
    const { lastPrice } = (message.data ?? {}) as { readonly lastPrice?: string }
    if (message.topic?.startsWith('tickers') !== true || lastPrice === undefined) return message
    return { ...message, data: { ...message.data, markPrice: lastPrice, indexPrice: lastPrice } }
  })
  const complaints = await complaintsOf('wick-push', { minutes: MOVING, listener: believing }, rig =>
    spikes(rig, 0.5),
  )
  assert.ok(complaints.includes('a price is told that nobody has paid'), complaints.join())
})

/** What is wrong with how funding was taken that is settled hourly from now on, at an extreme rate. */
async function hourly(rig: StreamRig): Promise<readonly string[]> {
  await held(rig)
  await rig.cause({ fault: 'funding-interval', symbol: SYMBOL, ms: HOUR, rate: 0.005 })
  await rig.run(10 * SECOND, SECOND)
  const wrong: string[] = []
  if (rig.count('W510') !== 1) wrong.push(`W510 was told ${rig.count('W510')} times`)
  const rate = rig.heard.findLast(input => input.type === 'funding-rate' && input.symbol === SYMBOL)
  if (rate?.type !== 'funding-rate' || rate.interval !== HOUR) wrong.push('the interval is another one')
  else if (Math.abs((rate.per8h ?? 0) - 8 * 0.005) > 1e-9) wrong.push(`the rate is ${rate.per8h} in 8 h`)
  // Half past eight it is; the hour is settled.
  await rig.run(31 * MINUTE, 2 * SECOND)
  const paid = rig.heard.filter(({ type }) => type === 'funding').length
  if (paid !== 1) wrong.push(`${paid} settlements`)
  return [...wrong, ...(await rig.differences())]
}

test('E10: funding that becomes hourly is told, reckoned with and paid by the hour', async () => {
  assert.equal(await complaintsOf('funding-interval', {}, hourly, 'W510'), [])
})

test('E10: a client that knows of eight hours alone is found out', async () => {
  const fixed = rewriting(message => {
    if (message.type !== 'delta' || message.data === undefined) return message
    const {
      fundingIntervalHour: _,
      nextFundingTime: __,
      ...data
    } = message.data as { readonly [name: string]: unknown }
    return { ...message, data }
  })
  const complaints = await complaintsOf('funding-interval', { listener: fixed }, hourly)
  assert.equal(complaints.slice(0, 2), ['W510 was told 0 times', 'the interval is another one'])
})

test.run()
