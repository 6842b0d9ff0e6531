import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ConfigError, DataError, ExchangeError, StoreError, UsageError } from './errors.ts'

const test = suite('errors')

test('every kind says its name, its message and what it knows beside', () => {
  const place = { file: 'a.csv', line: 3 }
  const cases: readonly (readonly [Error, string, object])[] = [
    [new UsageError('text', 'remedy'), 'UsageError', { remedy: 'remedy' }],
    [new DataError('text', place, 'remedy'), 'DataError', { place, remedy: 'remedy' }],
    [new ConfigError('text'), 'ConfigError', { remedy: undefined }],
    [
      new ExchangeError('text', { retryable: true, ambiguous: false }),
      'ExchangeError',
      { retryable: true, ambiguous: false, why: undefined },
    ],
    [
      new StoreError('text', { retryable: false }),
      'StoreError',
      { retryable: false, trouble: 'other', remedy: undefined, isOfExchange: false, isUnanswered: false },
    ],
    [
      new StoreError('text', { retryable: true, remedy: 'wait' }),
      'StoreError',
      { retryable: true, trouble: 'busy', remedy: 'wait', isOfExchange: false, isUnanswered: false },
    ],
  ]
  for (const [error, name, known] of cases) {
    assert.instance(error, Error)
    assert.is(String(error), `${name}: text`)
    assert.equal({ ...error }, { name, ...known })
  }
})

test.run()
