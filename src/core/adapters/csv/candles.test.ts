import { existsSync, readdirSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DataError } from '../../base/errors.ts'
import type { Candles } from '../../market/candles.ts'
import { type ReadOptions, readCandles, readMark } from './candles.ts'
import { type ByteSource, openFile } from './source.ts'

const test = suite('csv candles')

const SEED = 20_240_601
const HOUR = 3_600_000
const T0 = Date.UTC(2024, 0, 1)
const HEADER = 'start,open,high,low,close,volume,turnover'

function source(text: string | Uint8Array, blockSize = 7): ByteSource {
  const bytes = typeof text === 'string' ? Buffer.from(text) : text
  const blocks = async function* (): AsyncGenerator<Uint8Array> {
    for (let i = 0; i < bytes.length; i += blockSize) yield bytes.subarray(i, i + blockSize)
  }
  return { name: 'test.csv', bytes: blocks() }
}

function hours(count: number, from = 0): string[] {
  return Array.from({ length: count }, (_, i) => `${T0 + (from + i) * HOUR},10,12,9,11,5,55`)
}

function file(...lines: readonly string[]): string {
  return `${lines.join('\n')}\n`
}

const BTC: ReadOptions = { symbol: 'BTCUSDT' }

async function refusal(text: string | Uint8Array, options: ReadOptions = BTC): Promise<DataError> {
  try {
    await readCandles(source(text), options)
  } catch (error) {
    if (error instanceof DataError) return error
    throw error
  }
  throw new Error('the file was not refused')
}

function rowsOf(candles: Candles): number[][] {
  const { start, open, high, low, close, volume, turnover } = candles
  const columns = [start, open, high, low, close, volume, turnover]
  return Array.from({ length: candles.length }, (_, i) => columns.map(column => column[i]))
}

const PLAIN = [
  [T0, 10, 12, 9, 11, 5, 55],
  [T0 + HOUR, 11, 13.5, 10, 12, 6, Number.NaN],
  [T0 + 2 * HOUR, 12, 12, 12, 12, 0, 0],
]
const PLAIN_TEXT = file(
  HEADER,
  `${T0},10,12,9,11,5,55`,
  `${T0 + HOUR},11,13.5,10,12,6,`,
  `${T0 + 2 * HOUR},12,12,12,12,0,0`,
)

test('candles are read with their interval, whatever the blocks the bytes come in', async () => {
  for (const blockSize of [1, 2, 5, 64, 10_000]) {
    const { candles, report } = await readCandles(source(PLAIN_TEXT, blockSize), BTC)
    assert.equal(rowsOf(candles), PLAIN)
    assert.is(candles.interval, '1h')
    assert.is(candles.symbol, 'BTCUSDT')
    assert.equal(report, { rows: 3, bad: [], badCount: 0, gaps: [], assumedUtc: false })
  }
})

test('delimiter, header names, order of columns, line ends, byte order mark and gzip are recognised', async () => {
  const [a, b, c] = [T0, T0 + HOUR, T0 + 2 * HOUR]
  const variants = [
    PLAIN_TEXT.replaceAll(',', ';'),
    PLAIN_TEXT.replaceAll(',', '\t'),
    PLAIN_TEXT.replaceAll('\n', '\r\n'),
    PLAIN_TEXT.replaceAll('\n', '\n\n'),
    PLAIN_TEXT.trimEnd(),
    `\ufeff${PLAIN_TEXT}`,
    PLAIN_TEXT.replace(HEADER, 'Open_Time, Open ,HIGH,low,Close,Volume,quote_volume'),
    PLAIN_TEXT.replaceAll(/^(\d{10})000,/gm, '$1,'),
    PLAIN_TEXT.replaceAll(/^\d{13},/gm, text => `${new Date(Number(text.slice(0, -1))).toISOString()},`),
    file(
      'turnover,note,close,low,high,open,volume,time',
      `55,x,11,9,12,10,5,${a}`,
      `,"",12,10,13.5,11,6,${b}`,
      `0,say "no",12,12,12,12,0,${c}`.replace('say "no"', '"say ""no"", twice\nover"'),
    ),
    PLAIN_TEXT.replaceAll(/[^,\n]+/g, '"$&"'),
  ]
  for (const text of variants) {
    assert.equal(rowsOf((await readCandles(source(text), BTC)).candles), PLAIN, text)
    assert.equal(rowsOf((await readCandles(source(gzipSync(text)), BTC)).candles), PLAIN, text)
  }
})

test('times without a zone are read as UTC, and the report says so', async () => {
  const text = file(
    'date,open,high,low,close,volume',
    '2024-01-01 00:00:00,1,1,1,1,1',
    '2024-01-01 00:05:00,1,1,1,1,1',
  )
  const { candles, report } = await readCandles(source(text), BTC)
  assert.is(candles.start[0], T0)
  assert.is(candles.interval, '5m')
  assert.is(report.assumedUtc, true)
})

