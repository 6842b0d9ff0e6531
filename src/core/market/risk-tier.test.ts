import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { lowestMargins, type TierRow } from './risk-tier.ts'

const test = suite('risk tiers')

test('the margin of a symbol is that of its lowest tier, in whatever order they come', () => {
  const row = (symbol: string, id: number, limit: string, maintenanceMargin: number): TierRow => ({
    date: '2026-11-27',
    symbol,
    id,
    limit,
    maintenanceMargin,
    initialMargin: maintenanceMargin * 2,
    maxLeverage: '10',
    deduction: null,
  })
  const rows = [row('A', 2, '1000000', 0.02), row('A', 1, '200000', 0.01), row('B', 9, '5', 0.1)]
  assert.equal(
    [...lowestMargins(rows)],
    [
      ['A', 0.01],
      ['B', 0.1],
    ],
  )
})

test.run()
