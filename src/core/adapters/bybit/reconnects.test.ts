import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { MINUTE } from '../../base/units.ts'
import { Reconnects } from './reconnects.ts'

const test = suite('reconnects')

const last = (): number => 1 - Number.EPSILON

/** The waits of so many tries that fail. */
function waits(reconnects: Reconnects, tries: number): readonly number[] {
  return Array.from({ length: tries }, () => {
    const { wait } = reconnects
    reconnects.lost()
    return wait
  })
}

test('the waits double up to a minute, and the random part takes at most half of them', () => {
  for (const [random, factor] of [
    [() => 0, 0.5],
    [last, 1],
  ] as const) {
    const reconnects = new Reconnects(random)
    assert.equal(
      waits(reconnects, 10),
      [500, 1e3, 2e3, 4e3, 8e3, 16e3, 32e3, 6e4, 6e4, 6e4].map(wait => wait * factor),
    )
    assert.ok(reconnects.isSlowed)
  }
})

test('a connection that falls at once does not begin anew; one that has held for a minute does', () => {
  const reconnects = new Reconnects(last)
  waits(reconnects, 3)
  reconnects.opened(1_000)
  reconnects.holds(1_000 + MINUTE - 1)
  assert.is(reconnects.wait, 4_000)
  reconnects.lost()
  reconnects.holds(10 * MINUTE)
  assert.is(reconnects.wait, 8_000, 'it is not open')
  reconnects.opened(100_000)
  reconnects.holds(100_000 + MINUTE)
  assert.is(reconnects.wait, 500)
  assert.not.ok(reconnects.isSlowed)
})

test('in five minutes of an outage there are fewer than 20 tries, whatever the random part', () => {
  for (const random of [() => 0, last]) {
    const reconnects = new Reconnects(random)
    let tries = 0
    for (let at = 0; at < 5 * MINUTE; at += waits(reconnects, 1)[0] ?? 0) tries++
    assert.ok(tries < 20, `${tries}`)
  }
})

test.run()
