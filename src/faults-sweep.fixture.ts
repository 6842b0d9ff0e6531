/**
 * Whole lives of a trade, from the signal to the closed position, in each of which one thing goes wrong at one point:
 * the process ends, or a request or an answer is lost. A sweep goes through all points there are.
 */

import * as assert from 'uvu/assert'
import type { Fault, Operation } from './core/adapters/sim/faults.fixture.ts'
import type { StoreFolder } from './core/adapters/sqlite/store.fixture.ts'
import {
  MINUTE,
  type Milliseconds,
  SECOND,
  type Steps,
  type Ticks,
  type Timestamp,
} from './core/base/units.ts'
import type { Signal } from './core/decision/signal.ts'
import { ticks } from './core/decision/view.fixture.ts'
import { gridSignal, reversionSignal } from './core/engine/desk.fixture.ts'
import type { Input } from './core/engine/protocol.ts'
import { FaultRig, type KillPoint, type Path, SYMBOL } from './faults-rig.fixture.ts'

/** Both targets fill, the stop follows, and it closes what is left. */
const PATH: Path = [
  [4, 102],
  [3, 104],
  [12, 106.5],
  [60, 98],
]
const LENGTH = 24 * MINUTE

export const OPERATIONS = ['place', 'amend', 'cancel', 'setStop'] as const

/** Two targets and a trailing stop at leverage 3; and one target and a stop that is moved early, at leverage 10. */
export const GRID: Signal = gridSignal(SYMBOL, { order: { type: 'market' } })
export const REVERSION: Signal = reversionSignal(SYMBOL, { order: { type: 'market' }, stop: ticks(960) })

/** A limit that would take: a thin market has a part of it, the rest rests and fills later; the targets follow. */
export const IN_PARTS: Signal = gridSignal(SYMBOL, { order: { type: 'limit', price: 1_030 as Ticks } })

/** What goes wrong at the `nth` point of its kind; `fired` says whether there was such a point. */
export interface Mishap {
  readonly what: string
  arm(rig: FaultRig, nth: number): void
  fired(rig: FaultRig): boolean
}

export function kill(point: Pick<KillPoint, 'at' | 'phase'>): Mishap {
  return {
    what: `killed ${point.phase} ${point.at}`,
    arm(rig, nth) {
      let count = 0
      rig.killAt({ ...point, when: () => ++count === nth })
    },
    fired: rig => rig.fired.kill > 0,
  }
}

const isReport = (input: Input): boolean => input.type === 'order' || input.type === 'stop'

/** One request is lost, held, or carried out without anybody hearing of it. */
export function loss(
  operation: Operation,
  kind: 'lose-request' | 'lose-reply' | 'hold-request' | 'double-request',
): Mishap {
  return {
    what: `${kind} of ${operation}`,
    arm(rig, nth) {
      let count = 0
      const common = { operation, when: () => ++count === nth, times: 1 }
      const fault: Fault = kind === 'hold-request' ? { kind, forMs: 4_900, ...common } : { kind, ...common }
      rig.exchange.inject(fault)
      if (kind !== 'lose-reply' && kind !== 'double-request') return
      // The report of what was carried out goes astray as well.
      rig.exchange.inject({
        kind: 'lose-input',
        when: input => isReport(input) && rig.exchange.fired[kind] === 1,
        times: 1,
      })
    },
    fired: rig => rig.exchange.fired[kind] === 1,
  }
}

/** Something that is told is lost, told twice or in the wrong order. */
export function slip(kind: 'lose-input' | 'double-input' | 'reverse-inputs'): Mishap {
  return {
    what: kind,
    arm(rig, nth) {
      let count = 0
      const isMeant = (input: Input): boolean => (isReport(input) || input.type === 'fill') && ++count === nth
      rig.exchange.inject({ kind, when: isMeant, times: 1 })
    },
    fired: rig => rig.exchange.fired[kind] === 1,
  }
}

/** Both go wrong: the first at a point of its own. */
export function both(first: Mishap, at: number, second: Mishap): Mishap {
  return {
    what: `${first.what} at point ${at}, and ${second.what}`,
    arm(rig, nth) {
      first.arm(rig, at)
      second.arm(rig, nth)
    },
    fired: rig => second.fired(rig),
  }
}

async function life(
  folder: StoreFolder,
  signal: Signal,
  mishap: Mishap,
  nth: number,
  away: Milliseconds,
): Promise<FaultRig> {
  const rig = await FaultRig.open(folder.fresh(), { path: PATH })
  const begin = rig.now
  const isLimit = signal.order.type === 'limit'
  if (isLimit) await rig.act({ kind: 'thin', symbol: SYMBOL, steps: 400 as Steps })
  mishap.arm(rig, nth)
  await rig.propose(signal)
  if (isLimit) {
    await live(rig, signal, begin + 3 * MINUTE, away)
    await rig.act({ kind: 'thin', symbol: SYMBOL, steps: null })
  }
  await live(rig, signal, begin + LENGTH, away)
  return rig
}

/** Lets time pass until then; whenever bbw is killed it comes back after a while. */
async function live(rig: FaultRig, signal: Signal, end: Timestamp, away: Milliseconds): Promise<void> {
  while (rig.now < end || rig.isDead) {
    await rig.run(Math.max(0, end - rig.now))
    if (!rig.isDead) break
    await rig.dark(away)
    await rig.restart()
    const { positions, pending } = rig.engine.portfolio
    // Where it ended before anything was written, the signal comes again.
    if (positions.size === 0 && pending.size === 0 && rig.store.trades().length === 0) {
      await rig.run(20 * SECOND)
      await rig.propose(signal)
    }
  }
}

/** What has to hold at the end of every life. */
function check(rig: FaultRig, where: string): void {
  assert.equal(rig.account().positions, [], where)
  assert.equal(rig.differences(), [], where)
  assert.is(rig.nakedMs, 0, `${where}: without a stop`)
  assert.is(rig.entriesAccepted(), 1, `${where}: entries`)
  for (const code of ['W303', 'W309', 'C310', 'C305', 'I304', 'W207', 'W208'] as const) {
    assert.not.ok(rig.has(code), `${where}: ${code}`)
  }
  const trades = rig.store.trades()
  assert.is(trades.length, 1, `${where}: trades`)
  assert.ok(
    Math.abs(rig.account().wallet - 1_000 - trades[0].net) < 0.01,
    `${where}: the trade is the wallet`,
  )
}

/**
 * Goes through every point of every mishap; returns how many there were.
 *
 * @param away for how long bbw is away after it was killed
 */
export async function sweep(
  folder: StoreFolder,
  signals: readonly Signal[],
  mishaps: readonly Mishap[],
  away: Milliseconds = 3 * SECOND,
): Promise<number> {
  let points = 0
  for (const signal of signals) {
    for (const mishap of mishaps) {
      for (let nth = 1; ; nth++) {
        const rig = await life(folder, signal, mishap, nth, away)
        check(rig, `${signal.strategy}, ${mishap.what}, point ${nth}`)
        const isOver = !mishap.fired(rig)
        rig.close()
        if (isOver) break
        points++
      }
    }
  }
  return points
}
