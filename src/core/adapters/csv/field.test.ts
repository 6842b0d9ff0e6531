import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { parseIsoTime, parseNumber, timeUnit } from './field.ts'

const test = suite('csv field')

test('a number is read as Number() reads it, in plain and exponent notation', () => {
  for (const text of [
    '0',
    '-1.5',
    '+2',
    '.5',
    '5.',
    '1e3',
    '1.25E-7',
    '0.1',
    '9007199254740993',
    '123456789.123456789',
  ]) {
    assert.is(parseNumber(text), Number(text), text)
  }
})

test('what is no finite decimal number is NaN', () => {
  for (const text of [
    '',
    ' ',
    '.',
    'e5',
    '0x10',
    '1_000',
    '1,5',
    'NaN',
    'Infinity',
    '1e999',
    '--1',
    '1e',
    '1 2',
  ]) {
    assert.ok(Number.isNaN(parseNumber(text)), text)
  }
})

test('an ISO time is read in UTC, with its zone where it has one', () => {
  const noon = Date.UTC(2024, 1, 29, 12)
  const cases: readonly (readonly [string, number, boolean])[] = [
    ['2024-02-29', Date.UTC(2024, 1, 29), true],
    ['2024-02-29T12:00Z', noon, true],
    ['2024-02-29 12:00:00 UTC', noon, true],
    ['2024-02-29 12:00:00+00:00', noon, true],
    ['2024-02-29T14:30:00+02:30', noon, true],
    ['2024-02-29T07:00:00-0500', noon, true],
    ['2024-02-29T12:00:00.25', noon + 250, false],
    ['2024-02-29 12:00:00', noon, false],
  ]
  for (const [text, time, zoned] of cases) assert.equal(parseIsoTime(text), { time, zoned }, text)
})

test('a date that is not in the calendar is refused', () => {
  const texts = [
    '2023-02-29',
    '2024-13-01',
    '2024-00-10',
    '2024-04-31',
    '2024-01-01T24:00Z',
    '2024-01-01T00:60Z',
  ]
  for (const text of [...texts, '01/02/2024', '20240101', '2024-01-01T00:00+25:00', 'yesterday']) {
    assert.is(parseIsoTime(text), null, text)
  }
})

test('the unit of a time is told by its size, and a doubtful size has none', () => {
  assert.is(timeUnit(1_700_000_000), 's')
  assert.is(timeUnit(1_700_000_000_000), 'ms')
  for (const value of [20_240_131, 45_322, 1_700_000_000_000_000, 1_700_000_000.5, 0, -1, Number.NaN]) {
    assert.is(timeUnit(value), null, String(value))
  }
})

test.run()
