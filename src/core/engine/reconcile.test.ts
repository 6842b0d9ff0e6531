import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { positionOf, steps } from '../decision/view.fixture.ts'
import { emptyPortfolio, type Portfolio } from '../portfolio/portfolio.ts'
import { positionKey } from '../portfolio/position.ts'
import type { Account, RestingReport, Unread } from './protocol.ts'
import { agrees, type Comparison, type Course, compare, RECONCILIATION, type SeenBooks } from './reconcile.ts'
import { isSilent } from './rule.ts'
import { asking } from './rules.fixture.ts'

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
  assert.equal(found.rivals, ['bbw-ffff-3'])
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

const SEEN: SeenBooks = {
  books: BOOKS,
  account: ACCOUNT,
  booked: [],
  known: [],
  instance: '0a1f',
  isThorough: true,
  foreign: [],
  lost: [],
  asked: [],
  isDoubtful: false,
  drift: '',
  driftSince: null,
  missing: [],
  isRecovering: false,
  isRestart: false,
  now: 100_000,
}
const ask = asking()
const course = (over: Partial<SeenBooks> = {}): Course => ask(RECONCILIATION, { ...SEEN, ...over })
const isNothing = (over: Partial<SeenBooks>): boolean =>
  isSilent(RECONCILIATION, course(over), { ...SEEN, ...over })

test('where books and account agree nothing is to be done', () => {
  for (const over of [{}, { isThorough: false }, { foreign: [] }]) assert.is(isNothing(over), true)
  const foreign = { ...THERE, symbol: 'XUSDT' }
  const account = { ...ACCOUNT, positions: [THERE, foreign] }
  assert.is(isNothing({ account, foreign: ['XUSDT:long'] }), true)
  assert.is(isNothing({ account, foreign: ['XUSDT'] }), true, 'as an earlier bbw has it')
  assert.is(isNothing({ account }), false)
  assert.is(isNothing({ foreign: ['XUSDT:long'] }), false)
})

test('a difference is asked about before anything is concluded', () => {
  for (const account of [
    { ...ACCOUNT, positions: [] },
    { ...ACCOUNT, wallet: 990 },
    { ...ACCOUNT, positions: [THERE, { ...THERE, symbol: 'XUSDT' }] },
  ]) {
    assert.is(course({ account, isThorough: false }).asksAgain, true)
    assert.is(course({ account }).asksAgain, false)
  }
})

test('the wallet of the exchange is taken over only where all else is clear', () => {
  const account = { ...ACCOUNT, wallet: 990 }
  assert.is(course({ account }).takesWallet, true)
  assert.is(course({ account, isDoubtful: true }).takesWallet, false)
  assert.is(course({ account, booked: ['bbw-0a1f-1'], known: ['bbw-0a1f-1'] }).takesWallet, false)
  assert.is(course({ account: { ...account, positions: [] } }).takesWallet, false)
  assert.is(course().takesWallet, false)
})

test('an order that nothing needs is cancelled, once, and not where it serves what the books have lost', () => {
  const orders = [resting('bbw-0a1f-2')]
  const ids = (over: Partial<SeenBooks>): readonly string[] =>
    course(over).cancels.map(({ clientOrderId }) => clientOrderId)
  assert.equal(ids({ account: { ...ACCOUNT, orders } }), ['bbw-0a1f-2'])
  assert.equal(ids({ account: { ...ACCOUNT, orders }, asked: ['bbw-0a1f-2'] }), [])
  assert.equal(ids({ account: { ...ACCOUNT, orders }, books: emptyPortfolio(1_000) }), [])
})

const unread = (over: Partial<Unread> = {}): readonly Unread[] => [
  { type: 'unread', what: 'position', symbol: 'SOLUSDT', reason: 'size is "x"', ...over },
]

test('of a symbol of which something cannot be read nothing is concluded, of others everything', () => {
  const foreign = { ...THERE, symbol: 'XUSDT' }
  const account = { ...ACCOUNT, positions: [foreign], unread: unread() }
  const { found, come, drift, asksAgain } = course({ account, isThorough: false })
  assert.equal([drift, come, found.foreign], ['', [foreign], [foreign]])
  assert.is(asksAgain, true, 'for the other one')
  assert.is(agrees(BOOKS, account, 'SOLUSDT', 'long'), false)
  assert.is(agrees(emptyPortfolio(1), account, 'SOLUSDT', 'long'), false)
  const other = unread({ symbol: 'XUSDT' })
  assert.is(course({ account: { ...account, unread: other } }).drift, 'SOLUSDT:long is not at the exchange')
  assert.equal(course({ account: { ...account, unread: other } }).come, [])
})

