import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { entryBreaches, ladderBreaches, managementBreaches, sizingBreaches } from './contract.ts'
import type { Intent } from './intent.ts'
import { lack, silence } from './reasons.ts'
import type { EntryStrategy, LadderStrategy, ManagementStrategy, SizingStrategy } from './strategy.ts'
import { positionOf, positionViewOf, signalOf, steps, ticks, viewOf } from './view.fixture.ts'
import type { View } from './view.ts'

const test = suite('contract of strategies')

type Enter = Extract<Intent, { readonly kind: 'enter' }>

const ENTER: Enter = {
  kind: 'enter',
  side: 'long',
  order: { type: 'limit', price: ticks(1000) },
  stop: ticks(950),
  target: ticks(1500),
  leverage: 3,
  reason: 'because',
}

function entering(decide: EntryStrategy['decide'], partialTargets = false): EntryStrategy {
  return {
    id: 'one',
    role: 'entry',
    timeframe: '1d',
    precedence: 1,
    params: { leverage: 3 },
    terms: () => ({
      leverage: 3,
      risk: 0.2,
      maxPositions: 1,
      cooldown: 0,
      cooldownAfterStop: 0,
      cooldownAfterTarget: 0,
      maxHold: null,
      partialTargets,
    }),
    decide,
  }
}

const managing = (...intents: readonly Intent[]): ManagementStrategy => ({
  id: 'one',
  role: 'management',
  params: {},
  decide: () => intents,
})

const sizing = (...intents: readonly Intent[]): SizingStrategy => ({
  id: 'one',
  role: 'sizing',
  params: {},
  decide: () => intents,
})

/** Wants nothing, and says why where that is asked for. */
const SILENT: EntryStrategy['decide'] = view =>
  silence(view, lack(view, null, 'BB%', 50, 'has to be below 5'))

test('an orderly entry, and a silence that says why when asked, break nothing', () => {
  for (const decide of [() => [ENTER], SILENT]) assert.equal(entryBreaches(entering(decide), viewOf()), [])
})

test('a silence without a reason, one without its condition, one unasked and another wish when asked are named', () => {
  const hold = { kind: 'hold', reason: 'not yet' } as const
  for (const [decide, ...breaches] of [
    [() => [], 'wants nothing and does not say why'],
    [(view: View) => (view.wantsReasons ? [hold] : []), 'holds without its condition'],
    [(view: View) => SILENT({ ...view, wantsReasons: true }, {}), 'hold is not for its role'],
    [(view: View) => (view.wantsReasons ? SILENT(view, {}) : [ENTER]), 'wants something else when asked why'],
  ] as const) {
    assert.equal(entryBreaches(entering(decide), viewOf()), breaches)
  }
})

test('every way in which an entry can be wrong is named', () => {
  const short = { side: 'short', stop: ticks(1050), target: ticks(900) } as const
  const cases: readonly (readonly [Partial<Enter>, RegExp])[] = [
    [{ stop: ticks(1000) }, /out of order for a long/],
    [{ stop: ticks(1001) }, /out of order for a long/],
    [{ target: ticks(1000) }, /out of order for a long/],
    [{ ...short, stop: ticks(999) }, /out of order for a short/],
    [{ ...short, target: ticks(1001) }, /out of order for a short/],
    [{ stop: ticks(0) }, /0 is no price/],
    [{ stop: ticks(950.5) }, /950.5 is no price/],
    [{ order: { type: 'limit', price: ticks(Number.NaN) } }, /NaN is no price/],
    [{ target: ticks(2 ** 53) }, /9007199254740992 is no price/],
    [{ order: { type: 'market' }, stop: ticks(1500) }, /entry 1500, stop 1500/],
    [{ leverage: 5 }, /leverage 5/],
    [{ target: null }, /target/],
    [{ reason: ' ' }, /says nothing/],
    [{ reason: 'BB% NaN < 25' }, /says nothing/],
  ]
  for (const [wrong, expected] of cases) {
    const breaches = entryBreaches(
      entering(() => [{ ...ENTER, ...wrong }]),
      viewOf(),
    )
    assert.ok(
      breaches.some(breach => expected.test(breach)),
      `${expected}: ${breaches.join('; ')}`,
    )
  }
})

test('an entry without bands, against the never-short list or with a target beside partial ones is named', () => {
  const strategy = entering(() => [ENTER])
  assert.equal(entryBreaches(strategy, viewOf({ middle: undefined })), ['enters without bands'])
  const short = entering(() => [{ ...ENTER, side: 'short', stop: ticks(1050), target: ticks(900) }])
  assert.equal(entryBreaches(short, viewOf()), [])
  assert.equal(entryBreaches(short, viewOf({ neverShort: true })), ['sells short what is never sold short'])
  assert.equal(
    entryBreaches(
      entering(() => [ENTER], true),
      viewOf(),
    ).length,
    1,
  )
})

test('a strategy that remembers, or writes to its parameters, is named', () => {
  let asked = 0
  const forgetful = entering(() => (asked++ % 2 === 0 ? [ENTER] : []))
  assert.equal(entryBreaches(forgetful, viewOf()), ['answers the same question in two ways'])
  const writing = entering((view, params) => {
    Object.assign(params, { leverage: 4 })
    return SILENT(view, params)
  })
  assert.equal(entryBreaches(writing, viewOf()), ['changes its parameters'])
})

