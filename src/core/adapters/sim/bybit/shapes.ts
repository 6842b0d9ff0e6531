/**
 * Orders, fills, positions and wallets as Bybit's v5 API writes them. Field names and types are those of recorded
 * replies; what a linear account of this exchange has nothing to say about is left empty as there.
 */

import type { Steps, Ticks } from '../../../base/units.ts'
import { priceOf, qtyOf, toTicks } from '../../../market/quantise.ts'
import { sign } from '../../../market/side.ts'
import type { ClosedPnl, ExecutionRecord } from './account.ts'
import { amountText, usdtOf, worthOf } from './amount.ts'
import type { Desk } from './desk.ts'
import type { LedgerEntry } from './ledger.ts'
import { type BybitOrder, type BybitPosition, openingSide } from './order.ts'
import { marginOf, tierOf } from './risk.ts'
import { averageText, priceText, quoteText, roundText, stepsText } from './text.ts'

export type Json = { readonly [name: string]: unknown }

const DECIMALS = 8

function usdt(value: number): string {
  return roundText(value, DECIMALS)
}

/** An order of the REST lists. */
export function orderShape(desk: Desk, order: BybitOrder): Json {
  const instrument = desk.instrument(order.symbol)
  const { attached, trigger, filled, steps } = order
  const price = (ticks: Ticks | null | undefined): string =>
    ticks === null || ticks === undefined ? '' : priceText(instrument, ticks)
  const left = (isOver(order) ? 0 : steps - filled) as Steps
  return {
    symbol: order.symbol,
    orderId: order.orderId,
    orderLinkId: order.orderLinkId,
    blockTradeId: '',
    side: order.side,
    positionIdx: order.positionIdx,
    orderStatus: order.status,
    cancelType: order.cancelType,
    rejectReason: order.rejectReason,
    timeInForce: order.timeInForce,
    isLeverage: '',
    price: order.price === null ? '0' : priceText(instrument, order.price),
    qty: stepsText(instrument, steps),
    avgPrice: filled === 0 ? '' : averageText(instrument, usdtOf(order.value) / qtyOf(instrument, filled)),
    leavesQty: stepsText(instrument, left),
    leavesValue: order.price === null ? '0' : amountText(worthOf(instrument, order.price, left)),
    cumExecQty: stepsText(instrument, filled),
    cumExecValue: amountText(order.value),
    cumExecFee: amountText(order.fee),
    orderType: order.type,
    stopOrderType: order.stopOrderType,
    orderIv: '',
    triggerPrice: price(trigger?.price),
    takeProfit: price(attached?.takeProfit),
    stopLoss: price(attached?.stopLoss),
    tpslMode:
      attached === null ? (order.stopOrderType.startsWith('Partial') ? 'Partial' : '') : attached.mode,
    tpLimitPrice: price(attached?.tpLimit),
    slLimitPrice: price(attached?.slLimit),
    tpTriggerBy:
      attached?.takeProfit === undefined || attached.takeProfit === null ? '' : attached.tpTriggerBy,
    slTriggerBy: attached?.stopLoss === undefined || attached.stopLoss === null ? '' : attached.slTriggerBy,
    triggerDirection: trigger === null ? 0 : trigger.direction === 'rise' ? 1 : 2,
    triggerBy: trigger === null ? '' : trigger.by,
    lastPriceOnCreated: quoteText(instrument, order.lastAtCreation),
    reduceOnly: order.reduceOnly,
    closeOnTrigger: order.closeOnTrigger,
    placeType: '',
    smpType: 'None',
    smpGroup: 0,
    smpOrderId: '',
    slippageToleranceType: 'UNKNOWN',
    slippageTolerance: '',
    createType: order.createType,
    createdTime: String(order.createdAt),
    updatedTime: String(order.updatedAt),
    extraFees: '',
    cumFeeDetail: order.fee === 0n ? {} : { USDT: amountText(order.fee) },
    rpiTakerAccess: false,
    rpiMatchedQty: '0',
  }
}

/** An order of the private stream. */
export function orderPush(desk: Desk, order: BybitOrder): Json {
  const { extraFees: _, ...shape } = orderShape(desk, order)
  return {
    category: 'linear',
    ...shape,
    closedPnl: amountText(order.closedPnl),
    feeCurrency: 'USDT',
    marketUnit: '',
    parentOrderLinkId: '',
  }
}

function isOver({ status }: BybitOrder): boolean {
  return status === 'Filled' || status === 'Cancelled' || status === 'Rejected' || status === 'Deactivated'
}

