import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { SECOND } from '../base/units.ts'
import { MIDNIGHT } from '../decision/view.fixture.ts'
import { EngineCore } from './core.ts'
import { CycleRunner } from './cycle-runner.ts'
import type { StepId } from './cycles.ts'
import { defaultSettings } from './settings.ts'

const test = suite('cycle runner')

/** A runner with every cycle due, whose step `positions` waits for the answer `a`. */
function waiting(): { readonly core: EngineCore; readonly runner: CycleRunner; readonly steps: StepId[] } {
  const core = new EngineCore(defaultSettings(), { wallet: 1_000 })
  const steps: StepId[] = []
  const runner = new CycleRunner(
    core,
    id => {
      steps.push(id)
      return id === 'positions' ? ['a'] : []
    },
    () => 0,
  )
  core.now = MIDNIGHT
  core.schedule.tick(MIDNIGHT, null)
  runner.advance()
  return { core, runner, steps }
}

test('a step that waits holds its cycle, and all that are queued behind it, until its answer is there', () => {
  const { core, runner, steps } = waiting()
  assert.equal(steps, ['positions'])
  assert.is(runner.cycle, 'light')
  assert.is(runner.deadline, MIDNIGHT + 10 * SECOND)
  runner.advance()
  runner.arrived('something else')
  runner.advance()
  assert.equal(steps, ['positions'])
  runner.arrived('a')
  runner.advance()
  assert.is(runner.cycle, null)
  assert.is(runner.deadline, null)
  assert.equal(steps.slice(0, 3), ['positions', 'reconcile', 'protect'])
  assert.ok(steps.includes('scan'), 'the heavy cycle has run behind it')
  assert.is(core.takeEffects().length, 0)
})

test('a step whose answer stays out fails at its deadline, and the cycle goes on', () => {
  const { core, runner, steps } = waiting()
  core.now += 10 * SECOND - 1
  runner.advance()
  assert.equal(steps, ['positions'])
  core.now += 1
  runner.advance()
  assert.is(steps[1], 'reconcile')
  assert.is(core.counts['step-failed'], 1)
  assert.is(
    runner.snapshot().find(({ cycle }) => cycle === 'light')?.lastError,
    'positions: no answer within 10 s',
  )
})

test('a question that failed is a failed step only where one waits for it', () => {
  const { core, runner, steps } = waiting()
  runner.queryFailed('b', 'no network')
  assert.is(core.counts['step-failed'], undefined)
  runner.queryFailed('a', 'no network')
  runner.advance()
  assert.is(core.counts['step-failed'], 1)
  assert.is(steps[1], 'reconcile')
})

test('a cycle that was cut while it waited goes on from there', () => {
  const { core, runner } = waiting()
  const saved = JSON.parse(JSON.stringify(runner.save()))
  const steps: StepId[] = []
  const next = new CycleRunner(
    core,
    id => {
      steps.push(id)
      return []
    },
    () => 0,
  )
  next.load(saved)
  assert.equal(next.save(), saved)
  next.arrived('a')
  next.advance()
  assert.is(steps[0], 'reconcile')
})

test.run()
