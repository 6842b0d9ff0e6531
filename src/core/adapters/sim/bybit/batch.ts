/**
 * Many orders in one request. Each is dealt with as if it had come alone, in the order in which they are named, and has
 * its own answer: what it is about stands in `result.list`, its code and words in `retExtInfo.list` at the same place.
 * The request itself succeeds whatever becomes of them, so a client that goes by `retCode` alone is to be found out.
 * Source: Bybit v5, "Batch Place Order", "Batch Amend Order", "Batch Cancel Order", "Rate Limit".
 *
 * A batch has a limit of its own, and each of its orders counts. Where there is room for some of them only, those are
 * dealt with and each of the rest is refused; where there is none the request is. Bybit's pages name 20 orders for
 * linear contracts in one place and 10 in another: this exchange takes 20.
 */
import type { Desk } from './desk.ts'
import type { Fields } from './fields.ts'
import { Refusal } from './order.ts'
import type { Json } from './shapes.ts'
import { TRADING_ROUTES } from './trade-routes.ts'

const MOST_ORDERS = 20

/** The endpoints that take many, and the one that each of their orders would go to alone. */
export const BATCH_ROUTES: { readonly [path: string]: string } = {
  '/v5/order/create-batch': '/v5/order/create',
  '/v5/order/amend-batch': '/v5/order/amend',
  '/v5/order/cancel-batch': '/v5/order/cancel',
}

/** What came of a request: `extra` is the envelope's `retExtInfo`. */
export interface Done {
  readonly result: Json
  readonly extra: Json
}

export function isBatch(path: string): boolean {
  return Object.hasOwn(BATCH_ROUTES, path)
}

/** The orders of a batch, each with the category of them all. Throws a Refusal where there are none or too many. */
export function ordersOf(fields: Fields): readonly Fields[] {
  const category = fields.choice('category', ['linear'])
  const orders = fields.rows('request', { category })
  if (orders.length === 0) throw new Refusal(10001, 'params error: request is empty')
  if (orders.length > MOST_ORDERS)
    throw new Refusal(10001, `params error: request has more than ${MOST_ORDERS} orders`)
  return orders
}

/**
 * Deals with the orders of a batch.
 *
 * @param room how many of them the limit lets through
 */
export function carryOutBatch(desk: Desk, path: string, fields: Fields, room: number): Done {
  const isCreating = path === '/v5/order/create-batch'
  const createdAt = String(Math.floor(desk.clock))
  const answers = ordersOf(fields).map((order, k) => {
    const { ids, code, msg } = k < room ? answered(desk, BATCH_ROUTES[path], order) : refused(tooMany())
    const row = {
      category: 'linear',
      symbol: order.echo('symbol'),
      orderId: isCreating ? '' : order.echo('orderId'),
      orderLinkId: order.echo('orderLinkId'),
      ...ids,
      ...(isCreating ? { createAt: code === 0 ? createdAt : '' } : {}),
    }
    return { row, fate: { code, msg } }
  })
  return {
    result: { list: answers.map(({ row }) => row) },
    extra: { list: answers.map(({ fate }) => fate) },
  }
}

/** What came of one order; its ids where they are known. */
interface Answer {
  readonly ids: Json
  readonly code: number
  readonly msg: string
}

function answered(desk: Desk, path: string, order: Fields): Answer {
  try {
    return { ids: TRADING_ROUTES[path](desk, order), code: 0, msg: 'OK' }
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    return refused(error)
  }
}

function refused({ code, message }: Refusal): Answer {
  return { ids: {}, code, msg: message }
}

/** The refusal of what comes too soon after the rest. */
export function tooMany(): Refusal {
  return new Refusal(10006, 'Too many visits. Exceeded the API Rate Limit.')
}
