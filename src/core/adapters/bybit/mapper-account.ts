/** An account's money, terms and key, from Bybit v5's replies and streams; pure. */
import { DataError } from '../../base/errors.ts'
import type { Timestamp } from '../../base/units.ts'
import { type Decimal, Fields } from './fields.ts'
import { ORDER_SIDES, type OrderSide } from './mapper-orders.ts'

/** One coin of a wallet. What the exchange leaves blank is `null`. */
export interface CoinBalance {
  readonly coin: string
  readonly wallet: Decimal
  readonly equity: Decimal
  readonly unrealised: Decimal | null
  readonly realised: Decimal | null
  readonly borrowed: Decimal | null
  readonly locked: Decimal | null
  readonly orderMargin: Decimal | null
  readonly positionMargin: Decimal | null
  readonly maintenanceMargin: Decimal | null
  readonly value: Decimal | null
}

/** GET account/wallet-balance, and the data of the stream `wallet`; totals in USD. */
export interface WalletRow {
  readonly accountType: string | null
  readonly totalEquity: Decimal | null
  readonly totalWallet: Decimal | null
  readonly totalAvailable: Decimal | null
  readonly totalMargin: Decimal | null
  readonly initialMargin: Decimal | null
  readonly maintenanceMargin: Decimal | null
  readonly initialMarginRate: Decimal | null
  readonly maintenanceMarginRate: Decimal | null
  readonly coins: readonly CoinBalance[]
}

export function walletRow(row: Fields): WalletRow {
  return {
    accountType: row.textOrNull('accountType'),
    totalEquity: row.decimalOrNull('totalEquity'),
    totalWallet: row.decimalOrNull('totalWalletBalance'),
    totalAvailable: row.decimalOrNull('totalAvailableBalance'),
    totalMargin: row.decimalOrNull('totalMarginBalance'),
    initialMargin: row.decimalOrNull('totalInitialMargin'),
    maintenanceMargin: row.decimalOrNull('totalMaintenanceMargin'),
    initialMarginRate: row.decimalOrNull('accountIMRate'),
    maintenanceMarginRate: row.decimalOrNull('accountMMRate'),
    coins: row.list('coin').map(coin => ({
      coin: coin.text('coin'),
      wallet: coin.decimal('walletBalance'),
      equity: coin.decimal('equity'),
      unrealised: coin.decimalOrNull('unrealisedPnl'),
      realised: coin.decimalOrNull('cumRealisedPnl'),
      borrowed: coin.decimalOrNull('borrowAmount'),
      locked: coin.decimalOrNull('locked'),
      orderMargin: coin.decimalOrNull('totalOrderIM'),
      positionMargin: coin.decimalOrNull('totalPositionIM'),
      maintenanceMargin: coin.decimalOrNull('totalPositionMM'),
      value: coin.decimalOrNull('usdValue'),
    })),
  }
}

/**
 * What a wallet has of a coin; `null` where no row lists it, as of an account that never had it. Nothing else of the wallet
 * has to make sense for that.
 */
export function balanceOf(rows: readonly Fields[], wanted: string): Decimal | null {
  for (const coin of rows.flatMap(row => row.list('coin'))) {
    if (coin.text('coin') === wanted) return coin.decimal('walletBalance')
  }
  return null
}

/** GET account/fee-rate, as fractions. */
export interface FeeRate {
  readonly symbol: string
  readonly taker: Decimal
  readonly maker: Decimal
}

export function feeRate(row: Fields): FeeRate {
  return {
    symbol: row.text('symbol'),
    taker: row.decimal('takerFeeRate'),
    maker: row.decimal('makerFeeRate'),
  }
}

/** GET account/transaction-log. */
export interface Transaction {
  readonly id: string
  /** `SETTLEMENT` is funding. */
  readonly type: string
  readonly symbol: string | null
  readonly category: string | null
  readonly side: OrderSide | null
  readonly coin: string
  /** Received; paid when negative, and so not the sign that an execution's fee has. */
  readonly funding: Decimal | null
  /** Paid. */
  readonly fee: Decimal | null
  readonly feeRate: Decimal | null
  readonly cashFlow: Decimal
  /** Of the wallet: cash flow + funding - fee. */
  readonly change: Decimal
  readonly balance: Decimal
  readonly qty: Decimal | null
  readonly size: Decimal | null
  readonly price: Decimal | null
  readonly orderId: string | null
  readonly linkId: string | null
  readonly tradeId: string | null
  readonly time: Timestamp
}

