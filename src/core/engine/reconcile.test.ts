import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { positionOf, steps } from '../decision/view.fixture.ts'
import { emptyPortfolio, type Portfolio } from '../portfolio/portfolio.ts'
import { positionKey } from '../portfolio/position.ts'
import type { Account, RestingReport } from './protocol.ts'
import { agrees, type Comparison, compare } from './reconcile.ts'

const test = suite('reconcile')

const HELD = positionOf()
const BOOKS: Portfolio = {
  ...emptyPortfolio(1_000),
  positions: new Map([[positionKey(HELD.symbol, HELD.side), HELD]]),
}
const THERE: Account['positions'][number] = {
  symbol: 'SOLUSDT',
  side: 'long',
  steps: HELD.steps,
  entry: HELD.entry,
  leverage: HELD.leverage,
  stop: HELD.stop,
}
const ACCOUNT: Account = { wallet: 1_000, positions: [THERE], orders: [] }

const NONE: ReadonlySet<string> = new Set()

function resting(clientOrderId: string): RestingReport {
  return { clientOrderId, symbol: 'SOLUSDT', side: 'long', purpose: 'exit', price: null, steps: steps(1) }
}

const compared = (over: Partial<Account>, booked = NONE, known = NONE): Comparison =>
  compare(BOOKS, { ...ACCOUNT, ...over }, booked, known, '0a1f')

test('equal books and account, and a cent of rounding, are no difference', () => {
  for (const over of [{}, { wallet: 1_000.0099 }]) {
    assert.equal(compared(over), {
      differences: [],
      walletDiffers: false,
      foreign: [],
      missing: [],
      orphans: [],
      rivals: [],
    })
  }
})

test('what positions differ in is named, a stop apart, which is read back by itself', () => {
  const cases: readonly (readonly [Partial<Account>, readonly string[]])[] = [
    [{ positions: [] }, ['SOLUSDT:long is not at the exchange']],
    [{ positions: [{ ...THERE, steps: steps(7) }] }, ['SOLUSDT:long: 7 steps, in the books 1000']],
    [{ positions: [{ ...THERE, stop: null }] }, []],
    [{ positions: [{ ...THERE, side: 'short' }] }, ['SOLUSDT:long is not at the exchange']],
  ]
  for (const [over, expected] of cases) assert.equal(compared(over).differences, expected)
})

test('a wallet differs by more than a cent, or by not being a number', () => {
  for (const wallet of [1_000.02, 999.98, Number.NaN]) assert.is(compared({ wallet }).walletDiffers, true)
})

test("a position that is not in the books is somebody else's, on the other side too", () => {
  const foreign = { ...THERE, symbol: 'XUSDT' }
  assert.equal(compared({ positions: [THERE, foreign] }).foreign, [foreign])
  const short = { ...THERE, side: 'short' } as const
  assert.equal(compared({ positions: [THERE, short] }).foreign, [short])
})

test("orders are missing, orphans, a rival's or of no concern", () => {
  const orders = ['bbw-0a1f-1', 'bbw-0a1f-2', 'bbw-ffff-3', 'web-4'].map(resting)
  const found = compared(
    { orders },
    new Set(['bbw-0a1f-1', 'bbw-0a1f-9']),
    new Set(['bbw-0a1f-1', 'bbw-0a1f-9']),
  )
  assert.equal(found.missing, ['bbw-0a1f-9'])
  assert.equal(
    found.orphans.map(order => order.clientOrderId),
    ['bbw-0a1f-2'],
  )
  assert.equal(
    found.rivals.map(order => order.clientOrderId),
    ['bbw-ffff-3'],
  )
})

test('books and account agree on a symbol when both hold the same of it, or neither any', () => {
  assert.is(agrees(BOOKS, ACCOUNT, 'SOLUSDT', 'long'), true)
  assert.is(agrees(BOOKS, ACCOUNT, 'SOLUSDT', 'short'), true)
  assert.is(agrees(BOOKS, ACCOUNT, 'XUSDT', 'long'), true)
  assert.is(agrees(BOOKS, { ...ACCOUNT, positions: [] }, 'SOLUSDT', 'long'), false)
  assert.is(
    agrees(BOOKS, { ...ACCOUNT, positions: [{ ...THERE, steps: steps(1) }] }, 'SOLUSDT', 'long'),
    false,
  )
  assert.is(agrees(emptyPortfolio(1), ACCOUNT, 'SOLUSDT', 'long'), false)
})

test.run()
