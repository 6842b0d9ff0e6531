import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { HOUR } from '../base/units.ts'
import { above, below, MIDNIGHT, positionOf, signalOf, steps } from '../decision/view.fixture.ts'
import { type Position, positionMargin } from '../portfolio/position.ts'
import {
  cooldown,
  dailyLoss,
  drawdown,
  longShare,
  onePosition,
  positionLimits,
  totalMargin,
} from './portfolio-guards.ts'
import { booksOf, houseOf, many, outcome, pendingOf, proposalOf } from './proposal.fixture.ts'

const test = suite('portfolio guards')

test('one position or pending entry a symbol, on either side, whoever holds it', () => {
  const check = (...books: Parameters<typeof booksOf>): string =>
    outcome(onePosition.check(proposalOf(), houseOf({ portfolio: booksOf(...books) }), {}))
  assert.is(check([]), 'admitted')
  assert.is(check([positionOf()]), 'one-position')
  assert.is(check([positionOf({ side: 'short', strategy: 'mean-reversion' })]), 'one-position')
  assert.is(check([], [pendingOf()]), 'one-position')
  assert.is(check([], [pendingOf({ side: 'short' })]), 'one-position')
  assert.is(check([positionOf({ symbol: 'XRPUSDT' })], [pendingOf({ symbol: 'LTCUSDT' })]), 'admitted')
})

test('in hedge mode the other side of a symbol is no matter, held or pending', () => {
  const check = (...books: Parameters<typeof booksOf>): string => {
    const house = houseOf({ portfolio: booksOf(...books), positionMode: 'hedge' })
    return outcome(onePosition.check(proposalOf(), house, {}))
  }
  assert.is(check([positionOf()]), 'one-position')
  assert.is(check([], [pendingOf()]), 'one-position')
  assert.is(check([positionOf({ side: 'short', strategy: 'mean-reversion' })]), 'admitted')
  assert.is(check([], [pendingOf({ side: 'short' })]), 'admitted')
  assert.is(check([positionOf({ side: 'short' })], [pendingOf()]), 'one-position')
})

test('both sides of a symbol count as two positions, and each binds its margin', () => {
  const both = booksOf([positionOf(), positionOf({ side: 'short' })])
  const house = houseOf({ portfolio: both, positionMode: 'hedge' })
  const taken = positionLimits.check(
    proposalOf({ terms: { ...proposalOf().terms, maxPositions: 2 } }),
    house,
    {},
  )
  assert.equal('refused' in taken ? taken.refused.figures : null, { taken: 2, most: 2 })
  const share = longShare.check(proposalOf(), house, { freePositions: 0, percent: 60 })
  assert.equal('refused' in share ? [share.refused.figures.longs, share.refused.figures.total] : null, [2, 3])
  const margin = totalMargin.check(proposalOf(), house, { percent: 100, usdt: null })
  assert.is('admitted' in margin ? margin.figures.used : null, 2 * positionMargin(positionOf()))
})

test('a cooldown refuses up to, and not at, its end, for its strategy and symbol alone', () => {
  const until = MIDNIGHT + 4 * HOUR
  const at = (now: number, key = 'bollinger-grid-long:SOLUSDT'): string =>
    outcome(cooldown.check(proposalOf(), houseOf({ now, cooldowns: new Map([[key, until]]) }), {}))
  assert.is(at(MIDNIGHT), 'cooldown')
  assert.is(at(until - 1), 'cooldown')
  assert.is(at(until), 'admitted')
  assert.is(at(MIDNIGHT, 'bollinger-grid-long:XRPUSDT'), 'admitted')
  assert.is(at(MIDNIGHT, 'mean-reversion:SOLUSDT'), 'admitted')
})

test('so many orders a coin within 24 h, an order of exactly a day ago not among them', () => {
  const terms = { ...proposalOf().terms, mostPerDay: 2 }
  const check = (...times: readonly number[]): string =>
    outcome(
      cooldown.check(
        proposalOf({ terms }),
        houseOf({ accepted: new Map([['bollinger-grid-long:SOLUSDT', times]]) }),
        {},
      ),
    )
  assert.is(check(), 'admitted')
  assert.is(check(MIDNIGHT), 'admitted')
  assert.is(check(MIDNIGHT - 24 * HOUR + 1, MIDNIGHT), 'cooldown')
  assert.is(check(MIDNIGHT - 24 * HOUR, MIDNIGHT), 'admitted')
})

