import process from 'node:process'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { killsIn, type SweepResult, sweep, tableOf, together } from './kill-sweep.fixture.ts'
import { PHASES } from './kill-sweep-child.fixture.ts'
import { bybit } from './swept-exchange.fixture.ts'

const test = suite('kill sweep on Bybit')

/** Two at a time: while a trader starts, another one trades. */
const LANES = 2
const ACCOUNTS = 7
/** On each account: its market goes on by itself, and what is handed in runs into limits after a while. */
const KILLS = 20
const MARKET = { symbols: 6, days: 0, exchange: bybit } as const

test('250 traders killed at counted points leave books that are equal to the account at Bybit', async () => {
  const lane = async (nth: number): Promise<SweepResult> => {
    const results: SweepResult[] = []
    for (let k = 0; k < ACCOUNTS; k++) {
      const seed = 1_000 * (nth + 1) + k
      results.push(await sweep({ ...MARKET, seed, kills: KILLS, build: 'ahead', deadExchangeEvery: 11 }))
    }
    return together(results)
  }
  const result = together(await Promise.all(Array.from({ length: LANES }, (_, nth) => lane(nth))))
  const table = tableOf(result)
  process.stdout.write(`\n${table}\n`)
  assert.is(result.violation, null, table)
  assert.ok(result.total >= 250, table)
  for (const phase of PHASES) assert.ok(killsIn(result, phase) > 0, table)
  assert.ok(result.deadExchanges >= 5, table)
  assert.ok(result.compared >= result.total / 2, table)
  assert.ok(result.trades > 0, table)
})

test('on Bybit a build that sends first and writes afterwards is found out', async () => {
  const result = await sweep({ ...MARKET, seed: 1, kills: 60, build: 'behind', deadExchangeEvery: 0 })
  assert.match(
    result.violation ?? tableOf(result),
    /the books do not know it|was never written down|has become \d+ orders/,
  )
})

test.run()
