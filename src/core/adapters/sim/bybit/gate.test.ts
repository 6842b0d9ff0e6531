import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { marketOf, START, still, TestClient } from './bybit.fixture.ts'
import type { HttpRequest } from './gate.ts'
import { BAN } from './rate-limits.ts'
import { isInTime } from './signing.ts'

const test = suite('gate')

const wallet = ['/v5/account/wallet-balance', { accountType: 'UNIFIED' }] as const

function client(): TestClient {
  return new TestClient([marketOf(still(100))])
}

function codeOf(body: string): readonly [number, string] {
  const { retCode, retMsg } = JSON.parse(body)
  return [retCode, retMsg]
}

test('an envelope has code, words, result, extra and the time of the server', () => {
  const { status, body } = client().raw('GET', ...wallet)
  assert.is(status, 200)
  assert.equal(Object.keys(JSON.parse(body)), ['retCode', 'retMsg', 'result', 'retExtInfo', 'time'])
  assert.is(JSON.parse(body).time, START)
})

test('an unknown key, a wrong secret and a stamp out of time are told apart', () => {
  const one = client()
  assert.equal(codeOf(one.raw('GET', ...wallet, { key: 'other' }).body), [10003, 'API key is invalid.'])
  assert.is(codeOf(one.raw('GET', ...wallet, { secret: 'other' }).body)[0], 10004)
  assert.equal(codeOf(one.raw('GET', ...wallet, { stamp: START - 5_001 }).body), [
    10002,
    `invalid request, please check your server timestamp or recv_window param. req_timestamp[${START - 5_001}],server_timestamp[${START}],recv_window[5000]`,
  ])
})

test('a stamp is in time from a window before the server to a second after it', () => {
  const clock = { now: 10_000, speed: 1 }
  assert.equal(
    [5_000, 4_999, 10_999, 11_000].map(stamp => isInTime(stamp, 5_000, clock)),
    [true, false, true, false],
  )
  // At sixty seconds in one a request is sixty times as long on its way.
  assert.ok(isInTime(100_000, 5_000, { now: 400_000, speed: 60 }))
})

test('the signature is over the query as it was sent, whatever its order and its encoding', () => {
  const one = client()
  const cursor = 'page_token%3Dx%26'
  const { body } = one.raw('GET', '/v5/order/history', { limit: 5, category: 'linear', cursor })
  assert.equal(codeOf(body), [10001, 'params error: cursor invalid'])
})

test('a key that may only read is not let to the orders', () => {
  const one = new TestClient([marketOf(still(100))], { keyInfo: { isReadOnly: true } })
  assert.is(one.order({ side: 'Buy' }).retCode, 10005)
  assert.is(one.get<{ readOnly: number }>('/v5/user/query-api').result.readOnly, 1)
})

test('the eleventh order of a second is one too many, the headers say so, and a second later there is room', () => {
  const one = client()
  const place = () =>
    one.raw('POST', '/v5/order/create', { category: 'linear', symbol: 'XUSDT', side: 'Buy' })
  const first = place()
  assert.is(first.headers['X-Bapi-Limit'], '10')
  assert.is(first.headers['X-Bapi-Limit-Status'], '9')
  for (let k = 0; k < 9; k++) place()
  const last = place()
  assert.equal(codeOf(last.body), [10006, 'Too many visits. Exceeded the API Rate Limit.'])
  assert.is(last.headers['X-Bapi-Limit-Reset-Timestamp'], String(START + 1_000))
  one.pass(1_000)
  assert.is.not(codeOf(place().body)[0], 10006)
})

test('an address that asks for more than 600 in five seconds is not served for ten minutes', () => {
  const one = client()
  const ask = () => one.raw('GET', '/v5/market/time').status
  for (let k = 0; k < 600; k++) assert.is(ask(), 200)
  assert.is(ask(), 403)
  one.sim.advance(START + BAN - 1)
  assert.is(ask(), 403)
  one.sim.advance(START + BAN)
  assert.is(ask(), 200)
})

test('a GET with a body is refused as an attack, and what there is not is not found', () => {
  const one = client()
  const odd = { method: 'GET', target: '/v5/market/time', headers: {}, body: '{}' }
  const status = (request: HttpRequest): number => one.sim.gate.answer(request).status
  assert.is(status(odd), 403)
  assert.is(status({ ...odd, target: '/v5/none', body: '' }), 404)
  assert.is(status({ ...odd, method: 'POST', target: '/v5/market/time', body: '' }), 404)
})

test('a body that is no JSON object is a parameter error', () => {
  const one = client()
  const request = { method: 'POST', target: '/v5/order/create', headers: {}, body: 'x' }
  assert.is(codeOf(one.sim.gate.answer(request).body)[0], 10003)
  assert.is(one.post('/v5/order/create', { category: 'spot' }).retCode, 10001)
})

test.run()
