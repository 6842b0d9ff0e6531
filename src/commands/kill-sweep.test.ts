import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { killsIn, sweep, tableOf } from './kill-sweep.fixture.ts'
import { PHASES } from './kill-sweep-child.fixture.ts'

const test = suite('kill sweep')

test('a trader killed at any point goes on with books that are equal to the exchange', async () => {
  const result = await sweep({
    seed: 7,
    kills: 20,
    symbols: 4,
    days: 6,
    build: 'ahead',
    deadExchangeEvery: 5,
  })
  const table = tableOf(result)
  assert.is(result.violation, null, table)
  assert.ok(result.total >= 20, table)
  for (const phase of PHASES) assert.ok(killsIn(result, phase) > 0, table)
  assert.ok(result.deadExchanges > 0, table)
  assert.ok(result.compared >= result.total / 2, table)
})

test.run()
