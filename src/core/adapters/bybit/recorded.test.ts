/** Every recorded reply and message of what bbw uses goes through the mapper, and nothing that is read gets lost. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DataError } from '../../base/errors.ts'
import { Fields } from './fields.ts'
import { accountInfo, feeRate, keyInfo, transaction, walletRow } from './mapper-account.ts'
import {
  candleRows,
  listedInstrument,
  markRows,
  openInterest,
  orderBook,
  pageOf,
  publicTrade,
  riskTier,
  serverTime,
  settlement,
  ticker,
} from './mapper-market.ts'
import { ackOf, closedPnl, executionRow, orderAck, orderRow, positionRow } from './mapper-orders.ts'
import { mergedTicker, streamMessage, tickerOf } from './mapper-stream.ts'
import { isRecorded, type Recorded, recorded, recordings, Watched } from './recorded.fixture.ts'
import { priceLimit, tradeAnswer } from './unasked.fixture.ts'

const test = suite('recorded replies')

function page(read: (row: Fields) => unknown): (result: unknown) => unknown {
  return result => pageOf(result, read)
}

/** What reads the result of each endpoint. An answer that is empty when all went well is read by its code alone. */
const DECODERS: { readonly [endpoint: string]: ((result: unknown) => unknown) | 'code alone' } = {
  'GET /v5/market/time': serverTime,
  'GET /v5/market/kline': candleRows,
  'GET /v5/market/mark-price-kline': markRows,
  'GET /v5/market/index-price-kline': markRows,
  'GET /v5/market/instruments-info': page(listedInstrument),
  'GET /v5/market/tickers': page(ticker),
  'GET /v5/market/funding/history': page(settlement),
  'GET /v5/market/open-interest': page(openInterest),
  'GET /v5/market/orderbook': result => orderBook(new Fields(result, 'result')),
  'GET /v5/market/risk-limit': page(riskTier),
  'GET /v5/market/price-limit': priceLimit,
  'GET /v5/market/recent-trade': page(publicTrade),
  'POST /v5/order/create': orderAck,
  'POST /v5/order/amend': orderAck,
  'POST /v5/order/cancel': orderAck,
  'POST /v5/order/cancel-all': page(ackOf),
  'GET /v5/order/realtime': page(orderRow),
  'GET /v5/order/history': page(orderRow),
  'GET /v5/execution/list': page(executionRow),
  'GET /v5/position/list': page(positionRow),
  'GET /v5/position/closed-pnl': page(closedPnl),
  'GET /v5/account/wallet-balance': page(walletRow),
  'GET /v5/account/fee-rate': page(feeRate),
  'GET /v5/account/transaction-log': page(transaction),
  'GET /v5/account/info': accountInfo,
  'GET /v5/user/query-api': keyInfo,
  'POST /v5/position/set-leverage': 'code alone',
  'POST /v5/position/switch-mode': 'code alone',
  'POST /v5/position/trading-stop': 'code alone',
}

/** Recordings of markets that bbw does not trade: their rows lack what a perpetual's have, and are refused. */
const OTHER_MARKETS: { readonly [file: string]: string } = {
  'rest/GET_v5_market_instruments-info/bybit-exchange-instrument-1.json': 'options',
  'rest/GET_v5_market_instruments-info/bybit-exchange-instrument-2.json': 'spot',
  'rest/GET_v5_market_instruments-info/nautechsystems-http_get_instruments_spot-1.json': 'spot',
  'rest/GET_v5_market_instruments-info/nautechsystems-http_get_instruments_spot_xstocks-1.json': 'spot',
  'rest/GET_v5_market_tickers/bybit-exchange-tickers-2.json': 'options',
  'rest/GET_v5_market_tickers/bybit-exchange-tickers-3.json': 'spot',
}

