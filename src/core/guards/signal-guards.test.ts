import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DAY, SECOND } from '../base/units.ts'
import type { Signal } from '../decision/signal.ts'
import { below, instrumentOf, MIDNIGHT, signalOf, ticks } from '../decision/view.fixture.ts'
import type { Guard, GuardParams, House, Proposal } from './guard.ts'
import { houseOf, outcome, proposalOf, scoreOf } from './proposal.fixture.ts'
import {
  confluence,
  distanceToStop,
  freshSignal,
  scoreThreshold,
  staleData,
  universe,
} from './signal-guards.ts'

const test = suite('signal guards')

function judged<P extends GuardParams>(
  guard: Guard<P>,
  signal: Partial<Signal>,
  proposal: Partial<Proposal> = {},
  house: Partial<House> = {},
): string {
  return outcome(
    guard.check(proposalOf({ signal: signalOf(signal), ...proposal }), houseOf(house), guard.params),
  )
}

test('coins on the never-trade list and quotes other than USDT are refused', () => {
  assert.is(judged(universe, {}), 'admitted')
  assert.is(judged(universe, {}, { neverTrade: true }), 'universe')
  assert.is(judged(universe, { instrument: instrumentOf({ quoteCoin: 'USDC' }) }), 'universe')
})

test('bands narrower than 1 % are a pegged market, of exactly 1 % they are not', () => {
  assert.is(judged(universe, { width: 1 }), 'admitted')
  assert.is(judged(universe, { width: below(1) }), 'universe')
  assert.is(judged(universe, { width: Number.NaN }), 'universe')
})

test('leverage 10 and more is for tiers S, A and B, leverage 3 for all', () => {
  for (const tier of ['S', 'A', 'B', 'C', 'D', 'E'] as const) {
    const expected = 'SAB'.includes(tier) ? 'admitted' : 'universe'
    assert.is(judged(universe, { tier, leverage: 10 }), expected, tier)
    assert.is(judged(universe, { tier, leverage: 25 }), expected, tier)
    assert.is(judged(universe, { tier, leverage: 3 }), 'admitted', tier)
  }
})

test('the least score is 5.5, compared as it was rounded', () => {
  assert.is(judged(scoreThreshold, {}, { score: scoreOf(55) }), 'admitted')
  assert.is(judged(scoreThreshold, {}, { score: scoreOf(54) }), 'score-threshold')
  assert.is(judged(scoreThreshold, {}, { score: scoreOf(100) }), 'admitted')
})

test('a least score between two tenths lets only the upper one through', () => {
  const check = (tenths: number, least: number): string =>
    outcome(scoreThreshold.check(proposalOf({ score: scoreOf(tenths) }), houseOf(), { least }))
  assert.is(check(55, 5.51), 'score-threshold')
  assert.is(check(55, 5.54), 'score-threshold')
  assert.is(check(56, 5.54), 'admitted')
  for (let tenths = 0; tenths <= 100; tenths++) {
    assert.is(check(tenths, Number((tenths / 10).toFixed(1))), 'admitted')
  }
})

test('a rejecting metric refuses even when every score is let through', () => {
  const rejected = proposalOf({ score: scoreOf(0, 'tier') })
  assert.is(outcome(scoreThreshold.check(rejected, houseOf(), { least: 0 })), 'score-threshold')
  const verdict = scoreThreshold.check(rejected, houseOf(), scoreThreshold.params)
  assert.is('refused' in verdict && verdict.refused.reason, 'score 0.0 < 5.5, rejected by tier')
})

test('a signal is fresh from the close of its candle up to, not at, the next close', () => {
  const at = (offset: number): string => judged(freshSignal, {}, {}, { now: MIDNIGHT + offset })
  assert.is(at(-1), 'fresh-signal')
  assert.is(at(0), 'admitted')
  assert.is(at(DAY - 1), 'admitted')
  assert.is(at(DAY), 'fresh-signal')
})

