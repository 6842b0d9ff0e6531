import { sampleCorrelation } from 'simple-statistics'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { random } from '../base/random.ts'
import { HOUR } from '../base/units.ts'
import { instrumentOf, MIDNIGHT, positionOf, signalOf, steps } from '../decision/view.fixture.ts'
import { CORRELATED_HOURS, correlation } from './correlation.ts'
import type { HourlyCloses, House, Proposal, Verdict } from './guard.ts'
import { booksOf, houseOf, outcome, pendingOf, proposalOf } from './proposal.fixture.ts'

const test = suite('correlation')

/** 23 returns without a trend that are normalised, and others that have no part of them. */
const [BASE, OTHER] = orthogonal()

function orthogonal(): readonly [readonly number[], readonly number[]] {
  const next = random(7)
  const draw = (): number[] => centred(Array.from({ length: CORRELATED_HOURS - 1 }, () => next.next() - 0.5))
  const first = draw()
  const second = draw()
  const part = dot(first, second) / dot(first, first)
  return [unit(first), unit(second.map((value, i) => value - part * first[i]))]
}

function centred(values: readonly number[]): number[] {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  return values.map(value => value - mean)
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, i) => sum + value * b[i], 0)
}

function unit(values: readonly number[]): number[] {
  const length = Math.sqrt(dot(values, values))
  return values.map(value => (0.01 * value) / length)
}

/** Closes whose log returns are these, up to a time. */
function closesOf(returns: readonly number[], end = MIDNIGHT): HourlyCloses {
  let price = 100
  return { end, closes: [price, ...returns.map(value => (price *= Math.exp(value)))] }
}

/** Closes that move with `BASE` by so much. */
function movingWith(share: number, end = MIDNIGHT): HourlyCloses {
  return closesOf(
    BASE.map((value, i) => share * value + Math.sqrt(1 - share * share) * OTHER[i]),
    end,
  )
}

const PROPOSAL = proposalOf({ steps: steps(1_000), margin: (1 * 97) / 3 })

function check(
  hours: ReadonlyMap<string, HourlyCloses>,
  over: Partial<House> = {},
  proposal: Proposal = PROPOSAL,
): Verdict {
  const portfolio = booksOf([positionOf({ symbol: 'ADAUSDT' })])
  return correlation.check(proposal, houseOf({ portfolio, hours, ...over }), correlation.params)
}

/** The proposal's symbol moves as `BASE` does, the one that is held by a share of it. */
const sharing = (share: number): ReadonlyMap<string, HourlyCloses> =>
  new Map([
    ['SOLUSDT', closesOf(BASE)],
    ['ADAUSDT', movingWith(share)],
  ])

function sizeOf(verdict: Verdict): number | null {
  return 'admitted' in verdict ? verdict.admitted.steps : null
}

test('what moves with something held on its side is refused above 0.85 and halved above 0.70', () => {
  assert.is(outcome(check(sharing(0.8501))), 'correlation')
  assert.is(sizeOf(check(sharing(0.8499))), 500)
  assert.is(sizeOf(check(sharing(0.7001))), 500)
  assert.is(sizeOf(check(sharing(0.6999))), 1_000)
  assert.is(sizeOf(check(sharing(0))), 1_000)
  assert.is(sizeOf(check(sharing(-0.99))), 1_000)
  assert.is(outcome(check(sharing(1))), 'correlation')
})

test('exactly at a limit nothing is refused and nothing is halved', () => {
  const hours = sharing(0.77)
  const [a, b] = ['SOLUSDT', 'ADAUSDT'].map(symbol => {
    const closes = hours.get(symbol)?.closes ?? []
    return closes.slice(1).map((close, i) => Math.log(close / closes[i]))
  })
  const value = sampleCorrelation(a, b)
  const house = houseOf({ portfolio: booksOf([positionOf({ symbol: 'ADAUSDT' })]), hours })
  const at = (refuseAbove: number, halveAbove: number): Verdict =>
    correlation.check(PROPOSAL, house, { refuseAbove, halveAbove })
  assert.is(sizeOf(at(value, value)), 1_000)
  assert.is(sizeOf(at(value, value - 1e-12)), 500)
  assert.is(outcome(at(value - 1e-12, 0)), 'correlation')
})

test('half is rounded down to a step, its margin with it, and below the least order it is refused', () => {
  const verdict = check(sharing(0.75), {}, { ...PROPOSAL, steps: steps(1_001) })
  assert.ok('admitted' in verdict && verdict.admitted.steps === 500)
  assert.is('admitted' in verdict && verdict.admitted.margin, (0.5 * 97) / 3)
  assert.match('admitted' in verdict ? verdict.admitted.sizing : '', /half, as it moves with ADAUSDT/)
  const signal = signalOf({ instrument: instrumentOf({ minNotional: 49 }) })
  assert.is(outcome(check(sharing(0.75), {}, { ...PROPOSAL, signal })), 'correlation')
})

