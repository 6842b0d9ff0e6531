import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ENVIRONMENTS, type EnvironmentName } from '../core/adapters/bybit/environments.ts'
import { StateStore } from '../core/adapters/sqlite/state-store.ts'
import { ConfigError, StoreError } from '../core/base/errors.ts'
import type { World } from './command.ts'
import { type Address, RUN_KEY } from './run-facts.ts'
import { asItsExchange, atItsExchange, exchangeOfState, notToldYet } from './state-exchange.ts'
import { Folder } from './world.fixture.ts'

const test = suite('the exchange of a state')
const folder = new Folder()
test.after(() => folder.remove())

const world = { cwd: folder.path, env: {} } as unknown as World
let states = 0

/** A data folder whose state is of an exchange; `null`: of none that is known. */
function stateOf(exchange: string | null, address: Address = {}): string {
  const data = join(folder.path, `state-${++states}`)
  folder.file(`state-${states}/here`, '')
  const store = StateStore.open(join(data, 'state.db'), { now: 0, random: () => 0, origin: 'sim' })
  assert.ok(store.acquire(0).ok)
  if (exchange !== null) store.write(RUN_KEY, { exchange, dry: false, market: 'a market', ...address })
  store.release()
  store.close()
  return data
}

const told = (dataDir: string, exchange?: EnvironmentName): unknown =>
  atItsExchange(world, { flags: { dataDir, exchange }, args: [] }).flags.exchange

test('where none is named it is the state’s, and none where the state does not say', () => {
  for (const name of ENVIRONMENTS) assert.is(told(stateOf(name)), name)
  for (const data of [stateOf(null), stateOf('elsewhere'), join(folder.path, 'nothing')]) {
    assert.is(told(data), undefined)
    assert.is(exchangeOfState(world, { flags: { dataDir: data }, args: [] }), null)
    assert.is(told(data, 'demo'), 'demo')
  }
  assert.not(existsSync(join(folder.path, 'nothing')))
})

test('another one than the state’s is refused, and both are named', () => {
  for (const kept of ENVIRONMENTS) {
    const data = stateOf(kept)
    for (const asked of ENVIRONMENTS) {
      if (asked === kept) assert.is(told(data, asked), kept)
      else {
        assert.throws(
          () => told(data, asked),
          (error: unknown) =>
            error instanceof ConfigError &&
            error.message.includes(`--exchange ${asked} is given`) &&
            error.message.includes(`is of ${kept}`),
        )
      }
    }
  }
})

type Words = { readonly [flag: string]: string }

const flagsOf = (one: typeof atItsExchange, dataDir: string, words: Words = {}): Words => {
  const { url, speed, simUrl, exchange } = one(world, { flags: { dataDir, ...words }, args: [] }).flags
  return JSON.parse(JSON.stringify({ url, speed, simUrl, exchange }))
}

test('it is reached by the address by which the last start has reached it', () => {
  const here = { url: 'http://127.0.0.1:4000', speed: '40' }
  for (const exchange of ['demo', 'paper'] as const) {
    const data = stateOf(exchange, { url: here.url, speed: 40 })
    for (const one of [atItsExchange, asItsExchange]) {
      assert.equal(flagsOf(one, data), { ...here, exchange })
      assert.equal(flagsOf(one, data, { exchange, url: `${here.url}/` }), {
        ...here,
        exchange,
        url: `${here.url}/`,
      })
      assert.equal(flagsOf(one, data, { speed: '2' }), { ...here, speed: '2', exchange })
    }
  }
  const sim = stateOf('sim', { simUrl: 'http://127.0.0.1:8790' })
  assert.equal(flagsOf(atItsExchange, sim), { simUrl: 'http://127.0.0.1:8790', exchange: 'sim' })
  // Its own is named by the environment alone, and another environment has an address of its own.
  assert.equal(flagsOf(atItsExchange, stateOf('demo', { url: 'https://api-demo.bybit.com', speed: 1 })), {
    exchange: 'demo',
  })
  assert.equal(flagsOf(asItsExchange, stateOf('demo', { url: here.url }), { exchange: 'testnet' }), {
    exchange: 'testnet',
  })
})

test('the same place by another name is no other one', () => {
  for (const [kept, given] of [
    ['http://localhost:4000', 'http://127.0.0.1:4000/'],
    ['http://127.0.0.1:4000', 'http://LOCALHOST:4000'],
    ['http://127.0.0.1', 'http://localhost:80/'],
  ]) {
    const data = stateOf('demo', { url: kept, speed: 40 })
    for (const one of [atItsExchange, asItsExchange]) {
      assert.equal(flagsOf(one, data, { url: given }), { url: given, speed: '40', exchange: 'demo' }, given)
    }
  }
})

test('another address is refused with the state, and counts without it', () => {
  const data = stateOf('demo', { url: 'http://127.0.0.1:4000', speed: 40 })
  const other = { url: 'http://127.0.0.1:4001' }
  assert.throws(
    () => flagsOf(atItsExchange, data, other),
    (error: unknown) =>
      error instanceof ConfigError && error.message.includes('is of demo at http://127.0.0.1:4000'),
  )
  assert.equal(flagsOf(asItsExchange, data, other), { ...other, exchange: 'demo' })
})

test('a state that cannot be read is told, and no exchange is made up', () => {
  const data = stateOf('demo')
  writeFileSync(join(data, 'state.db'), 'no database at all, but long enough to be looked at'.repeat(40))
  assert.throws(
    () => told(data),
    (error: unknown) => error instanceof StoreError,
  )
  assert.is(notToldYet().retryable, true)
})

test.run()
