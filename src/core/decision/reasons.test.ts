import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { NOTHING } from './intent.ts'
import {
  lack,
  silence,
  unknown,
  unlessAbove,
  unlessAtLeast,
  unlessAtMost,
  unlessBelow,
  unlessShortable,
  unpriced,
} from './reasons.ts'
import { viewOf } from './view.fixture.ts'

const test = suite('reasons')

const ASKED = viewOf({ wantsReasons: true })
const UNASKED = viewOf()

test('a condition answers null on its side of the limit, and what is missing on the other', () => {
  for (const [unless, value, limit, holds, words] of [
    [unlessBelow, 4.9, 5, true, ''],
    [unlessBelow, 5, 5, false, 'BB% 5, has to be below 5'],
    [unlessAbove, 5.1, 5, true, ''],
    [unlessAbove, 5, 5, false, 'BB% 5, has to be above 5'],
    [unlessAtMost, 5, 5, true, ''],
    [unlessAtMost, 5.123456789, 5, false, 'BB% 5.12346, has to be at most 5'],
    [unlessAtLeast, 5, 5, true, ''],
    [unlessAtLeast, 4, 5, false, 'BB% 4, has to be at least 5'],
  ] as const) {
    const missing = unless(ASKED, 'long', 'BB%', value, limit)
    assert.is(missing === null, holds, `${unless.name} ${value}`)
    if (missing !== null) {
      assert.is(missing.reason, words)
      assert.equal(
        [missing.lacks?.side, missing.lacks?.condition, missing.lacks?.value],
        ['long', 'BB%', value],
      )
    }
    assert.is(unless(UNASKED, 'long', 'BB%', value, limit) === null, holds, 'asked or not')
  }
})

test('where no reason is wanted none is made: silence is the one that is shared', () => {
  const one = unlessBelow(UNASKED, 'long', 'BB%', 50, 5)
  const other = unlessAbove(UNASKED, 'short', 'RSI', 50, 65)
  assert.ok(one !== null)
  assert.is(one, other)
  assert.is(one, unknown(UNASKED, null, 'BB%'))
  assert.is(one, unpriced(UNASKED, 'long'))
  assert.is(silence(UNASKED, one, other), NOTHING)
})

test('what is missing is told for each side', () => {
  const long = lack(ASKED, 'long', 'BB%', 50, 'has to be below 5')
  const short = lack(ASKED, 'short', 'tier', 'C', 'has to be A or B')
  assert.equal(silence(ASKED, long), [long])
  assert.equal(silence(ASKED, long, short), [long, short])
  assert.is(short.reason, 'tier C, has to be A or B')
})

test('what is not known is told as that, and so is a number that is none', () => {
  const missing = unknown(ASKED, 'long', 'BB%')
  assert.equal(missing.lacks, { side: 'long', condition: 'BB%', value: null, limit: 'has to be known' })
  assert.equal(lack(ASKED, 'long', 'BB%', Number.NaN, 'has to be below 5'), missing)
})

test('what is never sold short is named', () => {
  assert.is(unlessShortable(ASKED), null)
  const listed = viewOf({ wantsReasons: true, neverShort: true })
  assert.equal(unlessShortable(listed)?.lacks?.value, listed.symbol)
})

test.run()