test('a ticker may be 60 s old for a limit entry and 10 s for one at the market', () => {
  const aged = (seconds: number, type: 'limit' | 'market'): string =>
    judged(
      staleData,
      {
        lastAt: MIDNIGHT - seconds * SECOND,
        order: type === 'limit' ? { type, price: ticks(970) } : { type },
      },
      {},
      { now: MIDNIGHT },
    )
  assert.is(aged(60, 'limit'), 'admitted')
  assert.is(aged(60.001, 'limit'), 'stale-data')
  assert.is(aged(10, 'market'), 'admitted')
  assert.is(aged(10.001, 'market'), 'stale-data')
  assert.is(aged(Number.NaN, 'limit'), 'stale-data')
  assert.is(aged(-10, 'market'), 'admitted')
  assert.is(aged(-10.001, 'market'), 'stale-data')
})

test('a candle missing inside the window is no data to enter on', () => {
  assert.is(judged(staleData, { missingCandles: 1 }), 'stale-data')
})

test('the stop has to be 1 % of the live price away, exactly 1 % is enough', () => {
  // The stop of a long at 99 from 100 is 1 % away, from 99.9 it is 0.9009 %.
  const long = (last: number): string => judged(distanceToStop, { last, stop: ticks(990) }, { entry: 100 })
  assert.is(long(100), 'admitted')
  assert.is(long(99.9), 'distance-to-stop')
  assert.is(long(99), 'distance-to-stop')
  assert.is(long(90), 'distance-to-stop')
  const short = (last: number): string =>
    judged(distanceToStop, { side: 'short', last, stop: ticks(1010) }, { entry: 100 })
  assert.is(short(100), 'admitted')
  assert.is(short(100.1), 'distance-to-stop')
  assert.is(short(101), 'distance-to-stop')
  assert.is(short(110), 'distance-to-stop')
  assert.is(long(Number.NaN), 'distance-to-stop')
})

test('the distance is that of the live price, not of the close decided on', () => {
  assert.is(judged(distanceToStop, { price: 93.1, last: 102, stop: ticks(930) }), 'admitted')
  assert.is(judged(distanceToStop, { price: 102, last: 93.1, stop: ticks(930) }), 'distance-to-stop')
})

test('an entry at or past its own stop is refused, and every refusal says which it is', () => {
  const reason = (signal: Partial<Signal>, entry: number): string => {
    const verdict = distanceToStop.check(proposalOf({ signal: signalOf(signal), entry }), houseOf(), {
      leastPercent: 1,
    })
    return 'refused' in verdict ? verdict.refused.reason : 'admitted'
  }
  assert.is(reason({}, 93.1), 'admitted')
  assert.is(reason({}, 93), 'the entry is past the stop')
  assert.is(reason({}, 92), 'the entry is past the stop')
  assert.is(reason({ side: 'short', stop: ticks(1050) }, 105), 'the entry is past the stop')
  assert.is(reason({ last: 93 }, 97), 'the price is past the stop')
  assert.is(reason({ last: 93.5 }, 97), 'the stop is 0.53 % away')
})

test('two of three bands have to agree with the side', () => {
  for (const [bbPercent, weekBb, monthBb, long, short] of [
    [10, 10, 10, 'admitted', 'confluence'],
    [10, 10, 90, 'admitted', 'confluence'],
    [90, 10, 10, 'admitted', 'confluence'],
    [10, 90, 90, 'confluence', 'admitted'],
    [50, 50, 10, 'confluence', 'confluence'],
    [10, null, null, 'confluence', 'confluence'],
    [10, 10, null, 'admitted', 'confluence'],
    [90, null, 90, 'confluence', 'admitted'],
  ] as const) {
    const figures = { bbPercent, weekBb, monthBb }
    assert.is(judged(confluence, { ...figures }), long, `long ${JSON.stringify(figures)}`)
    assert.is(judged(confluence, { ...figures, side: 'short' }), short, `short ${JSON.stringify(figures)}`)
  }
})

test('a refusal names its gate and carries the figures it was based on', () => {
  const verdict = confluence.check(
    proposalOf({ signal: signalOf({ weekBb: null, monthBb: 60 }) }),
    houseOf(),
    confluence.params,
  )
  assert.equal(verdict, {
    refused: {
      gate: 'confluence',
      reason: '1 of 3 bands agree, 2 are needed',
      figures: { agreeing: 1, least: 2, bbPercent: 10, weekBb: null, monthBb: 60 },
    },
  })
})

test.run()
