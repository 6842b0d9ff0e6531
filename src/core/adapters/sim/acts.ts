/**
 * What others than bbw do to the account, and what the exchange does of itself: a person with the app, a second bot, a
 * thin market, a liquidation. They are asked for by whoever plays with the embedded exchange.
 */
import { DataError } from '../../base/errors.ts'
import type { Steps, Ticks, Usdt } from '../../base/units.ts'
import type { OrderRequest } from '../../engine/protocol.ts'
import type { Side } from '../../market/side.ts'
import { Shape } from './shape.ts'

export type Act =
  /** A position opened, or added to, by hand at the last price. */
  | { readonly kind: 'open'; readonly symbol: string; readonly side: Side; readonly steps: Steps }
  /** A part of a position closed by hand at the last price; all of it when there is no more. */
  | { readonly kind: 'reduce'; readonly symbol: string; readonly side: Side; readonly steps: Steps }
  | { readonly kind: 'remove-stop'; readonly symbol: string; readonly side: Side }
  | { readonly kind: 'move-stop'; readonly symbol: string; readonly side: Side; readonly stop: Ticks }
  /** Every resting order, or those of one symbol; the stop of a position is not among them. */
  | { readonly kind: 'cancel-all'; readonly symbol: string | null }
  /** An order of somebody else. */
  | { readonly kind: 'rest'; readonly order: OrderRequest }
  /**
   * From now on a taker gets no more than so many steps at once; `null`: all that is wanted again. With `makers` a
   * resting order is not taken from by more at once either.
   */
  | {
      readonly kind: 'thin'
      readonly symbol: string
      readonly steps: Steps | null
      readonly makers?: boolean
    }
  /** The stop attached to the next entry that fills is lost. */
  | { readonly kind: 'drop-stop'; readonly symbol: string }
  /** The next order is accepted, and rejected when time goes on. */
  | { readonly kind: 'reject-later'; readonly symbol: string }
  /** Trading of the symbol ends now; a position is settled without an order. */
  | { readonly kind: 'settle'; readonly symbol: string }
  | { readonly kind: 'liquidate'; readonly symbol: string; readonly side: Side }
  /** The end of its trading is announced, so many minutes from now; then it is settled. */
  | { readonly kind: 'delist'; readonly symbol: string; readonly minutes: number }
  /** Prices and quantities of a symbol are in other units from now on, decimal texts both. */
  | { readonly kind: 'refilter'; readonly symbol: string; readonly tick: string; readonly step: string }
  /** No more than so many orders may rest on a symbol; `null`: any number. */
  | { readonly kind: 'cap'; readonly symbol: string; readonly orders: number | null }
  /** The account may only reduce from now on, or add again. */
  | { readonly kind: 'restrict'; readonly onlyReduce: boolean }
  | { readonly kind: 'deposit'; readonly usdt: Usdt }

export const ACT_KINDS = [
  'open',
  'reduce',
  'remove-stop',
  'move-stop',
  'cancel-all',
  'rest',
  'thin',
  'drop-stop',
  'reject-later',
  'settle',
  'liquidate',
  'delist',
  'cap',
  'refilter',
  'restrict',
  'deposit',
] as const satisfies readonly Act['kind'][]

/** Nobody moves more at once. */
const MOST_USDT = 1e9

/** An act from outside. Throws a DataError that names the field. */
export function actFrom(value: unknown): Act {
  const shape = new Shape(value, '')
  const kind = shape.choice('kind', ACT_KINDS)
  const act = read(shape, kind)
  shape.nothingElse()
  return act
}

function read(shape: Shape, kind: Act['kind']): Act {
  switch (kind) {
    case 'open':
    case 'reduce':
      return { kind, symbol: shape.symbol('symbol'), side: shape.side('side'), steps: shape.steps('steps') }
    case 'remove-stop':
    case 'liquidate':
      return { kind, symbol: shape.symbol('symbol'), side: shape.side('side') }
    case 'move-stop':
      return { kind, symbol: shape.symbol('symbol'), side: shape.side('side'), stop: shape.ticks('stop') }
    case 'cancel-all':
      return { kind, symbol: shape.has('symbol') ? shape.symbol('symbol') : null }
    case 'rest':
      return { kind, order: orderFrom(shape.inner('order')) }
    case 'thin':
      return {
        kind,
        symbol: shape.symbol('symbol'),
        steps: shape.stepsOrNull('steps'),
        ...(shape.has('makers') ? { makers: shape.truth('makers') } : {}),
      }
    case 'drop-stop':
    case 'reject-later':
    case 'settle':
      return { kind, symbol: shape.symbol('symbol') }
    case 'delist':
      return { kind, symbol: shape.symbol('symbol'), minutes: shape.count('minutes', 0) }
    case 'refilter':
      return {
        kind,
        symbol: shape.symbol('symbol'),
        tick: shape.decimal('tick'),
        step: shape.decimal('step'),
      }
    case 'cap': {
      const orders = shape.value('orders') === null ? null : shape.count('orders', 0)
      return { kind, symbol: shape.symbol('symbol'), orders }
    }
    case 'restrict':
      return { kind, onlyReduce: shape.truth('onlyReduce') }
    case 'deposit': {
      const usdt = shape.number('usdt')
      if (Math.abs(usdt) > MOST_USDT) {
        throw new DataError(`usdt is beyond ${MOST_USDT}`, { file: '', field: 'usdt' }, 'give less')
      }
      if (usdt === 0) throw new DataError('usdt is 0', { file: '', field: 'usdt' }, 'negative takes out')
      return { kind, usdt }
    }
  }
}

/** An order from outside. Throws a DataError that names the field; whether it can be placed is for the exchange. */
export function orderFrom(shape: Shape): OrderRequest {
  const order: OrderRequest = {
    clientOrderId: shape.text('clientOrderId'),
    symbol: shape.symbol('symbol'),
    side: shape.side('side'),
    purpose: shape.choice('purpose', ['entry', 'exit']),
    type: shape.choice('type', ['limit', 'market']),
    price: shape.ticksOrNull('price'),
    steps: shape.steps('steps'),
    stop: shape.ticksOrNull('stop'),
    leverage: shape.number('leverage'),
    postOnly: shape.truth('postOnly'),
  }
  shape.nothingElse()
  return order
}
