import * as fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { earlierLiquidation, liquidationPrice, takeoverPrice } from './liquidation.ts'
import { type Side, sign } from './side.ts'

const test = suite('liquidation price')

const near = (value: number, wanted: number): void => assert.ok(Math.abs(value - wanted) < 1e-9, `${value}`)

test('leverage 10 with a maintenance margin of 1 % is taken over 9 % below a long entry, and nearer above a short one', () => {
  const instrument = { maintenanceMarginRate: 0.01 }
  near(liquidationPrice(instrument, { side: 'long', entry: 100, leverage: 10 }), 91)
  near(liquidationPrice(instrument, { side: 'short', entry: 100, leverage: 10 }), 110 / 1.01)
  near(liquidationPrice({ maintenanceMarginRate: 0 }, { side: 'long', entry: 100, leverage: 1 }), 0)
})

test('Bybit takes a position over where margin and result are down to the maintenance margin of the mark', () => {
  const tier = { rate: 0.02, deduction: 5_000 }
  // 60 coins at 10,000 with leverage 5: 120,000 of margin. At 8,120.75 it has lost 112,755, and 2 % of what is left are
  // 9,745 less 5,000 and some.
  const long = takeoverPrice(tier, { side: 'long', entry: 10_000, leverage: 5, qty: 60 })
  near(long, (60 * 10_000 * 0.8 - 5_000) / (60 * 0.98))
  const short = takeoverPrice(tier, { side: 'short', entry: 10_000, leverage: 5, qty: 60 })
  near(short, (60 * 10_000 * 1.2 + 5_000) / (60 * 1.02))
  for (const [price, side] of [
    [long, 'long'],
    [short, 'short'],
  ] as const) {
    const left = (60 * 10_000) / 5 + sign(side) * 60 * (price - 10_000)
    assert.ok(Math.abs(left - (60 * price * 0.02 - 5_000)) < 1e-6, `${side} has ${left} left`)
  }
})

test('what is reckoned with is never farther from the entry than either formula', () => {
  const sides = fc.constantFrom<Side>('long', 'short')
  fc.assert(
    fc.property(
      sides,
      fc.double({ min: 1, max: 100, noNaN: true }),
      fc.double({ min: 1e-3, max: 1e5, noNaN: true }),
      fc.double({ min: 0, max: 0.05, noNaN: true }),
      (side, leverage, entry, rate) => {
        const position = { side, entry, leverage }
        const price = liquidationPrice({ maintenanceMarginRate: rate }, position)
        const distance = (at: number): number => sign(side) * (entry - at)
        const textbook = entry * (1 - sign(side) * (1 / leverage - rate))
        const bybit = takeoverPrice({ rate, deduction: 0 }, { ...position, qty: 7 })
        for (const one of [textbook, bybit]) assert.ok(distance(price) <= distance(one) + entry * 1e-12)
      },
    ),
    { seed: 20260401 },
  )
})

test('of what is reckoned and what is told the earlier one counts', () => {
  assert.equal([earlierLiquidation('long', 91, 90), earlierLiquidation('long', 91, 92)], [91, 92])
  assert.equal([earlierLiquidation('short', 109, 110), earlierLiquidation('short', 109, 108)], [109, 108])
  assert.equal([earlierLiquidation('long', 91, null), earlierLiquidation('short', 109, undefined)], [91, 109])
})

test.run()
