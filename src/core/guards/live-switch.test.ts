import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { liveSwitch } from './live-switch.ts'
import { houseOf, outcome, proposalOf } from './proposal.fixture.ts'

const test = suite('live switch')

test('where orders are real ones, only strategies that may send them do', () => {
  const check = (live: readonly string[] | null): string =>
    outcome(liveSwitch.check(proposalOf(), houseOf({ live }), {}))
  assert.is(check(null), 'admitted')
  assert.is(check([]), 'live-switch')
  assert.is(check(['mean-reversion']), 'live-switch')
  assert.is(check(['mean-reversion', 'bollinger-grid-long']), 'admitted')
})

test.run()
