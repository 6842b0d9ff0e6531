import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { MINUTE, SECOND, type Timestamp } from '../../base/units.ts'
import { instrumentOf } from '../../decision/view.fixture.ts'
import type { Input } from '../../engine/protocol.ts'
import { AccountFeed } from './account-feed.ts'
import { Fields } from './fields.ts'
import { Line } from './line.fixture.ts'
import { executionRow, orderRow } from './mapper-orders.ts'
import { EXECUTION, ORDER, POSITION } from './rows.fixture.ts'

const test = suite('account feed')

const BTC = instrumentOf({ symbol: 'BTCUSDT' })
const ID = 'bbw-0001-a'

class Rig {
  readonly heard: Input[] = []
  readonly said: string[] = []
  readonly feed: AccountFeed
  line: Line | null = null
  now: Timestamp = 1_746_270_400_353

  constructor() {
    this.feed = new AccountFeed({
      connect: listener => {
        this.line = new Line(listener)
        return this.line
      },
      instrument: symbol => (symbol === 'BTCUSDT' ? BTC : undefined),
      now: () => this.now,
      hear: input => this.heard.push(input),
      say: (code, words) => this.said.push(`${code} ${words}`),
      denied: reason => this.said.push(`denied ${reason}`),
    })
  }

  push(topic: string, ...data: readonly object[]): void {
    this.line?.listener.message({ topic, id: 'x', creationTime: this.now, data })
  }

  order(over: object): void {
    this.push('order', { ...ORDER, orderLinkId: ID, symbol: 'BTCUSDT', ...over })
  }

  /** An answer to a request has it among the open orders. */
  show(over: object): void {
    this.feed.shown([orderRow(new Fields({ ...ORDER, orderLinkId: ID, symbol: 'BTCUSDT', ...over }, ''))])
  }

  /** What was heard since the last call, in words. */
  words(): readonly string[] {
    return this.heard.splice(0).map(input => {
      if (input.type === 'order') return `${input.clientOrderId} ${input.status} ${input.reason}`.trim()
      if (input.type === 'fill') return `${input.side} ${input.opens ? 'opens' : 'closes'} ${input.steps}`
      return input.type
    })
  }
}

test('an order is accepted once, amended when price or quantity change, and its end is told', () => {
  const rig = new Rig()
  assert.equal(rig.line?.asked, ['order', 'execution', 'position'])
  rig.order({})
  rig.order({ orderStatus: 'PartiallyFilled', cumExecQty: '0.05' })
  assert.is(rig.feed.filled(ID), '0.05')
  rig.order({ price: '1601.00' })
  rig.order({ price: '1601.00', qty: '0.20' })
  rig.order({ orderStatus: 'Cancelled', cancelType: 'CancelByUser', price: '1601.00', qty: '0.20' })
  assert.equal(rig.words(), [
    `${ID} accepted`,
    `${ID} amended`,
    `${ID} amended`,
    `${ID} cancelled CancelByUser`,
  ])
})

test('what an order is told to have filled and no execution tells of has everything compared, once', () => {
  const rig = new Rig()
  const fill = (execId: string, execQty: string): void =>
    rig.push('execution', {
      ...EXECUTION,
      symbol: 'BTCUSDT',
      orderLinkId: ID,
      execId,
      execQty,
      closedSize: execQty,
    })
  const filled = (cumExecQty: string, orderStatus = 'PartiallyFilled'): void =>
    rig.order({ orderStatus, cumExecQty, qty: '0.30' })
  const gaps = (after: number): number => {
    rig.now += after
    rig.feed.check()
    return rig.words().filter(word => word === 'feed-gap').length
  }
  // The execution comes after the order, and before it; twice is once.
  filled('0.10')
  fill('e1', '0.10')
  fill('e1', '0.10')
  fill('e2', '0.10')
  filled('0.20')
  assert.is(gaps(MINUTE), 0)
  filled('0.30', 'Filled')
  assert.is(gaps(SECOND - 1), 0)
  assert.is(gaps(1), 1)
  filled('0.30', 'Filled')
  assert.is(gaps(MINUTE), 0)
  // A stream that was away has everything compared anyway.
  rig.order({ orderLinkId: 'bbw-0001-b', orderStatus: 'Filled', cumExecQty: '0.10' })
  rig.line?.listener.lost('gone', false)
  assert.is(gaps(MINUTE), 0)
})

