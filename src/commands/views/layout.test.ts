import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Layout, layoutOf, type Wanted } from './layout.ts'

const test = suite('layout')
const FULL: Wanted = {
  notes: 2,
  positions: 11,
  gates: 3,
  gatesTable: 9,
  cycles: 6,
  refusals: 101,
  events: 101,
}
const EMPTY: Wanted = { notes: 0, positions: 2, gates: 1, gatesTable: 7, cycles: 5, refusals: 2, events: 2 }

function total({ header, notes, positions, gates, middle, refusals, events, isWide, gap }: Layout): number {
  const parts = isWide ? [positions, gates, middle, refusals] : [positions, gates, middle, refusals, events]
  return header + notes + parts.reduce((sum, one) => sum + one + (one > 0 ? gap : 0), 0) + 1
}

test('a screen is never overfilled', () => {
  for (const wanted of [FULL, EMPTY]) {
    for (let columns = 60; columns <= 220; columns += 20) {
      for (let rows = 1; rows <= 70; rows += 1) {
        assert.ok(total(layoutOf(columns, rows, wanted)) <= rows, `${columns}x${rows}`)
      }
    }
  }
})

test('a full screen is used to its last row', () => {
  for (const [columns, rows] of [
    [80, 24],
    [80, 60],
    [200, 60],
  ]) {
    assert.is(total(layoutOf(columns, rows, FULL)), rows, `${columns}x${rows}`)
  }
})

test('positions come before words, as far as a quarter of the screen', () => {
  assert.is(layoutOf(80, 24, FULL).positions, 7)
  assert.is(layoutOf(80, 24, { ...FULL, positions: 5 }).positions, 5)
})

test('every part is there at 80 by 24, and at 60 by 15 without notes', () => {
  for (const layout of [layoutOf(80, 24, FULL), layoutOf(60, 15, { ...FULL, notes: 0 })]) {
    const { positions, gates, middle, refusals, events } = layout
    for (const part of [positions, gates, middle, refusals, events]) assert.ok(part > 0)
  }
})

test('what is wanted of a part is the most it gets, and the curve gets what is left', () => {
  const { positions, gates, refusals, events, middle } = layoutOf(80, 70, EMPTY)
  assert.equal([positions, gates, refusals, events, middle], [2, 7, 2, 2, 25])
})

test.run()
