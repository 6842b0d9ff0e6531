import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ConfigError, DataError, ExchangeError, StoreError, UsageError } from '../core/base/errors.ts'
import { failureOf } from './failures.ts'

const test = suite('failures')

const certain = { retryable: false, ambiguous: false }

test('every kind of error has its exit code and says what can be done', () => {
  const cases: readonly (readonly [unknown, number, readonly string[]])[] = [
    [new UsageError('two modes', 'name one'), 2, ['two modes', 'name one']],
    [new UsageError('two modes'), 2, ['two modes']],
    [
      new DataError('not a number', { file: 'a.csv', line: 7, column: 3, field: 'close' }, 'mend it'),
      2,
      ['a.csv, line 7, column 3, close: not a number', 'mend it'],
    ],
    [new DataError('empty', { file: '-' }), 2, ['-: empty']],
    [new DataError('empty'), 2, ['empty']],
    [new ConfigError('no such key', 'is it "stop"?'), 4, ['no such key', 'is it "stop"?']],
    [new ExchangeError('refused', certain), 5, ['refused']],
    [
      new ExchangeError('too many', { ...certain, retryable: true }),
      5,
      ['too many', 'trying again may help'],
    ],
    [
      new ExchangeError('no answer', { retryable: true, ambiguous: true }),
      5,
      ['no answer', 'it may have taken effect: look at the account before you try again'],
    ],
    [new StoreError('disk full', { retryable: false }), 1, ['disk full']],
    [
      new StoreError('locked', { retryable: true }),
      1,
      ['locked', 'the store was busy: trying again may help'],
    ],
    [new Error('broken'), 1, ['unexpected fault: broken']],
    ['thrown text', 1, ['unexpected fault: thrown text']],
  ]
  for (const [error, code, lines] of cases) assert.equal(failureOf(error, false), { code, lines })
})

test('the stack and the cause are shown with verbose alone', () => {
  const error = new Error('outer', { cause: new Error('inner') })
  assert.is(failureOf(error, false).lines.length, 1)
  const { lines } = failureOf(error, true)
  assert.ok(lines.some(line => line.startsWith('at ') && line.includes('failures.test.ts')))
  assert.is(lines.at(-1), 'cause: Error: inner')
})

test('what an error quotes stays on its line and off the terminal', () => {
  assert.equal(failureOf(new Error('a\nb\u001b[31m'), false).lines, ['unexpected fault: a b [31m'])
})

test.run()