test('every field equals Number() of its text to the last bit', async () => {
  const digits = (most: number): fc.Arbitrary<string> =>
    fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: 1, maxLength: most })
  const text = fc.oneof(
    fc.tuple(digits(19), digits(24)).map(([whole, fraction]) => `${whole}.${fraction}`),
    fc.tuple(digits(5), digits(4)).map(([whole, fraction]) => `${whole}.${fraction}`),
    digits(17),
    digits(30),
    fc.tuple(digits(4), digits(8), fc.integer({ min: -300, max: 280 })).map(([a, b, e]) => `${a}.${b}e${e}`),
    fc.double({ min: 0, noNaN: true, noDefaultInfinity: true }).map(String),
    digits(8).map(whole => `${whole}.`),
    digits(8).map(fraction => `.${fraction}`),
    digits(3).map(whole => ` +${whole} `),
  )
  const property = fc.asyncProperty(
    fc.array(fc.tuple(text, text), { minLength: 1, maxLength: 40 }),
    async pairs => {
      const lines = pairs.map(([volume, turnover], i) => `${T0 + i * HOUR},10,12,9,11,${volume},${turnover}`)
      const { candles } = await readCandles(source(file(HEADER, ...lines), 100), {
        symbol: 'X',
        interval: '1h',
      })
      for (const [i, [volume, turnover]] of pairs.entries()) {
        assert.ok(Object.is(candles.volume[i], Number(volume)), `${volume} gave ${candles.volume[i]}`)
        assert.ok(Object.is(candles.turnover[i], Number(turnover)), `${turnover} gave ${candles.turnover[i]}`)
      }
    },
  )
  await fc.assert(property, { seed: SEED, numRuns: 300 })
})

test('whatever the bytes, a file is read or refused with a DataError', async () => {
  const piece = fc.constantFrom(
    HEADER,
    '\n',
    ',',
    ';',
    '"',
    '1',
    '.',
    '-',
    'e',
    'x',
    `${T0}`,
    `${T0 + HOUR}`,
    '\r\n',
    '\0',
  )
  const property = fc.asyncProperty(
    fc.array(piece, { maxLength: 60 }),
    fc.boolean(),
    async (pieces, skipBad) => {
      try {
        const { candles } = await readCandles(source(`${HEADER}\n${pieces.join('')}`), {
          symbol: 'X',
          skipBad,
        })
        for (let i = 0; i < candles.length; i += 1) assert.ok(candles.low[i] > 0)
      } catch (error) {
        assert.instance(error, DataError)
      }
    },
  )
  await fc.assert(property, { seed: SEED, numRuns: 500 })
})

test('a file without a header is refused with the header to write', async () => {
  const error = await refusal(file(...hours(3)))
  assert.match(error.message, 'no header')
  assert.match(error.remedy ?? '', HEADER)
  assert.is(error.place?.line, 1)
  assert.match((await refusal('')).message, 'empty')
  const partly = await refusal(file('time,open,high,low', `${T0},1,1,1`))
  assert.match(partly.message, 'close, volume')
})

test('two columns for one thing are refused', async () => {
  const error = await refusal(file('unix,date,open,high,low,close,volume', '1,2,3,4,5,6,7'))
  assert.match(error.message, "'unix' and 'date'")
})

test('newest-first order is refused as such, with and without bad rows being left out', async () => {
  for (const count of [2, 3, 50]) {
    for (const skipBad of [false, true]) {
      const error = await refusal(file(HEADER, ...hours(count).reverse()), { ...BTC, skipBad })
      assert.match(error.message, 'newest first')
      assert.match(error.remedy ?? '', 'oldest first')
      assert.is(error.place?.line, 3)
    }
  }
})

