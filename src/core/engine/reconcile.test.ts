import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { positionOf, steps, ticks } from '../decision/view.fixture.ts'
import { emptyPortfolio, type Portfolio } from '../portfolio/portfolio.ts'
import { positionKey } from '../portfolio/position.ts'
import type { Account } from './protocol.ts'
import { agrees, drift } from './reconcile.ts'

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
  stop: HELD.stop,
}
const ACCOUNT: Account = { wallet: 1_000, positions: [THERE], orders: [] }

const still = (): boolean => false

test('equal books and account, and a cent of rounding, are no drift', () => {
  assert.is(drift(BOOKS, ACCOUNT, still), '')
  assert.is(drift(BOOKS, { ...ACCOUNT, wallet: 1_000.0099 }, still), '')
  assert.is(drift(emptyPortfolio(5), { wallet: 5, positions: [], orders: ['any'] }, still), '')
})

test('every difference is named, all of them in one line', () => {
  const cases: readonly (readonly [Partial<Account>, string])[] = [
    [{ wallet: 1_000.02 }, 'wallet 1000.02, in the books 1000.00'],
    [{ wallet: Number.NaN }, 'wallet NaN, in the books 1000.00'],
    [{ positions: [] }, 'SOLUSDT:long is not at the exchange'],
    [{ positions: [{ ...THERE, steps: steps(7) }] }, 'SOLUSDT:long: 7 steps, in the books 1000'],
    [{ positions: [{ ...THERE, stop: ticks(900) }] }, 'SOLUSDT:long: stop at 900 ticks, in the books 950'],
    [{ positions: [{ ...THERE, stop: null }] }, 'SOLUSDT:long: stop at null ticks, in the books 950'],
    [{ positions: [THERE, { ...THERE, symbol: 'XUSDT' }] }, 'XUSDT:long is not in the books'],
    [
      { wallet: 0, positions: [{ ...THERE, side: 'short' }] },
      'wallet 0.00, in the books 1000.00; SOLUSDT:long is not at the exchange; SOLUSDT:short is not in the books',
    ],
  ]
  for (const [over, expected] of cases) assert.is(drift(BOOKS, { ...ACCOUNT, ...over }, still), expected)
})

test('while a stop is on its way, either may be in force; a quantity may not differ', () => {
  const moved = { ...ACCOUNT, positions: [{ ...THERE, stop: ticks(960) }] }
  assert.is(
    drift(BOOKS, moved, key => key === 'SOLUSDT:long'),
    '',
  )
  const less = { ...ACCOUNT, positions: [{ ...THERE, steps: steps(1) }] }
  assert.is.not(
    drift(BOOKS, less, () => true),
    '',
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
