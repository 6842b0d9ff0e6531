/**
 * What Bybit documents and the simulated one has to keep to, each rule with the tests that show it. The numbers are those of
 * the sections of the facts about Bybit's API that it is built after: 3.2 endpoints, 3.3 orders, 3.4 topics, 3.5 funding and
 * margin, 11 what clients depend on.
 */
import { readFileSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { READING_ROUTES } from './account-routes.ts'
import { MARKET_ROUTES } from './market-routes.ts'
import { TRADING_ROUTES } from './trade-routes.ts'

const test = suite('documented')

/** Rule, file without its ending, and beginnings of the titles of its tests. */
const RULES: readonly (readonly [rule: string, file: string, ...titles: readonly string[]])[] = [
  [
    '3.2 candles: newest first, 200 by default, floor of the start',
    'market-routes',
    'candles come newest first',
    'the start is floored',
  ],
  ['3.2 candles of the mark price and the premium', 'market-routes', 'of the mark price and of the premium'],
  [
    '3.2 instruments, tickers, limits of prices',
    'market-routes',
    'an instrument has its filters',
    'tickers without a symbol',
    'the price limits lie around',
  ],
  [
    '3.2 funding history: a start alone is an error',
    'market-routes',
    'settlements of funding are listed newest first',
  ],
  [
    '3.2 open interest, trades, order book',
    'market-routes',
    'trades are newest first, open interest is paged',
    'the book has as many levels',
  ],
  ['3.2 risk tiers', 'market-routes', 'risk tiers are those that are recorded'],
  [
    '3.2 cancel-all takes 500 at most',
    'desk',
    'cancelling all takes stops too',
    'of more than five hundred orders',
  ],
  [
    '3.2 order lists: closed ones on request, a day of cancelled ones',
    'account',
    'closed orders are listed among the open ones',
    'orders that are cancelled whole',
  ],
  ['3.2 positions by coin are held, by symbol there', 'account', 'positions by coin are those that are held'],
  ['3.2 transaction log: a day, or seven', 'account', 'the log of a day is what is shown'],
  ['3.2 margin mode of the whole account', 'account', 'the margin mode is switched while there is nothing'],
  [
    '3.2 limits by endpoint and by address',
    'gate',
    'the eleventh order of a second',
    'an address that asks for more than 600',
  ],
  ['3.3 ids are used once', 'desk', 'a link id is used once and never again'],
  ['3.3 ids, read the other way', 'faults', 'an id can be used again once its order is over'],
  [
    '3.3 market orders are immediate, capped, and filled in part',
    'desk',
    'in a thin market a market order',
    'a market order that would slip',
  ],
  ['3.3 caps on orders', 'desk', 'five hundred active orders', 'pairs are added up to twenty'],
  [
    '3.3 reduce-only and a quantity of 0',
    'desk',
    'a reducing order is cut to the position',
    'a quantity of 0 closes all',
  ],
  ['3.3 conditional orders: direction, no margin before', 'desk', 'a conditional order waits for its price'],
  ['3.3 conditional orders find no margin', 'margins', 'an order that waits binds nothing'],
  ['3.3 a stop that is set off and cancelled', 'faults', 'the exchange can take positions, lose stops'],
  [
    '3.3 filters',
    'desk',
    'what breaks a filter is refused',
    'filters that change are those of the next order',
  ],
  ['3.3 prices are brought to their limit', 'desk', 'a price beyond its limit is brought to it'],
  [
    '3.3 trading-stop: in place, 34040, 0 takes away, trailing',
    'desk',
    'a stop is changed in place',
    'a trailing stop follows',
  ],
  ['3.3 one-way and hedge mode', 'desk', 'in hedge mode a symbol has a position on each side'],
  ['3.3 leverage: 110043, 110013', 'desk', 'leverage is set in one step for both sides'],
  ['3.3 leverage above the tier', 'margins', 'isolated: a tier that a position grows into'],
  [
    '3.4 tickers, candles, trades, books',
    'streams',
    'a ticker is told whole once',
    'a candle is confirmed exactly once',
    'trades are told oldest first',
    'the best level comes as snapshots',
  ],
  [
    '3.4 private topics',
    'streams',
    'an order tells execution, position, wallet',
    'all-in-one and categorised topics',
  ],
  ['3.4 the order channel', 'streams', 'the order channel places, amends and cancels'],
  ['3.4 batches of the order channel', 'batch', 'the trade channel takes batches'],
  [
    '3.5 funding at the boundary, with its signs',
    'desk',
    'funding is paid at the boundary',
    'in hedge mode funding and liquidation',
  ],
  ['3.5 funding intervals that change', 'quotes', 'an interval that the exchange orders'],
  [
    '3.5 isolated margin',
    'risk',
    'isolated: initial margin is of the entry',
    'worked out by hand',
    'where an isolated position is liquidated',
  ],
  ['3.5 isolated liquidation', 'margins', 'isolated: a position in a higher tier is taken over nearer'],
  ['3.5 cross margin', 'margins', 'cross: both margins go with the mark', 'cross: an unrealised gain'],
  [
    '3.5 liquidation of the account, largest first',
    'margins',
    'cross: the account is liquidated where',
    'cross: where one position is not enough',
  ],
  ['3.5 an estimate, or none', 'margins', 'cross: a position that nothing liquidates'],
  ['3.5 prices of closed results are of the costs', 'desk', 'a quantity of 0 closes all'],
  [
    '11.1 signatures over the raw text, and time',
    'gate',
    'the signature is over the query as it was sent',
    'an unknown key, a wrong secret',
  ],
  [
    '11.2 dialects',
    'streams',
    'each kind of socket answers a ping',
    'a request id comes back as it came',
    'nothing private without authentication',
    'one bad topic fails',
    'a private socket that says nothing',
  ],
  ['11.3 data before the acknowledgement or after it', 'streams', 'data may come before the answer'],
  [
    '11.4 cancel meets fill, post-only',
    'desk',
    'a cancel that meets the fill',
    'a post-only order that would take',
  ],
  [
    '11.6 money to the last digit',
    'money',
    'the wallet is what it began with',
    'wallet, log, results, fees and funding add up',
  ],
  [
    '11.7 cursors and windows',
    'paging',
    'pages follow one another',
    'a cursor that a client has encoded once more',
    'a window is seven days at most',
  ],
  ['11.8 faults', 'faults', 'every fault that there is was shown', 'under a storm of faults'],
  ['11.9 a clock of its own', 'server', 'time goes at its pace'],
  [
    '11.10 two clients',
    'conformance',
    'bybit-api and ccxt go through one scenario',
    'in hedge mode both see',
    'in cross margin both see',
  ],
  ['delisting and settlement', 'desk', 'a symbol that is delisted is settled'],
  ['deleveraging', 'desk', 'others were liquidated: a part of the position goes'],
  ['lists of the past that lag', 'faults', 'what has happened can come late'],
]

/** Endpoints of section 3.2. */
const ENDPOINTS = `market/time market/kline market/mark-price-kline market/premium-index-price-kline market/instruments-info
  market/tickers market/funding/history market/open-interest market/orderbook market/risk-limit market/price-limit
  market/recent-trade order/create order/amend order/cancel order/cancel-all order/realtime order/history execution/list
  position/list position/closed-pnl position/set-leverage position/switch-mode position/trading-stop account/wallet-balance
  account/fee-rate account/transaction-log account/info account/set-margin-mode account/set-limit-px-action user/query-api`

function titlesOf(file: string): readonly string[] {
  const text = readFileSync(new URL(`${file}.test.ts`, import.meta.url), 'utf8')
  return [...text.matchAll(/^ *test\(\s*(['"`])(.*?)\1/gms)].map(([, , title]) => title)
}

test('every rule is shown by tests that there are', () => {
  for (const [rule, file, ...titles] of RULES) {
    const known = titlesOf(file)
    for (const title of titles)
      assert.ok(
        known.some(one => one.startsWith(title)),
        `${rule}: ${file} has no test "${title}"`,
      )
  }
})

test('every endpoint that is needed is there', () => {
  const routes = { ...MARKET_ROUTES, ...READING_ROUTES, ...TRADING_ROUTES }
  for (const path of ENDPOINTS.split(/\s+/)) assert.ok(`/v5/${path}` in routes, path)
})

test.run()
