import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ExchangeError } from '../../base/errors.ts'
import { HOUR, MINUTE, SECOND, type Timestamp } from '../../base/units.ts'
import type { Input } from '../../engine/protocol.ts'
import type { Candle } from '../../market/candles.ts'
import type { Wanted } from './candle-keeper.ts'
import { Line } from './line.fixture.ts'
import { MarketFeed, type MarketFeedPorts } from './market-feed.ts'

const test = suite('market feed')

const BEGIN = 20_000 * 24 * HOUR

type Prices = Awaited<ReturnType<MarketFeedPorts['tickers']>>

class Rig {
  readonly lines: Line[] = []
  readonly heard: Input[] = []
  readonly said: string[] = []
  readonly lists: {
    readonly wanted: Wanted
    readonly answer: (candles: readonly Candle[] | Error) => void
  }[] = []
  /** Questions for all prices, each to be answered once. */
  readonly prices: { readonly answer: (tickers: Prices | Error) => void }[] = []
  readonly feed: MarketFeed
  now: Timestamp = BEGIN

  constructor() {
    this.feed = new MarketFeed({
      connect: listener => {
        const line = new Line(listener)
        this.lines.push(line)
        return line
      },
      candles: wanted =>
        new Promise((resolve, reject) => {
          this.lists.push({
            wanted,
            answer: found => (found instanceof Error ? reject(found) : resolve(found)),
          })
        }),
      tickers: () =>
        new Promise((resolve, reject) => {
          this.prices.push({
            answer: found => (found instanceof Error ? reject(found) : resolve(found)),
          })
        }),
      now: () => this.now,
      hear: input => this.heard.push(input),
      say: (code, words) => this.said.push(`${code} ${words}`),
    })
  }

  static following(...symbols: readonly string[]): Rig {
    const rig = new Rig()
    rig.feed.follow(symbols.map(symbol => ({ symbol, from: new Map([['5m', BEGIN]]) })))
    return rig
  }

  push(message: object): void {
    this.lines[0].listener.message(message)
  }

  /** A ticker's message: a snapshot, or what has changed. */
  ticker(type: 'snapshot' | 'delta', data: object, symbol = 'AUSDT'): void {
    this.push({ topic: `tickers.${symbol}`, type, ts: this.now, data: { symbol, ...data } })
  }

  candle(start: Timestamp, confirm = true): void {
    this.push({
      topic: 'kline.5.AUSDT',
      ts: this.now,
      data: [{ ...ROW, start, end: start + 5 * MINUTE - 1, interval: '5', confirm, timestamp: this.now }],
    })
  }

  /** What was heard since the last call, in words. */
  words(): readonly string[] {
    return this.heard.splice(0).map(input => {
      if (input.type === 'price')
        return `${input.symbol} ${input.low}-${input.high} ${input.last}/${input.mark}`
      if (input.type === 'funding-rate') return `funding ${input.per8h} ${(input.interval ?? 0) / HOUR} h`
      if (input.type === 'candle') return `candle ${(input.start - BEGIN) / (5 * MINUTE)}`
      return input.type
    })
  }
}

const ROW = { open: '1', high: '2', low: '0.5', close: '1.5', volume: '10', turnover: '15' }

const WHOLE = {
  lastPrice: '100',
  markPrice: '100',
  indexPrice: '100',
  prevPrice24h: '99',
  price24hPcnt: '0.01',
  highPrice24h: '110',
  lowPrice24h: '90',
  prevPrice1h: '100',
  openInterest: '1',
  openInterestValue: '100',
  turnover24h: '1000000',
  volume24h: '10000',
  fundingIntervalHour: '4',
  fundingCap: '0.005',
  nextFundingTime: String(BEGIN + 4 * HOUR),
  fundingRate: '0.0001',
  bid1Price: '99.9',
  bid1Size: '1',
  ask1Price: '100.1',
  ask1Size: '1',
}

const LIST: Candle = { start: BEGIN, open: 1, high: 1, low: 1, close: 1, volume: 1, turnover: 1 }

