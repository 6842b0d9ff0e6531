import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { sweep, tableOf } from './kill-sweep.fixture.ts'

const test = suite('write-ahead')

/** Many times what it takes. */
const MOST_KILLS = 60

test('a build that sends first and writes afterwards is found out by the kill sweep', async () => {
  const result = await sweep({
    seed: 1,
    kills: MOST_KILLS,
    symbols: 4,
    days: 12,
    build: 'behind',
    deadExchangeEvery: 0,
  })
  assert.match(
    result.violation ?? tableOf(result),
    /the books do not know it|was never written down|has become \d+ orders/,
  )
})

test.run()
