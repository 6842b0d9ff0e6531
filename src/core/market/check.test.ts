import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { CandleSeries } from './candles.ts'
import { findings } from './check.ts'
import { impossibility } from './possible.ts'

const test = suite('market check')
const HOUR = 3_600_000
const GOOD = { open: 10, high: 12, low: 9, close: 11, volume: 5, turnover: 55 }

function series(starts: readonly number[]): CandleSeries {
  const candles = new CandleSeries('BTCUSDT', '1h')
  for (const start of starts) candles.push(start * HOUR, 10, 12, 9, 11, 5, Number.NaN)
  return candles
}

test('a possible candle is possible, also flat, without volume and without turnover', () => {
  assert.is(impossibility(GOOD), null)
  assert.is(impossibility({ open: 1, high: 1, low: 1, close: 1, volume: 0, turnover: Number.NaN }), null)
})

test('an impossible candle names the field that is wrong', () => {
  for (const [change, field] of [
    [{ open: 0 }, 'open'],
    [{ high: Number.NaN }, 'high'],
    [{ low: -1 }, 'low'],
    [{ close: Number.POSITIVE_INFINITY }, 'close'],
    [{ high: 8 }, 'high'],
    [{ open: 13 }, 'open'],
    [{ open: 8 }, 'open'],
    [{ close: 13 }, 'close'],
    [{ volume: -1 }, 'volume'],
    [{ volume: Number.NaN }, 'volume'],
    [{ turnover: -1 }, 'turnover'],
    [{ turnover: Number.POSITIVE_INFINITY }, 'turnover'],
  ] as const) {
    assert.is(impossibility({ ...GOOD, ...change })?.field, field, JSON.stringify(change))
  }
})

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