const settle = (): Promise<void> => new Promise(resolve => setImmediate(resolve)) // world-ok: lets promises end

test('of prices that come fast the newest is told at each look, with the range since the last one', () => {
  const rig = Rig.following('AUSDT')
  assert.equal(rig.lines[0].asked, ['tickers.AUSDT', 'kline.5.AUSDT'])
  rig.ticker('snapshot', WHOLE)
  assert.equal(rig.words(), ['funding 0.0002 4 h'])
  for (const lastPrice of ['101', '98', '99.5']) rig.ticker('delta', { lastPrice })
  rig.feed.check()
  assert.equal(rig.words(), ['AUSDT 98-101 99.5/100'])
  rig.feed.check()
  assert.equal(rig.words(), [], 'nothing has changed')
  rig.ticker('delta', { markPrice: '100.5' })
  rig.feed.check()
  assert.equal(rig.words(), ['AUSDT 99.5-99.5 99.5/100.5'])
})

test('prices that are read late are left out but for the newest, which is said once in a while', () => {
  const rig = Rig.following('AUSDT')
  const quick = (): void => rig.ticker('delta', { lastPrice: '101' })
  rig.ticker('snapshot', WHOLE)
  rig.now += SECOND
  quick()
  rig.feed.check()
  assert.equal(rig.said, [], 'as fast as they come, but looked at in time')
  const standsStill = (): void => {
    quick()
    rig.now += 20 * SECOND
    quick()
    rig.ticker('delta', { lastPrice: '102' })
    rig.feed.check()
  }
  rig.words()
  standsStill()
  assert.equal(rig.said, ['W511 1 prices, up to 20 s old; the newest of each symbol was kept'])
  assert.equal(rig.words(), ['AUSDT 101-102 102/100'])
  standsStill()
  assert.is(rig.said.length, 1)
  rig.now += 5 * MINUTE
  standsStill()
  assert.is(rig.said.filter(words => words.startsWith('W511 ')).length, 2)
})

test('a delta without its snapshot says nothing, nor one after a loss, nor a message that is older', () => {
  const rig = Rig.following('AUSDT')
  rig.ticker('delta', { lastPrice: '50' })
  rig.ticker('snapshot', WHOLE)
  rig.now -= 1
  rig.ticker('delta', { lastPrice: '101' })
  rig.now += 1
  rig.feed.check()
  assert.equal(rig.words(), ['funding 0.0002 4 h', 'AUSDT 100-100 100/100'])
  rig.lines[0].listener.lost('the connection is gone', false)
  rig.ticker('delta', { lastPrice: '102' })
  rig.feed.check()
  assert.equal(rig.words(), [])
  rig.ticker('snapshot', { ...WHOLE, lastPrice: '103' })
  rig.feed.check()
  assert.equal(rig.words(), ['AUSDT 103-103 103/100'])
  assert.equal(rig.said, [])
})

test('a price that is dated a day ahead does not keep those after it from being told', () => {
  const rig = Rig.following('AUSDT')
  rig.ticker('snapshot', WHOLE)
  rig.push({
    topic: 'tickers.AUSDT',
    type: 'delta',
    ts: rig.now + 24 * HOUR,
    data: { symbol: 'AUSDT', lastPrice: '101' },
  })
  rig.feed.check()
  rig.words()
  rig.now += 1_000
  rig.ticker('delta', { lastPrice: '98' })
  rig.feed.check()
  assert.equal(rig.words(), ['AUSDT 98-98 98/100'])
})

test('funding is told when rate, interval or next settlement change', () => {
  const rig = Rig.following('AUSDT')
  rig.ticker('snapshot', WHOLE)
  rig.ticker('delta', { lastPrice: '101' })
  rig.ticker('delta', { fundingRate: '-0.001', fundingIntervalHour: '1' })
  assert.equal(rig.words(), ['funding 0.0002 4 h', 'funding -0.008 1 h'])
})

