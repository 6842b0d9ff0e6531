import process from 'node:process'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { killsIn, sweep, tableOf, together } from './kill-sweep.fixture.ts'
import { PHASES } from './kill-sweep-child.fixture.ts'

const test = suite('kill sweep')

/** Two at a time: while a trader starts, another one's exchange works. */
const LANES = 2
const KILLS = 520

test('500 traders killed at counted points leave books that are equal to the exchange', async () => {
  const lanes = Array.from({ length: LANES }, (_, lane) =>
    sweep({
      // Markets count on from the seed.
      seed: 1_000 * (lane + 1),
      kills: KILLS / LANES,
      symbols: 8,
      days: 40,
      build: 'ahead',
      deadExchangeEvery: 11,
    }),
  )
  const result = together(await Promise.all(lanes))
  const table = tableOf(result)
  process.stdout.write(`\n${table}\n`)
  assert.is(result.violation, null, table)
  assert.ok(result.total >= 500, table)
  for (const phase of PHASES) assert.ok(killsIn(result, phase) > 0, table)
  assert.ok(result.deadExchanges >= 5, table)
  assert.ok(result.compared >= result.total / 2, table)
})

test.run()
