import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { DAY, HOUR } from '../base/units.ts'
import { type Gates, nextGates, openGates } from './gates.ts'
import { defaultSettings } from './settings.ts'

const test = suite('gates')
const RULES = defaultSettings().drawdown
const T = 1_700_000_000_000

/** Follows a list of `[hours, equity]` and says what changed at each. */
function follow(
  looks: readonly (readonly [hours: number, equity: number])[],
  rules: typeof RULES | null = RULES,
): { readonly gates: Gates; readonly kinds: readonly string[] } {
  let gates = openGates(1_000)
  const kinds = looks.map(([hours, equity]) => {
    const next = nextGates(gates, equity, T + hours * HOUR, rules)
    gates = next.gates
    return next.changes.map(change => change.kind).join('+')
  })
  return { gates, kinds }
}

test('a drawdown of 15 % from the peak pauses entries for 24 h, and not a cent less does', () => {
  assert.equal(follow([[0, 850.01]]).kinds, [''])
  const { gates, kinds } = follow([[0, 850]])
  assert.equal(kinds, ['paused'])
  assert.is(gates.pausedUntil, T + 24 * HOUR)
  assert.is(gates.pauseReason, 'drawdown of 15.00 % from the peak of 1000.00 USDT')
  assert.equal(gates.pauses, [T])
})

test('the peak follows equity upwards, so that the drawdown counts from there', () => {
  assert.equal(
    follow([
      [0, 1_200],
      [1, 1_021],
      [2, 1_020],
    ]).kinds,
    ['', '', 'paused'],
  )
})

test('a pause lasts to its end, not through it, and then the peak restarts at the present equity', () => {
  const { gates, kinds } = follow([
    [0, 850],
    [23.999, 840],
    [24, 845],
    [25, 720],
  ])
  assert.equal(kinds, ['paused', '', 'resumed', ''])
  assert.is(gates.peak, 845)
  assert.is(gates.pausedUntil, 0)
  assert.is(gates.pauseReason, '')
  assert.is(gates.high, 1_000)
})

test('the restart says where the peak was and is', () => {
  const paused = nextGates(openGates(1_000), 850, T, RULES).gates
  const { changes } = nextGates(paused, 900, T + DAY, RULES)
  assert.equal(changes, [
    {
      kind: 'resumed',
      reason: 'the pause is over: the peak restarts at 900.00 USDT',
      figures: { peakBefore: 1_000, peak: 900 },
    },
  ])
})

test('the third pause within 30 days halts, one that began 30 days ago does not count', () => {
  // Equity recovers in between, so that no loss from the highest equity ever is large enough by itself.
  const twice = [
    [0, 850],
    [24, 1_000],
    [48, 850],
    [72, 1_000],
  ] as const
  assert.equal(follow([...twice, [30 * 24 - 0.001, 850]]).kinds.at(-1), 'paused+halted')
  const { gates, kinds } = follow([...twice, [30 * 24, 850]])
  assert.equal(kinds.at(-1), 'paused')
  assert.is(gates.pauses.length, 2)
})

test('30 % below the highest equity ever halts, over pauses and restarts of the peak', () => {
  const looks = [
    [0, 850],
    [24, 850],
    [25, 723],
    [49, 723],
    [50, 700.01],
    [51, 700],
  ] as const
  assert.equal(follow(looks).kinds, ['paused', 'resumed', '', '', 'paused', 'halted'])
})

test('a halt stays, whatever equity does and however long it takes', () => {
  const { gates, kinds } = follow([
    [0, 600],
    [24, 2_000],
    [9_999, 100],
  ])
  assert.equal(kinds, ['paused+halted', '', ''])
  assert.is(gates.halted, true)
  assert.match(gates.pauseReason, /40\.00 % below its highest/)
})

test('without rules equity is followed and nothing is closed', () => {
  const { gates, kinds } = follow(
    [
      [0, 1_100],
      [1, 10],
    ],
    null,
  )
  assert.equal(kinds, ['', ''])
  assert.is(gates.high, 1_100)
  assert.is(gates.halted, false)
})

test('equity that is not known leaves the gates as they are', () => {
  const gates = openGates(1_000)
  assert.is(nextGates(gates, Number.NaN, T, RULES).gates, gates)
  assert.equal(
    follow([
      [0, Number.NaN],
      [1, 850],
    ]).kinds,
    ['', 'paused'],
  )
})

test('whatever equity does, high never falls, peak is at least equity, and a pause is exactly as long as it says', () => {
  const seed = 4
  console.log(`seed ${seed}`)
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 2_000 })), {
        maxLength: 60,
      }),
      looks => {
        let gates = openGates(1_000)
        let now = T
        for (const [hours, equity] of looks) {
          now += hours * HOUR
          const before = gates
          const { gates: after, changes } = nextGates(before, equity, now, RULES)
          assert.ok(after.high >= before.high && after.high >= after.peak && after.peak >= equity)
          if (before.halted) assert.ok(after.halted && changes.length === 0)
          for (const { kind } of changes) {
            if (kind === 'paused') assert.is(after.pausedUntil, now + RULES.pauseHours * HOUR)
            if (kind === 'resumed') assert.ok(before.pausedUntil <= now)
          }
          if (before.pausedUntil > now) assert.is(after.pausedUntil, before.pausedUntil)
          assert.ok(after.pauses.length <= RULES.haltPauses)
          gates = after
        }
      },
    ),
    { seed, numRuns: 500 },
  )
})

test.run()
