import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { plainValue } from './plain-value.ts'

const test = suite('plain value')

test('what JSON cannot hold is told in its way', () => {
  const bad = {
    get field(): never {
      throw new Error('no')
    },
  }
  const cases: readonly (readonly [unknown, unknown])[] = [
    ['text', 'text'],
    [1.5, 1.5],
    [Number.NaN, 'NaN'],
    [10n ** 20n, '100000000000000000000'],
    [null, null],
    [() => 1, '(function)'],
    [new Date(0), '1970-01-01T00:00:00.000Z'],
    [new Date(Number.NaN), 'no date'],
    [new Uint8Array(3), '(3 bytes)'],
    [new Map([['a', new Set([1])]]), { a: [1] }],
    [new URL('http://a/b'), 'http://a/b'],
    [bad, { field: '(unreadable)' }],
  ]
  for (const [value, expected] of cases) assert.equal(plainValue(value), expected)
})

test('an error is told with its causes, its fields and the errors within', () => {
  const error = Object.assign(new Error('outer', { cause: new TypeError('inner') }), { code: 'EPIPE' })
  const { stack, cause, ...rest } = plainValue(error) as { stack: string; cause: { message: string } }
  assert.match(stack, 'outer')
  assert.is(cause.message, 'inner')
  assert.equal(rest, { name: 'Error', message: 'outer', code: 'EPIPE' })
  const many = plainValue(new AggregateError([new Error('one')], 'all')) as { errors: { message: string }[] }
  assert.is(many.errors[0].message, 'one')
})

test('circles, depth and length have an end', () => {
  const circle: { self?: unknown } = {}
  circle.self = circle
  assert.equal(plainValue(circle), { self: '(circle)' })
  let deep: unknown = 1
  for (let level = 0; level < 1_000; level += 1) deep = { deep }
  assert.match(JSON.stringify(plainValue(deep)), '(deeper)')
  assert.is((plainValue(Array.from({ length: 1_000 }, () => 1)) as unknown[]).length, 100)
  const cut = plainValue(`${'word '.repeat(1_999)}begin${'x'.repeat(5_000)}`)
  assert.ok(typeof cut === 'string' && cut.endsWith('word ...') && cut.length < 10_004)
})

test.run()
