import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { mergedTicker, type RawTicker, streamMessage, tickerOf } from './mapper-stream.ts'
import { EXECUTION, ORDER, POSITION } from './rows.fixture.ts'
import { tradeAnswer } from './unasked.fixture.ts'

const test = suite('bybit stream mapper')

const SNAPSHOT = {
  symbol: 'BTCUSDT',
  lastPrice: '100.5',
  markPrice: '100.6',
  indexPrice: '100.7',
  prevPrice24h: '90',
  prevPrice1h: '99',
  price24hPcnt: '0.1',
  highPrice24h: '110',
  lowPrice24h: '89',
  openInterest: '5',
  openInterestValue: '500',
  turnover24h: '1000',
  volume24h: '10',
  fundingRate: '0.0001',
  nextFundingTime: '1680681600000',
  fundingIntervalHour: '8',
  bid1Price: '100.4',
  bid1Size: '1',
  ask1Price: '100.6',
  ask1Size: '2',
}

function merge(before: RawTicker | null, type: string, data: object): RawTicker | null {
  const message = streamMessage({
    topic: 'tickers.BTCUSDT',
    type,
    ts: 1,
    data: { symbol: 'BTCUSDT', ...data },
  })
  if (message?.kind !== 'ticker') throw new Error('no ticker')
  return mergedTicker(before, message.change)
}

test('a delta changes the fields it has and leaves the others', () => {
  const whole = merge(null, 'snapshot', SNAPSHOT)
  const later = merge(whole, 'delta', { lastPrice: '101.5', ask1Price: '', ask1Size: '' })
  if (whole === null || later === null) throw new Error('nothing merged')
  assert.is(tickerOf(whole).last, 100.5)
  assert.equal({ ...tickerOf(later) }, { ...tickerOf(whole), last: 101.5, ask: null, askSize: null })
})

test('a delta before the snapshot says nothing, and a new snapshot forgets what was', () => {
  assert.is(merge(null, 'delta', { lastPrice: '1' }), null)
  const whole = merge(null, 'snapshot', { ...SNAPSHOT, fundingCap: '0.005' })
  const anew = merge(whole, 'snapshot', SNAPSHOT)
  if (anew === null) throw new Error('nothing merged')
  assert.is(tickerOf(anew).fundingCap, null)
})

test('a candle of the stream says whether it has closed, and an impossible one is refused', () => {
  const candle = {
    start: 1_672_324_800_000,
    end: 1_672_325_099_999,
    interval: '5',
    open: '10',
    close: '11',
    high: '12',
    low: '9',
    volume: '2',
    turnover: '20',
    confirm: true,
  }
  const message = { topic: 'kline.5.BTCUSDT', ts: 5, data: [candle] }
  const read = streamMessage(message)
  assert.is(read?.kind === 'candles' && read.symbol, 'BTCUSDT')
  assert.is(read?.kind === 'candles' && read.candles[0].isClosed, true)
  assert.throws(
    () => streamMessage({ ...message, data: [{ ...candle, high: '8' }] }),
    /data\[0\].high: high 8 is below low 9/,
  )
  assert.throws(() => streamMessage({ ...message, data: [{ ...candle, confirm: 1 }] }), /data\[0\].confirm/)
})

test('messages of the account hold the same rows as replies do', () => {
  for (const [topic, row, kind] of [
    ['order', ORDER, 'orders'],
    ['execution.linear', EXECUTION, 'executions'],
    ['position', POSITION, 'positions'],
    ['wallet', { coin: [] }, 'wallets'],
  ] as const) {
    assert.is(streamMessage({ topic, creationTime: 7, data: [row] })?.kind, kind)
    assert.is(streamMessage({ topic, creationTime: 7, data: [row] })?.at, 7)
  }
})

test('topics that are not read say nothing, and what is no message is refused', () => {
  assert.is(streamMessage({ topic: 'execution.fast', data: [{}] }), null)
  assert.is(streamMessage({ topic: 'adlAlert.USDT', data: [] }), null)
  assert.throws(() => streamMessage({ op: 'pong' }), /topic has to be a text/)
  assert.throws(() => streamMessage('pong'), /not a JSON object/)
})

test('an answer of the order-entry channel bears an order only when it was taken', () => {
  const taken = tradeAnswer({
    reqId: 'a',
    retCode: 0,
    retMsg: 'OK',
    op: 'order.create',
    data: { orderId: 'x', orderLinkId: 'y' },
  })
  assert.equal([taken.requestId, taken.ack], ['a', { orderId: 'x', linkId: 'y' }])
  const refused = tradeAnswer({ retCode: 10_004, retMsg: 'error sign', op: 'auth' })
  assert.equal([refused.requestId, refused.retCode, refused.ack], [null, 10_004, null])
})

test.run()
