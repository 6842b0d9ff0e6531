import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { clientOrderId, NO_INSTANCE, type OrderLeg, ownerOf, partOrderId } from './order-id.ts'

const test = suite('order id')
const SEED = 5
console.log(`seed ${SEED}`)

const intents = fc.record({
  signal: fc.string({ maxLength: 120, unit: 'binary' }),
  leg: fc.constantFrom<OrderLeg>('entry', 'target', 'target-1', 'target-2', 'close'),
  attempt: fc.nat(1_000),
})

test('an id has at most 36 characters of the set the exchange takes, whatever the signal is called', () => {
  fc.assert(
    fc.property(intents, ({ signal, leg, attempt }) => {
      assert.match(clientOrderId('0a1f', signal, leg, attempt), /^bbw-[A-Za-z0-9_-]{1,32}$/)
    }),
    { seed: SEED, numRuns: 2_000 },
  )
})

test('the same intent always has the same id, and no two intents share one', () => {
  const ids = new Map<string, string>()
  fc.assert(
    fc.property(intents, ({ signal, leg, attempt }) => {
      const id = clientOrderId('0a1f', signal, leg, attempt)
      const intent = JSON.stringify([signal, leg, attempt])
      assert.is(id, clientOrderId('0a1f', signal, leg, attempt))
      assert.is(ids.get(id) ?? intent, intent)
      ids.set(id, intent)
    }),
    { seed: SEED, numRuns: 5_000 },
  )
})

test('the parts of an order have ids of their own that fit, and are of the same bbw', () => {
  const id = clientOrderId('12ab', 'a signal', 'close', 0)
  const parts = Array.from({ length: 20 }, (_, k) => partOrderId(id, k + 1))
  assert.is(new Set(parts).size, 20)
  for (const part of parts) {
    assert.match(part, /^[A-Za-z0-9_-]{1,36}$/)
    assert.is(ownerOf(part, '12ab'), 'own')
    assert.ok(part.startsWith(id.slice(0, 33)))
  }
})

test('ids do not change from one version to the next: orders at the exchange bear them', () => {
  assert.is(
    clientOrderId(NO_INSTANCE, 'mean-reversion:BTCUSDT:long:1767139200000', 'entry', 0),
    'bbw-0000-98ccf85a0ada57db4b7db05839',
  )
})

test('an order id says whose it is', () => {
  const id = clientOrderId('0a1f', 'signal', 'entry', 0)
  assert.is(ownerOf(id, '0a1f'), 'own')
  assert.is(ownerOf(id, '0a1e'), 'rival')
  assert.is(ownerOf('web-1234', '0a1f'), 'other')
  assert.is(ownerOf('', '0a1f'), 'other')
})

test.run()