export function transaction(row: Fields): Transaction {
  return {
    id: row.text('id'),
    type: row.text('type'),
    symbol: row.textOrNull('symbol'),
    category: row.textOrNull('category'),
    side: row.has('side') && row.textOrNull('side') !== 'None' ? row.choice('side', ORDER_SIDES) : null,
    coin: row.text('currency'),
    funding: row.decimalOrNull('funding'),
    fee: row.decimalOrNull('fee'),
    feeRate: row.decimalOrNull('feeRate'),
    cashFlow: row.decimal('cashFlow'),
    change: row.decimal('change'),
    balance: row.decimal('cashBalance'),
    qty: row.decimalOrNull('qty'),
    size: row.decimalOrNull('size'),
    price: row.decimalOrNull('tradePrice'),
    orderId: row.textOrNull('orderId'),
    linkId: row.textOrNull('orderLinkId'),
    tradeId: row.textOrNull('tradeId'),
    time: row.time('transactionTime'),
  }
}

export const MARGIN_MODES = ['ISOLATED_MARGIN', 'REGULAR_MARGIN', 'PORTFOLIO_MARGIN'] as const

/** GET account/info. */
export interface AccountInfo {
  /** Of the whole account; REGULAR_MARGIN is cross. */
  readonly marginMode: (typeof MARGIN_MODES)[number]
  /** 1: a classic account; 3 to 6: unified ones. */
  readonly unifiedStatus: number
  readonly updated: Timestamp
}

export function accountInfo(result: unknown): AccountInfo {
  const fields = new Fields(result, 'result')
  return {
    marginMode: fields.choice('marginMode', MARGIN_MODES),
    unifiedStatus: fields.count('unifiedMarginStatus'),
    updated: fields.time('updatedTime'),
  }
}

/** Maintenance, or an incident, of the platform; `until` of `null`: its end is not known. */
export interface Maintenance {
  readonly from: Timestamp
  readonly until: Timestamp | null
}

/** Perpetuals, among the exchange's products. */
const FUTURES = 1

/**
 * GET system/status: one row, `null` where it is over, called off, or about other products. A state that is new to bbw
 * counts as one that is not over.
 */
export function maintenanceRow(row: Fields): Maintenance | null {
  const state = row.text('state')
  const products = row.values('product')
  const concerns = products.length === 0 || products.some(product => Number(product) === FUTURES)
  if (state === 'completed' || state === 'canceled' || !concerns) return null
  return { from: row.time('begin'), until: row.timeOrNull('end') }
}

/** GET user/query-api: what the key may do. */
export interface KeyInfo {
  readonly id: string
  readonly isReadOnly: boolean
  /** Rights by group, such as Wallet: AccountTransfer. */
  readonly permissions: { readonly [group: string]: readonly string[] }
  /** Addresses it is bound to; none where it is good from anywhere. */
  readonly addresses: readonly string[]
  /** Days left where it is not bound to an address; `null` where it does not run out. */
  readonly daysLeft: number | null
  readonly expires: Timestamp | null
  readonly isUnified: boolean
  readonly isMaster: boolean
  readonly userId: string
}

export function keyInfo(result: unknown): KeyInfo {
  const fields = new Fields(result, 'result')
  const rights = fields.inner('permissions')
  const days = fields.number('deadlineDay')
  return {
    id: fields.text('id'),
    isReadOnly: fields.count('readOnly') === 1,
    permissions: Object.fromEntries(rights.names.map(group => [group, texts(rights, group)])),
    addresses: texts(fields, 'ips').filter(address => address !== '*'),
    daysLeft: days < 0 ? null : days,
    expires: expiry(fields),
    isUnified: fields.count('uta') === 1 || fields.count('unified') === 1,
    isMaster: fields.truth('isMaster'),
    userId: fields.decimal('userID'),
  }
}

function texts(fields: Fields, name: string): readonly string[] {
  return fields.values(name).map((value, k) => {
    if (typeof value === 'string') return value
    const field = `${fields.path(name)}[${k}]`
    throw new DataError(`${field} has to be a text`, { file: '', field })
  })
}

/** The first moment of 1970 says that it does not expire. */
function expiry(fields: Fields): Timestamp | null {
  const text = fields.textOrNull('expiredAt')
  if (text === null) return null
  const time = Date.parse(text)
  if (Number.isNaN(time)) fields.choice('expiredAt', ['a time such as 2026-01-31T08:00:00Z'])
  return time <= 0 ? null : time
}
