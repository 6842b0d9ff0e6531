import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { killsIn, sweep, tableOf } from './kill-sweep.fixture.ts'
import { PHASES } from './kill-sweep-child.fixture.ts'
import { bybit } from './swept-exchange.fixture.ts'

const test = suite('kill sweep at Bybit')

test('G5: a trader on an account at Bybit that is killed at any point goes on with books that are equal to it', async () => {
  const result = await sweep({
    seed: 3,
    kills: 5,
    symbols: 6,
    days: 0,
    exchange: bybit,
    build: 'ahead',
    deadExchangeEvery: 4,
  })
  const table = tableOf(result)
  assert.is(result.violation, null, table)
  for (const phase of PHASES) assert.is(killsIn(result, phase), 1, table)
  assert.ok(result.compared > 0, table)
})

test.run()