/** Leaves that stand in the result in other words: units are converted, and 0 or 1 become a truth or nothing. */
const REWORDED = [
  'list[].fundingInterval',
  'list[].fundingIntervalHour',
  'list[].initialMargin',
  'list[].maintenanceMargin',
  'list[].isLowestRisk',
  'list[].autoAddMargin',
  'data[].autoAddMargin',
  'data.fundingIntervalHour',
  'timeNano',
  'readOnly',
  'uta',
  'unified',
  'deadlineDay',
  'expiredAt',
  'ips[]',
  'list[].rejectReason',
  'data[].rejectReason',
  'topic',
  'type',
]

/** What bbw does not read of replies, by endpoint. */
const UNREAD: { readonly [of: string]: readonly string[] } = {
  'GET /v5/account/info': ['dcpStatus', 'isMasterTrader', 'smpGroup', 'spotHedgingStatus', 'timeWindow'],
  'GET /v5/account/transaction-log': ['list[].bonusChange', 'list[].extraFees', 'list[].transSubType'],
  'GET /v5/account/wallet-balance': [
    'list[].accountIMRateByMp',
    'list[].accountLTV',
    'list[].accountMMRateByMp',
    'list[].coin[].accruedInterest',
    'list[].coin[].availableToBorrow',
    'list[].coin[].availableToWithdraw',
    'list[].coin[].bonus',
    'list[].coin[].collateralSwitch',
    'list[].coin[].marginCollateral',
    'list[].coin[].spotBorrow',
    'list[].coin[].spotHedgingQty',
    'list[].totalInitialMarginByMp',
    'list[].totalMaintenanceMarginByMp',
    'list[].totalPerpUPL',
  ],
  'GET /v5/execution/list': [
    'list[].blockTradeId',
    'list[].indexPrice',
    'list[].markIv',
    'list[].orderPrice',
    'list[].orderType',
    'list[].tradeIv',
    'list[].underlyingPrice',
  ],
  'GET /v5/market/instruments-info': [
    'list[].copyTrading',
    'list[].deliveryFeeRate',
    'list[].lotSizeFilter.postOnlyMaxOrderQty',
    'list[].preListingInfo.auctionFeeInfo.auctionFeeRate',
    'list[].preListingInfo.auctionFeeInfo.makerFeeRate',
    'list[].preListingInfo.auctionFeeInfo.takerFeeRate',
    'list[].preListingInfo.phases[].endTime',
    'list[].preListingInfo.phases[].phase',
    'list[].preListingInfo.phases[].startTime',
    'list[].priceScale',
    'list[].symbolId',
    'list[].symbolType',
    'list[].unifiedMarginTrade',
  ],
  'GET /v5/market/open-interest': ['symbol'],
  'GET /v5/market/orderbook': ['cts'],
  'GET /v5/market/recent-trade': ['list[].isBlockTrade', 'list[].isRPITrade', 'list[].seq'],
  'GET /v5/market/tickers': [
    'list[].basis',
    'list[].basisRate',
    'list[].basisRateYear',
    'list[].curPreListingPhase',
    'list[].deliveryFeeRate',
    'list[].deliveryTime',
    'list[].preOpenPrice',
    'list[].preQty',
    'list[].predictedDeliveryPrice',
  ],
  'GET /v5/market/time': ['timeSecond'],
  'GET /v5/order/history': [
    'list[].blockTradeId',
    'list[].cumExecFee',
    'list[].extraFees',
    'list[].isLeverage',
    'list[].lastPriceOnCreated',
    'list[].leavesValue',
    'list[].orderIv',
    'list[].placeType',
    'list[].rpiMatchedQty',
    'list[].rpiTakerAccess',
    'list[].slLimitPrice',
    'list[].slippageTolerance',
    'list[].slippageToleranceType',
    'list[].smpGroup',
    'list[].smpOrderId',
    'list[].smpType',
    'list[].tpLimitPrice',
    'list[].tpTriggerBy',
  ],
  'GET /v5/order/realtime': [
    'list[].blockTradeId',
    'list[].cumExecFee',
    'list[].isLeverage',
    'list[].lastPriceOnCreated',
    'list[].leavesValue',
    'list[].orderIv',
    'list[].placeType',
    'list[].slLimitPrice',
    'list[].smpGroup',
    'list[].smpOrderId',
    'list[].smpType',
    'list[].tpLimitPrice',
    'list[].tpTriggerBy',
  ],
  'GET /v5/position/closed-pnl': ['list[].createdTime'],
  'GET /v5/position/list': [
    'list[].adlRankIndicator',
    'list[].breakEvenPrice',
    'list[].bustPrice',
    'list[].leverageSysUpdatedTime',
    'list[].mmrSysUpdateTime',
    'list[].mmrSysUpdatedTime',
    'list[].openTime',
    'list[].positionBalance',
    'list[].positionIMByMp',
    'list[].positionMMByMp',
    'list[].positionValue',
    'list[].seq',
    'list[].sessionAvgPrice',
    'list[].tpslMode',
    'list[].tradeMode',
  ],
  'GET /v5/user/query-api': [
    'affiliateID',
    'affiliateIDInt64',
    'apiKey',
    'createdAt',
    'inviterID',
    'inviterIDInt64',
    'kycLevel',
    'kycRegion',
    'mktMakerLevel',
    'note',
    'parentUid',
    'rsaPublicKey',
    'secret',
    'type',
    'unified',
    'userIDInt64',
    'vipLevel',
  ],
  'POST /v5/order/cancel-all': ['success'],
}

