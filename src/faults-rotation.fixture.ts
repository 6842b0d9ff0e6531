/** Whole lives of an exchange of one position for another, in each of which one thing goes wrong at one point. */
import * as assert from 'uvu/assert'
import type { StoreFolder } from './core/adapters/sqlite/store.fixture.ts'
import { HOUR, MINUTE, type Milliseconds, SECOND } from './core/base/units.ts'
import { defaultSettings, overlay, type Settings } from './core/engine/settings.ts'
import { FaultRig, OTHER, type Path, type RigOptions, START, SYMBOL } from './faults-rig.fixture.ts'
import { GRID, type Mishap } from './faults-sweep.fixture.ts'

/** The day before closed high in its bands: neither score nor gates are what is tested here. */
export const SETTINGS: Settings = overlay(
  { ...defaultSettings() },
  {
    guards: { confluence: { least: 0 }, 'score-threshold': { least: 0 } },
    strategies: { 'atr-risk-sizing': { riskPercent: 5 } },
  },
)

const FLAT: Path = [[1, 102]]
const PERIOD = 2 * MINUTE
const LENGTH = 16 * MINUTE

/** What the feed tells of rates and of the price of the other symbol, a second before a heavy cycle. */
async function tell(rig: FaultRig): Promise<void> {
  for (const [symbol, per8h] of [
    [SYMBOL, 0.001],
    [OTHER, -0.001],
  ] as const) {
    await rig.hear({ type: 'funding-rate', at: 0, symbol, per8h, interval: 8 * HOUR, next: START + 8 * HOUR })
  }
  await rig.hear({ type: 'price', at: 0, symbol: OTHER, time: rig.now, last: 102, mark: 102 })
}

/** Through the heavy cycles of a span; whenever bbw is killed it comes back after a while. */
export async function live(rig: FaultRig, span: Milliseconds, away: Milliseconds): Promise<void> {
  const end = rig.now + span
  while (rig.now < end || rig.isDead) {
    if (rig.isDead) {
      await rig.dark(away)
      await rig.restart()
    }
    const turn = Math.ceil((rig.now + 2 * SECOND) / PERIOD) * PERIOD
    await rig.run(turn - SECOND - rig.now)
    if (!rig.isDead) await tell(rig)
    if (!rig.isDead) await rig.run(2 * SECOND)
  }
}

/** A position that pays from its third minute on, and how it fares; with a mishap at the `nth` point of its kind. */
export async function life(
  folder: StoreFolder,
  mishap: Mishap | null,
  nth: number,
  away: Milliseconds,
  options: RigOptions = {},
): Promise<FaultRig> {
  const rig = await FaultRig.held(folder.fresh(), GRID, {
    path: FLAT,
    otherPath: FLAT,
    settings: SETTINGS,
    ...options,
  })
  mishap?.arm(rig, nth)
  await live(rig, LENGTH, away)
  return rig
}

/** Symbols that are held at the exchange, in their order. */
export function held(rig: FaultRig): readonly string[] {
  return rig
    .account()
    .positions.map(({ symbol }) => symbol)
    .sort()
}

/** What has to hold at the end of every life. */
export function check(rig: FaultRig, where: string): void {
  assert.equal(rig.differences(), [], where)
  assert.is(rig.nakedMs, 0, `${where}: without a stop`)
  assert.ok(rig.entriesAccepted(SYMBOL) <= 1, `${where}: entries`)
  assert.ok(rig.entriesAccepted(OTHER) <= 1, `${where}: entries of the other`)
  for (const code of ['W303', 'W309', 'C310', 'C305', 'I304', 'W207'] as const) {
    assert.not.ok(rig.has(code), `${where}: ${code}`)
  }
  assert.is(rig.engine.books().ledger.rotation?.running, null, `${where}: it has come to its end`)
  const holds = held(rig)
  const trades = rig.store.trades()
  if (holds.length === 2) assert.ok(rig.has('W213'), `${where}: both are held, and nobody was told`)
  else assert.is(holds.length, 1, `${where}: ${holds}`)
  assert.equal(
    trades.map(({ symbol, exitReason }) => [symbol, exitReason]),
    holds.includes(SYMBOL) ? [] : [[SYMBOL, 'rotated']],
    where,
  )
}

/** Goes through every point of every mishap; returns how many there were, and how many exchanges were carried through. */
export async function sweepRotations(
  folder: StoreFolder,
  mishaps: readonly Mishap[],
  away: Milliseconds = 3 * SECOND,
): Promise<{ readonly points: number; readonly whole: number; readonly both: number }> {
  const count = { points: 0, whole: 0, both: 0 }
  for (const mishap of mishaps) {
    for (let nth = 1; ; nth++) {
      const rig = await life(folder, mishap, nth, away)
      check(rig, `${mishap.what}, point ${nth}`)
      const isOver = !mishap.fired(rig)
      const holds = held(rig)
      rig.close()
      if (isOver) break
      count.points++
      if (holds.length === 2) count.both++
      else if (holds[0] === OTHER) count.whole++
    }
  }
  return count
}
