import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DataError } from '../../base/errors.ts'
import { instrumentOf } from '../../decision/view.fixture.ts'
import type { Execution } from '../../engine/protocol.ts'
import { regridded } from '../../portfolio/grid-change.ts'
import { executionsOf } from './executions.ts'
import { Fields } from './fields.ts'
import { executionRow } from './mapper-orders.ts'
import { EXECUTION } from './rows.fixture.ts'

const test = suite('executions')

const BTC = instrumentOf({ symbol: 'BTCUSDT' })

const read = (over: object = {}): readonly Execution[] =>
  executionsOf(executionRow(new Fields({ ...EXECUTION, ...over }, 'row')), BTC)

/** Side, whether it opens, steps, fee, and whether the order is done. */
const parts = (over: object): readonly unknown[] =>
  read(over).map(one =>
    one.type === 'fill' ? [one.side, one.opens, one.steps, one.fee, one.complete] : [one.type],
  )

test('an execution is counted in ticks and steps, with its fee and its order', () => {
  assert.equal(read({ orderLinkId: 'bbw-0001-a', closedSize: '0', side: 'Buy', isMaker: true }), [
    {
      type: 'fill',
      at: 0,
      time: 1_746_270_400_353,
      execId: EXECUTION.execId,
      clientOrderId: 'bbw-0001-a',
      cause: 'order',
      symbol: 'BTCUSDT',
      side: 'long',
      opens: true,
      price: 959_001,
      steps: 500,
      fee: 26.3725275,
      liquidity: 'maker',
      complete: true,
    },
  ])
})

test('what closed a position is of the other side, and an order that turns one over is two', () => {
  const whole = { execQty: '0.5', execFee: '1' }
  assert.equal(parts({ ...whole, side: 'Sell', closedSize: '0.5' }), [['long', false, 500, 1, true]])
  assert.equal(parts({ ...whole, side: 'Buy', closedSize: '0.5' }), [['short', false, 500, 1, true]])
  assert.equal(parts({ ...whole, side: 'Buy', closedSize: '0' }), [['long', true, 500, 1, true]])
  assert.equal(parts({ ...whole, side: 'Sell', closedSize: '0.2', leavesQty: '0.1' }), [
    ['long', false, 200, 0.4, false],
    ['short', true, 300, 0.6, false],
  ])
  const [closing, opening] = read({ ...whole, side: 'Sell', closedSize: '0.2' })
  assert.ok(closing.type === 'fill' && opening.type === 'fill' && closing.execId !== opening.execId)
  assert.equal(parts({ ...whole, closedSize: '' }), [['short', true, 500, 1, true]])
  assert.throws(
    () => read({ ...whole, closedSize: '0.6' }),
    (error: unknown) => error instanceof DataError,
  )
})

test('fills between the steps of coarser filters add up to the whole of their order, each with its fee', () => {
  const coarse = regridded(BTC, BTC.tick, '0.1')
  const told = (rows: readonly (readonly [qty: string, leaves: string])[], orderQty: string): unknown[] =>
    rows.flatMap(([execQty, leavesQty]) => {
      const row = {
        ...EXECUTION,
        side: 'Sell',
        orderQty,
        execQty,
        leavesQty,
        closedSize: execQty,
        execFee: '1',
      }
      const found = executionsOf(executionRow(new Fields(row, 'row')), coarse)
      return found.map(one => (one.type === 'fill' ? [one.steps, one.fee, one.complete] : []))
    })
  assert.equal(told([['0.534', '0']], '0.534'), [[5, 1, true]])
  assert.equal(
    told(
      [
        ['0.152', '0.382'],
        ['0.382', '0'],
      ],
      '0.534',
    ),
    [
      [1, 1, false],
      [4, 1, true],
    ],
  )
  assert.equal(
    told(
      [
        ['0.16', '0.12'],
        ['0.12', '0'],
      ],
      '0.28',
    ),
    [
      [1, 1, false],
      [1, 1, true],
    ],
  )
  assert.equal(told([['0.044', '0']], '0.044'), [[1, 1, true]], 'a rest of less than a step is a step')
  assert.equal(told([['0.044', '0']], '0'), [[1, 1, true]], 'whose order has no quantity')
})

test('who has asked for it decides what it was', () => {
  const cases: readonly (readonly [over: object, cause: string])[] = [
    [{}, 'order'],
    [{ createType: 'CreateByClosing' }, 'order'],
    [{ stopOrderType: 'StopLoss', createType: 'CreateByStopLoss' }, 'stop'],
    [{ stopOrderType: 'TrailingStop', createType: 'CreateByTrailingStop' }, 'stop'],
    [{ stopOrderType: 'TakeProfit', createType: 'CreateByTakeProfit' }, 'order'],
    [{ createType: 'CreateByLiq' }, 'liquidation'],
    [{ createType: 'CreateByTakeOver_PassThrough' }, 'liquidation'],
    [{ createType: 'CreateByAdl_PassThrough' }, 'liquidation'],
    [{ execType: 'BustTrade' }, 'liquidation'],
    [{ execType: 'AdlTrade' }, 'liquidation'],
    [{ execType: 'Settle' }, 'settlement'],
    [{ execType: 'Delivery' }, 'settlement'],
    [{ createType: 'CreateBySettle' }, 'settlement'],
  ]
  for (const [over, cause] of cases) {
    const [fill] = read({ orderLinkId: 'bbw-0001-a', ...over })
    assert.ok(fill.type === 'fill')
    assert.equal([fill.cause, fill.clientOrderId], [cause, cause === 'order' ? 'bbw-0001-a' : null])
  }
  assert.equal(read({ execType: 'MovePosition' }), [])
  assert.equal(parts({ execType: 'AdlTrade', closedSize: '', side: 'Sell' })[0], [
    'long',
    false,
    500,
    26.3725275,
    true,
  ])
})

test('funding is received where its fee is negative, and of the side that the rate makes pay', () => {
  const funding = (execFee: string, feeRate: string, side = 'Buy'): unknown => {
    const [one] = read({ execType: 'Funding', execFee, feeRate, side })
    return one?.type === 'funding' ? [one.side, one.amount, one.rate] : one
  }
  assert.equal(funding('0.5', '0.0001'), ['long', -0.5, 0.0001])
  assert.equal(funding('-0.5', '0.0001'), ['short', 0.5, 0.0001])
  assert.equal(funding('0.5', '-0.0001'), ['short', -0.5, -0.0001])
  assert.equal(funding('-0.5', '-0.0001'), ['long', 0.5, -0.0001])
  assert.is(funding('0', '0.0001'), undefined)
})

test('a price or quantity beside a grid that has become coarser is counted on it, and none is refused', () => {
  const [one] = read({ execPrice: '95900.16', execQty: '0.0025', closedSize: '0.0015' })
  if (one?.type !== 'fill') throw new Error('it is a fill')
  assert.equal([one.price, one.steps], [959_002, 1])
  for (const over of [{ execPrice: '0' }, { execQty: 'x' }]) {
    assert.throws(
      () => read(over),
      (error: unknown) => error instanceof DataError,
    )
  }
})

test.run()
