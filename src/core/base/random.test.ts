import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Random, random, resumeRandom } from './random.ts'

const test = suite('random')

function take(source: Random, n: number): readonly number[] {
  return Array.from({ length: n }, () => source.next())
}

test('the same seed gives the same numbers, as a number or as its text', () => {
  assert.equal(take(random(7), 50), take(random(7), 50))
  assert.equal(take(random(7), 50), take(random('7'), 50))
})

test('the sequence of seed 1 is fixed for good, so that a printed seed means the same tomorrow', () => {
  const source = random(1)
  assert.equal(
    Array.from({ length: 6 }, () => source.int(1_000_000)),
    [298920, 672648, 603347, 539166, 560196, 519195],
  )
})

test('10,000 neighbouring seeds begin with 10,000 different numbers spread evenly', () => {
  const first = Array.from({ length: 10_000 }, (_, seed) => random(seed).next())
  assert.is(new Set(first).size, first.length)
  for (let tenth = 0; tenth < 10; tenth++) {
    const n = first.filter(x => Math.floor(x * 10) === tenth).length
    assert.ok(Math.abs(n - 1_000) < 150, `${n} in tenth ${tenth}`)
  }
})

test('next stays in [0, 1) with the mean and the variance of a uniform number', () => {
  const source = random('uniform')
  const n = 200_000
  let sum = 0
  let squares = 0
  for (let i = 0; i < n; i++) {
    const x = source.next()
    if (!(x >= 0 && x < 1)) assert.unreachable(`out of range: ${x}`)
    sum += x
    squares += (x - 0.5) ** 2
  }
  // Five standard errors of each.
  assert.ok(Math.abs(sum / n - 0.5) < 5 * Math.sqrt(1 / 12 / n), `mean ${sum / n}`)
  assert.ok(Math.abs(squares / n - 1 / 12) < 5 * Math.sqrt(1 / 180 / n), `variance ${squares / n}`)
})

test('int reaches every value and none is likelier, also where 2^32 is no multiple of n', () => {
  for (const n of [1, 2, 3, 7, 10, 100]) {
    const source = random(`int ${n}`)
    const counts = new Array<number>(n).fill(0)
    const draws = 2_000 * n
    for (let i = 0; i < draws; i++) counts[source.int(n)]++
    // Chi-square with n - 1 degrees of freedom, mean n - 1 and variance 2 (n - 1).
    const chi = counts.reduce((sum, count) => sum + (count - 2_000) ** 2 / 2_000, 0)
    assert.ok(chi <= n - 1 + 5 * Math.sqrt(2 * n), `n ${n}: chi-square ${chi}`)
  }
  // With n = 3 x 2^30 a plain remainder would fall below 2^30 in one draw of two instead of one of three.
  const source = random('wide')
  let low = 0
  for (let i = 0; i < 30_000; i++) if (source.int(3 * 2 ** 30) < 2 ** 30) low++
  assert.ok(Math.abs(low - 10_000) < 500, `low ${low}`)
})

test('normal has mean 0, variance 1, skewness 0 and kurtosis 3', () => {
  const source = random('normal')
  const n = 200_000
  const moments = [0, 0, 0, 0]
  for (let i = 0; i < n; i++) {
    const x = source.normal()
    for (let power = 0; power < 4; power++) moments[power] += x ** (power + 1) / n
  }
  assert.ok(Math.abs(moments[0]) < 5 / Math.sqrt(n), `mean ${moments[0]}`)
  assert.ok(Math.abs(moments[1] - 1) < 5 * Math.sqrt(2 / n), `variance ${moments[1]}`)
  assert.ok(Math.abs(moments[2]) < 5 * Math.sqrt(15 / n), `third ${moments[2]}`)
  assert.ok(Math.abs(moments[3] - 3) < 5 * Math.sqrt(96 / n), `fourth ${moments[3]}`)
})

test('a generator resumed from a saved state goes on exactly where the first one stood', () => {
  const source = random('saved')
  take(source, 137)
  source.normal()
  const state = JSON.parse(JSON.stringify(source.state()))
  assert.equal(take(resumeRandom(state), 100), take(source, 100))
})

test('asking for a state does not move the generator', () => {
  const source = random('still')
  assert.equal(source.state(), source.state())
})

test('a seed or a bound that is no usable number is a broken invariant', () => {
  for (const seed of [Number.NaN, Number.POSITIVE_INFINITY])
    assert.throws(() => random(seed), /broken invariant/)
  for (const n of [0, -1, 1.5, Number.NaN, 2 ** 32 + 1])
    assert.throws(() => random(1).int(n), /broken invariant/)
})

test.run()