/** A row in the place of the third of four, and where and why it is refused. */
const BAD_ROWS: readonly (readonly [row: string, column: number, reason: string])[] = [
  [`${T0},10,12,9,11,5,55`, 1, 'comes after'],
  [`${T0 + HOUR},10,12,9,11,5,55`, 1, 'a second row'],
  [`${T0 + 2 * HOUR},10,12,9,11,5`, 7, 'turnover is missing'],
  [`${T0 + 2 * HOUR},10,12,9`, 5, 'close is missing'],
  [`${T0 + 2 * HOUR},10,12,9,11,5,55,1`, 8, '8 fields'],
  [`${T0 + 2 * HOUR},10,,9,11,5,55`, 3, 'high is blank'],
  [`,10,12,9,11,5,55`, 1, 'start is blank'],
  [`${T0 + 2 * HOUR},10,12,9,11,,55`, 6, 'volume is blank'],
  [`${T0 + 2 * HOUR},ten,12,9,11,5,55`, 2, 'not a number'],
  [`${T0 + 2 * HOUR},0x10,12,9,11,5,55`, 2, 'not a number'],
  [`${T0 + 2 * HOUR},10,NaN,9,11,5,55`, 3, 'not a finite number'],
  [`${T0 + 2 * HOUR},10,Infinity,9,11,5,55`, 3, 'not a finite number'],
  [`${T0 + 2 * HOUR},10,1e999,9,11,5,55`, 3, 'not a finite number'],
  [`${T0 + 2 * HOUR},10,12,9,11,5,inf`, 7, 'not a finite number'],
  [`${T0 + 2 * HOUR},10,8,9,11,5,55`, 3, 'high 8 is below low 9'],
  [`${T0 + 2 * HOUR},13,12,9,11,5,55`, 2, 'open 13 is outside'],
  [`${T0 + 2 * HOUR},10,12,9,8,5,55`, 5, 'close 8 is outside'],
  [`${T0 + 2 * HOUR},0,12,0,11,5,55`, 2, 'open is 0'],
  [`${T0 + 2 * HOUR},10,12,-9,11,5,55`, 4, 'low is -9'],
  [`${T0 + 2 * HOUR},10,12,9,11,-5,55`, 6, 'volume is -5'],
  [`${T0 + 2 * HOUR},10,12,9,11,5,-55`, 7, 'turnover is -55'],
  [`${T0 + 2 * HOUR},10,"12,5",9,11,5,55`, 3, 'decimal comma'],
  [`${(T0 + 2 * HOUR) / 1000},10,12,9,11,5,55`, 1, 'unit of the time'],
  [`${(T0 + 2 * HOUR) * 1000},10,12,9,11,5,55`, 1, 'unit of the time'],
  [`2024-01-01T02:00:00Z,10,12,9,11,5,55`, 1, 'unit of the time'],
  [`${T0 + 2 * HOUR}.5,10,12,9,11,5,55`, 1, 'unit of the time'],
  ['not a row', 1, 'unit of the time'],
]

test('a bad row is refused with line, column, reason and remedy', async () => {
  const [first, second, , fourth] = hours(4)
  for (const [row, column, reason] of BAD_ROWS) {
    const error = await refusal(file(HEADER, first, second, row, fourth))
    assert.match(error.message, reason)
    assert.is(error.place?.line, 4, row)
    assert.is(error.place?.column, column, row)
    assert.is(error.place?.file, 'test.csv')
    assert.ok((error.remedy ?? '').length > 10, row)
  }
})

test('with skipBad a bad row is left out and told, and the good ones are kept', async () => {
  const [first, second, , fourth] = hours(4)
  for (const [row, , reason] of BAD_ROWS) {
    const text = file(HEADER, first, second, row, fourth)
    const { candles, report } = await readCandles(source(text), { ...BTC, skipBad: true })
    assert.equal([...candles.start.subarray(0, candles.length)], [T0, T0 + HOUR, T0 + 3 * HOUR], row)
    assert.is(report.badCount, 1)
    assert.is(report.bad[0]?.line, 4)
    assert.match(report.bad[0]?.reason ?? '', reason)
    assert.equal(report.gaps, [{ line: 5, after: T0 + HOUR, before: T0 + 3 * HOUR, missing: 1 }])
  }
})

test('only the first bad rows are listed, but all are counted; a file of nothing else is refused', async () => {
  const junk = Array.from({ length: 25 }, () => 'junk')
  const { report } = await readCandles(source(file(HEADER, ...hours(2), ...junk)), { ...BTC, skipBad: true })
  assert.is(report.badCount, 25)
  assert.is(report.bad.length, 10)
  assert.match(
    (await refusal(file(HEADER, ...junk), { ...BTC, skipBad: true })).remedy ?? '',
    'none of the 25',
  )
})

test('decimal commas under a semicolon are refused with the remedy', async () => {
  const error = await refusal(file(HEADER.replaceAll(',', ';'), `${T0};10,5;12;9;11;5;55`))
  assert.match(error.message, '10,5 has a decimal comma')
  assert.match(error.remedy ?? '', 'decimal point')
  assert.is(error.place?.column, 2)
})

test('times in dates of eight digits, spreadsheet days and microseconds are refused as doubtful', async () => {
  for (const time of ['20240101', '45292', `${T0 * 1000}`, '01/02/2024', '2024-02-31']) {
    const error = await refusal(file(HEADER, `${time},10,12,9,11,5,55`))
    assert.match(error.message, 'doubtful')
    assert.match(error.remedy ?? '', 'ISO 8601')
  }
})

