import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DataError } from '../../base/errors.ts'
import { Fields } from './fields.ts'

const test = suite('bybit fields')
const SEED = 20_261_127

function refusal(read: () => unknown): { readonly words: string; readonly field: string | undefined } {
  try {
    return { words: `gave ${String(read())}`, field: undefined }
  } catch (error) {
    if (error instanceof DataError) return { words: error.message, field: error.place?.field }
    throw error
  }
}

test('fields are read as what they are', () => {
  const fields = new Fields(
    {
      text: 'x',
      none: '',
      unknown: 'UNKNOWN',
      zero: '0.00',
      price: '0.10',
      number: 1e-7,
      fee: '-0.5',
      count: 7,
      digits: '1764201600000',
      yes: true,
      list: [{ a: 1 }],
      rows: [['1', '2', '3']],
      inner: { b: 'c' },
    },
    'result',
  )
  assert.is(fields.text('text'), 'x')
  assert.is(fields.words('none'), '')
  assert.equal(
    [fields.textOrNull('none'), fields.textOrNull('unknown'), fields.textOrNull('gone')],
    [null, null, null],
  )
  assert.equal([fields.has('text'), fields.has('unknown'), fields.has('gone')], [true, false, false])
  assert.is(fields.choice('text', ['w', 'x']), 'x')
  assert.is(fields.decimal('price'), '0.10')
  assert.is(fields.decimal('number'), '0.0000001')
  assert.is(fields.decimal('fee'), '-0.5')
  assert.equal([fields.decimalOrNull('none'), fields.decimalOrNull('zero')], [null, '0.00'])
  assert.equal([fields.positiveOrNull('zero'), fields.positiveOrNull('price')], [null, '0.10'])
  assert.equal([fields.number('fee'), fields.numberOrNull('gone')], [-0.5, null])
  assert.equal([fields.price('price'), fields.priceOrNull('zero')], [0.1, null])
  assert.equal([fields.count('count'), fields.countOrNull('none')], [7, null])
  assert.equal([fields.time('digits'), fields.timeOrNull('gone')], [1_764_201_600_000, null])
  assert.is(fields.truth('yes'), true)
  assert.is(fields.inner('inner').text('b'), 'c')
  assert.is(fields.list('list')[0].count('a'), 1)
  assert.is(fields.rows('rows', 2)[0].decimal('1'), '2')
  assert.is(fields.value('count'), 7)
  assert.equal(new Fields({ a: 1, b: 2 }, '').names, ['a', 'b'])
})

test('what does not fit is refused with its path', () => {
  const fields = new Fields(
    {
      none: '',
      nan: 'NaN',
      notANumber: Number.NaN,
      exponent: '1e-7',
      endless: Number.POSITIVE_INFINITY,
      zero: '0',
      minus: '-1',
      half: 1.5,
      long: 'x'.repeat(5_000),
      list: [1],
      rows: [['1'], 'x'],
    },
    'result.list[3]',
  )
  for (const [read, field, words] of [
    [() => fields.text('none'), 'none', /a text of 1 to 1000 characters and is ""/],
    [() => fields.text('long'), 'long', /a text of 1 to 1000/],
    [() => fields.words('gone'), 'gone', /is missing/],
    [() => fields.choice('zero', ['a', 'b']), 'zero', /one of a, b and is "0"/],
    [() => fields.decimal('gone'), 'gone', /a decimal number and is missing/],
    [() => fields.decimal('nan'), 'nan', /a decimal number and is "NaN"/],
    [() => fields.decimal('notANumber'), 'notANumber', /a decimal number/],
    [() => fields.decimal('exponent'), 'exponent', /a decimal number/],
    [() => fields.number('endless'), 'endless', /a decimal number/],
    [() => fields.decimalOrNull('nan'), 'nan', /a decimal number/],
    [() => fields.positive('zero'), 'zero', /above 0 and is "0"/],
    [() => fields.positiveOrNull('minus'), 'minus', /above 0/],
    [() => fields.count('half'), 'half', /a whole number of 0 or more and is 1.5/],
    [() => fields.count('minus'), 'minus', /a whole number/],
    [() => fields.truth('zero'), 'zero', /true or false/],
    [() => fields.inner('list'), 'list', /is not a JSON object/],
    [() => fields.list('list'), 'list[0]', /is not a JSON object/],
    [() => fields.list('gone'), 'gone', /a list and is missing/],
    [() => fields.rows('rows', 2), 'rows[0]', /is no list of 2 values/],
  ] as const) {
    const told = refusal(read)
    assert.match(told.words, words)
    assert.is(told.field, `result.list[3].${field}`)
    assert.ok(told.words.length < 200)
  }
  assert.match(refusal(() => new Fields('<html>', '')).words, /the reply is not a JSON object/)
})

test('a field of the prototype is no field', () => {
  const fields = new Fields(JSON.parse('{"__proto__": {"price": "1"}}'), '')
  assert.match(refusal(() => fields.decimal('price')).words, /missing/)
  assert.match(refusal(() => fields.text('toString')).words, /missing/)
})

test(`any value is read as a decimal digit for digit or refused (seed ${SEED})`, () => {
  const plain = fc
    .tuple(fc.boolean(), fc.bigInt(0n, 10n ** 20n), fc.option(fc.stringMatching(/^\d{1,12}$/)))
    .map(
      ([minus, whole, fraction]) => `${minus ? '-' : ''}${whole}${fraction === null ? '' : `.${fraction}`}`,
    )
  fc.assert(
    fc.property(plain, text => {
      assert.is(new Fields({ a: text }, '').decimal('a'), text)
    }),
    { seed: SEED },
  )
  fc.assert(
    fc.property(fc.anything(), value => {
      const { words } = refusal(() => Number(new Fields({ a: value }, '').decimal('a')))
      assert.match(words, /^gave -?\d|a decimal number/)
      assert.not.match(words, /NaN$|Infinity$/)
    }),
    { seed: SEED, numRuns: 1_000 },
  )
})

test.run()