test('each role may answer only with its own intents', () => {
  const hold = { kind: 'hold', reason: 'not yet' } as const
  const exit = { kind: 'exit', why: 'time-exit', reason: 'enough' } as const
  const resize = { kind: 'resize', steps: steps(1), reason: 'smaller' } as const
  const view = positionViewOf(positionOf())
  const proposal = { signal: signalOf(), entry: 97, steps: steps(2), equity: 1000, takerFee: 0 }
  for (const intent of [exit, resize]) {
    assert.equal(
      entryBreaches(
        entering(() => [intent]),
        view,
      ),
      [`${intent.kind} is not for its role`],
    )
  }
  for (const intent of [ENTER, resize]) {
    assert.equal(managementBreaches(managing(intent), view), [`${intent.kind} is not for its role`])
  }
  for (const intent of [hold, exit, ENTER]) {
    assert.equal(sizingBreaches(sizing(intent), proposal), [`${intent.kind} is not for its role`])
  }
  assert.equal(managementBreaches(managing(hold, exit), view), [])
  assert.equal(sizingBreaches(sizing(resize), proposal), [])
})

test('a stop that is not tighter, or past the mark, is named on both sides', () => {
  const move = (stop: number, why: 'trailing' | 'halving' | 'breakeven' = 'trailing'): ManagementStrategy =>
    managing({ kind: 'move-stop', stop: ticks(stop), why, reason: 'closer' })
  const long = positionViewOf(positionOf(), { mark: 110 })
  const short = positionViewOf(positionOf({ side: 'short' }), { mark: 90 })
  for (const [view, loose, good, past] of [
    [long, 950, 951, 1100],
    [short, 1050, 1049, 900],
  ] as const) {
    assert.equal(managementBreaches(move(loose), view).length, 1)
    assert.equal(managementBreaches(move(good), view), [])
    assert.equal(managementBreaches(move(past), view).length, 1)
    assert.equal(managementBreaches(move(past, 'halving'), view).length, 1)
    assert.equal(managementBreaches(move(past, 'breakeven'), view), [])
  }
  assert.match(managementBreaches(move(950.5), long).join(), /no price/)
})

test('targets out of order, too small, too many or without bands are named', () => {
  const part = (leg: 1 | 2, price: number, size: number): Intent => ({
    kind: 'reduce',
    leg,
    price: ticks(price),
    steps: steps(size),
    reason: 'target',
  })
  const instrument = { ...positionOf().instrument, minQty: steps(100) }
  const view = positionViewOf(positionOf({ instrument }))
  assert.equal(managementBreaches(managing(part(1, 1100, 200), part(2, 1200, 300)), view), [])
  assert.equal(managementBreaches(managing(part(2, 1200, 1000)), view), [])
  const cases: readonly (readonly [readonly Intent[], RegExp])[] = [
    [[part(2, 1100, 200), part(1, 1200, 300)], /leg 1 comes after leg 2/],
    [[part(1, 1200, 200), part(2, 1200, 300)], /not beyond 1200/],
    [[part(1, 1000, 200)], /not beyond/],
    [[part(1, 1100, 99)], /below the least order/],
    [[part(1, 1100, 100.5)], /below the least order/],
    [[part(1, 1100, 600), part(2, 1200, 600)], /200 steps more than are held/],
    [[part(1, 1100, 901)], /leaves 99 steps/],
  ]
  for (const [intents, expected] of cases) {
    assert.match(managementBreaches(managing(...intents), view).join('; '), expected)
  }
  const blind = positionViewOf(positionOf({ instrument }), { middle: undefined })
  assert.equal(managementBreaches(managing(part(1, 1100, 200)), blind), ['sets targets without bands'])
})

test('a size that is raised, kept or no whole number is named, nothing at all is a size', () => {
  const proposal = { signal: signalOf(), entry: 97, steps: steps(10), equity: 1000, takerFee: 0 }
  const resized = (size: number): readonly string[] =>
    sizingBreaches(sizing({ kind: 'resize', steps: steps(size), reason: 'smaller' }), proposal)
  for (const size of [0, 1, 9]) assert.equal(resized(size), [])
  for (const size of [10, 11, -1, 1.5, Number.NaN]) assert.ok(resized(size).length > 0, String(size))
})

test('every way in which an add can be wrong is named', () => {
  const rung = { price: ticks(950), steps: steps(300), filled: steps(100), margin: 9.5, isDropped: false }
  const ladder = { firstEntry: ticks(1000), budget: 10, takerFee: 0, maxMargin: 80, decided: null }
  const ADD = { kind: 'add', rung: 0, price: ticks(950), steps: steps(200), reason: 'add 1' } as const
  const breachesOf = (intents: readonly Intent[], over: Partial<typeof rung> = {}): readonly string[] => {
    const strategy: LadderStrategy = {
      id: 'test',
      role: 'ladder',
      params: {},
      applies: () => true,
      stop: () => undefined,
      plan: () => ({ refused: 'no', figures: {} }),
      decide: () => intents,
    }
    const rungs = [{ ...rung, ...over }]
    const position = positionOf({ stop: ticks(850), ladder: { ...ladder, rungs } })
    return ladderBreaches(strategy, positionViewOf(position))
  }
  assert.equal(breachesOf([ADD]), [])
  assert.equal(breachesOf([ADD, ADD]), ['wants two adds at once'])
  assert.equal(breachesOf([{ ...ADD, rung: 1 }]), ['adds on rung 1, which was not planned'])
  assert.equal(breachesOf([ADD], { isDropped: true }), ['adds on rung 0, which was not planned'])
  assert.equal(breachesOf([{ ...ADD, price: ticks(951) }]), ['adds at 951, not at the planned 950'])
  assert.equal(breachesOf([{ ...ADD, steps: steps(201) }]), ['adds 201 steps, more than the rung has left'])
  assert.equal(breachesOf([{ ...ADD, price: ticks(850) }], { price: ticks(850) }), [
    'adds at 850, which is past the stop 850',
  ])
  assert.equal(breachesOf([{ kind: 'exit', why: 'time-exit', reason: 'no' }]), ['exit is not for its role'])
})

test.run()
