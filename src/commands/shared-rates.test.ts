import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { World } from './command.ts'
import { STATE_FILE } from './desk.ts'
import { sharedRates } from './shared-rates.ts'
import { Folder } from './world.fixture.ts'

const test = suite('shared rates')
const folder = new Folder()
test.after(() => folder.remove())

const LOOKS = { key: null, trades: false, isLoop: false, speed: 1 }
const TRADES = { key: 'a-key-of-mine', trades: true, isLoop: true, speed: 1 }
const KLINE = '/v5/market/kline'
const world = { clock: { now: () => 1, monotonic: () => 1 } } as unknown as World

test('in a folder without a state nobody else is reckoned with, and nothing is written', () => {
  const empty = join(folder.path, 'empty')
  const rates = sharedRates(world, empty, LOOKS)
  assert.is(rates.budgets.of('https://api.example.com').wait(KLINE, 'normal', 0), 0)
  rates.keep()
  rates.close()
  assert.not.ok(existsSync(empty))
})

test('beside a state the parts lie in a file of their own, and one that is damaged keeps nobody from asking', () => {
  const path = folder.file(join('state', STATE_FILE), '')
  const beside = join(path, '..')
  const rates = sharedRates(world, beside, TRADES)
  assert.is(rates.budgets.of('https://api.example.com').wait(KLINE, 'normal', 0), 0)
  rates.close()
  assert.ok(existsSync(join(beside, 'rates.db')))
  folder.file(join('state', 'rates.db'), 'this is no database')
  const again = sharedRates(world, beside, LOOKS)
  assert.is(again.budgets.of('https://api.example.com').wait(KLINE, 'normal', 0), 0)
  again.close()
})

test.run()
