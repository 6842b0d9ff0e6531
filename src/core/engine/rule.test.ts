import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { isSilent, type Rule, THE_HOUSE } from './rule.ts'

const test = suite('rule')

const PLAIN: Rule<null, string | null> = { kind: 'expiry', about: () => THE_HOUSE, decide: () => null }

test('null says that nothing is to be done, unless the rule has words of its own for it', () => {
  assert.is(isSilent(PLAIN, null, null), true)
  assert.is(isSilent(PLAIN, 'something', null), false)
  const own: Rule<number, number> = {
    kind: 'expiry',
    about: () => THE_HOUSE,
    decide: seen => seen,
    isSilent: (now, before) => now === before,
  }
  assert.is(isSilent(own, 1, 1), true)
  assert.is(isSilent(own, 2, 1), false)
})

test.run()
