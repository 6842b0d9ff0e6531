import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { FACTOR_VOLATILITY, PROFILES } from './profiles.ts'

const test = suite('synthetic profiles')

test('every symbol begins within its limits and moves as a coin does', () => {
  for (const {
    baseCoin,
    tick,
    step,
    minQty,
    maxQty,
    maxPrice,
    price,
    turnover,
    beta,
    ownVolatility,
  } of PROFILES) {
    assert.ok(price > 50 * Number(tick) && price < Number(maxPrice), `${baseCoin} begins at ${price}`)
    assert.ok(Number(minQty) >= Number(step) && Number(maxQty) > Number(minQty), `${baseCoin} has sizes`)
    assert.ok(
      turnover >= 5e6 && beta > 0 && ownVolatility > 0 && ownVolatility < 0.1,
      `${baseCoin} is traded`,
    )
  }
  assert.is(new Set(PROFILES.map(one => one.baseCoin)).size, PROFILES.length)
  assert.ok(FACTOR_VOLATILITY > 0 && FACTOR_VOLATILITY < 0.1)
})

test.run()
