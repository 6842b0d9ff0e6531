import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DataError } from '../../base/errors.ts'
import { Fields } from './fields.ts'
import { closedPnl, executionRow, orderAck, orderRow, positionRow } from './mapper-orders.ts'
import { EXECUTION, ORDER, POSITION } from './rows.fixture.ts'

const test = suite('bybit orders mapper')
const SEED = 20_261_127

const row = (value: unknown): Fields => new Fields(value, 'result.list[0]')

function fieldRefused(read: () => unknown): string | undefined {
  try {
    read()
    return undefined
  } catch (error) {
    if (error instanceof DataError) return error.place?.field
    throw error
  }
}

test('an order keeps its decimals, and has null where the exchange means nothing', () => {
  const order = orderRow(row(ORDER))
  assert.equal(
    [order.price, order.qty, order.leaves, order.filled, order.stopLoss, order.takeProfit],
    ['1600.00', '0.10', '0.10', '0.00', '1500.00', null],
  )
  assert.equal(
    [order.triggerPrice, order.triggerBy, order.rejectReason, order.cancelType],
    [null, null, null, null],
  )
  assert.equal(
    [order.side, order.status, order.positionIndex, order.linkId],
    ['Buy', 'New', 0, 'test-000005'],
  )
  assert.equal(order.fees, { USDT: '0.01' })
})

test('an order that says something unknown, or lacks something, is refused', () => {
  for (const [name, value] of [
    ['orderStatus', 'Sleeping'],
    ['side', ''],
    ['orderId', ''],
    ['qty', undefined],
    ['positionIdx', 3],
    ['reduceOnly', 'false'],
    ['price', '-1'],
    ['createdTime', ''],
  ] as const) {
    assert.is(
      fieldRefused(() => orderRow(row({ ...ORDER, [name]: value }))),
      `result.list[0].${name}`,
    )
  }
})

test('an execution has its fee with the sign of the exchange, and what is paid beside it', () => {
  const execution = executionRow(row(EXECUTION))
  assert.equal(
    [execution.price, execution.qty, execution.fee, execution.extraFees],
    ['95900.1', '0.5', '26.3725275', []],
  )
  const taxed = { ...EXECUTION, extraFees: [{ feeCoin: 'USDT', feeType: 'GST', fee: '0.0064' }] }
  assert.equal(executionRow(row(taxed)).extraFees, [{ coin: 'USDT', fee: '0.0064' }])
  assert.is(
    fieldRefused(() => executionRow(row({ ...EXECUTION, execFee: '' }))),
    'result.list[0].execFee',
  )
})

test('a position without a size has no side, whatever is written, and one with a size has one', () => {
  assert.equal(
    [positionRow(row(POSITION)).side, positionRow(row(POSITION)).averagePrice],
    ['Buy', '50000.00'],
  )
  assert.is(positionRow(row({ ...POSITION, size: '0', side: '' })).side, null)
  assert.is(
    fieldRefused(() => positionRow(row({ ...POSITION, side: '' }))),
    'result.list[0].side',
  )
  assert.is(positionRow(row({ ...POSITION, avgPrice: undefined, entryPrice: '7' })).averagePrice, '7')
  assert.is(positionRow(row({ ...POSITION, stopLoss: '0.00' })).stopLoss, null)
})

test('a closed profit and an acknowledgement are read', () => {
  const closed = {
    symbol: 'ETHUSDT',
    orderType: 'Market',
    leverage: '3',
    updatedTime: '1672214887236',
    side: 'Sell',
    orderId: '5a373bfe',
    closedPnl: '-47.4065323',
    avgEntryPrice: '1194.97516667',
    qty: '3',
    cumEntryValue: '3584.9255',
    orderPrice: '1122.95',
    closedSize: '3',
    avgExitPrice: '1180.59833333',
    execType: 'Trade',
    fillCount: '4',
    cumExitValue: '3541.795',
  }
  const read = closedPnl(row(closed))
  assert.equal([read.pnl, read.entry, read.fills], ['-47.4065323', '1194.97516667', 4])
  assert.equal(orderAck({ orderId: 'a', orderLinkId: '' }), { orderId: 'a', linkId: null })
  assert.throws(() => orderAck({}), /result.orderId/)
})

test(`whatever comes, a row is read or refused with its field (seed ${SEED})`, () => {
  const readers = [orderRow, executionRow, positionRow, closedPnl] as const
  const samples = [ORDER, EXECUTION, POSITION, EXECUTION] as const
  fc.assert(
    fc.property(fc.nat(3), fc.nat(60), fc.anything(), (which, nth, value) => {
      const sample: { readonly [name: string]: unknown } = samples[which]
      const names = Object.keys(sample)
      const spoilt = { ...sample, [names[nth % names.length]]: value }
      const field = fieldRefused(() => readers[which](row(spoilt)))
      assert.ok(field === undefined || field.startsWith('result.list[0]'))
    }),
    { seed: SEED, numRuns: 2_000 },
  )
})

test.run()
