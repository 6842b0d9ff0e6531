import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { CandleSeries } from './candles.ts'
import { findings } from './check.ts'

const test = suite('market check')
const HOUR = 3_600_000

function series(starts: readonly number[]): CandleSeries {
  const candles = new CandleSeries('BTCUSDT', '1h')
  for (const start of starts) candles.push(start * HOUR, 10, 12, 9, 11, 5, Number.NaN)
  return candles
}

test('a whole series has no findings', () => {
  assert.equal(findings(series([0, 1, 2, 3])), [])
  assert.equal(findings(series([])), [])
})

test('gaps, duplicates, disorder and overlaps are found where they are', () => {
  const found = findings(series([0, 1, 4, 4, 3, 4.5])).map(finding => [finding.kind, finding.time / HOUR])
  assert.equal(found, [
    ['gap', 4],
    ['duplicate', 4],
    ['disorder', 3],
    ['overlap', 4.5],
  ])
  const [gap] = findings(series([0, 1, 4]))
  assert.is(gap.kind === 'gap' ? gap.missing : 0, 2)
})

test('an impossible bar is found, of mark candles too', () => {
  const candles = series([0, 1])
  candles.low[1] = 0
  assert.equal(
    findings(candles).map(finding => finding.kind),
    ['impossible'],
  )
  const { symbol, interval, length, start, open, high, low, close } = candles
  assert.is(findings({ symbol, interval, length, start, open, high, low, close }).length, 1)
})

test.run()
