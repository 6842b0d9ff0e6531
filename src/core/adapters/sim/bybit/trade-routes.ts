/** The private endpoints that change something: orders, leverage, stops, modes. */
import type { Steps, Ticks } from '../../../base/units.ts'
import type { Instrument } from '../../../market/instrument.ts'
import { scopeOf } from './account-routes.ts'
import type { Desk } from './desk.ts'
import type { Fields } from './fields.ts'
import { type Attached, type PositionIdx, Refusal, type Trigger, type TriggerBy } from './order.ts'
import type { Json } from './shapes.ts'
import type { OrderKey, OrderWish, StopWish } from './wishes.ts'

type Handler = (desk: Desk, fields: Fields) => Json

const TRIGGERS = ['LastPrice', 'MarkPrice', 'IndexPrice'] as const

function positionIdx(fields: Fields): PositionIdx {
  const idx = fields.whole('positionIdx', 0, 2, 0)
  return idx === 0 ? 0 : idx === 1 ? 1 : 2
}

/** A price that has to be one: `null` where it is not given or 0. */
function priceOf(fields: Fields, name: string, instrument: Instrument): Ticks | null {
  const ticks = fields.ticks(name, instrument)
  return ticks === 0 ? null : ticks
}

function linkId(fields: Fields): string {
  const id = fields.text('orderLinkId')
  if (id !== '' && !/^[A-Za-z0-9_-]{1,36}$/.test(id)) throw fields.invalid('orderLinkId')
  return id
}

/** The order that a request asks for. Throws a Refusal where it makes no sense by itself. */
export function wishOf(desk: Desk, fields: Fields): OrderWish {
  fields.choice('category', ['linear'])
  const instrument = desk.instrument(fields.needed('symbol'))
  const side = fields.choice('side', ['Buy', 'Sell'])
  const type = fields.choice('orderType', ['Market', 'Limit'])
  const price = type === 'Limit' ? priceOf(fields, 'price', instrument) : null
  if (type === 'Limit' && price === null) throw new Refusal(10001, 'params error: price invalid')
  return {
    symbol: instrument.symbol,
    side,
    type,
    steps: fields.steps('qty', instrument),
    price,
    timeInForce: fields.choice('timeInForce', ['GTC', 'IOC', 'PostOnly'], 'GTC'),
    orderLinkId: linkId(fields),
    positionIdx: positionIdx(fields),
    reduceOnly: fields.flag('reduceOnly'),
    closeOnTrigger: fields.flag('closeOnTrigger'),
    trigger: triggerOf(fields, instrument),
    attached: attachedOf(fields, instrument),
  }
}

function triggerOf(fields: Fields, instrument: Instrument): Trigger | null {
  const price = priceOf(fields, 'triggerPrice', instrument)
  if (price === null) return null
  const direction = fields.whole('triggerDirection', 1, 2, 0)
  if (direction === 0) throw fields.invalid('triggerDirection')
  const by: TriggerBy = fields.choice('triggerBy', TRIGGERS, 'LastPrice')
  return { price, direction: direction === 1 ? 'rise' : 'fall', by }
}

function attachedOf(fields: Fields, instrument: Instrument): Attached | null {
  const takeProfit = priceOf(fields, 'takeProfit', instrument)
  const stopLoss = priceOf(fields, 'stopLoss', instrument)
  if (takeProfit === null && stopLoss === null) return null
  const mode = fields.choice('tpslMode', ['Full', 'Partial'], 'Full')
  const tpLimit = limitOf(fields, 'tp', instrument)
  const slLimit = limitOf(fields, 'sl', instrument)
  if (mode === 'Full' && (tpLimit !== null || slLimit !== null))
    throw new Refusal(10001, 'params error: limit take profit and stop loss need tpslMode Partial')
  return {
    mode,
    takeProfit,
    stopLoss,
    tpTriggerBy: fields.choice('tpTriggerBy', TRIGGERS, 'LastPrice'),
    slTriggerBy: fields.choice('slTriggerBy', TRIGGERS, 'LastPrice'),
    tpLimit,
    slLimit,
  }
}

function limitOf(fields: Fields, leg: 'tp' | 'sl', instrument: Instrument): Ticks | null {
  if (fields.choice(`${leg}OrderType`, ['Market', 'Limit'], 'Market') === 'Market') return null
  const price = priceOf(fields, `${leg}LimitPrice`, instrument)
  if (price === null) throw fields.invalid(`${leg}LimitPrice`)
  return price
}

function keyOf(desk: Desk, fields: Fields): OrderKey {
  fields.choice('category', ['linear'])
  const { symbol } = desk.instrument(fields.needed('symbol'))
  const [orderId, orderLinkId] = [fields.text('orderId'), fields.text('orderLinkId')]
  if (orderId === '' && orderLinkId === '')
    throw new Refusal(10001, 'params error: orderId or orderLinkId is required')
  return { symbol, orderId, orderLinkId }
}

