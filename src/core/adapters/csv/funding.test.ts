import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DataError } from '../../base/errors.ts'
import { readFunding } from './funding.ts'
import type { ByteSource } from './source.ts'

const test = suite('csv funding')
const T0 = Date.UTC(2024, 0, 1)
const HOUR = 3_600_000

function source(...lines: readonly string[]): ByteSource {
  const bytes = async function* (): AsyncGenerator<Uint8Array> {
    yield Buffer.from(lines.join('\n'))
  }
  return { name: 'funding.csv', bytes: bytes() }
}

test('settlements are read whatever their spacing, negative rates and exponents included', async () => {
  const rows = [`${T0},0.0001`, `${T0 + 8 * HOUR},-0.00025`, `${T0 + 9 * HOUR},1e-05`]
  const { funding, report } = await readFunding(source('time,rate', ...rows), {})
  assert.equal([...funding.time], [T0, T0 + 8 * HOUR, T0 + 9 * HOUR])
  assert.equal([...funding.rate], [0.0001, -0.00025, 0.00001])
  assert.is(report.rows, 3)
})

test('a rate that is no fraction, a time twice and a blank are refused, or left out', async () => {
  const good = `${T0},0.0001`
  for (const [row, reason] of [
    [`${T0 + HOUR},1.5`, 'a fraction between'],
    [`${T0 + HOUR},-1`, 'a fraction between'],
    [`${T0 + HOUR},`, 'blank'],
    [`${T0},0.0001`, 'a second row'],
  ] as const) {
    try {
      await readFunding(source('time,rate', good, row), {})
      assert.unreachable(row)
    } catch (error) {
      assert.instance(error, DataError)
      assert.match(error instanceof Error ? error.message : '', reason)
    }
    const { report } = await readFunding(source('time,rate', good, row), { skipBad: true })
    assert.is(report.rows, 1)
    assert.is(report.badCount, 1)
  }
})

test.run()
