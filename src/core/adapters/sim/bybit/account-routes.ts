/** The private endpoints that only read: orders, fills, positions, wallet, key. And the account's own settings. */
import { DAY } from '../../../base/units.ts'
import type { BybitAccount } from './account.ts'
import type { Desk } from './desk.ts'
import type { Fields } from './fields.ts'
import { type BybitOrder, type BybitPosition, Refusal } from './order.ts'
import { page, windowOf } from './paging.ts'
import {
  closedPnlShape,
  executionShape,
  type Json,
  ledgerShape,
  orderShape,
  positionShape,
  walletShape,
} from './shapes.ts'
import { roundText } from './text.ts'

/** What the exchange says of the key it is asked with. */
export interface KeyInfo {
  readonly key: string
  readonly isReadOnly: boolean
  /** Whether it may take money out: a key of a bot should not. */
  readonly canWithdraw: boolean
  /** When it ends, ISO 8601. */
  readonly expiresAt: string
}

export interface AccountContext {
  readonly desk: Desk
  readonly key: KeyInfo
}

type Handler = (context: AccountContext, fields: Fields) => Json

/** For so long cancelled and rejected orders that never filled are kept. */
const CANCELLED_KEPT = DAY

function newest<T>(rows: readonly T[]): readonly T[] {
  return [...rows].reverse()
}

/** Whether an order is of the symbol or coin that is asked for; one of them has to be. */
export function scopeOf(fields: Fields, desk: Desk): (symbol: string) => boolean {
  const [symbol, base, settle] = [fields.text('symbol'), fields.text('baseCoin'), fields.text('settleCoin')]
  if (symbol !== '') {
    desk.instrument(symbol)
    return name => name === symbol
  }
  if (base !== '') return name => desk.instrument(name).baseCoin === base
  if (settle !== '') return name => desk.instrument(name).quoteCoin === settle
  throw new Refusal(10001, 'params error: symbol, baseCoin or settleCoin is required')
}

function isKey(order: BybitOrder, fields: Fields): boolean {
  const [id, link] = [fields.text('orderId'), fields.text('orderLinkId')]
  return (id === '' || order.orderId === id) && (link === '' || order.orderLinkId === link)
}

function isFiltered(order: BybitOrder, fields: Fields): boolean {
  const filter = fields.choice('orderFilter', ['', 'Order', 'StopOrder'])
  return filter === '' || (filter === 'StopOrder') === (order.stopOrderType !== '')
}

function orderPage(desk: Desk, fields: Fields, orders: readonly BybitOrder[]): Json {
  const { rows, cursor } = page(orders, fields, { most: 50, standard: 20 }, order => order.orderId)
  return { category: 'linear', nextPageCursor: cursor, list: rows.map(order => orderShape(desk, order)) }
}

function isWhollyCancelled({ status, filled }: BybitOrder): boolean {
  return filled === 0 && status !== 'Filled'
}

/** Whether the lists of the past have what happened at a time. */
function isListed({ now, historyLag }: Desk, time: number): boolean {
  return historyLag === 0 || now - time >= historyLag
}

function positionsOf(desk: Desk, account: BybitAccount, fields: Fields): readonly BybitPosition[] {
  const symbol = fields.text('symbol')
  if (symbol !== '') {
    desk.instrument(symbol)
    return desk.indices.map(idx => account.position(symbol, idx, Math.floor(desk.now)))
  }
  const isMeant = scopeOf(fields, desk)
  return account.positions.filter(position => position.side !== null && isMeant(position.symbol))
}

/** A list that the account has of USDT perpetuals; of everything else it has none. */
function listed(of: Handler): Handler {
  return (context, fields) => {
    const category = fields.choice('category', ['linear', 'inverse', 'spot', 'option'])
    return category === 'linear' ? of(context, fields) : { category, nextPageCursor: '', list: [] }
  }
}