/** What bbw does not read of messages, by topic. A ticker's fields are all kept, for later messages to change. */
const UNREAD_MESSAGES: typeof UNREAD = {
  execution: [
    'data[].blockTradeId',
    'data[].category',
    'data[].execPnl',
    'data[].extraFees[].feeRate',
    'data[].extraFees[].feeType',
    'data[].extraFees[].subFeeType',
    'data[].indexPrice',
    'data[].isLeverage',
    'data[].markIv',
    'data[].marketUnit',
    'data[].orderPrice',
    'data[].orderType',
    'data[].tradeIv',
    'data[].underlyingPrice',
    'id',
  ],
  kline: ['data[].end', 'data[].timestamp', 'type'],
  order: [
    'data[].blockTradeId',
    'data[].category',
    'data[].closedPnl',
    'data[].cumExecFee',
    'data[].feeCurrency',
    'data[].isLeverage',
    'data[].lastPriceOnCreated',
    'data[].leavesValue',
    'data[].marketUnit',
    'data[].orderIv',
    'data[].parentOrderLinkId',
    'data[].placeType',
    'data[].rpiMatchedQty',
    'data[].rpiTakerAccess',
    'data[].slLimitPrice',
    'data[].slippageTolerance',
    'data[].slippageToleranceType',
    'data[].smpGroup',
    'data[].smpOrderId',
    'data[].smpType',
    'data[].tpLimitPrice',
    'data[].tpTriggerBy',
    'id',
  ],
  orderbook: ['cts'],
  position: [
    'data[].adlRankIndicator',
    'data[].breakEvenPrice',
    'data[].bustPrice',
    'data[].category',
    'data[].leverageSysUpdatedTime',
    'data[].mmrSysUpdatedTime',
    'data[].positionBalance',
    'data[].positionIMByMp',
    'data[].positionMMByMp',
    'data[].positionValue',
    'data[].seq',
    'data[].sessionAvgPrice',
    'data[].side',
    'data[].tpslMode',
    'data[].tradeMode',
    'id',
  ],
  publicTrade: ['data[].BT', 'data[].L', 'data[].RPI', 'data[].seq', 'type'],
  tickers: ['cs', 'id'],
  wallet: [
    'data[].accountIMRateByMp',
    'data[].accountLTV',
    'data[].accountMMRateByMp',
    'data[].coin[].accruedInterest',
    'data[].coin[].availableToBorrow',
    'data[].coin[].availableToWithdraw',
    'data[].coin[].bonus',
    'data[].coin[].collateralSwitch',
    'data[].coin[].marginCollateral',
    'data[].coin[].spotBorrow',
    'data[].coin[].spotHedgingQty',
    'data[].totalInitialMarginByMp',
    'data[].totalMaintenanceMarginByMp',
    'data[].totalPerpUPL',
    'data[].totalPerpUpl',
    'id',
  ],
}

