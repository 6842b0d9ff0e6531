import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Steps, Ticks } from '../base/units.ts'
import { ADD_STANDS, type SeenAdd } from './add-rules.ts'
import { RESTING } from './parts.fixture.ts'
import { defaultSettings } from './settings.ts'

const test = suite('add rules')

const entry = { ...RESTING, rung: 1 }
const plan = {
  signalId: entry.signalId,
  stop: entry.stop,
  isClosing: false,
  isOn: true,
  add: { rung: 1, steps: entry.steps },
}
const stands = (over: Partial<SeenAdd> = {}): boolean =>
  ADD_STANDS.decide({ entry, isOpen: true, isWhole: true, plan, ...over }, defaultSettings())

test('an add stands while its position plans it as it is, and falls with each of what it rests on', () => {
  assert.ok(stands())
  assert.ok(stands({ plan: { ...plan, add: { rung: 1, steps: (entry.steps + 1) as Steps } } }))
  const falls: readonly Partial<SeenAdd>[] = [
    { isOpen: false },
    { plan: null },
    { plan: { ...plan, signalId: 'another' } },
    { plan: { ...plan, isOn: false } },
    { plan: { ...plan, isClosing: true } },
    { plan: { ...plan, stop: (entry.stop + 1) as Ticks } },
    { plan: { ...plan, add: null } },
    { plan: { ...plan, add: { rung: 2, steps: entry.steps } } },
    { plan: { ...plan, add: { rung: 1, steps: (entry.steps - 1) as Steps } } },
  ]
  for (const over of falls) assert.not.ok(stands(over), JSON.stringify(over))
})

test('between heavy cycles only whether anything may be added counts', () => {
  assert.ok(stands({ isWhole: false, plan: null }))
  assert.not.ok(stands({ isWhole: false, plan: null, isOpen: false }))
})

test.run()