test('what does not say where it belongs may be anywhere', () => {
  for (const what of ['position', 'execution'] as const) {
    const account = { ...ACCOUNT, positions: [], unread: unread({ symbol: null, what }) }
    assert.is(course({ account }).drift, '', what)
    assert.equal(course({ account, foreign: ['XUSDT:long'] }).gone, [])
  }
  // An order or a wallet is no position.
  for (const what of ['order', 'wallet'] as const) {
    const account = { ...ACCOUNT, positions: [], unread: unread({ symbol: null, what }) }
    assert.is(course({ account }).drift, 'SOLUSDT:long is not at the exchange', what)
  }
})

test('a position of somebody else that cannot be read is not gone, and no order is taken from it', () => {
  const account = { ...ACCOUNT, unread: unread({ symbol: 'XUSDT' }) }
  for (const key of ['XUSDT:long', 'XUSDT']) assert.equal(course({ account, foreign: [key] }).gone, [])
  assert.equal(course({ foreign: ['XUSDT:long'] }).gone, ['XUSDT:long'])
  const orders = [{ ...resting('bbw-0a1f-2'), symbol: 'XUSDT' }]
  assert.equal(course({ account: { ...account, orders } }).cancels, [])
  assert.equal(course({ account: { ...ACCOUNT, orders } }).cancels, orders)
})

test('no wallet is taken over while anything cannot be read, and one that cannot be read is none', () => {
  assert.is(
    course({ account: { ...ACCOUNT, wallet: 990, unread: unread({ symbol: 'XUSDT' }) } }).takesWallet,
    false,
  )
  const account = { ...ACCOUNT, wallet: null, unread: unread({ symbol: null, what: 'wallet' }) }
  const { found, takesWallet } = course({ account })
  assert.equal([found.walletDiffers, takesWallet], [false, false])
})

test('everything else is compared to its end: a symbol that cannot be read does not keep a comparison open', () => {
  const account = { ...ACCOUNT, positions: [], unread: unread() }
  assert.is(course({ account, isRecovering: true }).isRecovered, true)
})

test('a difference that lasts has so much patience, from when it was first seen', () => {
  const account = { ...ACCOUNT, positions: [] }
  const first = course({ account })
  assert.equal([first.driftSince, first.patience], [100_000, 35_000])
  const last = course({ account, drift: first.drift, driftSince: 65_000 })
  assert.equal([last.driftSince, last.patience], [65_000, 0])
  const over = { drift: first.drift, driftSince: 65_000 }
  assert.equal([course(over).drift, course(over).driftSince, isNothing(over)], ['', null, false])
})

test('a restart is over when nothing differs, is missing or in doubt', () => {
  const over = { isRecovering: true }
  assert.is(course(over).isRecovered, true)
  assert.is(course({ ...over, isDoubtful: true }).isRecovered, false)
  assert.is(course({ ...over, booked: ['bbw-0a1f-1'] }).isRecovered, false)
  assert.is(course({ ...over, account: { ...ACCOUNT, positions: [] } }).isRecovered, false)
})

test('a position is taken for gone when it was missing in three thorough looks and for 20 s, not before', () => {
  const account = { ...ACCOUNT, positions: [] }
  const since = SEEN.now
  const key = 'SOLUSDT:long'
  const at = (looks: number, seconds: number, over: Partial<SeenBooks> = {}): readonly string[] =>
    course({ account, missing: [{ key, since, looks }], now: since + seconds * 1_000, ...over }).ended
  assert.equal(course({ account }).missing, [{ key, since, looks: 1 }])
  assert.equal(at(2, 20), [key])
  assert.equal(at(1, 60), [], 'one look may be stale')
  assert.equal(at(9, 17), [], 'what is listed late is waited for')
  assert.equal(at(9, 60, { isThorough: false }), [], 'executions have not been asked for')
  assert.equal(
    at(9, 60, {
      account: { ...account, unread: [{ type: 'unread', what: 'position', symbol: null, reason: 'x' }] },
    }),
    [],
  )
  assert.equal(course({ missing: [{ key, since, looks: 9 }] }).missing, [], 'it is there again')
  const smaller = { ...ACCOUNT, positions: [{ ...THERE, steps: steps(7) }] }
  assert.equal(at(9, 60, { account: smaller }), [], 'a part of it is there')
})

test.run()
