import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DataError } from '../../base/errors.ts'
import { Fields } from './fields.ts'
import {
  candleRows,
  listedInstrument,
  markRows,
  orderBook,
  pageOf,
  riskTier,
  serverTime,
  settlement,
  ticker,
} from './mapper-market.ts'

const test = suite('bybit market mapper')

const INSTRUMENT = {
  symbol: 'SHIB1000USDT',
  contractType: 'LinearPerpetual',
  status: 'Trading',
  baseCoin: 'SHIB1000',
  quoteCoin: 'USDT',
  settleCoin: 'USDT',
  launchTime: '1634515200000',
  deliveryTime: '0',
  leverageFilter: { minLeverage: '1', maxLeverage: '75.00', leverageStep: '0.01' },
  priceFilter: { minPrice: '0.000001', maxPrice: '1.999998', tickSize: '0.000001' },
  lotSizeFilter: {
    maxOrderQty: '30000000',
    minOrderQty: '10',
    qtyStep: '10',
    maxMktOrderQty: '6000000',
    minNotionalValue: '5',
  },
  fundingInterval: 240,
  upperFundingRate: '0.02',
  lowerFundingRate: '-0.02',
  isPreListing: false,
  preListingInfo: null,
  riskParameters: { priceLimitRatioX: '0.05', priceLimitRatioY: '0.1' },
  newField: { of: 2026 },
}

const TICKER = {
  symbol: 'BTCUSDT',
  lastPrice: '28550.70',
  markPrice: '28552.81',
  indexPrice: '28562.25',
  prevPrice24h: '27899.70',
  prevPrice1h: '28474.70',
  price24hPcnt: '-0.023333',
  highPrice24h: '28797.10',
  lowPrice24h: '27842.80',
  openInterest: '52774.528',
  openInterestValue: '1506861070.82',
  turnover24h: '4273027716.4294',
  volume24h: '151185.5160',
  fundingRate: '-0.000212',
  nextFundingTime: '1680681600000',
  fundingIntervalHour: '4',
  fundingCap: '0.005',
  bid1Price: '28550.70',
  bid1Size: '2.049',
  ask1Price: '',
  ask1Size: '',
}

const row = (value: unknown): Fields => new Fields(value, 'result.list[0]')

function fieldRefused(read: () => unknown): string | undefined {
  try {
    read()
    return undefined
  } catch (error) {
    if (error instanceof DataError) return error.place?.field
    throw error
  }
}

test('filters of an instrument stay the texts that the exchange wrote', () => {
  const instrument = listedInstrument(row(INSTRUMENT))
  assert.is(instrument.tick, '0.000001')
  assert.is(instrument.step, '10')
  assert.is(instrument.maxLeverage, '75.00')
  assert.is(instrument.minNotional, '5')
  assert.is(instrument.fundingInterval, 4 * 3_600_000)
  assert.equal(
    [instrument.deliveryTime, instrument.auctionPhase, instrument.isPreListing],
    [null, null, false],
  )
  assert.equal([instrument.priceLimitX, instrument.priceLimitY], ['0.05', '0.1'])
})

test('an instrument without a filter is refused by the name of the filter', () => {
  const { priceFilter, lotSizeFilter } = INSTRUMENT
  assert.is(
    fieldRefused(() => listedInstrument(row({ ...INSTRUMENT, priceFilter: {} }))),
    'result.list[0].priceFilter.tickSize',
  )
  assert.is(
    fieldRefused(() =>
      listedInstrument(row({ ...INSTRUMENT, priceFilter: { ...priceFilter, tickSize: '0' } })),
    ),
    'result.list[0].priceFilter.tickSize',
  )
  assert.is(
    fieldRefused(() =>
      listedInstrument(row({ ...INSTRUMENT, lotSizeFilter: { ...lotSizeFilter, qtyStep: 'NaN' } })),
    ),
    'result.list[0].lotSizeFilter.qtyStep',
  )
  assert.is(
    fieldRefused(() => listedInstrument(row({ ...INSTRUMENT, fundingInterval: null }))),
    'result.list[0].fundingInterval',
  )
})

test('a ticker has its interval of funding, and null where nobody asks', () => {
  const read = ticker(row(TICKER))
  assert.equal([read.last, read.mark, read.change24h], [28_550.7, 28_552.81, -0.023_333])
  assert.equal(
    [read.fundingRate, read.fundingInterval, read.nextFunding],
    [-0.000_212, 4 * 3_600_000, 1_680_681_600_000],
  )
  assert.equal([read.bid, read.bidSize, read.ask, read.askSize], [28_550.7, 2.049, null, null])
  const dated = ticker(row({ ...TICKER, fundingRate: '', nextFundingTime: '', fundingIntervalHour: '' }))
  assert.equal([dated.fundingRate, dated.fundingInterval, dated.nextFunding], [null, null, null])
})