test('what is refused after it was taken is rejected with its reason, unless some of it was filled', () => {
  const cases: readonly (readonly [over: object, words: string])[] = [
    [
      { orderStatus: 'Rejected', rejectReason: 'EC_NoEnoughQtyToFill' },
      `${ID} rejected EC_NoEnoughQtyToFill`,
    ],
    [
      { orderStatus: 'Cancelled', rejectReason: 'EC_PostOnlyWillTakeLiquidity' },
      `${ID} rejected EC_PostOnlyWillTakeLiquidity`,
    ],
    [
      { orderStatus: 'Cancelled', rejectReason: 'EC_NoImmediateQtyToFill', cumExecQty: '0.05' },
      `${ID} cancelled EC_NoImmediateQtyToFill`,
    ],
    [
      { orderStatus: 'Cancelled', rejectReason: 'EC_PerCancelRequest' },
      `${ID} cancelled EC_PerCancelRequest`,
    ],
    [{ orderStatus: 'Deactivated' }, `${ID} cancelled Deactivated`],
  ]
  for (const [over, words] of cases) {
    const rig = new Rig()
    rig.order(over)
    // What is refused later than at once was received before.
    assert.equal(rig.words(), words.includes('rejected') ? [`${ID} accepted`, words] : [words])
    rig.order({ orderLinkId: 'bbw-0001-known' })
    rig.words()
    rig.order({ ...over, orderLinkId: 'bbw-0001-known' })
    assert.equal(rig.words(), [words.replace(ID, 'bbw-0001-known')], 'it is told once')
  }
})

test('orders that are not bbw’s say nothing, and a filled one that it was accepted: executions tell the rest', () => {
  const rig = new Rig()
  rig.order({ orderLinkId: '' })
  rig.order({ orderStatus: 'Triggered' })
  assert.equal(rig.words(), [])
  rig.order({ orderStatus: 'Filled' })
  assert.equal(rig.words(), [`${ID} accepted`])
  rig.order({})
  rig.words()
  rig.order({ orderStatus: 'Filled' })
  assert.equal(rig.words(), [])
  rig.push('execution', EXECUTION, { ...EXECUTION, symbol: 'OTHERUSDT' })
  assert.equal(rig.words(), ['long closes 500'])
})

test('an order that a request has shown is known: what differs from that is an amendment', () => {
  const rig = new Rig()
  rig.show({})
  rig.order({ orderStatus: 'PartiallyFilled', cumExecQty: '0.02' })
  assert.equal(rig.words(), [])
  rig.order({ price: '1700.00' })
  assert.equal(rig.words(), [`${ID} amended`])
})

test('a request that overtakes the stream takes nothing away from what that has to tell', () => {
  const rig = new Rig()
  rig.show({})
  rig.order({})
  assert.equal(rig.words(), [`${ID} accepted`])
  rig.show({ price: '1700.00' })
  rig.order({ price: '1700.00' })
  assert.equal(rig.words(), [`${ID} amended`])
  rig.order({ price: '1700.00', orderStatus: 'PartiallyFilled', cumExecQty: '0.05' })
  rig.show({ price: '1700.00', cumExecQty: '0.02' })
  assert.is(rig.feed.filled(ID), '0.05')
  rig.show({ price: '1700.00', cumExecQty: '0.06' })
  assert.is(rig.feed.filled(ID), '0.06')
  assert.equal(rig.words(), [])
})

test('the first time it is ready nothing is missing; after a loss everything is to be compared', async () => {
  const rig = new Rig()
  rig.line?.listener.ready(false)
  await rig.feed.ready
  assert.equal(rig.words(), [])
  rig.line?.listener.lost('nothing has come for 15 s', true)
  rig.line?.listener.ready(true)
  assert.equal(rig.words(), ['feed-gap'])
  assert.equal(rig.said, ['W501 account: nothing has come for 15 s'])
})

