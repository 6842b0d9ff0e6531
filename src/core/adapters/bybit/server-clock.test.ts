import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { aheadBy, originOf } from './server-clock.ts'

const test = suite('bybit server clock')

test('the median of the samples counts, each taken half-way', () => {
  const late = { asked: 100, answered: 2_100, server: 1_000_000 + 110 }
  const good = [0, 10, 20, 30].map(asked => ({ asked, answered: asked + 10, server: 1_000_000 + asked + 5 }))
  assert.is(originOf([...good, late]), 1_000_000)
  assert.is(originOf(good.slice(0, 2)), 1_000_000)
})

test('a wall clock is ahead or behind by its distance from the server', () => {
  assert.is(aheadBy(1_000_000, 1_001_900, 500), 1_400)
  assert.is(aheadBy(1_000_000, 999_000, 500), -1_500)
})

test.run()