test('a last price more than 5 % from the mark is not told, and said once', () => {
  const rig = Rig.following('AUSDT')
  rig.ticker('snapshot', WHOLE)
  rig.ticker('delta', { lastPrice: '105' })
  rig.ticker('delta', { lastPrice: '105.01' })
  rig.ticker('delta', { lastPrice: '94.9' })
  rig.feed.check()
  assert.equal(rig.words(), ['funding 0.0002 4 h', 'AUSDT 100-105 105/100'])
  assert.equal(rig.said, ['W509 AUSDT: last 105.01, mark 100, index 100'])
  rig.ticker('delta', { lastPrice: '95' })
  rig.feed.check()
  assert.equal(rig.words(), ['AUSDT 95-95 95/100'])
})

test('what cannot be read is said, and nothing of it is told', () => {
  const rig = Rig.following('AUSDT')
  rig.ticker('snapshot', { ...WHOLE, lastPrice: '0' })
  rig.ticker('snapshot', { ...WHOLE, markPrice: 'NaN' })
  rig.push({
    topic: 'kline.5.AUSDT',
    ts: BEGIN,
    data: [{ ...ROW, start: BEGIN, interval: '5', confirm: 'yes' }],
  })
  rig.feed.check()
  assert.equal(rig.words(), [])
  assert.is(rig.said.filter(words => words.startsWith('E106')).length, 3)
})

test('a ticker that is silent for a minute is asked for again, while its connection is up', () => {
  const rig = Rig.following('AUSDT', 'BUSDT')
  rig.now += 30 * SECOND
  rig.ticker('snapshot', WHOLE, 'BUSDT')
  rig.now += 30 * SECOND
  rig.lines[0].isReady = false
  rig.feed.check()
  rig.lines[0].isReady = true
  rig.feed.check()
  rig.feed.check()
  assert.equal(rig.lines[0].asked.slice(4), ['=tickers.AUSDT'])
  assert.equal(rig.said, ['W502 tickers of AUSDT'])
  assert.is(rig.lines[0].checks, 3)
})

test('a closed candle is told once; one that is not confirmed is asked for, and told when the list has it', async () => {
  const rig = Rig.following('AUSDT')
  rig.candle(BEGIN, false)
  rig.candle(BEGIN)
  rig.candle(BEGIN)
  assert.equal(rig.words(), ['candle 0'])
  rig.now = BEGIN + 10 * MINUTE + 3 * SECOND
  rig.feed.check()
  const [{ wanted, answer }] = rig.lists
  assert.equal([wanted.from, wanted.to], [BEGIN + 5 * MINUTE, BEGIN + 10 * MINUTE])
  answer([{ ...LIST, start: BEGIN + 5 * MINUTE }])
  await settle()
  assert.equal(rig.words(), ['candle 1'])
  rig.candle(BEGIN + 15 * MINUTE)
  assert.equal(rig.words(), [])
  rig.now = BEGIN + 20 * MINUTE
  rig.feed.check()
  rig.lists[1].answer([{ ...LIST, start: BEGIN + 15 * MINUTE }])
  await settle()
  assert.equal(rig.words(), ['candle 3'])
  assert.ok(rig.said.includes('I507 AUSDT 5m: 1 candles'))
})

test('lists are asked for eight at a time, and again where they could not be had', async () => {
  const symbols = Array.from({ length: 10 }, (_, k) => `S${k}USDT`)
  const rig = Rig.following(...symbols)
  rig.now = BEGIN + 5 * MINUTE + 3 * SECOND
  rig.feed.check()
  assert.is(rig.lists.length, 8)
  rig.lists[0].answer(new ExchangeError('away', { retryable: true, ambiguous: false }))
  rig.lists[1].answer([LIST])
  await settle()
  assert.is(rig.lists.length, 10)
  assert.equal(rig.words(), ['candle 0'])
  for (const { answer } of rig.lists.slice(2)) answer([LIST])
  await settle()
  rig.now += 5 * SECOND
  rig.feed.check()
  assert.equal(
    rig.lists.slice(10).map(({ wanted }) => wanted.symbol),
    ['S0USDT'],
  )
})