function stopWishOf(desk: Desk, fields: Fields): StopWish {
  fields.choice('category', ['linear'])
  const instrument = desk.instrument(fields.needed('symbol'))
  const mode = fields.choice('tpslMode', ['Full', 'Partial'], 'Full')
  const [tpSize, slSize] = [fields.text('tpSize'), fields.text('slSize')]
  if (tpSize !== '' && slSize !== '' && Number(tpSize) !== Number(slSize))
    throw new Refusal(10001, 'params error: tpSize and slSize have to be the same')
  const sized = tpSize !== '' ? 'tpSize' : 'slSize'
  const size: Steps | null = tpSize === '' && slSize === '' ? null : fields.steps(sized, instrument)
  const names = ['takeProfit', 'stopLoss', 'trailingStop']
  if (names.every(name => !fields.has(name)))
    throw new Refusal(10001, 'params error: takeProfit, stopLoss or trailingStop is required')
  return {
    symbol: instrument.symbol,
    positionIdx: positionIdx(fields),
    mode,
    takeProfit: fields.ticks('takeProfit', instrument),
    stopLoss: fields.ticks('stopLoss', instrument),
    trailing: fields.ticks('trailingStop', instrument),
    activePrice: priceOf(fields, 'activePrice', instrument),
    tpTriggerBy: fields.choice('tpTriggerBy', TRIGGERS, 'LastPrice'),
    slTriggerBy: fields.choice('slTriggerBy', TRIGGERS, 'LastPrice'),
    size,
    tpLimit: limitOf(fields, 'tp', instrument),
    slLimit: limitOf(fields, 'sl', instrument),
  }
}

function leverageOf(fields: Fields, name: string): number {
  const text = fields.needed(name)
  if (!/^\d{1,4}(\.\d{1,2}0*)?$/.test(text)) throw fields.invalid(name)
  return Number(text)
}

export const TRADING_ROUTES: { readonly [path: string]: Handler } = {
  '/v5/order/create': (desk, fields) => {
    const { orderId, orderLinkId } = desk.create(wishOf(desk, fields))
    return { orderId, orderLinkId }
  },

  '/v5/order/amend': (desk, fields) => {
    const key = keyOf(desk, fields)
    const instrument = desk.instrument(key.symbol)
    const { orderId, orderLinkId } = desk.amend(key, {
      price: priceOf(fields, 'price', instrument),
      steps: fields.has('qty') ? fields.steps('qty', instrument) : null,
      trigger: priceOf(fields, 'triggerPrice', instrument),
      takeProfit: fields.ticks('takeProfit', instrument),
      stopLoss: fields.ticks('stopLoss', instrument),
    })
    return { orderId, orderLinkId }
  },

  '/v5/order/cancel': (desk, fields) => {
    const { orderId, orderLinkId } = desk.cancel(keyOf(desk, fields))
    return { orderId, orderLinkId }
  },

  '/v5/order/cancel-all': (desk, fields) => {
    fields.choice('category', ['linear'])
    const isMeant = scopeOf(fields, desk)
    const filter = fields.choice('orderFilter', ['', 'Order', 'StopOrder'])
    const cancelled = desk.cancelAll(order => isMeant(order.symbol), filter)
    return {
      list: cancelled.map(({ orderId, orderLinkId }) => ({ orderId, orderLinkId })),
      success: '1',
    }
  },

  '/v5/position/set-leverage': (desk, fields) => {
    fields.choice('category', ['linear'])
    const { symbol } = desk.instrument(fields.needed('symbol'))
    const [buy, sell] = [leverageOf(fields, 'buyLeverage'), leverageOf(fields, 'sellLeverage')]
    desk.setLeverage(symbol, buy, sell)
    return {}
  },

  '/v5/position/switch-mode': (desk, fields) => {
    fields.choice('category', ['linear'])
    const isSymbol = fields.has('symbol')
    if (isSymbol) desk.instrument(fields.text('symbol'))
    else if (!fields.has('coin')) throw new Refusal(10001, 'params error: symbol or coin is required')
    // A symbol's mode is the account's here, whichever of the two is named.
    desk.switchMode(fields.choice('mode', ['0', '3']) === '0' ? 'one-way' : 'hedge')
    return {}
  },

  '/v5/position/trading-stop': (desk, fields) => {
    desk.tradingStop(stopWishOf(desk, fields))
    return {}
  },

  '/v5/account/set-margin-mode': (desk, fields) => {
    const mode = fields.choice('setMarginMode', ['ISOLATED_MARGIN', 'REGULAR_MARGIN', 'PORTFOLIO_MARGIN'])
    if (mode === 'PORTFOLIO_MARGIN') {
      throw new Refusal(3400045, 'Set margin mode failed', {
        reasons: [{ reasonCode: '3400000', reasonMsg: 'this exchange does not have portfolio margin' }],
      })
    }
    desk.setMarginMode(mode)
    return { reasons: [] }
  },

  '/v5/account/set-limit-px-action': (desk, fields) => {
    fields.choice('category', ['linear'])
    desk.refusesPrices = !fields.flag('modifyEnable')
    return {}
  },
}
