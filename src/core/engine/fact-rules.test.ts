import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DAY, MINUTE } from '../base/units.ts'
import { instrumentOf } from '../decision/view.fixture.ts'
import { instrument } from './desk.fixture.ts'
import {
  DELISTING,
  FILTERS,
  type FiltersVerdict,
  LISTING,
  MAINTENANCE,
  TERMS,
  TERMS_CAUSES,
  type TermsCause,
  type TermsVerdict,
} from './fact-rules.ts'
import type { AccountTerms, Listing } from './protocol.ts'
import { asking } from './rules.fixture.ts'

const test = suite('fact rules')
const ask = asking()
const NOW = 10 * DAY

const listing = (status: Listing['status'], delistsAt: number | null = null): Listing => ({
  symbol: 'SOLUSDT',
  status,
  delistsAt,
})

test('filters that stay are no news, and another tick or step has everything counted anew', () => {
  const before = instrument('SOLUSDT')
  const changed = (over: Parameters<typeof instrumentOf>[0]): FiltersVerdict =>
    ask(FILTERS, { before, now: instrumentOf({ ...before, ...over }) })
  assert.equal(changed({}), { changed: [], isCounted: false })
  assert.is(changed({ tick: '0.01' }).isCounted, true)
  assert.is(changed({ maxLeverage: before.maxLeverage - 1 }).isCounted, false)
})

test('what is not traded as ever is off, the same again is no news, and as ever ends it', () => {
  const verdict = (now: Listing, before: Listing | null) => ask(LISTING, { now, before })
  assert.is(verdict(listing('trading'), null), null)
  for (const status of ['auction', 'stopped', 'unlisted'] as const) {
    assert.is(verdict(listing(status), null), 'off', status)
    assert.is(verdict(listing(status), listing(status)), null, status)
    assert.is(verdict(listing('trading'), listing(status)), 'as-ever', status)
  }
  assert.is(verdict(listing('trading', NOW), null), 'off')
  assert.is(verdict(listing('trading', NOW + 1), listing('trading', NOW)), 'off')
})

test('what is delisted is closed a day before, once, and while it is traded', () => {
  const closes = (now: number, over: Partial<Listing> = {}, isClosing = false): boolean =>
    ask(DELISTING, {
      position: { strategy: 'bb-grid', symbol: 'SOLUSDT', side: 'long' },
      listing: { ...listing('trading', NOW), ...over },
      isClosing,
      now,
    })
  assert.is(closes(NOW - DAY - 1), false)
  assert.is(closes(NOW - DAY), true)
  assert.is(closes(NOW - DAY, {}, true), false)
  assert.is(closes(NOW - DAY, { status: 'stopped' }), false)
  assert.is(closes(NOW - DAY, { delistsAt: null }), false)
})

test('maintenance is near from five minutes before, and over at its end, if that is told', () => {
  const verdict = (now: number, until: number | null, isPaused = false) =>
    ask(MAINTENANCE, { maintenance: { from: NOW, until }, isPaused, now })
  assert.is(verdict(NOW - 5 * MINUTE - 1, null), null)
  assert.is(verdict(NOW - 5 * MINUTE - 1, null, true), 'withdrawn')
  assert.is(verdict(NOW - 5 * MINUTE, null), 'near')
  assert.is(verdict(NOW + DAY, null, true), 'near')
  assert.is(verdict(NOW + 1, NOW + 2, true), 'near')
  assert.is(verdict(NOW + 2, NOW + 2, true), 'over')
  const none = (isPaused: boolean) => ask(MAINTENANCE, { maintenance: null, isPaused, now: NOW })
  assert.equal([none(false), none(true)], [null, 'withdrawn'])
})

const FIRST: AccountTerms = {
  marginMode: 'isolated',
  accountType: 'unified',
  mayOnlyReduce: false,
  marginUse: 0.1,
}
const verdict = (over: Partial<AccountTerms>, standing: readonly TermsCause[] = []): TermsVerdict =>
  ask(TERMS, { first: FIRST, now: { ...FIRST, ...over }, standing })

test('terms that changed, an account that may only reduce and little margin are each told apart', () => {
  assert.equal(verdict({}), { changed: [], standing: [], raised: [], lifted: [] })
  const all = verdict({ marginMode: 'cross', accountType: 'classic', mayOnlyReduce: true, marginUse: 1 })
  assert.equal(all.changed, ['marginMode', 'accountType'])
  assert.equal(all.raised, ['terms', 'only-reduce', 'margin'], 'what was changed is told as that')
  const cross = { ...FIRST, marginMode: 'cross' }
  const never = ask(TERMS, { first: cross, now: cross, standing: [] })
  assert.equal([never.changed, never.raised], [[], ['not-isolated']])
  const mended = ask(TERMS, { first: cross, now: FIRST, standing: ['not-isolated'] })
  assert.equal([mended.changed, mended.standing, mended.lifted], [[], [], ['not-isolated']])
  assert.equal(verdict({}, TERMS_CAUSES).lifted, TERMS_CAUSES)
  assert.equal(verdict({ mayOnlyReduce: true }, ['only-reduce', 'terms']), {
    changed: [],
    standing: ['only-reduce'],
    raised: [],
    lifted: ['terms'],
  })
})

test('little margin keeps entries away from one limit on, and until it is below another', () => {
  for (const [marginUse, expected] of [
    [null, [false, true]],
    [0.39, [false, false]],
    [0.4, [false, true]],
    [0.49, [false, true]],
    [0.5, [true, true]],
  ] as const) {
    const found = [[], ['margin'] as const].map(before => verdict({ marginUse }, before).standing.length > 0)
    assert.equal(found, expected, String(marginUse))
  }
})

test.run()