test('a message that cannot be read may have been about anything: everything is to be compared', () => {
  const rig = new Rig()
  rig.order({ orderStatus: 'Something' })
  rig.push('execution', { ...EXECUTION, symbol: 'ETHUSDT', execPrice: 'x' })
  rig.push('execution', { ...EXECUTION, symbol: 'x', execTime: 'x' })
  rig.line?.listener.message({ topic: 'order', data: 7 })
  assert.equal(rig.words(), ['feed-gap', 'feed-gap', 'feed-gap', 'feed-gap'])
  assert.is(rig.said.filter(words => words.startsWith('E106')).length, 4)
})

test('a row that cannot be read hides no other of its message, and has the account asked once a minute', () => {
  const rig = new Rig()
  for (let k = 0; k < 3; k++) {
    const other = { ...EXECUTION, symbol: 'ETHUSDT', execId: `o${k}`, execQty: 'x' }
    rig.push('execution', other, { ...EXECUTION, execId: `e${k}` })
  }
  assert.equal(rig.words(), ['long closes 500', 'feed-gap', 'long closes 500', 'long closes 500'])
  rig.now += 60_000
  rig.push('execution', { ...EXECUTION, symbol: 'ETHUSDT', execQty: 'x' })
  assert.equal(rig.words(), ['feed-gap'])
})

test('an execution of the future is none: what is asked for later would begin after it', () => {
  const rig = new Rig()
  rig.push('execution', { ...EXECUTION, execTime: String(rig.now + 120_000) })
  assert.equal(rig.words(), ['feed-gap'])
})

test('an execution that a request lists and the stream has left out for 10 s has its topic asked for again, once a minute', () => {
  const rig = new Rig()
  rig.line?.listener.ready(false)
  const at = rig.now + SECOND
  const row = (execId: string, over: object = {}): ReturnType<typeof executionRow> =>
    executionRow(new Fields({ ...EXECUTION, execId, execTime: String(at), ...over }, ''))
  rig.now = at + 10 * SECOND
  rig.feed.listed([row('a')])
  assert.equal(rig.said, [], 'it may still come')
  rig.now++
  rig.push('execution', { ...EXECUTION, execId: 'told' })
  rig.feed.listed([
    row('told'),
    row('f', { execType: 'Funding' }),
    row('old', { execTime: String(at - 2 * SECOND) }),
  ])
  assert.equal(rig.said, [])
  rig.feed.listed([row('a')])
  rig.feed.listed([row('b')])
  assert.equal(rig.said, ['W502 execution: BTCUSDT a was not told'])
  assert.equal(rig.line?.asked.slice(3), ['=execution'])
  rig.now += MINUTE
  rig.feed.listed([row('b')])
  assert.is(rig.said.length, 2)
})

test('a refused key and slow tries are said', () => {
  const rig = new Rig()
  rig.line?.listener.denied('Params Error')
  if (rig.line !== null) rig.line.isSlowed = true
  rig.feed.check()
  rig.feed.check()
  assert.equal(rig.said, ['denied Params Error', 'W503 account'])
  rig.feed.close()
  assert.not.ok(rig.feed.isReady)
})

test('with which stop a position stands is told at once, and all is compared where it has lost it; a close is no loss', () => {
  const rig = new Rig()
  const tell = (over: object): void =>
    rig.push('position', { ...POSITION, symbol: 'BTCUSDT', stopLoss: '95', ...over })
  const news = (): readonly string[] =>
    rig.heard
      .splice(0)
      .map(input => (input.type === 'stop-told' ? `${input.side} ${input.stop ?? 'bare'}` : input.type))
  tell({ stopLoss: '' })
  assert.equal(
    rig.heard.map(input => input.type === 'stop-told' && input.time),
    [rig.now],
    'when it was sent',
  )
  assert.equal(news(), ['long bare'], 'its stop may be told of a moment later')
  tell({})
  tell({ stopLoss: '0' })
  assert.equal(news(), ['long 950', 'long bare', 'feed-gap'])
  tell({ stopLoss: '' })
  assert.equal(news(), ['long bare'], 'that it is lost is known')
  tell({})
  tell({ side: '', size: '0', stopLoss: '' })
  assert.equal(news(), ['long 950'])
  tell({ side: 'Sell', stopLoss: '' })
  assert.equal(news(), ['short bare'])
  tell({ symbol: 'ODDUSDT' })
  assert.equal(news(), [], 'of what is not followed the account tells')
})

test.run()
