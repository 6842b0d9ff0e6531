import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Candles } from '../market/candles.ts'
import { contractSeries, type Figure, indicatorContract, type Specimen } from './contract.ts'

const test = suite('contract')

/** The change of the close: absent at the first candle. */
const FIGURE: Figure = { name: 'change', warmUp: 2, scale: 1, shift: 'stays' }

const SOUND: Specimen = {
  figures: [FIGURE],
  reuses: true,
  absentAtGaps: false,
  batch(candles, out) {
    const column = out?.[0] ?? new Float64Array(candles.length)
    for (let i = 0; i < candles.length; i++)
      column[i] = i === 0 ? Number.NaN : candles.close[i] - candles.close[i - 1]
    return [column]
  },
  stream: () => (candles, i) => [change(candles, i)],
}

function change(candles: Candles, i: number): number | undefined {
  const value = i === 0 ? Number.NaN : candles.close[i] - candles.close[i - 1]
  return Number.isNaN(value) ? undefined : value
}

/** Runs the contract and names the tests that failed, without the indicator's name. */
function failures(specimen: Specimen): readonly string[] {
  const failed: string[] = []
  indicatorContract(
    (title, run) => {
      try {
        run()
      } catch {
        failed.push(title.slice('x: '.length))
      }
    },
    'x',
    specimen,
  )
  return failed
}

/** The sound batch with every column passed through `spoil`. */
function spoilt(spoil: (column: Float64Array, candles: Candles) => void): Specimen['batch'] {
  return (candles, out) => {
    const columns = SOUND.batch(candles, out)
    spoil(columns[0], candles)
    return columns
  }
}

test('a sound indicator passes', () => {
  assert.equal(failures(SOUND), [])
})

const DEFECTS: readonly (readonly [string, Specimen, RegExp])[] = [
  [
    'a last bit that differs between the forms',
    { ...SOUND, stream: () => (candles, i) => [(change(candles, i) ?? 0) * (1 + 2 ** -52)] },
    /^the incremental form equals the batch/,
  ],
  [
    'an accessor that says NaN',
    { ...SOUND, stream: () => (candles, i) => [change(candles, i) ?? Number.NaN] },
    /^the incremental form equals the batch/,
  ],
  [
    'a look into the future',
    {
      ...SOUND,
      batch: spoilt((column, { close, length }) => {
        for (let i = 1; i < length - 1; i++) column[i] = close[i + 1] - close[i]
      }),
    },
    /^the columns of a prefix/,
  ],
  [
    'a first row one too late',
    { ...SOUND, figures: [{ ...FIGURE, warmUp: 3 }] },
    /^it is absent before its first row/,
  ],
  [
    'a first row one too early',
    { ...SOUND, figures: [{ ...FIGURE, warmUp: 1 }] },
    /^it is absent before its first row/,
  ],
  [
    'a warm-up of zeros',
    {
      ...SOUND,
      batch: spoilt((column, { length }) => {
        if (length > 0) column[0] = 0
      }),
    },
    /^it is absent before its first row/,
  ],
  [
    'an accessor that passes a NaN on',
    {
      ...SOUND,
      stream: () => (candles, i) => [i === 0 ? undefined : candles.close[i] - candles.close[i - 1]],
    },
    /^a close that is not a number/,
  ],
  [
    'an output that is not the one given',
    { ...SOUND, batch: candles => SOUND.batch(candles) },
    /^outputs that are reused/,
  ],
  [
    'rows written beyond the length',
    { ...SOUND, batch: spoilt((column, { length }) => column.fill(0, length)) },
    /^outputs that are reused/,
  ],
  [
    'a constant in price units',
    {
      ...SOUND,
      batch: spoilt((column, { length }) => {
        for (let i = 1; i < length; i++) column[i] += 1e-3
      }),
    },
    /^prices times a power of two/,
  ],
  [
    'a level that should not matter',
    {
      ...SOUND,
      batch: spoilt((column, { close, length }) => {
        for (let i = 1; i < length; i++) column[i] += 1e-6 * close[i]
      }),
    },
    /^a sum added to all prices/,
  ],
]

for (const [defect, specimen, expected] of DEFECTS) {
  test(`it catches ${defect}`, () => {
    const failed = failures(specimen)
    assert.ok(
      failed.some(title => expected.test(title)),
      `only failed: ${failed.join('; ') || 'nothing'}`,
    )
  })
}

test('its series are the same every time and hold what they promise', () => {
  const [first, second] = [contractSeries(), contractSeries()]
  assert.is(first.length, second.length)
  first.forEach(([title, candles], s) => {
    assert.equal([...candles.close], [...second[s][1].close], title)
    for (let i = 0; i < candles.length; i++) {
      const low = Math.min(candles.open[i], candles.close[i])
      const high = Math.max(candles.open[i], candles.close[i])
      assert.ok(candles.low[i] > 0 && candles.low[i] <= low && candles.high[i] >= high, `${title}, row ${i}`)
      assert.ok(i === 0 || candles.start[i] > candles.start[i - 1], `${title}, row ${i}`)
    }
  })
})

test.run()
