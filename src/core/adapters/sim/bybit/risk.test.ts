import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Side, sign } from '../../../market/side.ts'
import { instrument } from '../exchange.fixture.ts'
import { TIERS } from './bybit.fixture.ts'
import {
  isolatedBankruptcy,
  isolatedLiquidation,
  marginOf,
  mostLeverage,
  orderMargin,
  riskTiers,
  tierOf,
} from './risk.ts'

const test = suite('risk')

const TAKER = 0.00055

const near = (value: number | null, wanted: number): void =>
  assert.ok(value !== null && Math.abs(value - wanted) < 1e-9 * Math.max(1, Math.abs(wanted)), `${value}`)

test('tiers are those of the newest day, and each asks for no more at its beginning than the one below at its end', () => {
  const older = TIERS.map(row => ({ ...row, date: '2025-01-01', maintenanceMargin: 0.5 }))
  const tiers = riskTiers(instrument, [...[...TIERS].reverse(), ...older, { ...TIERS[0], symbol: 'YUSDT' }])
  assert.equal(
    tiers.map(({ id, limit, maintenance, maxLeverage }) => [id, limit, maintenance, maxLeverage]),
    [
      [1, 1_000, 0.01, 50],
      [2, 5_000, 0.02, 25],
      [3, 20_000, 0.05, 10],
    ],
  )
  near(tiers[1].deduction, 10)
  near(tiers[2].deduction, 160)
  const stated = riskTiers(instrument, [TIERS[0], { ...TIERS[1], deduction: '12.5' }])
  near(stated[1].deduction, 12.5)
  assert.equal([tierOf(tiers, 1_000).id, tierOf(tiers, 1_001).id, tierOf(tiers, 99_999).id], [1, 2, 3])
  assert.equal([mostLeverage(tiers, 0), mostLeverage(tiers, 5_001), mostLeverage(tiers, 20_001)], [50, 10, 0])
})

test('a symbol whose tiers are not recorded has one, and nothing beyond it', () => {
  const [only, ...more] = riskTiers(instrument, [])
  assert.equal(
    [only.limit, only.maintenance, only.maxLeverage, only.deduction, more.length],
    [2_000_000, 0.01, 50, 0, 0],
  )
  assert.equal([mostLeverage([only], 2_000_000), mostLeverage([only], 2_000_001)], [50, 0])
})

test('isolated: initial margin is of the entry and maintenance margin of the mark, the closing fee in both', () => {
  const tiers = riskTiers(instrument, TIERS)
  const held = { side: 'long', qty: 20, entry: 100, leverage: 10 } as const
  const closing = 20 * 100 * 0.9 * TAKER
  const margin = marginOf('ISOLATED_MARGIN', tiers, TAKER, held, 110)
  near(margin.initial, 200 + closing)
  near(margin.maintenance, 20 * 110 * 0.02 - 10 + closing)
  // Below 50 its value is in the first tier.
  near(marginOf('ISOLATED_MARGIN', tiers, TAKER, held, 40).maintenance, 20 * 40 * 0.01 + closing)
})

test('cross: both margins are of the mark', () => {
  const tiers = riskTiers(instrument, TIERS)
  const held = { side: 'short', qty: 20, entry: 100, leverage: 10 } as const
  const closing = 20 * 110 * 1.1 * TAKER
  const margin = marginOf('REGULAR_MARGIN', tiers, TAKER, held, 110)
  near(margin.initial, 220 + closing)
  near(margin.maintenance, 20 * 110 * 0.02 - 10 + closing)
})

test('an order binds margin, the fee of opening and that of closing', () => {
  near(orderMargin(1_000, 'long', 10, TAKER), 100 + 1_000 * TAKER + 900 * TAKER)
  near(orderMargin(1_000, 'short', 10, TAKER), 100 + 1_000 * TAKER + 1_100 * TAKER)
  assert.is(orderMargin(0, 'long', 10, TAKER), 0)
})

test('worked out by hand: 20 coins at 100 with leverage 10 in the second tier', () => {
  const tiers = riskTiers(instrument, TIERS)
  const long = { side: 'long', qty: 20, entry: 100, leverage: 10 } as const
  near(isolatedLiquidation(tiers, long), (20 * 100 * 0.9 - 10) / (20 * 0.98))
  const short = { ...long, side: 'short' } as const
  near(isolatedLiquidation(tiers, short), (20 * 100 * 1.1 + 10) / (20 * 1.02))
  assert.equal([isolatedBankruptcy(long), isolatedBankruptcy(short)], [90, 110.00000000000001])
  // Without leverage there is always something left of a long one.
  assert.is(isolatedLiquidation(tiers, { ...long, leverage: 1 }), null)
})

test('where an isolated position is liquidated its margin and result are its maintenance margin, whatever its tier', () => {
  const tiers = riskTiers(instrument, TIERS)
  fc.assert(
    fc.property(
      fc.constantFrom<Side>('long', 'short'),
      fc.double({ min: 0.01, max: 300, noNaN: true }),
      fc.double({ min: 0.5, max: 60, noNaN: true }),
      fc.double({ min: 1.01, max: 10, noNaN: true }),
      (side, qty, entry, leverage) => {
        const held = { side, qty, entry, leverage }
        const price = isolatedLiquidation(tiers, held)
        if (price === null) return
        const { initial } = marginOf('ISOLATED_MARGIN', tiers, TAKER, held, entry)
        const { maintenance } = marginOf('ISOLATED_MARGIN', tiers, TAKER, held, price)
        const left = initial + sign(side) * qty * (price - entry)
        assert.ok(Math.abs(left - maintenance) <= 1e-7 * qty * entry, `${left} left of ${maintenance}`)
        // A little nearer to the entry it stands.
        const before = price + sign(side) * entry * 1e-4
        const standing = initial + sign(side) * qty * (before - entry)
        assert.ok(standing > marginOf('ISOLATED_MARGIN', tiers, TAKER, held, before).maintenance)
      },
    ),
    { seed: 20260401, numRuns: 500 },
  )
})

test.run()