export const READING_ROUTES: { readonly [path: string]: Handler } = {
  '/v5/order/realtime': listed(({ desk }, fields) => {
    const { account } = desk
    const isNamed = fields.has('orderId') || fields.has('orderLinkId')
    const isMeant = isNamed ? () => true : scopeOf(fields, desk)
    // An order that is named is found although it is closed, as long as it is remembered.
    const isOpenOnly = fields.whole('openOnly', 0, 2, 0) === 0
    const closed = isOpenOnly && !isNamed ? [] : account.closedOrders.slice(-500)
    const open = isOpenOnly || isNamed ? account.openOrders : []
    const found = newest([...closed, ...open]).filter(
      order => isMeant(order.symbol) && isKey(order, fields) && isFiltered(order, fields),
    )
    return orderPage(desk, fields, found)
  }),

  '/v5/order/history': listed(({ desk }, fields) => {
    const { from, to } = windowOf(fields, desk.now)
    const [symbol, status] = [fields.text('symbol'), fields.text('orderStatus')]
    const found = newest(desk.account.closedOrders).filter(
      order =>
        (symbol === '' || order.symbol === symbol) &&
        (status === '' || order.status === status) &&
        isKey(order, fields) &&
        isFiltered(order, fields) &&
        isListed(desk, order.updatedAt) &&
        order.createdAt >= from &&
        order.createdAt <= to + 1_000 &&
        !(isWhollyCancelled(order) && desk.now - order.updatedAt > CANCELLED_KEPT),
    )
    return orderPage(desk, fields, found)
  }),

  '/v5/execution/list': listed(({ desk }, fields) => {
    const { from, to } = windowOf(fields, desk.now)
    const [symbol, id, link] = [fields.text('symbol'), fields.text('orderId'), fields.text('orderLinkId')]
    const type = fields.text('execType')
    const found = newest(desk.account.executions).filter(
      execution =>
        (symbol === '' || execution.symbol === symbol) &&
        (id === '' || execution.order?.orderId === id) &&
        (link === '' || execution.order?.orderLinkId === link) &&
        (type === '' || execution.execType === type) &&
        isListed(desk, execution.time) &&
        execution.time >= from &&
        execution.time <= to + 1_000,
    )
    const { rows, cursor } = page(found, fields, { most: 100, standard: 50 }, ({ execId }) => execId)
    return {
      category: 'linear',
      nextPageCursor: cursor,
      list: rows.map(execution => executionShape(desk, execution)),
    }
  }),

  '/v5/position/list': listed(({ desk }, fields) => {
    const found = positionsOf(desk, desk.account, fields)
    const { rows, cursor } = page(
      found,
      fields,
      { most: 200, standard: 20 },
      ({ symbol, idx }) => `${symbol}:${idx}`,
    )
    return {
      category: 'linear',
      nextPageCursor: cursor,
      list: rows.map(position => positionShape(desk, position)),
    }
  }),

  '/v5/position/closed-pnl': listed(({ desk }, fields) => {
    const { from, to } = windowOf(fields, desk.now)
    const symbol = fields.text('symbol')
    const all = desk.account.closedPnl.map((closed, number) => ({ closed, number }))
    const found = newest(all).filter(
      ({ closed }) =>
        (symbol === '' || closed.symbol === symbol) &&
        closed.createdAt >= from &&
        closed.createdAt <= to + 1_000,
    )
    const { rows, cursor } = page(found, fields, { most: 100, standard: 50 }, ({ number }) => String(number))
    return {
      category: 'linear',
      nextPageCursor: cursor,
      list: rows.map(({ closed }) => closedPnlShape(desk, closed)),
    }
  }),

  '/v5/account/wallet-balance': ({ desk }, fields) => {
    fields.choice('accountType', ['UNIFIED'])
    return { list: [walletShape(desk)] }
  },

  '/v5/account/fee-rate': ({ desk }, fields) => {
    fields.choice('category', ['linear'])
    const symbol = fields.text('symbol')
    const listed = symbol === '' ? [...desk.feeds.keys()] : [desk.instrument(symbol).symbol]
    return {
      list: listed.map(name => ({
        symbol: name,
        takerFeeRate: roundText(desk.costs.takerFee, 8),
        makerFeeRate: roundText(desk.costs.makerFee, 8),
      })),
    }
  },

  '/v5/account/transaction-log': ({ desk }, fields) => {
    const isWhole = fields.has('startTime') && fields.has('endTime')
    const { from, to } = windowOf(fields, desk.now, isWhole ? 7 * DAY : DAY)
    const [type, currency, category] = [fields.text('type'), fields.text('currency'), fields.text('category')]
    const found = newest(desk.account.ledger.entries).filter(
      entry =>
        (type === '' || entry.type === type) &&
        (currency === '' || currency === 'USDT') &&
        (category === '' || category === 'linear') &&
        entry.time >= from &&
        entry.time <= to + 1_000,
    )
    const { rows, cursor } = page(found, fields, { most: 50, standard: 20 }, ({ id }) => id)
    return { nextPageCursor: cursor, list: rows.map(ledgerShape) }
  },

  '/v5/account/info': ({ desk }) => ({
    marginMode: desk.marginMode,
    updatedTime: String(Math.floor(desk.account.positions[0]?.createdAt ?? desk.now)),
    unifiedMarginStatus: 5,
    dcpStatus: 'OFF',
    timeWindow: 10,
    smpGroup: 0,
    isMasterTrader: false,
    spotHedgingStatus: 'OFF',
  }),

  '/v5/user/query-api': ({ key }) => ({
    id: '1000001',
    note: 'simulated exchange',
    apiKey: key.key,
    readOnly: key.isReadOnly ? 1 : 0,
    secret: '',
    permissions: {
      ContractTrade: ['Order', 'Position'],
      Spot: [],
      Wallet: key.canWithdraw ? ['AccountTransfer', 'Withdraw'] : [],
      Options: [],
      Derivatives: ['DerivativesTrade'],
      CopyTrading: [],
      BlockTrade: [],
      Exchange: [],
      NFT: [],
      Affiliate: [],
      Earn: [],
      FiatP2P: [],
      FiatConvertBroker: [],
      FiatGlobalPay: [],
      FiatBitPay: [],
      BitCard: [],
      ByXPost: [],
    },
    ips: ['127.0.0.1'],
    type: 1,
    deadlineDay: 90,
    expiredAt: key.expiresAt,
    createdAt: '2025-01-01T00:00:00Z',
    unified: 0,
    uta: 1,
    userID: 100000001,
    inviterID: 0,
    vipLevel: 'No VIP',
    mktMakerLevel: '0',
    affiliateID: 0,
    rsaPublicKey: '',
    isMaster: true,
    parentUid: '0',
    kycLevel: 'LEVEL_DEFAULT',
    kycRegion: '',
    userIDInt64: '100000001',
    inviterIDInt64: '0',
    affiliateIDInt64: '0',
  }),
}
