import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { MINUTE, SECOND } from '../../../base/units.ts'
import { Pace } from './pace.ts'

const test = suite('pace')

test('it goes at the wall’s pace while a position has no stop and its client is served, and at its speed else', () => {
  const pace = new Pace(40, true)
  const paces: number[] = []
  for (const [bare, isServed] of [
    [[], true],
    [['X 0'], true],
    [['X 0'], false],
    [['X 0', 'Y 0'], true],
    [['Y 0'], true],
    [[], true],
  ] as const) {
    pace.look(bare, isServed, 0)
    paces.push(pace.present)
  }
  assert.equal(paces, [40, 1, 40, 1, 1, 40])
})

test('it goes slowly for a minute of each position, and no longer', () => {
  const pace = new Pace(40, true)
  pace.look(['X 0'], true, 0)
  pace.look(['X 0'], true, 59 * SECOND)
  assert.is(pace.present, 1)
  pace.look(['X 0'], true, MINUTE)
  assert.is(pace.present, 40)
  pace.look(['X 0', 'Y 0'], true, 10 * MINUTE)
  assert.is(pace.present, 1, 'another one')
  pace.look(['X 0', 'Y 0'], true, 11 * MINUTE)
  assert.is(pace.present, 40)
  pace.look([], true, 12 * MINUTE)
  pace.look(['X 0'], true, 13 * MINUTE)
  assert.is(pace.present, 1, 'once more')
})

test('what passes at full speed does not count', () => {
  const pace = new Pace(40, true)
  pace.look(['X 0'], false, 0)
  pace.look(['X 0'], true, 10 * MINUTE)
  assert.is(pace.present, 1)
})

test('where it is not asked for, or the clock is no faster than the wall’s, nothing changes', () => {
  for (const pace of [new Pace(40, false), new Pace(1, true), new Pace(0.5, true)]) {
    pace.look(['X 0'], true, 0)
    assert.is(pace.present, pace.speed)
  }
})

test.run()
