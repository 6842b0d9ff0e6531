import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { random } from '../../base/random.ts'
import {
  BLOCKS_A_DAY,
  commonFactor,
  evenShock,
  persistence,
  revert,
  stepsBefore,
  stepsInBlock,
  tail,
} from './factor.ts'

const test = suite('common factor')

test('half of a deviation is left after the half-life', () => {
  assert.is(persistence(8, 8), 0.5)
  assert.is(persistence(8, 0), 1)
  assert.ok(Math.abs(persistence(8, 24) - 0.125) < 1e-12)
})

test('a reverting value keeps its stationary spread and forgets where it began', () => {
  assert.is(revert(3, 1, 2, 5), 3)
  assert.is(revert(3, 0, 2, 0.5), 1)
  const source = random('revert')
  let value = 100
  let squares = 0
  const count = 20_000
  for (let i = 0; i < count + 500; i++) {
    value = revert(value, 0.9, 2, evenShock(source))
    if (i >= 500) squares += value * value
  }
  assert.ok(Math.abs(Math.sqrt(squares / count) - 2) < 0.15)
})

test('shocks have mean 0 and spread 1, tails mean 1 and a bound', () => {
  const source = random('shock')
  const count = 50_000
  let shock = 0
  let square = 0
  let variance = 0
  let greatest = 0
  for (let i = 0; i < count; i++) {
    const drawn = evenShock(source)
    shock += drawn
    square += drawn * drawn
    const factor = tail(source)
    variance += factor
    greatest = Math.max(greatest, factor)
  }
  assert.ok(Math.abs(shock / count) < 0.02)
  assert.ok(Math.abs(square / count - 1) < 0.03)
  assert.ok(Math.abs(variance / count - 1) < 0.05)
  assert.ok(Number.isFinite(greatest) && greatest > 2)
})

test('the same seed makes the same factor', () => {
  const grid = { blocks: 120, fineFrom: 108 }
  const make = () => commonFactor(grid, random('factor'))
  assert.equal(make(), make())
})

test('the steps before a block are those of all earlier blocks', () => {
  const grid = { blocks: 6 * BLOCKS_A_DAY, fineFrom: 4 * BLOCKS_A_DAY }
  let steps = 0
  for (let block = 0; block < 6 * BLOCKS_A_DAY; block++) {
    assert.is(stepsBefore(grid, block), steps)
    steps += stepsInBlock(grid, block)
  }
})

test.run()