/** A ticker as a question for all of them is answered. */
const ANSWERED = {
  symbol: 'AUSDT',
  last: 100,
  mark: 101,
  index: 101,
  fundingRate: null,
  fundingInterval: null,
  nextFunding: null,
} as Prices['items'][number]

test('prices that do not come for five seconds are asked for, all at once, until they come', async () => {
  const rig = Rig.following('AUSDT', 'BUSDT')
  rig.ticker('snapshot', WHOLE)
  rig.ticker('snapshot', WHOLE, 'BUSDT')
  rig.feed.check()
  rig.words()
  rig.lines[0].isReady = false
  rig.now += 5 * SECOND - 1
  rig.feed.check()
  assert.is(rig.prices.length, 0)
  rig.now += 1
  rig.feed.check()
  rig.feed.check()
  assert.is(rig.prices.length, 1, 'one question at a time')
  rig.prices[0].answer(new ExchangeError('away', { retryable: true, ambiguous: false }))
  await settle()
  rig.now += 5 * SECOND - 1
  rig.feed.check()
  assert.is(rig.prices.length, 1)
  rig.now += 1
  rig.feed.check()
  rig.prices[1].answer({ items: [ANSWERED, { ...ANSWERED, symbol: 'BUSDT', last: 99 }], at: rig.now })
  await settle()
  assert.equal(
    rig.words().filter(words => !words.startsWith('funding')),
    ['AUSDT 100-100 100/101', 'BUSDT 99-99 99/101'],
  )
  rig.now += 5 * SECOND - 1
  rig.feed.check()
  assert.is(rig.prices.length, 2, 'they are fresh')
})

test('a price that was asked for does not count where the stream has a newer one, nor one that is a spike', async () => {
  const rig = Rig.following('AUSDT')
  rig.now += 10 * SECOND
  rig.feed.check()
  rig.ticker('snapshot', WHOLE)
  rig.feed.check()
  rig.words()
  rig.prices[0].answer({ items: [ANSWERED], at: rig.now - 1 })
  await settle()
  assert.equal(rig.words(), [])
  rig.now += 10 * SECOND
  rig.feed.check()
  rig.prices[1].answer({ items: [{ ...ANSWERED, index: 90 }], at: rig.now })
  await settle()
  assert.equal(
    rig.words().filter(words => !words.startsWith('funding')),
    [],
  )
  assert.equal(rig.said, ['W509 AUSDT: last 100, mark 101, index 90'])
})

test('a symbol that is dropped is followed no more, and can be followed again', () => {
  const rig = Rig.following('AUSDT', 'BUSDT')
  rig.feed.drop('AUSDT')
  assert.equal(rig.lines[0].asked.slice(4), ['-tickers.AUSDT', '-kline.5.AUSDT'])
  rig.ticker('snapshot', WHOLE)
  rig.candle(BEGIN)
  rig.feed.check()
  assert.equal(rig.words(), [])
  rig.feed.follow([{ symbol: 'AUSDT', from: new Map([['5m', BEGIN]]) }])
  rig.candle(BEGIN)
  assert.equal(rig.words(), ['candle 0'])
})

test('many topics take several connections, and slow tries are said once for all', () => {
  const rig = Rig.following(...Array.from({ length: 1_000 }, (_, k) => `COIN${k}USDT`))
  assert.is(rig.lines.length, 3)
  assert.is(
    rig.lines.reduce((sum, { asked }) => sum + asked.length, 0),
    2_000,
  )
  assert.ok(rig.feed.isReady)
  rig.lines[1].isSlowed = true
  rig.feed.check()
  rig.feed.check()
  rig.lines[1].listener.lost('nothing has come for 15 s', true)
  assert.equal(rig.said, ['W503 market data', 'W501 market data: nothing has come for 15 s'])
  rig.lines[1].listener.refused('tickers.COIN1USDT', 'not there')
  assert.equal(rig.said.slice(2), ['W504 tickers.COIN1USDT: not there'])
  rig.feed.close()
  assert.not.ok(rig.feed.isReady)
})

test.run()
