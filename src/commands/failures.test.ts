import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  ConfigError,
  DataError,
  ExchangeError,
  HeldError,
  StoreError,
  UsageError,
} from '../core/base/errors.ts'
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
      75,
      ['W803 locked', 'the store was busy: trying again may help'],
    ],
    [
      new StoreError('no room', { retryable: false, trouble: 'full', remedy: 'make room' }),
      1,
      ['C805 no room', 'make room'],
    ],
    [new StoreError('another one', { retryable: false, trouble: 'lease-lost' }), 79, ['C802 another one']],
    [
      new HeldError('process 7 trades', { pid: 7, host: 'a', ageMs: 0 }, 'stop it'),
      79,
      ['E801 process 7 trades', 'stop it'],
    ],
    [new Error('broken'), 1, ['E708 unexpected fault: broken']],
    ['thrown text', 1, ['E708 unexpected fault: thrown text']],
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
  assert.equal(failureOf(new Error('a\nb\u001b[31m'), false).lines, ['E708 unexpected fault: a b [31m'])
})

test.run()