test('the most alike of all counts; entries on their way count as held, the other side and itself do not', () => {
  const hours = new Map([...sharing(0.2), ['XRPUSDT', movingWith(0.9)] as const])
  const held = positionOf({ symbol: 'ADAUSDT' })
  const xrp = positionOf({ symbol: 'XRPUSDT' })
  const over = (...books: Parameters<typeof booksOf>): string =>
    outcome(check(hours, { portfolio: booksOf(...books) }))
  assert.is(over([held]), 'admitted')
  assert.is(over([held, xrp]), 'correlation')
  assert.is(over([held], [pendingOf({ symbol: 'XRPUSDT' })]), 'correlation')
  assert.is(over([held, { ...xrp, side: 'short' }]), 'admitted')
  assert.is(over([held], [pendingOf({ symbol: 'XRPUSDT', side: 'short' })]), 'admitted')
  const own = positionOf({ symbol: 'SOLUSDT' })
  assert.is(outcome(check(hours, { portfolio: booksOf([own]) }, { ...PROPOSAL, addsTo: own })), 'admitted')
})

test('shorts are judged beside shorts as longs beside longs', () => {
  const short = { ...PROPOSAL, signal: signalOf({ side: 'short' }) }
  const portfolio = booksOf([positionOf({ symbol: 'ADAUSDT', side: 'short' })])
  assert.is(outcome(check(sharing(0.9), { portfolio }, short)), 'correlation')
  assert.is(outcome(check(sharing(0.9), { portfolio })), 'admitted')
})

test('an add, whose size is planned, is refused where an entry is halved', () => {
  const addsTo = positionOf({ symbol: 'SOLUSDT' })
  assert.is(outcome(check(sharing(0.75), {}, { ...PROPOSAL, addsTo })), 'correlation')
  // One of the value of another position cannot be halved either.
  assert.is(outcome(check(sharing(0.75), {}, { ...PROPOSAL, replaces: addsTo })), 'correlation')
  assert.is(sizeOf(check(sharing(0.65), {}, { ...PROPOSAL, replaces: addsTo })), 1_000)
  assert.is(sizeOf(check(sharing(0.65), {}, { ...PROPOSAL, addsTo })), 1_000)
})

const full = closesOf(BASE)
const LACKING: readonly (readonly [what: string, hours: readonly (readonly [string, HourlyCloses])[]])[] = [
  ['nothing of the entry', [['ADAUSDT', full]]],
  ['nothing of what is held', [['SOLUSDT', full]]],
  [
    'an hour too few',
    [
      ['SOLUSDT', full],
      ['ADAUSDT', { ...full, closes: full.closes.slice(1) }],
    ],
  ],
  [
    'other hours',
    [
      ['SOLUSDT', full],
      ['ADAUSDT', { ...full, end: MIDNIGHT - HOUR }],
    ],
  ],
  [
    'hours of long ago',
    ['SOLUSDT', 'ADAUSDT'].map(one => [one, { ...full, end: MIDNIGHT - 2 * HOUR }] as const),
  ],
  ['hours to come', ['SOLUSDT', 'ADAUSDT'].map(one => [one, { ...full, end: MIDNIGHT + HOUR }] as const)],
  [
    'a price that has not moved',
    [
      ['SOLUSDT', full],
      ['ADAUSDT', { ...full, closes: full.closes.map(() => 5) }],
    ],
  ],
]

for (const [what, hours] of LACKING) {
  test(`${what}: refused, or skipped and named where that is all there is`, () => {
    assert.is(outcome(check(new Map(hours))), 'correlation')
    const verdict = check(new Map(hours), { lacking: 'skip' })
    assert.equal('admitted' in verdict && verdict.admitted.skipped, ['correlation'])
    assert.is(sizeOf(verdict), 1_000)
  })
}

test('the hour before the last is new enough while its successor is still to be told', () => {
  const hours = new Map(['SOLUSDT', 'ADAUSDT'].map(one => [one, { ...full, end: MIDNIGHT - HOUR }] as const))
  assert.is(outcome(check(hours)), 'correlation')
  const apart = new Map([
    ['SOLUSDT', closesOf(BASE, MIDNIGHT - HOUR)],
    ['ADAUSDT', movingWith(0, MIDNIGHT - HOUR)],
  ])
  assert.is(outcome(check(apart)), 'admitted')
})

test('what is known refuses although something else is not', () => {
  const portfolio = booksOf([positionOf({ symbol: 'ADAUSDT' }), positionOf({ symbol: 'XRPUSDT' })])
  assert.is(outcome(check(sharing(0.9), { portfolio, lacking: 'skip' })), 'correlation')
  const verdict = check(sharing(0.75), { portfolio, lacking: 'skip' })
  assert.equal('admitted' in verdict && [verdict.admitted.steps, verdict.admitted.skipped], [
    500,
    ['correlation'],
  ])
})

test('with nothing held on the side there is nothing to lack', () => {
  const verdict = check(new Map(), { portfolio: booksOf([]) })
  assert.equal('admitted' in verdict && verdict.admitted.skipped, [])
})

test.run()
