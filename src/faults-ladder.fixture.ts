/** Whole lives of a ladder, in each of which one thing goes wrong at one point. */
import * as assert from 'uvu/assert'
import type { StoreFolder } from './core/adapters/sqlite/store.fixture.ts'
import { MINUTE, type Milliseconds, SECOND, type Ticks } from './core/base/units.ts'
import type { Signal } from './core/decision/signal.ts'
import { gridSignal } from './core/engine/desk.fixture.ts'
import { defaultSettings, overlay, type Settings } from './core/engine/settings.ts'
import { FaultRig, type Path, SYMBOL } from './faults-rig.fixture.ts'
import type { Mishap } from './faults-sweep.fixture.ts'

/** The day before closed high in its bands: a score that is good enough is not what is tested here. */
const SETTINGS: Settings = overlay(
  { ...defaultSettings() },
  { strategies: { 'dca-ladder': { enabled: true } }, guards: { 'score-threshold': { least: 0 } } },
)

/** A limit that takes at once. */
const LADDER: Signal = gridSignal(SYMBOL, { order: { type: 'limit', price: 1_021 as Ticks } })

/** Entry at 102, both adds at 96.9 and 91.8, TP1 on the way up, and breakeven on the way down. */
export const BACK: Path = [
  [4, 102],
  [4, 96.5],
  [5, 91.5],
  [12, 103],
  [60, 90],
]
/** Both adds, and the stop at 86.8. */
export const DOWN: Path = [
  [4, 102],
  [4, 96.5],
  [5, 91.5],
  [60, 85],
]
const LENGTH = 40 * MINUTE

/** One ladder from the signal to its end; with a mishap at the `nth` point of its kind. */
export async function life(
  folder: StoreFolder,
  path: Path,
  mishap: Mishap | null,
  nth: number,
  away: Milliseconds,
): Promise<FaultRig> {
  const rig = await FaultRig.open(folder.fresh(), { path, settings: SETTINGS })
  const end = rig.now + LENGTH
  mishap?.arm(rig, nth)
  await rig.propose(LADDER)
  while (rig.now < end || rig.isDead) {
    await rig.run(Math.max(0, end - rig.now))
    if (!rig.isDead) break
    await rig.dark(away)
    await rig.restart()
    const { positions, pending } = rig.engine.portfolio
    if (positions.size + pending.size === 0 && rig.store.trades().length === 0) {
      await rig.run(20 * SECOND)
      await rig.propose(LADDER)
    }
  }
  return rig
}

/** What the whole ladder comes to without a mishap, in coins. */
async function whole(folder: StoreFolder, path: Path): Promise<number> {
  const rig = await life(folder, path, null, 0, 0)
  check(rig, 'no mishap', Number.POSITIVE_INFINITY)
  const [trade] = rig.store.trades()
  rig.close()
  return trade.qty
}

/** What has to hold at the end of every life. */
export function check(rig: FaultRig, where: string, most: number): void {
  assert.equal(rig.account().positions, [], where)
  assert.equal(rig.differences(), [], where)
  assert.is(rig.nakedMs, 0, `${where}: without a stop`)
  assert.ok(rig.entriesAccepted() <= 3, `${where}: ${rig.entriesAccepted()} orders that add`)
  for (const code of ['W303', 'W309', 'C310', 'C305', 'I304', 'W207', 'W208'] as const) {
    assert.not.ok(rig.has(code), `${where}: ${code}`)
  }
  const trades = rig.store.trades()
  assert.is(trades.length, 1, `${where}: trades`)
  assert.ok(trades[0].qty <= most * (1 + 1e-9), `${where}: ${trades[0].qty} of ${most} coins`)
  const moved = rig.account().wallet - 1_000
  assert.ok(Math.abs(moved - trades[0].net) < 0.01, `${where}: the trade is the wallet`)
  // 10 USDT are the plan's; slippage comes on top.
  assert.ok(moved > -10.3, `${where}: lost ${moved}`)
}

/**
 * Goes through every point of every mishap, on both paths; returns how many there were, and in how many of them the
 * ladder came to its whole size all the same.
 *
 * @param away for how long bbw is away after it was killed
 */
export async function sweepLadders(
  folder: StoreFolder,
  mishaps: readonly Mishap[],
  away: Milliseconds = 3 * SECOND,
): Promise<{ readonly points: number; readonly whole: number }> {
  const count = { points: 0, whole: 0 }
  for (const path of [BACK, DOWN]) {
    const most = await whole(folder, path)
    for (const mishap of mishaps) {
      for (let nth = 1; ; nth++) {
        const rig = await life(folder, path, mishap, nth, away)
        check(rig, `${mishap.what}, point ${nth}`, most)
        const isWhole = Math.abs(rig.store.trades()[0].qty - most) < 1e-9
        const isOver = !mishap.fired(rig)
        rig.close()
        if (isOver) break
        count.points++
        if (isWhole) count.whole++
      }
    }
  }
  return count
}