test('a ticker without a price, or with one of 0, is refused', () => {
  for (const name of ['lastPrice', 'markPrice', 'indexPrice']) {
    for (const value of [undefined, '', '0', '-1', 'NaN', null]) {
      assert.is(
        fieldRefused(() => ticker(row({ ...TICKER, [name]: value }))),
        `result.list[0].${name}`,
      )
    }
  }
})

test('candles come as they came, and impossible ones are refused', () => {
  const good = ['1670608800000', '17071', '17073', '17027', '17055.5', '268611', '15.74462667']
  const reply = (list: unknown): unknown => ({ symbol: 'BTCUSDT', category: 'linear', list })
  assert.equal(candleRows(reply([good])), {
    symbol: 'BTCUSDT',
    category: 'linear',
    rows: [
      {
        start: 1_670_608_800_000,
        open: 17_071,
        high: 17_073,
        low: 17_027,
        close: 17_055.5,
        volume: 268_611,
        turnover: 15.744_626_67,
      },
    ],
  })
  assert.is(
    fieldRefused(() => candleRows(reply([good, good.with(2, '17000')]))),
    'result.list[1].high',
  )
  assert.is(
    fieldRefused(() => candleRows(reply([good.with(4, '')]))),
    'result.list[0].4',
  )
  assert.is(
    fieldRefused(() => candleRows(reply([good.slice(0, 6)]))),
    'result.list[0]',
  )
  assert.is(
    fieldRefused(() => candleRows({ list: [] })),
    'result.symbol',
  )
  assert.equal(markRows(reply([good.slice(0, 5)])).rows.length, 1)
  assert.is(
    fieldRefused(() => markRows(reply([good.with(3, '18000')]))),
    'result.list[0].high',
  )
})

test('margins of a risk tier are fractions, whichever way the exchange writes them', () => {
  const tier = {
    id: 2,
    symbol: 'BTCUSDT',
    riskLimitValue: '2600000',
    maintenanceMargin: '0.0056',
    initialMargin: '0.0111',
    isLowestRisk: 0,
    maxLeverage: '90.00',
    mmDeduction: '1200',
  }
  const read = riskTier(row(tier))
  assert.equal(
    [read.initialMargin, read.maintenanceMargin, read.deduction, read.isLowest],
    [0.0111, 0.0056, '1200', false],
  )
  const percent = riskTier(
    row({ ...tier, initialMargin: '1.11', maintenanceMargin: '0.56', mmDeduction: '' }),
  )
  assert.ok(Math.abs(percent.initialMargin - 0.0111) < 1e-12)
  assert.ok(Math.abs(percent.maintenanceMargin - 0.0056) < 1e-12)
  assert.is(percent.deduction, null)
  assert.is(
    fieldRefused(() => riskTier(row({ ...tier, initialMargin: '0.2' }))),
    'result.list[0].initialMargin',
  )
})

test('a page says how to ask for the next one', () => {
  const list = [{ symbol: 'BTCUSDT', fundingRate: '-0.0001', fundingRateTimestamp: '1672041600000' }]
  assert.equal(pageOf({ category: 'linear', list, nextPageCursor: 'a%3D1' }, settlement), {
    category: 'linear',
    items: [{ symbol: 'BTCUSDT', time: 1_672_041_600_000, rate: -0.0001 }],
    next: 'a%3D1',
  })
  assert.is(pageOf({ list: [], nextPageCursor: '' }, settlement).next, null)
  assert.is(
    fieldRefused(() => pageOf({ nextPageCursor: '' }, settlement)),
    'result.list',
  )
})

test("the server's time is read to the microsecond", () => {
  assert.is(serverTime({ timeSecond: '1688639403', timeNano: '1688639403423213947' }), 1_688_639_403_423.213)
  assert.throws(() => serverTime({ timeNano: '1688639403' }), /nanoseconds/)
})

test('a level of an order book has a price', () => {
  const book = { s: 'BTCUSDT', b: [['1', '2']], a: [], u: 1, seq: 2, ts: 3 }
  assert.equal(orderBook(row(book)).bids, [{ price: '1', size: '2' }])
  assert.is(
    fieldRefused(() => orderBook(row({ ...book, a: [['0', '1']] }))),
    'result.list[0].a[0].0',
  )
})

test.run()
