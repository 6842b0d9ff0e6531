import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { CycleClock } from './cycle-clock.ts'

const test = suite('cycle clock')

test('a cycle has its last beginning, how long it took, its runs and its failures', () => {
  let at = 100
  const clock = new CycleClock(() => at)
  clock.begin('light', 5_000)
  at = 112.5
  clock.fail('light', 'positions: HTTP 502')
  clock.end('light')
  const rows = clock.snapshot({ dueAt: cycle => (cycle === 'light' ? 35_000 : null) })
  assert.equal(rows[0], {
    cycle: 'light',
    every: 30_000,
    nextAt: 35_000,
    lastAt: 5_000,
    tookMs: 12.5,
    runs: 1,
    errors: 1,
    lastError: 'positions: HTTP 502',
  })
  assert.equal(
    rows.slice(1).map(row => [row.cycle, row.lastAt, row.runs]),
    [
      ['heavy', null, 0],
      ['x10', null, 0],
      ['daily', null, 0],
    ],
  )
})

test.run()
