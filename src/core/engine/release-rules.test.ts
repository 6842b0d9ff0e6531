import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { MANUAL } from '../portfolio/position.ts'
import { RELEASE, type SeenRelease } from './release-rules.ts'
import { defaultSettings } from './settings.ts'

const test = suite('release rules')

type Held = SeenRelease['held'][number]
const LONG: Held = { side: 'long', strategy: MANUAL, isClosing: false, isLeaving: false }

function verdict(held: readonly Held[], isOwn = false): unknown {
  const request = { id: 'r', symbol: 'ADAUSDT', side: null, isOwn }
  const found = RELEASE.decide({ request, held }, defaultSettings())
  return 'refused' in found ? [found.refused, found.isMissing] : found.side
}

test('the one position there is is released, unless it is bbw’s own, being closed, or leaving already', () => {
  assert.is(verdict([LONG]), 'long')
  assert.equal(verdict([]), ['it is no position of bbw', true])
  assert.equal(verdict([LONG, { ...LONG, side: 'short' }]), [
    'it is held on both sides: say --side long or --side short',
    false,
  ])
  const own = { ...LONG, strategy: 'mean-reversion' }
  assert.equal(verdict([own]), ['it was opened by mean-reversion: say --own to take it over', false])
  assert.is(verdict([own], true), 'long')
  assert.equal(verdict([{ ...LONG, isClosing: true }]), ['it is being closed', false])
  assert.equal(verdict([{ ...LONG, isLeaving: true }]), ['it is being released already', false])
})

test.run()
