import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { positionOf, ticks } from '../decision/view.fixture.ts'
import type { Guard } from './guard.ts'
import { ADD_GUARDS, admitEntry, GUARDS, readGates } from './list.ts'
import { booksOf, houseOf, many, proposalOf, scoreOf } from './proposal.fixture.ts'

const test = suite('list of guards')

const bound = GUARDS.map(guard => ({ guard, params: guard.params }))

test('a good entry passes every guard and comes out with its size', () => {
  const verdict = admitEntry(bound, proposalOf(), houseOf())
  assert.ok('admitted' in verdict)
  if (!('admitted' in verdict)) return
  // 60 USDT of margin x 3 / 97 = 1.8556 coins.
  assert.is(verdict.admitted.steps, 1855)
  assert.is(verdict.admitted.margin, (1.855 * 97) / 3)
})

test('the first guard that refuses ends the fold', () => {
  const house = houseOf({ portfolio: booksOf([positionOf()]), halted: true })
  const gate = (...args: Parameters<typeof admitEntry>): string => {
    const verdict = admitEntry(...args)
    return 'refused' in verdict ? verdict.refused.gate : 'admitted'
  }
  assert.is(gate(bound, proposalOf({ score: scoreOf(10), neverTrade: true }), house), 'universe')
  assert.is(gate(bound, proposalOf({ score: scoreOf(10) }), house), 'score-threshold')
  assert.is(gate(bound, proposalOf(), house), 'one-position')
  assert.is(gate(bound, proposalOf(), houseOf({ halted: true })), 'drawdown')
  let asked = 0
  const counting: Guard = {
    id: 'counting',
    scope: 'signal',
    reads: 'market',
    params: {},
    check: proposal => {
      asked++
      return { admitted: proposal, figures: {} }
    },
  }
  gate([...bound, { guard: counting, params: {} }], proposalOf({ neverTrade: true }), house)
  assert.is(asked, 0)
})

test('each guard sees what the one before it made of the proposal', () => {
  const widen: Guard = {
    id: 'widen',
    scope: 'signal',
    reads: 'market',
    params: {},
    check: proposal => ({ admitted: { ...proposal, margin: proposal.margin + 1 }, figures: {} }),
  }
  const one = { guard: widen, params: {} }
  const verdict = admitEntry([one, one, one], proposalOf(), houseOf())
  assert.is('admitted' in verdict && verdict.admitted.margin, 3)
})

test('the limit on total margin comes after the size it needs, and no id comes twice', () => {
  const ids = GUARDS.map(guard => guard.id)
  assert.ok(ids.indexOf('sizing') < ids.indexOf('total-margin'))
  assert.is(new Set(ids).size, ids.length)
  const verdict = admitEntry(bound, proposalOf(), houseOf({ equity: 1000, portfolio: booksOf([], []) }))
  assert.ok('admitted' in verdict)
})

test('a refusal bears the id of the guard that made it', () => {
  let refused = 0
  for (const guard of GUARDS) {
    for (const proposal of [
      proposalOf({ neverTrade: true, score: scoreOf(0, 'tier') }),
      proposalOf({ entry: 90 }),
    ]) {
      const house = houseOf({ now: 1, equity: 0, halted: true, portfolio: booksOf([positionOf()]) })
      const verdict = guard.check(proposal, house, guard.params)
      if (!('refused' in verdict)) continue
      assert.is(verdict.refused.gate, guard.id)
      refused++
    }
  }
  assert.ok(refused > GUARDS.length / 2, `only ${refused} refusals`)
})

test('incident 76: every guard has a reading with figures, whether it is open or closed, and none hides another', () => {
  const good = readGates(bound, proposalOf(), houseOf(), true)
  assert.equal(
    good.map(({ gate, isOpen }) => [gate, isOpen]),
    GUARDS.map(({ id }) => [id, true]),
  )
  const block = { symbol: null, reason: 'test' }
  const house = houseOf({
    now: 1,
    equity: 0,
    halted: true,
    live: [],
    losses: [1, 1, 1].map(at => ({ at, spread: 0, leverage: 10 })),
    realisedToday: -1,
    blocks: [
      { gate: 'kill-switch', ...block },
      { gate: 'readiness', ...block },
    ],
    cooldowns: new Map([[`${proposalOf().signal.strategy}:${proposalOf().signal.symbol}`, 2]]),
    portfolio: booksOf([positionOf(), ...many(12, 'long', { strategy: proposalOf().signal.strategy })]),
  })
  const { signal } = proposalOf()
  const over = {
    ...signal,
    leverage: 10,
    stop: ticks(850),
    bbPercent: 90,
    weekBb: null,
    monthBb: null,
    lastAt: -1e9,
    last: 1,
  }
  const bad = readGates(
    bound,
    proposalOf({ neverTrade: true, score: scoreOf(0, 'tier'), signal: over }),
    house,
    true,
  )
  assert.equal(
    bad.map(({ gate, isOpen }) => [gate, isOpen]),
    GUARDS.map(({ id }) => [id, false]),
  )
  for (const { gate, figures } of [...good, ...bad.filter(({ gate }) => gate !== 'universe')]) {
    assert.ok(Object.keys(figures).length > 0, `${gate} says what it saw`)
  }
  for (const { reason } of bad) assert.is.not(reason, '')
  assert.is(new Set([...GUARDS, ...ADD_GUARDS].map(({ id }) => id)).size, GUARDS.length + 1)
})

test('incident 76: every guard that there is stands in a list, and so among the readings', async () => {
  const listed = new Set([...GUARDS, ...ADD_GUARDS])
  let found = 0
  for (const file of readdirSync(import.meta.dirname)) {
    if (!file.endsWith('.ts') || /\.(test|fixture)\.ts$/.test(file)) continue
    for (const [name, value] of Object.entries(await import(join(import.meta.dirname, file)))) {
      if (typeof value !== 'object' || value === null || !('check' in value)) continue
      assert.ok(listed.has(value as Guard), `${name} of ${file} is in no list`)
      found++
    }
  }
  assert.is(found, listed.size)
})

test('without an order the guards that read one cannot tell, and all others can', () => {
  const readings = readGates(bound, proposalOf(), houseOf(), false)
  assert.equal(
    readings.map(({ gate, isOpen }) => [gate, isOpen]),
    GUARDS.map(({ id, reads }) => [id, reads === 'order' ? null : true]),
  )
  assert.ok(readings.some(({ isOpen }) => isOpen === null) && readings.some(({ isOpen }) => isOpen === true))
})

test.run()