/** All texts, numbers and truths in a value. */
function leavesOf(value: unknown): ReadonlySet<unknown> {
  const leaves = new Set<unknown>()
  const walk = (one: unknown): void => {
    if (one instanceof Map) for (const inner of one.values()) walk(inner)
    else if (typeof one === 'object' && one !== null) for (const inner of Object.values(one)) walk(inner)
    else leaves.add(one)
  }
  walk(value)
  return leaves
}

/** What was read and stands nowhere in the result, as it was written or as the same number. */
function lost(watched: Watched, result: unknown): readonly string[] {
  const leaves = leavesOf(result)
  return [...watched.read].flatMap(([path, values]) => {
    if (REWORDED.includes(path)) return []
    const missing = values.filter(value => {
      if ([undefined, null, '', 'UNKNOWN'].includes(value as null)) return false
      if (leaves.has(value) || leaves.has(Number(value)) || leaves.has(String(value))) return false
      // The exchange writes 0 where it means that there is none.
      return !(Number(value) === 0 && leaves.has(null))
    })
    return missing.map(value => `${path} ${value}`)
  })
}

/** Reads a recording; what is not read is noted in `unread`. */
function read(watched: Watched, decode: (value: unknown) => unknown, unread: Set<string>): unknown {
  const result = decode(watched.value)
  assert.equal(lost(watched, result), [])
  for (const path of watched.unread) unread.add(path)
  return result
}

function notedIn(unread: Map<string, Set<string>>, of: string): Set<string> {
  const known = unread.get(of) ?? new Set<string>()
  unread.set(of, known)
  return known
}

function sorted(unread: ReadonlyMap<string, ReadonlySet<string>>): typeof UNREAD {
  const named = [...unread].map(([of, paths]) => [of, [...paths].sort()] as const)
  return Object.fromEntries(named.filter(([, paths]) => paths.length > 0))
}

/** How many recordings are of which origin. */
function origins(list: readonly Recorded[]): { readonly [origin: string]: number } {
  const counts: { [origin: string]: number } = {}
  for (const { origin } of list) counts[origin] = (counts[origin] ?? 0) + 1
  return counts
}

const when = (title: string): string =>
  isRecorded ? title : `${title}: skipped, as ../shared/data is not there`
const all = isRecorded ? recordings() : []

;(isRecorded ? test : test.skip)(when('every recorded reply is read without loss'), () => {
  const replies = all.filter(({ of }) => Object.hasOwn(DECODERS, of))
  const unread = new Map<string, Set<string>>()
  for (const one of replies) {
    const decode = DECODERS[one.of]
    for (const reply of recorded(one)) {
      const { retCode, result } = reply as { readonly retCode: unknown; readonly result: unknown }
      assert.is(retCode, 0, one.file)
      if (decode === 'code alone') continue
      const watched = new Watched(result)
      if (Object.hasOwn(OTHER_MARKETS, one.file)) assert.throws(() => decode(watched.value), isDataError)
      else read(watched, decode, notedIn(unread, one.of))
    }
  }
  assert.equal(sorted(unread), UNREAD)
  // Live captures are few: the rest are samples of the documentation, and what other projects test with.
  assert.equal(origins(replies), {
    'official documentation sample': 31,
    'test fixture: mostly the exchange documentation samples': 8,
    'test fixture: partly captured, partly written by hand': 14,
    'captured from the live exchange': 1,
  })
})

