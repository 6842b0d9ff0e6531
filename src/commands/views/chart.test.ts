import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { chartRows } from './chart.ts'

const test = suite('chart')
const LEVELS = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█']

test('a rise goes from the bottom to the top', () => {
  assert.equal(chartRows([0, 1, 2, 3, 4], 5, 2, LEVELS), ['   ▄█', '▁▄███'])
  assert.equal(chartRows([0, 3, 6], 3, 1, [' ', '.', ':', '#']), ['.:#'])
})

test('few values are held, many are thinned, and the newest is always the last', () => {
  assert.equal(chartRows([0, 8], 6, 1, LEVELS), ['▁▁▁███'])
  const many = Array.from({ length: 1_000 }, (_, i) => i % 2)
  assert.is(chartRows([...many, 5], 10, 1, LEVELS)[0].at(-1), '█')
})

test('a curve that never moved lies in the middle, and without values there is none', () => {
  assert.equal(chartRows([7], 4, 2, LEVELS), ['    ', '████'])
  assert.equal(chartRows([Number.NaN, 7], 4, 2, LEVELS), ['    ', '████'])
  assert.equal(chartRows([], 4, 2, LEVELS), ['    ', '    '])
  assert.equal(chartRows([1, 2], 0, 1, LEVELS), [''])
  assert.equal(chartRows([1, 2], 5, 0, LEVELS), [])
})

test('every row has its width, whatever the values', () => {
  for (const values of [[1], [1, -1, 1e12], Array.from({ length: 77 }, (_, i) => Math.sin(i))]) {
    for (const width of [1, 13, 200]) {
      const rows = chartRows(values, width, 5, LEVELS)
      assert.is(rows.length, 5)
      for (const row of rows) assert.is(row.length, width)
    }
  }
})

test.run()
