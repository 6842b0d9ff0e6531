import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  decimalsOf,
  decimalText,
  formatCount,
  fromCount,
  gridOf,
  parseCount,
  type Rounding,
  toCount,
} from './decimal.ts'
import { random } from './random.ts'

const test = suite('decimal')
const ROUNDINGS: readonly Rounding[] = ['down', 'up', 'nearest']

/** The rule of `toCount` again, by fractions of whole numbers only; the decimal text is read here on its own. */
function oracle(unit: string, value: number, rounding: Rounding): bigint {
  const [a, scaleA] = fraction(unit)
  const [b, scaleB] = fraction(exponentFree(value))
  const top = b * 10n ** BigInt(scaleA)
  const bottom = a * 10n ** BigInt(scaleB)
  const candidates = [top / bottom, top / bottom + 1n]
  for (const count of candidates) {
    const off = abs(top - count * bottom)
    if (off * 10n ** 9n <= top && off * 1000n <= bottom) return count
  }
  const [low, high] = candidates
  if (rounding === 'down') return low
  if (rounding === 'up') return top % bottom === 0n ? low : high
  return top * 2n >= (low + high) * bottom ? high : low
}

function fraction(text: string): readonly [bigint, number] {
  const [whole, rest = ''] = text.split('.')
  return [BigInt(whole + rest), rest.length]
}

function exponentFree(value: number): string {
  const [mantissa, exponent = '0'] = String(value).split('e')
  const [whole, rest = ''] = mantissa.split('.')
  const shift = Number(exponent)
  const digits = whole + rest
  const point = whole.length + shift
  if (point <= 0) return `0.${'0'.repeat(-point)}${digits}`
  if (point >= digits.length) return digits.padEnd(point, '0')
  return `${digits.slice(0, point)}.${digits.slice(point)}`
}

function abs(value: bigint): bigint {
  return value < 0n ? -value : value
}

test('a unit is read without superfluous zeros', () => {
  assert.equal(gridOf('0.0050'), { unit: '0.005', mantissa: 5, decimals: 3, power: 1000 })
  assert.equal(gridOf('10'), { unit: '10', mantissa: 10, decimals: 0, power: 1 })
  assert.equal(gridOf('00.50'), { unit: '0.5', mantissa: 5, decimals: 1, power: 10 })
  assert.equal(gridOf('1.00'), { unit: '1', mantissa: 1, decimals: 0, power: 1 })
  assert.is(gridOf('0.0050'), gridOf('0.0050'))
})

test('a unit that is no positive plain decimal is refused', () => {
  for (const text of [
    '',
    '0',
    '0.000',
    '-1',
    '+1',
    '1e-7',
    '.5',
    '5.',
    '1,5',
    ' 1',
    'NaN',
    '1234567890123456',
  ]) {
    assert.throws(
      () => gridOf(text),
      (error: Error) => error.name === 'DataError',
      text,
    )
  }
  assert.throws(() => gridOf(`0.${'0'.repeat(22)}1`), /too many digits/)
})

test('hand-worked values are rounded as written', () => {
  const cases: readonly (readonly [string, number, Rounding, number])[] = [
    ['0.1', 0.3, 'down', 3],
    ['0.1', 0.3, 'up', 3],
    ['0.1', 0.1 + 0.2, 'up', 3],
    ['0.01', 1.005, 'nearest', 101],
    ['0.01', 1.015, 'nearest', 102],
    ['0.0001', 0.00015, 'nearest', 2],
    ['0.0001', 0.00014999, 'nearest', 1],
    ['0.01', 4.35 * 100, 'down', 43_500],
    ['0.0000001', 1e-7, 'down', 1],
    ['0.0000001', 1.9e-7, 'down', 1],
    ['0.0000001', 1.1e-7, 'up', 2],
    ['0.5', 0.74, 'nearest', 1],
    ['0.5', 0.75, 'nearest', 2],
    ['10', 19.99, 'down', 1],
    ['10', 0, 'up', 0],
    ['10', -0, 'nearest', 0],
    ['1', 0.5, 'nearest', 1],
    ['1', 0.25, 'down', 0],
    ['1', 0.25, 'up', 1],
    ['1', 2 ** 53 - 1, 'down', 2 ** 53 - 1],
    ['1', 9e14 + 0.5, 'up', 9e14 + 1],
    ['1', 9e14 + 0.5, 'down', 9e14],
  ]
  for (const [unit, value, rounding, count] of cases) {
    assert.is(toCount(gridOf(unit), value, rounding), count, `${value} ${rounding} in ${unit}`)
  }
})

test('a value counts as a multiple up to 1e-9 of its size and a thousandth of the unit, and not beyond', () => {
  const one = gridOf('1')
  assert.is(toCount(one, 100.0000001, 'up'), 100)
  assert.is(toCount(one, 100.0000002, 'up'), 101)
  assert.is(toCount(one, 99.99999991, 'down'), 100)
  assert.is(toCount(one, 99.9999998, 'down'), 99)
  assert.is(toCount(one, 10_000_000.001, 'up'), 10_000_000)
  assert.is(toCount(one, 10_000_000.0011, 'up'), 10_000_001)
})