;(isRecorded ? test : test.skip)(when('every recorded message of a stream is read without loss'), () => {
  const topics = ['tickers', 'kline', 'publicTrade', 'orderbook', 'order', 'execution', 'position', 'wallet']
  const messages = all.filter(
    ({ kind, of }) => kind === 'ws' && topics.includes(of.split('.')[0]) && of !== 'execution.fast',
  )
  const unread = new Map<string, Set<string>>()
  const kinds: { [kind: string]: number } = {}
  for (const one of messages) {
    for (const message of recorded(one)) {
      // Answers to requests have no topic.
      if (!Object.hasOwn(message as object, 'topic')) continue
      const watched = new Watched(message)
      const result = read(watched, fullMessage, notedIn(unread, one.of.split('.')[0]))
      const { kind } = result as { readonly kind: string }
      kinds[kind] = (kinds[kind] ?? 0) + 1
    }
  }
  assert.equal(kinds, {
    executions: 2,
    candles: 1,
    orders: 10,
    book: 44,
    positions: 3,
    trades: 7,
    ticker: 8,
    wallets: 4,
  })
  assert.equal(sorted(unread), UNREAD_MESSAGES)
  assert.equal(origins(messages), {
    'official documentation sample': 10,
    'test fixture: exchange documentation samples framed as a session': 9,
    'test fixture: partly captured, partly written by hand': 13,
    'captured from a live account and feed, March 2026': 3,
    'captured from the live exchange feed': 13,
  })
})

/** A message with what it says of a ticker spelt out. */
function fullMessage(value: unknown): unknown {
  const message = streamMessage(value)
  const [spoilt] = message !== null && 'spoilt' in message ? message.spoilt : []
  if (spoilt !== undefined) throw new DataError(spoilt.reason)
  if (message?.kind !== 'ticker') return message
  const raw = mergedTicker(new Map(), message.change)
  return { ...message, change: null, raw }
}

;(isRecorded ? test : test.skip)(
  when('recorded tickers of perpetuals are whole, those of spot and options are refused'),
  () => {
    const kinds = all
      .filter(({ of }) => of.startsWith('tickers'))
      .flatMap(one =>
        recorded(one).flatMap(message => {
          if (!Object.hasOwn(message as object, 'topic')) return []
          const read = streamMessage(message)
          assert.is(read?.kind, 'ticker')
          if (read?.kind !== 'ticker') return []
          const raw = mergedTicker(null, read.change)
          return [
            `${one.file.slice('ws/tickers/'.length)}: ${raw === null ? 'no snapshot' : attempt(() => tickerOf(raw).symbol)}`,
          ]
        }),
      )
    assert.equal(kinds, [
      'bybit-exchange-ticker-1.json: data.markPrice has to be a decimal number and is missing',
      'jkorf-Ticker-1.session.json: data.price24hPcnt has to be a decimal number and is missing',
      'jkorf-Ticker-2.session.json: data.markPrice has to be a decimal number and is missing',
      'nautechsystems-ws_ticker_linear-1.json: BTCUSDT',
      'tardis-dev-captured-1.json: BTCUSD',
      'tardis-dev-captured-2.json: BTCUSDT',
      'tardis-dev-captured-3.json: BTCUSDU23',
      'tardis-dev-captured-4.json: no snapshot',
    ])
  },
)

function attempt(read: () => string): string {
  try {
    return read()
  } catch (error) {
    if (error instanceof DataError) return error.message
    throw error
  }
}

;(isRecorded ? test : test.skip)(when('recorded answers of the order-entry channel are read'), () => {
  const answers = all
    .filter(({ of }) => of.startsWith('trade-order.') || of === 'op.order.create')
    .flatMap(one => recorded(one).map(message => tradeAnswer(message)))
  assert.equal(answers.length > 5, true)
  for (const { operation, retCode, ack } of answers) {
    assert.is(retCode, 0)
    assert.is(ack?.orderId, operation === 'auth' ? undefined : 'a4c1718e-fe53-4659-a118-1f6ecce04ad9')
  }
})

function isDataError(error: unknown): boolean {
  return error instanceof DataError && error.place?.field !== undefined
}

test.run()