test("a strategy's positions and pending entries together stay within its limit", () => {
  const check = (held: number, waiting: number): string => {
    const pending = Array.from({ length: waiting }, (_, i) => pendingOf({ symbol: `pending${i}USDT` }))
    const others = many(9, 'short', { strategy: 'mean-reversion' })
    const portfolio = booksOf([...many(held, 'long'), ...others], pending)
    return outcome(positionLimits.check(proposalOf(), houseOf({ portfolio }), {}))
  }
  assert.is(check(0, 0), 'admitted')
  assert.is(check(11, 0), 'admitted')
  assert.is(check(6, 5), 'admitted')
  assert.is(check(12, 0), 'position-limits')
  assert.is(check(6, 6), 'position-limits')
})

test('slots that several strategies share on one side are counted together, on that side alone', () => {
  const of = ['bollinger-grid-short', 'junk-short']
  const terms = {
    ...proposalOf().terms,
    maxPositions: 2,
    sharedSlots: [{ side: 'short' as const, of, most: 3 }],
  }
  const check = (held: Parameters<typeof booksOf>[0], side: 'long' | 'short' = 'short'): string => {
    const signal = signalOf({ side, strategy: 'junk-short' })
    return outcome(
      positionLimits.check(proposalOf({ signal, terms }), houseOf({ portfolio: booksOf(held) }), {}),
    )
  }
  const grid = many(3, 'short', { strategy: 'bollinger-grid-short' })
  const junk = [positionOf({ symbol: 'JUNKUSDT', side: 'short', strategy: 'junk-short' })]
  assert.is(check(grid.slice(0, 2)), 'admitted')
  assert.is(check(grid), 'position-limits')
  assert.is(check([...grid.slice(0, 1), ...junk]), 'admitted')
  assert.is(check([...grid.slice(0, 2), ...junk]), 'position-limits')
  assert.is(check(many(9, 'short', { strategy: 'mean-reversion' })), 'admitted')
  assert.is(check(grid, 'long'), 'admitted')
})

test('an entry that has filled in part takes one slot, not two', () => {
  const proposal = proposalOf({ terms: { ...proposalOf().terms, maxPositions: 2 } })
  const portfolio = booksOf([positionOf({ symbol: 'XRPUSDT' })], [pendingOf({ symbol: 'XRPUSDT' })])
  assert.is(outcome(positionLimits.check(proposal, houseOf({ portfolio }), {})), 'admitted')
})

test('5 % of equity lost in the day ends its entries, the limit itself included', () => {
  const after = (realisedToday: number, equity = 1000): string =>
    outcome(dailyLoss.check(proposalOf(), houseOf({ realisedToday, equity }), dailyLoss.params))
  assert.is(after(0), 'admitted')
  assert.is(after(-49.99), 'admitted')
  assert.is(after(-50), 'daily-loss')
  assert.is(after(-51), 'daily-loss')
  assert.is(after(500), 'admitted')
  // Of the equity that is left: 5 % of 900 is 45.
  assert.is(after(-46, 900), 'daily-loss')
  assert.is(after(Number.NaN), 'daily-loss')
  assert.is(after(0, Number.NaN), 'daily-loss')
  assert.is(after(0, 0), 'daily-loss')
})

test('an absolute loss holds where it is the smaller one', () => {
  const after = (realisedToday: number, usdt: number | null): string =>
    outcome(dailyLoss.check(proposalOf(), houseOf({ realisedToday }), { percent: 5, usdt }))
  assert.is(after(-20, 20), 'daily-loss')
  assert.is(after(-19.99, 20), 'admitted')
  assert.is(after(-50, 80), 'daily-loss')
  assert.is(after(-20, null), 'admitted')
})

test('a drawdown pause refuses from its beginning up to, and not at, its end; a halt until it is lifted', () => {
  const pausedUntil = MIDNIGHT + 24 * HOUR
  const at = (now: number, halted = false): string =>
    outcome(drawdown.check(proposalOf(), houseOf({ now, pausedUntil, halted }), {}))
  assert.is(at(MIDNIGHT), 'drawdown')
  assert.is(at(pausedUntil - 1), 'drawdown')
  assert.is(at(pausedUntil), 'admitted')
  assert.is(at(pausedUntil, true), 'drawdown')
  assert.is(outcome(drawdown.check(proposalOf(), houseOf(), {})), 'admitted')
})

