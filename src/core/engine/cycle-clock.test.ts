import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { CycleClock } from './cycle-clock.ts'

const test = suite('cycle clock')

test('a cycle has its last beginning, how long it took, its runs and its failures', () => {
  let at = 100
  const clock = new CycleClock(() => at)
  clock.begin('light', 5_000)
  at = 112.5
  clock.fail('light', 'positions: HTTP 502', 5_010)
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
    lastErrorAt: 5_010,
    isFailing: true,
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

test('a cycle fails until a run of it has come to its end without a failure', () => {
  const clock = new CycleClock(() => 0)
  const light = () => clock.snapshot({ dueAt: () => null })[0]
  assert.equal([light().isFailing, light().lastErrorAt], [false, null])
  clock.begin('light', 1_000)
  clock.fail('light', 'positions: away', 1_000)
  clock.end('light')
  clock.begin('light', 2_000)
  assert.is(light().isFailing, true, 'what goes on has not succeeded yet')
  clock.fail('light', 'positions: away', 2_000)
  clock.end('light')
  assert.equal([light().isFailing, light().lastErrorAt], [true, 2_000])
  clock.begin('light', 3_000)
  clock.end('light')
  assert.equal([light().isFailing, light().lastErrorAt, light().errors], [false, 2_000, 2])
})

test.run()
