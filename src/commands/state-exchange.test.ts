import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ENVIRONMENTS, type EnvironmentName } from '../core/adapters/bybit/environments.ts'
import { StateStore } from '../core/adapters/sqlite/state-store.ts'
import { ConfigError, StoreError } from '../core/base/errors.ts'
import type { World } from './command.ts'
import { RUN_KEY } from './run-facts.ts'
import { atItsExchange, exchangeOfState, notToldYet } from './state-exchange.ts'
import { Folder } from './world.fixture.ts'

const test = suite('the exchange of a state')
const folder = new Folder()
test.after(() => folder.remove())

const world = { cwd: folder.path, env: {} } as unknown as World
let states = 0

/** A data folder whose state is of an exchange; `null`: of none that is known. */
function stateOf(exchange: string | null): string {
  const data = join(folder.path, `state-${++states}`)
  folder.file(`state-${states}/here`, '')
  const store = StateStore.open(join(data, 'state.db'), { now: 0, random: () => 0, origin: 'sim' })
  assert.ok(store.acquire(0).ok)
  if (exchange !== null) store.write(RUN_KEY, { exchange, dry: false, market: 'a market' })
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
