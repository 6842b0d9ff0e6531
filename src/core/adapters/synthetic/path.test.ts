import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { random } from '../../base/random.ts'
import { commonFactor } from './factor.ts'
import { dailyVolatility, type Path, symbolPath } from './path.ts'
import { FACTOR_VOLATILITY, PROFILES } from './profiles.ts'

const test = suite('synthetic path')
const grid = { blocks: 600, fineFrom: 590 }

function make(seed: string): Path {
  const profile = PROFILES[0]
  const factor = commonFactor(grid, random(`${seed} factor`))
  return symbolPath(profile, Number(profile.tick), Number(profile.step), grid, factor, random(seed))
}

test('the volatility of a day joins the common and the own part', () => {
  const [profile] = PROFILES
  const both = Math.sqrt((profile.beta * FACTOR_VOLATILITY) ** 2 + profile.ownVolatility ** 2)
  assert.ok(Math.abs(dailyVolatility(profile) - both) < 1e-12)
})

test('every step opens where the one before closed, within its range, in whole numbers', () => {
  const path = make('range')
  for (let i = 0; i < path.open.length; i++) {
    if (i > 0) assert.is(path.open[i], path.close[i - 1])
    assert.ok(path.low[i] >= 1 && path.low[i] <= Math.min(path.open[i], path.close[i]))
    assert.ok(path.high[i] >= Math.max(path.open[i], path.close[i]))
    for (const column of [path.open, path.high, path.low, path.close, path.volume, path.turnover]) {
      assert.ok(Number.isSafeInteger(column[i]) && column[i] >= 0)
    }
  }
})

test('the same seed makes the same path, another one another', () => {
  assert.equal(make('same'), make('same'))
  assert.not.equal(make('same').close, make('other').close)
})

test.run()
