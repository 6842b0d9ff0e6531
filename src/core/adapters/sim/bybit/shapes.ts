/**
 * Orders, fills, positions and wallets as Bybit's v5 API writes them. Field names and types are those of recorded
 * replies; what a linear account of this exchange has nothing to say about is left empty as there.
 */

import type { Steps, Ticks } from '../../../base/units.ts'
import { liquidationPrice } from '../../../market/liquidation.ts'
import { priceOf, qtyOf, toTicks } from '../../../market/quantise.ts'
import { sign } from '../../../market/side.ts'
import type { ClosedPnl, ExecutionRecord } from './account.ts'
import { amountText, usdtOf, worthOf } from './amount.ts'
import type { Desk } from './desk.ts'
import type { LedgerEntry } from './ledger.ts'
import { tierOf } from './limits.ts'
import { type BybitOrder, type BybitPosition, openingSide } from './order.ts'
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
  const tier = tierOf(instrument, entryValue)
  const guard = (type: string): string => {
    const found = desk.stops.protecting(symbol, idx).find(order => order.stopOrderType === type)
    return found?.trigger == null ? '' : priceText(instrument, found.trigger.price)
  }
  const qty = qtyOf(instrument, steps)
  const value = usdtOf(entryValue)
  const entry = steps === 0 ? 0 : value / qty
  const direction = side === null ? 1 : sign(side)
  const isHeld = side !== null
  const margin = value / leverage
  const maintenance = mark * qty * instrument.maintenanceMarginRate
  const grid = (price: number): string =>
    priceText(
      instrument,
      toTicks(instrument, Math.max(price, priceOf(instrument, instrument.minPrice)), 'nearest'),
    )
  return {
    positionIdx: idx,
    riskId: tier.id,
    riskLimitValue: amountText(tier.limit),
    symbol,
    side: isHeld ? openingSide(side) : '',
    size: stepsText(instrument, steps),
    positionValue: isHeld ? amountText(entryValue) : '',
    tradeMode: 1,
    positionStatus: 'Normal',
    autoAddMargin: 0,
    adlRankIndicator: isHeld ? 2 : 0,
    leverage: roundText(leverage, 2),
    positionBalance: isHeld ? usdt(margin) : '0',
    markPrice: averageText(instrument, mark),
    liqPrice: isHeld ? grid(liquidationPrice(instrument, { side, entry, leverage })) : '',
    bustPrice: isHeld ? grid(entry * (1 - direction / leverage)) : '',
    breakEvenPrice: isHeld ? usdt(breakEven(desk, position)) : '',
    positionMM: isHeld ? usdt(maintenance) : '0',
    positionIM: isHeld ? usdt(margin) : '0',
    positionMMByMp: isHeld ? usdt(maintenance) : '0',
    positionIMByMp: isHeld ? usdt((mark * qty) / leverage) : '0',
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

/** Source: Bybit help centre, "Break-even price". */
function breakEven(desk: Desk, { symbol, side, steps, entryValue, realised }: BybitPosition): number {
  const qty = qtyOf(desk.instrument(symbol), steps) * (side === 'short' ? -1 : 1)
  const fee = Math.max(desk.costs.takerFee, 0.00055)
  return (usdtOf(entryValue) * Math.sign(qty) - usdtOf(realised)) / (qty - Math.abs(qty) * fee)
}

/** The account of `wallet-balance` and of the wallet stream. */
export function walletShape(desk: Desk): Json {
  const balance = usdtOf(desk.account.ledger.balance)
  const { positions, orders, free } = desk.margin()
  let unrealised = 0
  let maintenance = 0
  for (const { symbol, side, steps, entryValue } of desk.account.positions) {
    if (side === null) continue
    const instrument = desk.instrument(symbol)
    const value = desk.point(symbol).mark * qtyOf(instrument, steps)
    unrealised += (value - usdtOf(entryValue)) * sign(side)
    maintenance += value * instrument.maintenanceMarginRate
  }
  const equity = balance + unrealised
  const share = (part: number): string => roundText(equity > 0 ? part / equity : 0, 4)
  return {
    totalEquity: usdt(equity),
    accountIMRate: share(positions + orders),
    accountIMRateByMp: share(positions + orders),
    totalMarginBalance: usdt(equity),
    totalInitialMargin: usdt(positions + orders),
    totalInitialMarginByMp: usdt(positions + orders),
    accountType: 'UNIFIED',
    totalAvailableBalance: usdt(Math.max(0, free)),
    accountMMRate: share(maintenance),
    accountMMRateByMp: share(maintenance),
    totalPerpUPL: usdt(unrealised),
    totalWalletBalance: amountText(desk.account.ledger.balance),
    accountLTV: '0',
    totalMaintenanceMargin: usdt(maintenance),
    totalMaintenanceMarginByMp: usdt(maintenance),
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