/** A fill of `execution/list`. */
export function executionShape(desk: Desk, execution: ExecutionRecord): Json {
  const instrument = desk.instrument(execution.symbol)
  const { order, steps } = execution
  const isFunding = execution.execType === 'Funding'
  return {
    symbol: execution.symbol,
    orderId: order?.orderId ?? '',
    orderLinkId: order?.orderLinkId ?? '',
    side: execution.side,
    orderPrice: order?.price === undefined || order.price === null ? '0' : priceText(instrument, order.price),
    orderQty: order === null ? '0' : stepsText(instrument, order.steps),
    leavesQty: stepsText(instrument, execution.leaves),
    orderType: order?.type ?? 'UNKNOWN',
    stopOrderType: order === null || order.stopOrderType === '' ? 'UNKNOWN' : order.stopOrderType,
    createType: order?.createType ?? '',
    execFee: amountText(execution.fee),
    feeCurrency: isFunding ? '' : 'USDT',
    execId: execution.execId,
    execPrice: isFunding ? averageText(instrument, execution.price) : quoteText(instrument, execution.price),
    execQty: stepsText(instrument, steps),
    execType: execution.execType,
    execValue: amountText(execution.value),
    execTime: String(execution.time),
    isMaker: execution.isMaker,
    feeRate: roundText(execution.feeRate, 12),
    tradeIv: '',
    markIv: '',
    markPrice: averageText(instrument, execution.markPrice),
    indexPrice: '',
    underlyingPrice: '',
    blockTradeId: '',
    closedSize: stepsText(instrument, execution.closed),
    extraFees: '',
    seq: execution.sequence,
  }
}

/** A fill of the private stream. */
export function executionPush(desk: Desk, execution: ExecutionRecord): Json {
  return {
    category: 'linear',
    ...executionShape(desk, execution),
    extraFees: [],
    execPnl: amountText(execution.pnl),
    isLeverage: '0',
    marketUnit: '',
  }
}

/** A position of `position/list`, one that is not held included. */
export function positionShape(desk: Desk, position: BybitPosition): Json {
  return { ...positionFields(desk, position), avgPrice: entryText(desk, position) }
}

/** A position of the private stream: its entry has another name there. */
export function positionPush(desk: Desk, position: BybitPosition): Json {
  return { category: 'linear', ...positionFields(desk, position), entryPrice: entryText(desk, position) }
}

function entryText(desk: Desk, { symbol, steps, entryValue }: BybitPosition): string {
  const instrument = desk.instrument(symbol)
  return steps === 0 ? '0' : usdt(usdtOf(entryValue) / qtyOf(instrument, steps))
}

function positionFields(desk: Desk, position: BybitPosition): Json {
  const { symbol, idx, side, steps, entryValue } = position
  const instrument = desk.instrument(symbol)
  const leverage = desk.leverage(symbol, side ?? (idx === 2 ? 'short' : 'long'))
  const { mark } = desk.point(symbol)
  const tier = tierOf(desk.tiers(symbol), usdtOf(entryValue))
  const guard = (type: string): string => {
    const found = desk.stops.protecting(symbol, idx).find(order => order.stopOrderType === type)
    return found?.trigger == null ? '' : priceText(instrument, found.trigger.price)
  }
  const qty = qtyOf(instrument, steps)
  const value = usdtOf(entryValue)
  const direction = side === null ? 1 : sign(side)
  const isHeld = side !== null
  const { margins } = desk
  const held = side === null ? null : { ...position, side }
  const margin = held === null ? NOTHING : margins.of(held, mark)
  const terms = held === null ? null : { side: held.side, qty, entry: value / qty, leverage }
  const byMark =
    terms === null
      ? NOTHING
      : marginOf('REGULAR_MARGIN', desk.tiers(symbol), desk.costs.takerFee, terms, mark)
  const grid = (price: number | null): string =>
    price === null
      ? ''
      : priceText(
          instrument,
          toTicks(instrument, Math.max(price, priceOf(instrument, instrument.minPrice)), 'nearest'),
        )
  return {
    positionIdx: idx,
    riskId: tier.id,
    riskLimitValue: usdt(tier.limit),
    symbol,
    side: isHeld ? openingSide(side) : '',
    size: stepsText(instrument, steps),
    positionValue: isHeld ? amountText(entryValue) : '',
    // Said to be always 0 on a unified account, whose mode is that of all its positions.
    tradeMode: 0,
    positionStatus: 'Normal',
    autoAddMargin: 0,
    adlRankIndicator: isHeld ? 2 : 0,
    leverage: roundText(leverage, 2),
    positionBalance: usdt(margin.initial),
    markPrice: averageText(instrument, mark),
    liqPrice: held === null ? '' : grid(margins.liquidation(held)),
    bustPrice: held === null ? '' : grid(margins.bankruptcy(held)),
    breakEvenPrice: isHeld ? usdt(breakEven(desk, position)) : '',
    positionMM: usdt(margin.maintenance),
    positionIM: usdt(margin.initial),
    positionMMByMp: usdt(byMark.maintenance),
    positionIMByMp: usdt(byMark.initial),
    tpslMode: position.tpslMode,
    takeProfit: guard('TakeProfit'),
    stopLoss: guard('StopLoss'),
    trailingStop: position.trailing === null ? '0' : priceText(instrument, position.trailing.distance),
    unrealisedPnl: isHeld ? usdt((mark * qty - value) * direction) : '0',
    curRealisedPnl: amountText(isHeld ? position.realised : 0n),
    cumRealisedPnl: amountText(position.everRealised),
    sessionAvgPrice: '',
    seq: desk.account.sequence,
    isReduceOnly: !desk.isTrading(symbol),
    mmrSysUpdatedTime: '',
    leverageSysUpdatedTime: '',
    createdTime: String(position.createdAt),
    updatedTime: String(position.updatedAt),
  }
}