test('every rounding equals the one by whole numbers, wherever the value lies between two multiples', () => {
  const seed = 20260301
  console.log(`seed ${seed}`)
  const source = random(seed)
  const units = [
    '0.0000001',
    '0.000001',
    '0.00005',
    '0.0005',
    '0.001',
    '0.01',
    '0.05',
    '0.1',
    '0.5',
    '1',
    '5',
    '10',
    '100',
    '0.000000000001',
    '0.3',
    '0.07',
    '1.25',
  ]
  for (let i = 0; i < 60_000; i++) {
    const unit = units[source.int(units.length)]
    const size = Number(unit)
    const count = Math.floor(10 ** (12 * source.next()))
    const kind = source.int(6)
    const multiple = count * size
    const nudge = (source.next() - 0.5) * 2
    const value = Math.abs(
      kind === 0
        ? multiple
        : kind === 1
          ? (count + 0.5) * size
          : kind === 2
            ? multiple * (1 + nudge * 4e-9)
            : kind === 3
              ? (count + nudge * 2e-3) * size
              : kind === 4
                ? (count + 0.5) * size * (1 + nudge * 1e-15)
                : (count + source.next()) * size,
    )
    for (const rounding of ROUNDINGS) {
      const found = toCount(gridOf(unit), value, rounding)
      if (BigInt(found) !== oracle(unit, value, rounding)) {
        assert.unreachable(
          `seed ${seed}: ${value} ${rounding} in ${unit}: ${found}, not ${oracle(unit, value, rounding)}`,
        )
      }
    }
  }
})

test('values at the edges of the tolerance are decided by their digits', () => {
  for (const unit of ['0.01', '1', '0.0005']) {
    for (const count of [1, 7, 1234, 99_999, 2_000_000]) {
      for (const side of [1, -1]) {
        const edge = Math.min(1e-9 * count, 1e-3)
        for (let ulps = -3; ulps <= 3; ulps++) {
          const value = (count + side * edge) * Number(unit) * (1 + ulps * Number.EPSILON)
          for (const rounding of ROUNDINGS) {
            assert.is(
              BigInt(toCount(gridOf(unit), value, rounding)),
              oracle(unit, value, rounding),
              `${value} ${unit}`,
            )
          }
        }
      }
    }
  }
})

test('a count becomes the nearest double and its text, and both lead back to it', () => {
  const seed = 77
  console.log(`seed ${seed}`)
  const source = random(seed)
  for (const unit of ['0.0000001', '0.0005', '0.10', '1', '100', '0.07', '0.000000000001']) {
    const grid = gridOf(unit)
    for (let i = 0; i < 2_000; i++) {
      const count = Math.floor(10 ** (15 * source.next()))
      const text = formatCount(grid, count)
      assert.match(text, grid.decimals === 0 ? /^\d+$/ : new RegExp(`^\\d+\\.\\d{${grid.decimals}}$`))
      const [digits, scale] = fraction(text)
      const [unitDigits, unitScale] = fraction(grid.unit)
      assert.is(digits * 10n ** BigInt(unitScale), BigInt(count) * unitDigits * 10n ** BigInt(scale))
      assert.is(parseCount(grid, text), count)
      assert.is(fromCount(grid, count), Number(text))
    }
  }
})

test('texts that are no plain multiple have no count', () => {
  const grid = gridOf('0.05')
  assert.is(parseCount(grid, '1.10'), 22)
  assert.is(parseCount(grid, '0001.100'), 22)
  assert.is(parseCount(grid, '0'), 0)
  for (const text of ['1.11', '1.101', '', '-1', '1e3', 'abc', '1.', '.1', 'Infinity', '0x10', '1 ', '١']) {
    assert.is(parseCount(grid, text), null, text)
  }
  assert.is(parseCount(gridOf('10'), '15'), null)
  assert.is(parseCount(gridOf('3'), '9007199254740993'), 3002399751580331)
  assert.is(parseCount(gridOf('1'), '9007199254740993'), null)
})

test('a value or a count that is no usable number is a broken invariant', () => {
  const grid = gridOf('0.1')
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY, -0.1, Number.NEGATIVE_INFINITY]) {
    assert.throws(() => toCount(grid, value, 'down'), /broken invariant/)
  }
  assert.throws(() => toCount(grid, 1e18, 'down'), /too many/)
  for (const count of [-1, 0.5, Number.NaN, 2 ** 53]) {
    assert.throws(() => formatCount(grid, count), /broken invariant/)
    assert.throws(() => fromCount(grid, count), /broken invariant/)
  }
})

test('a number is written without an exponent and reads back as itself', () => {
  const cases: readonly (readonly [number, string])[] = [
    [1e-7, '0.0000001'],
    [1.25e-9, '0.00000000125'],
    [-2.5e-8, '-0.000000025'],
    [1e21, '1000000000000000000000'],
    [1.5e22, '15000000000000000000000'],
    [0, '0'],
    [-3.5, '-3.5'],
    [100, '100'],
  ]
  for (const [value, text] of cases) assert.is(decimalText(value), text)
  const source = random('text')
  for (let i = 0; i < 5_000; i++) {
    const value = (source.next() - 0.5) * 10 ** (source.int(80) - 40)
    assert.not.match(decimalText(value), /e/)
    assert.is(Number(decimalText(value)), value)
  }
  assert.throws(() => decimalText(Number.NaN), /broken invariant/)
})

test('the decimals of a number are those of its shortest text', () => {
  assert.equal([100, 0.125, 1e-7, 1.5e-7, 12.5].map(decimalsOf), [0, 3, 7, 8, 1])
})

test.run()
