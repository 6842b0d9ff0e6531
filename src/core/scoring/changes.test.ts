import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { scoreChanges } from './changes.ts'
import { type ScoreInputs, score } from './score.ts'

const test = suite('changes of a score')
const SEED = 20_260_511
console.log(`seed ${SEED}`)
const LEAST = 5.5

/** 5.0: 6 + 24 + 12 + 6 + 1 + 4 + 3 + 2 + 2 = 60 points. */
const POOR: ScoreInputs = {
  side: 'long',
  tier: 'B',
  bbPercent: 30,
  weekBb: 60,
  monthBb: 70,
  turnover: 30e6,
  streak: 1,
  funding: 0.0001,
  width: 12,
  rsi: 45,
}

const changeOf = (inputs: ScoreInputs, figure: string) => {
  const found = scoreChanges(inputs, LEAST).figures.find(one => one.figure === figure)
  if (found === undefined) throw new Error(figure)
  return found
}

test('each figure has its next better band with the score it would make, and the nearest that passes', () => {
  assert.is(score(POOR).value, 5)
  const { missing, rejecting, isOneEnough } = scoreChanges(POOR, LEAST)
  assert.equal([missing, rejecting, isOneEnough], [0.5, [], true])
  // BB% below 25 brings 12 points, and one for the distance from the band: 73 / 12.
  assert.equal(changeOf(POOR, 'bbPercent').passing, { is: '<', limit: 25, score: 6.1 })
  // Two days bring 4 points, 0.3; three bring 10.
  assert.equal(changeOf(POOR, 'streak').better, { is: '>=', limit: 2, score: 5.3 })
  assert.equal(changeOf(POOR, 'streak').passing, { is: '>=', limit: 3, score: 5.8 })
  assert.equal(changeOf(POOR, 'turnover').better, { is: '>', limit: 50e6, score: 5.2 })
  assert.equal(changeOf(POOR, 'turnover').passing, { is: '>', limit: 500e6, score: 5.7 })
  assert.equal(changeOf(POOR, 'rsi').passing, null)
  assert.equal(changeOf(POOR, 'funding').better, { is: '<=', limit: 0.00005, score: 5.1 })
})

test('what moves with a figure counts: the distance from the band with the width, the adjustments with BB%', () => {
  // At width 10, 30 % of it are 3: one point more from the distance alone.
  assert.equal(changeOf(POOR, 'width').better, { is: '<=', limit: 10, score: 5.1 })
  const cheap = { ...POOR, weekBb: 40, monthBb: 40 }
  // Below 25 +0.4 takes the place of +0.3.
  assert.is(changeOf(cheap, 'bbPercent').better?.limit === 25, true)
})

test('every metric that rejects is named, and no other single figure makes up for it', () => {
  const bad: ScoreInputs = { ...POOR, tier: 'E', turnover: 10, bbPercent: 90 }
  const { rejecting, isOneEnough, missing } = scoreChanges(bad, LEAST)
  assert.equal([rejecting, isOneEnough, missing], [['tier', 'bbPercent', 'turnover'], false, 5.5])
  const thin = { ...POOR, turnover: 10, bbPercent: 8 }
  assert.equal(
    scoreChanges(thin, LEAST).figures.flatMap(({ figure, passing }) => (passing === null ? [] : [figure])),
    ['turnover'],
  )
})

test('what passes asks for nothing, and what is not known has no step', () => {
  const good = { ...POOR, bbPercent: 8, monthBb: null }
  const { missing, isOneEnough, figures } = scoreChanges(good, LEAST)
  assert.equal([missing, isOneEnough], [0, false])
  assert.equal(
    figures.filter(({ passing }) => passing !== null),
    [],
  )
  const month = changeOf(good, 'monthBb')
  assert.equal([month.now, month.better], [null, null])
})

const inputs = fc.record<ScoreInputs>({
  side: fc.constantFrom('long', 'short'),
  tier: fc.constantFrom('S', 'A', 'B', 'C', 'D', 'E'),
  bbPercent: fc.integer({ min: -200, max: 1_200 }).map(tenths => tenths / 10),
  weekBb: fc.option(fc.integer({ min: -20, max: 120 })),
  monthBb: fc.option(fc.integer({ min: -20, max: 120 })),
  turnover: fc.integer({ min: 0, max: 600 }).map(millions => millions * 1e6),
  streak: fc.integer({ min: 0, max: 7 }),
  funding: fc.option(fc.integer({ min: -60, max: 60 }).map(points => points / 1e5)),
  width: fc.integer({ min: 1, max: 300 }).map(tenths => tenths / 10),
  rsi: fc.integer({ min: 0, max: 100 }),
})

/** Nearly every value that a figure can have. */
const GRIDS: { readonly [figure: string]: readonly number[] } = {
  bbPercent: Array.from({ length: 2_001 }, (_, k) => k / 10 - 50),
  turnover: Array.from({ length: 1_201 }, (_, k) => (k + 1) * 0.5e6),
  streak: [0, 1, 2, 3, 4, 5, 6, 7],
  weekBb: Array.from({ length: 141 }, (_, k) => k - 20),
  monthBb: Array.from({ length: 141 }, (_, k) => k - 20),
  width: Array.from({ length: 400 }, (_, k) => (k + 1) / 10),
  rsi: Array.from({ length: 101 }, (_, k) => k),
}

test(`no value of a figure is nearer than the step that is named, and none passes where none is (seed ${SEED})`, () => {
  const property = fc.property(inputs, given => {
    const before = score(given).value
    for (const { figure, now, better, passing } of scoreChanges(given, LEAST).figures) {
      const grid = GRIDS[figure]
      if (grid === undefined || typeof now !== 'number') continue
      const isPassing = before >= LEAST
      for (const [step, enough] of [
        [better, (value: number) => value > before],
        [isPassing ? undefined : passing, (value: number) => value >= LEAST],
      ] as const) {
        if (step === undefined) continue
        const far = step === null ? Number.POSITIVE_INFINITY : Math.abs(Number(step.limit) - now)
        for (const value of grid) {
          if (Math.abs(value - now) >= far) continue
          const after = score({ ...given, [figure]: value }).value
          assert.not.ok(
            enough(after),
            `${figure} ${now} to ${value}: ${before} to ${after}, named ${JSON.stringify(step)}`,
          )
        }
      }
    }
  })
  fc.assert(property, { seed: SEED, numRuns: 60 })
})

test.run()
