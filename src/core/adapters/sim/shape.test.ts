import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DataError } from '../../base/errors.ts'
import { Shape } from './shape.ts'

const test = suite('shape')

function refusal(read: () => unknown): { readonly words: string; readonly field: string | undefined } {
  try {
    return { words: `gave ${String(read())}`, field: undefined }
  } catch (error) {
    if (error instanceof DataError) return { words: error.message, field: error.place?.field }
    throw error
  }
}

test('fields are read as what they are', () => {
  const shape = new Shape(
    { a: 'x', b: 'BTCUSDT', c: 'short', d: true, e: 1.5, f: 0, g: 7, h: null, i: { j: 1 } },
    '',
  )
  assert.is(shape.text('a'), 'x')
  assert.is(shape.symbol('b'), 'BTCUSDT')
  assert.is(shape.side('c'), 'short')
  assert.is(shape.choice('c', ['long', 'short']), 'short')
  assert.is(shape.truth('d'), true)
  assert.is(shape.number('e'), 1.5)
  assert.is(shape.time('f'), 0)
  assert.is(shape.ticks('f'), 0)
  assert.is(shape.steps('g'), 7)
  assert.is(shape.count('g', 7), 7)
  assert.is(shape.stepsOrNull('h'), null)
  assert.is(shape.ticksOrNull('g'), 7)
  assert.is(shape.inner('i').count('j', 0), 1)
  assert.is(shape.value('h'), null)
  assert.equal([shape.has('a'), shape.has('z')], [true, false])
  shape.nothingElse()
})

test('what does not fit is refused with its path', () => {
  const shape = new Shape(
    { a: '', b: 'btc', d: 1, e: Number.NaN, g: 0.5, i: 3, long: 'x'.repeat(500) },
    'order',
  )
  for (const [read, field, words] of [
    [() => shape.text('a'), 'order.a', /1 to 200 characters and is ""/],
    [() => shape.text('long'), 'order.long', /1 to 200 characters/],
    [() => shape.symbol('b'), 'order.b', /a symbol such as/],
    [() => shape.side('c'), 'order.c', /one of long, short and is missing/],
    [() => shape.truth('d'), 'order.d', /true or false and is 1/],
    [() => shape.number('e'), 'order.e', /a number/],
    [() => shape.steps('g'), 'order.g', /a whole number of 1 or more/],
    [() => shape.ticks('a'), 'order.a', /a whole number of 0 or more/],
    [() => shape.inner('i'), 'order.i', /order.i is not a JSON object/],
    [() => new Shape([1], ''), '', /what was sent is not a JSON object/],
  ] as const) {
    const told = refusal(read)
    assert.match(told.words, words)
    assert.is(told.field, field)
    assert.ok(told.words.length < 200)
  }
})

test('inherited names are no fields, and a field that nobody reads is refused', () => {
  const shape = new Shape({ a: 1, stray: 2 }, '')
  assert.is(shape.has('constructor'), false)
  shape.number('a')
  assert.match(refusal(() => shape.nothingElse()).words, /there is no field stray here/)
})

test.run()