const NOTHING = { initial: 0, maintenance: 0 }

/** Source: Bybit help centre, "Break-even price". */
function breakEven(desk: Desk, { symbol, side, steps, entryValue, realised }: BybitPosition): number {
  const qty = qtyOf(desk.instrument(symbol), steps) * (side === 'short' ? -1 : 1)
  const fee = Math.max(desk.costs.takerFee, 0.00055)
  return (usdtOf(entryValue) * Math.sign(qty) - usdtOf(realised)) / (qty - Math.abs(qty) * fee)
}

/**
 * The account of `wallet-balance` and of the wallet stream. Figures of the whole account "are not applicable" in isolated
 * margin, says Bybit, which may leave them empty: the seed decides. Those of the coin are told in either mode.
 */
export function walletShape(desk: Desk): Json {
  const { margins } = desk
  const { unrealised, equity, positions, orders, maintenance, free } = margins.totals()
  const isTold = margins.isCross || desk.tellsWhole
  const whole = (value: number): string => (isTold ? usdt(value) : '')
  // Where nothing is left, whatever there is to keep is all of it.
  const share = (part: number): string =>
    isTold ? roundText(equity > 0 ? part / equity : part > 0 ? 1 : 0, 4) : ''
  const bound = positions + orders
  return {
    totalEquity: usdt(equity),
    accountIMRate: share(bound),
    accountIMRateByMp: share(bound),
    totalMarginBalance: whole(equity),
    totalInitialMargin: whole(bound),
    totalInitialMarginByMp: whole(bound),
    accountType: 'UNIFIED',
    totalAvailableBalance: whole(Math.max(0, free)),
    accountMMRate: share(maintenance),
    accountMMRateByMp: share(maintenance),
    totalPerpUPL: usdt(unrealised),
    totalWalletBalance: amountText(desk.account.ledger.balance),
    accountLTV: '0',
    totalMaintenanceMargin: whole(maintenance),
    totalMaintenanceMarginByMp: whole(maintenance),
    coin: [
      {
        coin: 'USDT',
        equity: usdt(equity),
        usdValue: usdt(equity),
        walletBalance: amountText(desk.account.ledger.balance),
        availableToWithdraw: usdt(Math.max(0, free)),
        availableToBorrow: '',
        borrowAmount: '0',
        accruedInterest: '0',
        totalOrderIM: usdt(orders),
        totalPositionIM: usdt(positions),
        totalPositionMM: usdt(maintenance),
        unrealisedPnl: usdt(unrealised),
        cumRealisedPnl: amountText(desk.account.positions.reduce((sum, one) => sum + one.everRealised, 0n)),
        bonus: '0',
        collateralSwitch: true,
        marginCollateral: true,
        locked: '0',
        spotHedgingQty: '0',
        spotBorrow: '0',
      },
    ],
  }
}

/** A row of `transaction-log`. */
export function ledgerShape(entry: LedgerEntry): Json {
  const isFunding = entry.type === 'SETTLEMENT'
  return {
    id: entry.id,
    symbol: entry.symbol,
    side: entry.side,
    funding: isFunding ? amountText(entry.funding) : '',
    orderLinkId: entry.orderLinkId,
    orderId: entry.orderId,
    fee: amountText(entry.fee),
    change: amountText(entry.change),
    cashFlow: amountText(entry.cashFlow),
    transactionTime: String(entry.time),
    type: entry.type,
    transSubType: '',
    feeRate: roundText(entry.feeRate, 12),
    bonusChange: '',
    size: entry.size,
    qty: entry.qty,
    cashBalance: amountText(entry.balance),
    currency: 'USDT',
    category: entry.symbol === '' ? '' : 'linear',
    tradePrice: roundText(entry.price, 12),
    tradeId: entry.tradeId,
    extraFees: '',
  }
}

/** A row of `closed-pnl`: the prices are those of the costs. */
export function closedPnlShape(desk: Desk, closed: ClosedPnl): Json {
  const instrument = desk.instrument(closed.symbol)
  const qty = qtyOf(instrument, closed.steps)
  const { order } = closed
  return {
    symbol: closed.symbol,
    orderId: order?.orderId ?? '',
    side: closed.side,
    qty: stepsText(instrument, order?.steps ?? closed.steps),
    orderPrice: order?.price == null ? '0' : priceText(instrument, order.price),
    orderType: order?.type ?? 'Market',
    execType: closed.execType,
    closedSize: stepsText(instrument, closed.steps),
    cumEntryValue: amountText(closed.entryValue),
    avgEntryPrice: usdt(usdtOf(closed.entryValue) / qty),
    cumExitValue: amountText(closed.exitValue),
    avgExitPrice: usdt(usdtOf(closed.exitValue) / qty),
    closedPnl: amountText(closed.pnl),
    fillCount: String(closed.fills),
    leverage: roundText(closed.leverage, 2),
    createdTime: String(closed.createdAt),
    updatedTime: String(closed.updatedAt),
  }
}
