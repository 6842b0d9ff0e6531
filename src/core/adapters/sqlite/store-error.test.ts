import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { isCode } from '../../base/codes.ts'
import { codeOf, StoreError, type StoreTrouble } from '../../base/errors.ts'
import { isBusy, storeError, troubled } from './store-error.ts'

const test = suite('store error')

function sqlite(errcode: number): Error {
  return Object.assign(new Error('words'), { errcode })
}

test('each result code of SQLite is the trouble it stands for, whatever its extension', () => {
  const cases: readonly (readonly [number, StoreTrouble])[] = [
    [5, 'busy'],
    [5 + 256, 'busy'],
    [517, 'busy'],
    [6, 'busy'],
    [13, 'full'],
    [10, 'io'],
    [778, 'io'],
    [8, 'io'],
    [1032, 'io'],
    [14, 'io'],
    [11, 'damaged'],
    [267, 'damaged'],
    [26, 'damaged'],
    [1, 'other'],
    [19, 'other'],
  ]
  for (const [code, trouble] of cases) {
    const error = storeError('a.db', sqlite(code))
    assert.instance(error, StoreError)
    if (!(error instanceof StoreError)) continue
    assert.is(error.trouble, trouble, String(code))
    assert.is(error.retryable, trouble === 'busy')
    assert.is(error.message, 'a.db: words')
    assert.is(isBusy(sqlite(code)), trouble === 'busy')
  }
})

test('an error that is not SQLite’s stays itself', () => {
  const error = new Error('mine')
  assert.is(storeError('a.db', error), error)
  assert.is(isBusy(error), false)
})

test('each trouble has the code of its message', () => {
  const codes = {
    busy: 'W803',
    full: 'C805',
    io: 'C806',
    damaged: 'C807',
    'lease-lost': 'C802',
    unsound: 'C809',
    other: 'E109',
  } as const
  for (const [trouble, code] of Object.entries(codes) as [StoreTrouble, string][]) {
    assert.is(codeOf(troubled('x', trouble)), code)
    assert.ok(isCode(code))
  }
})

test('a remedy of one’s own goes before that of the trouble', () => {
  assert.is(troubled('x', 'full', 'mine').remedy, 'mine')
  assert.match(String(troubled('x', 'full').remedy), 'free some space')
  assert.is(troubled('x', 'other').remedy, undefined)
})

test.run()
