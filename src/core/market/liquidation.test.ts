import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { liquidationPrice } from './liquidation.ts'

const test = suite('liquidation price')

test('leverage 10 with a maintenance margin of 1 % is taken over 9 % from the entry, mirrored for shorts', () => {
  const instrument = { maintenanceMarginRate: 0.01 }
  const near = (value: number, wanted: number): void => assert.ok(Math.abs(value - wanted) < 1e-9, `${value}`)
  near(liquidationPrice(instrument, { side: 'long', entry: 100, leverage: 10 }), 91)
  near(liquidationPrice(instrument, { side: 'short', entry: 100, leverage: 10 }), 109)
  near(liquidationPrice({ maintenanceMarginRate: 0 }, { side: 'long', entry: 100, leverage: 1 }), 0)
})

test.run()
