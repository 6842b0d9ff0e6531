/**
 * Executions of an account as the engine books them; pure. Bybit names the side of the order and how much of it closed
 * a position; the engine wants the side of the position. One that closes a position and opens the opposite one is two.
 */
import { broken } from '../../base/assert.ts'
import { DataError } from '../../base/errors.ts'
import type { Steps, Usdt } from '../../base/units.ts'
import type { Execution, FillInput } from '../../engine/protocol.ts'
import type { Instrument } from '../../market/instrument.ts'
import { opposite, type Side } from '../../market/side.ts'
import type { ExecutionRow, OrderSide } from './mapper-orders.ts'
import { presentSteps, shownSteps, shownTicks } from './shown.ts'

/** The part of an execution that opens a position where another part has closed one. */
const OPENED = '-opened'

/** Sums of decimals are as exact as this, relative to their size. */
const EXACT = 1e-9

/** Executions that no order of anybody's has asked for, by their type. */
const CAUSES: { readonly [type: string]: FillInput['cause'] | undefined } = {
  BustTrade: 'liquidation',
  AdlTrade: 'liquidation',
  Settle: 'settlement',
  Delivery: 'settlement',
  SessionSettlePnL: 'settlement',
}

/** Orders that the exchange makes for a position's stop. */
const STOPS: readonly string[] = ['StopLoss', 'PartialStopLoss', 'TrailingStop', 'Stop']

/**
 * What an execution is to the engine: one input, two for one that turns a position over, none for what neither changes
 * a position nor is funding.
 *
 * @throws DataError where a price or quantity is none
 */
export function executionsOf(row: ExecutionRow, instrument: Instrument): readonly Execution[] {
  if (row.type === 'Funding') return fundingOf(row)
  const cause = causeOf(row)
  if (cause === null) return []
  const steps = filledSteps(row, instrument)
  if (row.type === 'Trade' && Number(row.qty) === 0) {
    throw new DataError(`${row.symbol}: execQty of a trade is "${row.qty}"`)
  }
  if (steps === 0) return []
  const closed = closedSteps(row, instrument, steps, cause)
  const taken = sideOf(row.side)
  const isWhole = row.leaves === null ? true : Number(row.leaves) === 0
  const fee = feeOf(row)
  const part = (side: Side, some: Steps, opens: boolean, isLast: boolean): FillInput => ({
    type: 'fill',
    at: 0,
    time: row.time,
    execId: isLast && opens && closed > 0 ? `${row.execId}${OPENED}` : row.execId,
    clientOrderId: cause === 'order' ? row.linkId : null,
    cause,
    symbol: row.symbol,
    side,
    opens,
    price: shownTicks(instrument, row.price, 'nearest'),
    steps: some,
    fee: some === steps ? fee : (fee * some) / steps,
    liquidity: row.isMaker ? 'maker' : 'taker',
    complete: isLast && isWhole,
  })
  const opened = (steps - closed) as Steps
  if (closed === 0) return [part(taken, steps, true, true)]
  if (opened === 0) return [part(opposite(taken), steps, false, true)]
  return [part(opposite(taken), closed, false, false), part(taken, opened, true, true)]
}

function causeOf({ type, createType, stopOrderType }: ExecutionRow): FillInput['cause'] | null {
  if (type !== 'Trade') return CAUSES[type] ?? null
  if (createType !== null) {
    if (/Liq|TakeOver|Adl/.test(createType)) return 'liquidation'
    if (/Settle/.test(createType)) return 'settlement'
  }
  return stopOrderType !== null && STOPS.includes(stopOrderType) ? 'stop' : 'order'
}

/**
 * How much has filled. Where the filters have become coarser, the fills of an order that is older lie between their steps:
 * they are counted by how far the order has come, so that together they are what the whole of it is, one step at least.
 */
function filledSteps({ qty, orderQty, leaves }: ExecutionRow, instrument: Instrument): Steps {
  const isLast = leaves === null || Number(leaves) === 0
  const part = Number(qty)
  const until = Number(orderQty ?? '0') - Number(leaves ?? '0')
  // What is no part of an order of a known quantity is counted for itself.
  if (!(until >= part * (1 - EXACT)))
    return isLast ? presentSteps(instrument, qty) : shownSteps(instrument, qty)
  const end = isLast ? presentSteps(instrument, String(until)) : shownSteps(instrument, String(until))
  return (end - shownSteps(instrument, String(Math.max(0, until - part)))) as Steps
}

/** How much of it has closed a position. Without a word of the exchange's a forced one closes, another opens. */
function closedSteps(
  { closed, qty, symbol }: ExecutionRow,
  instrument: Instrument,
  steps: Steps,
  cause: FillInput['cause'],
): Steps {
  if (closed === null) return cause === 'order' ? (0 as Steps) : steps
  if (Number(closed) === Number(qty)) return steps
  const closing = shownSteps(instrument, closed)
  if (closing <= steps) return closing
  throw new DataError(`${symbol}: an execution of ${steps} steps cannot have closed ${closing}`)
}

/**
 * Paid where it is positive. The side is that of the position which paid or received: longs pay a positive rate, shorts
 * a negative one.
 */
function fundingOf({ symbol, side, time, fee, feeRate, execId }: ExecutionRow): readonly Execution[] {
  const paid = Number(fee)
  const rate = Number(feeRate ?? '0')
  if (paid === 0) return []
  if (!Number.isFinite(paid) || !Number.isFinite(rate)) broken(`funding ${execId} is a number`)
  const held: Side = rate === 0 ? sideOf(side) : paid > 0 === rate > 0 ? 'long' : 'short'
  return [{ type: 'funding', at: 0, symbol, side: held, time, amount: -paid, rate }]
}

function feeOf({ fee, extraFees }: ExecutionRow): Usdt {
  return extraFees.reduce((sum, extra) => sum + Number(extra.fee), Number(fee))
}

function sideOf(side: OrderSide): Side {
  return side === 'Buy' ? 'long' : 'short'
}