test('the margin of everything with the new entry is 60 % of equity at most', () => {
  // A position of 3 coins at 100 and leverage 3 ties up 100, the pending entry another 100.
  const portfolio = booksOf(
    [positionOf({ symbol: 'XRPUSDT', steps: steps(3000) })],
    [pendingOf({ symbol: 'LTCUSDT' })],
  )
  const check = (margin: number, usdt: number | null = null, equity = 1000): string =>
    outcome(totalMargin.check(proposalOf({ margin }), houseOf({ portfolio, equity }), { percent: 60, usdt }))
  assert.is(check(400), 'admitted')
  assert.is(check(above(400)), 'total-margin')
  assert.is(check(below(400)), 'admitted')
  assert.is(check(300, null, 800), 'total-margin')
  assert.is(check(50, 250), 'admitted')
  assert.is(check(51, 250), 'total-margin')
  assert.is(check(400, 5000), 'admitted')
  assert.is(check(Number.NaN), 'total-margin')
  assert.is(check(1, null, Number.NaN), 'total-margin')
})

test('up to five positions all may be long, from six on at most 80 %, the new one counted', () => {
  const check = (longs: number, shorts: number, side: 'long' | 'short' = 'long'): string => {
    const portfolio = booksOf([...many(longs, 'long'), ...many(shorts, 'short')])
    const proposal = proposalOf({ signal: signalOf({ side }) })
    return outcome(longShare.check(proposal, houseOf({ portfolio }), longShare.params))
  }
  for (const [longs, shorts, expected] of [
    [0, 0, 'admitted'],
    [4, 0, 'admitted'],
    // The sixth would be a sixth long: 100 %.
    [5, 0, 'long-share'],
    // 5 of 6 are 83.3 %.
    [4, 1, 'long-share'],
    // 4 of 6 are 66.7 %.
    [3, 2, 'admitted'],
    // 8 of 10 are 80 %, 9 of 11 are 81.8 %.
    [7, 2, 'admitted'],
    [8, 2, 'long-share'],
    [12, 0, 'long-share'],
  ] as const) {
    assert.is(check(longs, shorts), expected, `${longs} long, ${shorts} short`)
    assert.is(check(longs, shorts, 'short'), 'admitted')
  }
})

test('pending entries count for the long share, and one that has filled in part counts once', () => {
  const pending = pendingOf({ symbol: 'LTCUSDT' })
  const check = (portfolio: ReturnType<typeof booksOf>): string =>
    outcome(longShare.check(proposalOf(), houseOf({ portfolio }), longShare.params))
  assert.is(check(booksOf(many(4, 'long'), [pending])), 'long-share')
  assert.is(check(booksOf(many(3, 'long'), [pending])), 'admitted')
  const [first] = many(1, 'long')
  assert.is(check(booksOf(many(4, 'long'), [pendingOf({ symbol: first?.symbol ?? '' })])), 'admitted')
})

test('an add to a position counts it once for the long share', () => {
  const check = (longs: number, shorts: number): string => {
    const held = many(longs, 'long')
    const portfolio = booksOf([...held, ...many(shorts, 'short')])
    const proposal = proposalOf({ addsTo: held[0] ?? null })
    return outcome(longShare.check(proposal, houseOf({ portfolio }), longShare.params))
  }
  assert.is(check(5, 0), 'admitted')
  assert.is(check(6, 0), 'long-share')
  assert.is(check(8, 2), 'admitted')
  assert.is(check(9, 2), 'long-share')
})

test('until it is closed the position whose place is taken binds margin beside the new one', () => {
  // 1 coin at 100 with leverage 3 binds 33.33 USDT.
  const of = (margin: number, replaces: Position | null): string =>
    outcome(totalMargin.check(proposalOf({ margin, replaces }), houseOf(), { percent: 10, usdt: null }))
  assert.is(of(99, null), 'admitted')
  assert.is(of(66.66, positionOf()), 'admitted')
  assert.is(of(66.67, positionOf()), 'total-margin')
})

test.run()
