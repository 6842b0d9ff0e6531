import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ExchangeError } from '../../base/errors.ts'
import {
  codeIn,
  networkError,
  refusal,
  statusError,
  type Trouble,
  troubleIn,
  unreadable,
  withheld,
} from './errors.ts'

const test = suite('bybit errors')

const WRITE = { method: 'POST', path: '/v5/order/create', changes: true } as const
const READ = { method: 'GET', path: '/v5/order/realtime', changes: false } as const

/** Kind, whether the same may succeed later, and whether it may have taken effect, as `b`usy write. */
function traits({ why, retryable, ambiguous }: ExchangeError): readonly unknown[] {
  return [why, retryable, ambiguous]
}

test('each code has the meaning that decides what is done', () => {
  const cases: readonly (readonly [readonly number[], Trouble, boolean, boolean])[] = [
    [[10000, 10016, 170007, 170146], 'busy', true, true],
    [[10001], 'parameters', false, false],
    [[10002], 'clock', true, false],
    [[10003, 10004, 10005, 10010, 33004], 'credentials', false, false],
    [[10006], 'rate', true, false],
    [[10014, 110072], 'duplicate-id', false, false],
    [[110001, 110008, 110010, 170213], 'gone', false, false],
    [[110003, 110120, 110121, 30208, 30209], 'price', false, false],
    [[110004, 110006, 110007, 110012, 110044, 110045, 110052], 'balance', false, false],
    [[110009, 110020, 110061], 'too-many', false, false],
    [[110017], 'flat', false, false],
    [[110025, 110026, 110027, 110043, 34040], 'unchanged', false, false],
    [[110066, 110074, 110063, 30228], 'symbol', false, false],
    [[10027, 110023], 'account', false, false],
    [[110090, 110086, 110089, 110013], 'risk', false, false],
    [[110092, 110093], 'crossed', false, false],
    [[110094], 'small', false, false],
    [[110095, 110099], 'auction', false, false],
  ]
  for (const [codes, why, retryable, ambiguous] of cases) {
    for (const code of codes) {
      assert.equal(traits(refusal(WRITE, code, 'words')), [why, retryable, ambiguous], String(code))
      assert.equal(traits(refusal(READ, code, 'words')), [why, retryable, false], String(code))
    }
  }
})

test('an unknown code of the exchange itself leaves a change in doubt, one of a product refuses it', () => {
  assert.equal(traits(refusal(WRITE, 12_345, '?')), ['other', false, true])
  assert.equal(traits(refusal(WRITE, -1, '?')), ['other', false, true])
  assert.equal(traits(refusal(WRITE, 110_999, '?')), ['other', false, false])
  assert.equal(traits(refusal(READ, 12_345, '?')), ['other', false, false])
})

test('a quantity out of its bounds is told from other faults of parameters by the words', () => {
  for (const [words, why] of [
    ['The number of contracts exceeds maximum limit allowed: too large, order_qty:9', 'large'],
    ['The number of contracts below minimum limit allowed', 'small'],
    ['params error: startTime cannot exceed 7 days', 'parameters'],
  ] as const) {
    assert.equal(traits(refusal(WRITE, 10_001, words)), [why, false, false])
  }
})

test('the wrong mode of positions is told from other faults of parameters', () => {
  assert.is(refusal(WRITE, 10_001, 'position idx not match position mode').why, 'position-mode')
  assert.is(refusal(WRITE, 10_001, 'The order remains unchanged as the parameters match').why, 'unchanged')
  assert.is(
    refusal(WRITE, 10_001, 'StopLoss:9 set for Sell position should be higher than base_price:10').why,
    'crossed',
  )
  assert.is(refusal(WRITE, 10_001, 'params error').why, 'parameters')
})

test('a status that is no 200 says what is known of the request', () => {
  const html = '<html>Bad Gateway</html>'
  const cases: readonly (readonly [number, string, Trouble, boolean, boolean])[] = [
    [500, '{"retCode":10016}', 'busy', true, true],
    [502, html, 'unreadable', true, true],
    [503, '', 'busy', true, true],
    [504, html, 'unreadable', true, true],
    [429, '', 'busy', true, true],
    [408, '', 'busy', true, true],
    [403, html, 'banned', true, false],
    [401, '', 'credentials', false, false],
    [404, html, 'unreadable', false, true],
    [302, '', 'unreadable', false, true],
  ]
  for (const [status, body, ...wanted] of cases) {
    assert.equal(traits(statusError(WRITE, status, body)), wanted, String(status))
    assert.is(statusError(READ, status, body).ambiguous, false)
  }
})

test('a reply that cannot be read and a connection that broke leave a change in doubt', () => {
  assert.equal(traits(unreadable(WRITE, 'it is empty')), ['unreadable', true, true])
  assert.equal(traits(unreadable(READ, 'it is empty')), ['unreadable', true, false])
  assert.equal(traits(networkError(WRITE, 'reset', true)), ['network', true, true])
  assert.equal(traits(networkError(WRITE, 'refused', false)), ['network', true, false])
  assert.equal(traits(withheld(WRITE, 'dry', 'dry-run')), ['dry-run', false, false])
})

test('words of the exchange are short and cannot move a cursor', () => {
  const { message } = refusal(WRITE, 10_001, `\u001b[31m${'x'.repeat(5_000)}`)
  assert.ok(message.length < 260)
  assert.not.ok(message.includes('\u001b'))
  assert.match(message, /^POST \/v5\/order\/create: 10001 /)
})

test('the code of a refusal can be asked of it, and other errors have none', () => {
  assert.is(codeIn(refusal(WRITE, 110_017, 'words 12')), 110_017)
  assert.is(codeIn(refusal(READ, -1, '')), -1)
  for (const other of [
    statusError(WRITE, 503, '10003 x'),
    unreadable(READ, '10003 x'),
    new Error('GET /: 10003 x'),
    'x',
  ]) {
    assert.is(codeIn(other), null)
  }
})

test('the kind of an error can be asked of anything that was thrown', () => {
  assert.is(troubleIn(refusal(WRITE, 110_017, '')), 'flat')
  assert.is(troubleIn(new ExchangeError('x', { retryable: false, ambiguous: false })), 'other')
  assert.is(troubleIn('a text'), null)
})

test.run()
