import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DataError } from '../../base/errors.ts'
import { readTable, type TableSpec } from './table.ts'

const test = suite('csv table')
const SEED = 20_240_601
const T0 = 1_700_000_000

/** A time and an optional even number. */
const EVEN: TableSpec = {
  header: 'time,even',
  columns: [
    { field: 'time', names: ['time'], required: true },
    { field: 'even', names: ['even', 'evennumber'], required: false },
  ],
  possible: row => !(row[1] % 2 !== 0) || Number.isNaN(row[1]),
  fault: row => (row[1] % 2 === 0 ? null : { field: 'even', reason: `${row[1]} is odd` }),
}

function read(text: string, blockSize: number, skipBad: boolean) {
  const bytes = Buffer.from(text)
  const blocks = async function* (): AsyncGenerator<Uint8Array> {
    for (let i = 0; i < bytes.length; i += blockSize) yield bytes.subarray(i, i + blockSize)
  }
  return readTable({ name: 'table.csv', bytes: blocks() }, EVEN, { skipBad })
}

type Line = 'good' | 'blank line' | 'odd' | 'quoted' | 'blank number'

test('every row knows its line, whatever stands between the rows', async () => {
  const kinds = fc.constantFrom<Line>('good', 'good', 'blank line', 'odd', 'quoted', 'blank number')
  const property = fc.asyncProperty(
    fc.array(kinds, { maxLength: 40 }),
    fc.integer({ min: 1, max: 50 }),
    async (lines, size) => {
      const rows: { readonly line: number; readonly time: number; readonly even: number }[] = []
      const odd: number[] = []
      const texts = lines.map((kind, i) => {
        const time = T0 + i
        const line = i + 2
        if (kind === 'blank line') return ''
        if (kind === 'odd') {
          odd.push(line)
          return `${time},7`
        }
        rows.push({ line, time: time * 1000, even: kind === 'blank number' ? Number.NaN : 8 })
        return kind === 'quoted' ? `"${time}","8"` : `${time},${kind === 'good' ? 8 : ''}`
      })
      const text = ['time,Even Number', ...texts].join('\n')
      if (rows.length === 0 && odd.length > 0) {
        await read(text, size, true).then(
          () => assert.unreachable(),
          error => assert.instance(error, DataError),
        )
        return
      }
      const table = await read(text, size, true)
      const found = rows.map((_, i) => ({
        line: table.lineOf(i),
        time: table.columns[0][i],
        even: table.columns[1][i],
      }))
      assert.is(table.length, rows.length)
      assert.equal(found, rows)
      assert.is(table.badCount, odd.length)
      assert.equal(
        table.bad.map(row => [row.line, row.column, row.field]),
        odd.slice(0, 10).map(line => [line, 2, 'Even Number']),
      )
    },
  )
  await fc.assert(property, { seed: SEED, numRuns: 200 })
})

test('a column that may be missing is blank in every row', async () => {
  const table = await read(`time\n${T0}\n${T0 + 1}\n`, 5, false)
  assert.is(table.length, 2)
  assert.ok(Number.isNaN(table.columns[1][1]))
})

test.run()