test('a second row out of order in an ascending file is no newest-first order', async () => {
  const [a, b, c, d] = hours(4)
  const text = file(HEADER, b, a, c, d)
  assert.match((await refusal(text)).message, 'comes after')
  const { report } = await readCandles(source(text), { ...BTC, skipBad: true })
  assert.is(report.rows, 3)
  assert.is(report.badCount, 1)
})

test('gaps are reported with line, ends and the number of missing candles', async () => {
  const text = file(HEADER, ...hours(3), '', ...hours(2, 5), ...hours(1, 9))
  const { candles, report } = await readCandles(source(text), BTC)
  assert.is(candles.length, 6)
  assert.equal(report.gaps, [
    { line: 6, after: T0 + 2 * HOUR, before: T0 + 5 * HOUR, missing: 2 },
    { line: 8, after: T0 + 6 * HOUR, before: T0 + 9 * HOUR, missing: 2 },
  ])
})

test('a row between two candles is refused, or left out', async () => {
  const odd = `${T0 + 2.5 * HOUR},10,12,9,11,5,55`
  const text = file(HEADER, ...hours(3), odd, ...hours(3, 3))
  const error = await refusal(text)
  assert.match(error.message, 'between two 1h candles')
  assert.is(error.place?.line, 5)
  const { candles, report } = await readCandles(source(text), { ...BTC, skipBad: true })
  assert.is(candles.length, 6)
  assert.is(candles.start[3], T0 + 3 * HOUR)
  assert.equal(report.gaps, [])
  assert.is(report.badCount, 1)
})

test('an interval that is not known, not told or not the one asked for is refused', async () => {
  const sevens = Array.from({ length: 4 }, (_, i) => `${T0 + i * 7 * 60_000},10,12,9,11,5,55`)
  assert.match((await refusal(file(HEADER, ...sevens))).message, '420 s apart')
  assert.match((await refusal(file(HEADER, ...hours(1)))).message, 'does not tell an interval')
  assert.match((await refusal(file(HEADER, ...hours(3)), { ...BTC, interval: '1d' })).message, 'not 1d')
  const one = await readCandles(source(file(HEADER, ...hours(1))), { ...BTC, interval: '1h' })
  assert.is(one.candles.length, 1)
  const none = await readCandles(source(file(HEADER)), { ...BTC, interval: '1h' })
  assert.is(none.candles.length, 0)
})

test('a quotation mark that is never closed is refused', async () => {
  const error = await refusal(file(HEADER, ...hours(2), `"${T0 + 2 * HOUR},10,12,9,11,5,55`, ...hours(2, 3)))
  assert.match(error.message, 'never closed')
})

test('data that are no CSV are refused: UTF-16, zeros, a line without end', async () => {
  assert.match((await refusal(Buffer.from(`\ufeff${PLAIN_TEXT}`, 'utf16le'))).message, 'UTF-16')
  assert.match((await refusal(file('\0\0\0'))).message, 'not text')
  assert.match((await refusal('x'.repeat(70_000))).message, 'longer than')
})

test('mark candles need no volume', async () => {
  const { mark } = await readMark(
    source(file('start,open,high,low,close', `${T0},1,2,1,2`, `${T0 + HOUR},2,2,1,1`)),
    BTC,
  )
  assert.is(mark.length, 2)
  assert.is(mark.interval, '1h')
  assert.is(mark.close[1], 1)
  try {
    await readMark(source(file('start,open,high,low,close', `${T0},1,2,1,3`)), BTC)
    assert.unreachable()
  } catch (error) {
    assert.instance(error, DataError)
  }
})

test('candles outgrow the room reserved for them', async () => {
  const lines = Array.from({ length: 20_000 }, (_, i) => `${T0 + i * 60_000},10,12,9,11,${i},55`)
  const { candles } = await readCandles({ ...source(file(HEADER, ...lines), 65_536), size: 100 }, BTC)
  assert.is(candles.length, 20_000)
  assert.is(candles.volume[19_999], 19_999)
})

const REAL = new URL('../../../../../shared/data/klines/1d/', import.meta.url).pathname

test('recorded daily files equal what splitting and Number() give', async () => {
  if (!existsSync(REAL)) {
    process.stderr.write('skipped: there is no recorded data\n')
    return
  }
  const { gunzipSync } = await import('node:zlib')
  const { readFileSync } = await import('node:fs')
  for (const name of readdirSync(REAL).slice(0, 12)) {
    const { candles } = await readCandles(openFile(REAL + name), {
      symbol: name,
      skipBad: name.startsWith('BCH'),
    })
    const lines = gunzipSync(readFileSync(REAL + name))
      .toString()
      .trimEnd()
      .split('\n')
      .slice(1)
    assert.is(candles.length, lines.length, name)
    const expected = lines.map(line => line.split(',').map(text => (text === '' ? Number.NaN : Number(text))))
    assert.equal(rowsOf(candles), expected, name)
  }
})

test.run()
