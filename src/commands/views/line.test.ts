import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { bounded, fitted, joined, type Line, lineWidth, segment, spread, textOf, toneOf } from './line.ts'

const test = suite('lines')
const line: Line = [segment('equity', 'dim'), segment(' 1,034.12', 'good')]

test('the tone of a figure follows its sign', () => {
  assert.equal([1, -1, 0, null, Number.NaN].map(toneOf), ['good', 'bad', 'plain', 'plain', 'plain'])
})

test('a line is cut at its width with a mark, over all its parts', () => {
  assert.is(textOf(fitted(line, 15, '…')), 'equity 1,034.12')
  const expected = ['', '…', 'e…', 'equit…', 'equity…', 'equity …']
  assert.equal(
    [0, 1, 2, 6, 7, 8].map(width => textOf(fitted(line, width, '…'))),
    expected,
  )
  for (let width = 0; width < 20; width += 1) assert.ok(lineWidth(fitted(line, width, '…')) <= width)
})

test('parts that do not fit whole are left out from the first such on', () => {
  const parts = [line, [segment('today +1')], [segment('x')]]
  assert.is(textOf(joined(parts, 25, 2)), 'equity 1,034.12  today +1')
  assert.is(textOf(joined(parts, 24, 2)), 'equity 1,034.12')
  assert.is(textOf(joined(parts, 28, 2)), 'equity 1,034.12  today +1  x')
})

test('two ends stand at the edges, and the left one gives way', () => {
  const right = [segment('RUNNING', 'good')]
  assert.is(textOf(spread(line, right, 25, '…')), 'equity 1,034.12   RUNNING')
  assert.is(textOf(spread(line, right, 15, '…')), 'equity… RUNNING')
  assert.is(textOf(spread(line, right, 8, '…')), ' RUNNING')
  assert.is(textOf(spread(line, right, 4, '…')), 'RUN…')
})

test('what does not fit is counted', () => {
  const lines = [1, 2, 3, 4].map(n => [segment(String(n))])
  const told = (rows: number): string =>
    bounded(lines, rows, hidden => [segment(`+${hidden}`)])
      .map(textOf)
      .join(' ')
  assert.equal([4, 3, 1, 0].map(told), ['1 2 3 4', '1 2 +2', '+4', ''])
})

test.run()
