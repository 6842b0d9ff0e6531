/**
 * What becomes of the books when the exchange changes the filters of a perpetual: prices and quantities that are counted
 * in ticks and steps are counted anew, and no rounding adds risk. A stop is rounded towards the price, a target towards
 * the entry, a quantity down; the least is one step. What is held beyond whole steps of a coarser kind cannot be ordered by
 * a quantity any more: it is kept beside them, and counts in profit and trade.
 */
import type { Rounding } from '../base/decimal.ts'
import type { Qty, Steps, Ticks } from '../base/units.ts'
import type { Instrument } from '../market/instrument.ts'
import { priceOf, qtyOf, toSteps, toTicks } from '../market/quantise.ts'
import type { Side } from '../market/side.ts'
import type { Ladder } from './ladder.ts'
import { enteredQty, heldQty, type PendingEntry, type Position } from './position.ts'

/** The filters that books and orders depend on. */
const FILTERS = ['tick', 'step', 'minQty', 'maxQty', 'maxMarketQty', 'minPrice', 'minNotional'] as const

/** The names of the filters that differ. */
export function changedFilters(before: Instrument, now: Instrument): readonly string[] {
  return FILTERS.filter(name => before[name] !== now[name])
}

/** Whether prices or quantities are counted in other units. */
export function isOtherGrid(before: Instrument, now: Instrument): boolean {
  return before.tick !== now.tick || before.step !== now.step
}

/** The same filters counted in other ticks and steps: least quantities and prices are rounded up, the greatest down. */
export function regridded(before: Instrument, tick: string, step: string): Instrument {
  const grid = { ...before, tick, step, tickSize: Number(tick), stepSize: Number(step) }
  const { minQty, maxQty, maxMarketQty, minPrice } = before
  const down = (steps: Steps): Steps => toSteps(grid, qtyOf(before, steps), 'down')
  return {
    ...grid,
    minQty: Math.max(1, toSteps(grid, qtyOf(before, minQty), 'up')) as Steps,
    maxQty: maxQty === null ? null : down(maxQty),
    ...(maxMarketQty === undefined ? {} : { maxMarketQty: down(maxMarketQty) }),
    minPrice: toTicks(grid, Math.max(priceOf(before, minPrice), grid.tickSize), 'up'),
  }
}

/** A price in the ticks of another instrument, at least its least one. */
export function ticksOn(before: Instrument, now: Instrument, ticks: Ticks, rounding: Rounding): Ticks {
  if (before.tick === now.tick) return ticks
  const price = priceOf(before, ticks)
  return (
    price < now.tickSize ? now.minPrice : Math.max(now.minPrice, toTicks(now, price, rounding))
  ) as Ticks
}

/** A quantity in whole steps of another instrument; 0 where it is less than one. */
export function stepsOn(before: Instrument, now: Instrument, steps: Steps): Steps {
  return before.step === now.step ? steps : toSteps(now, qtyOf(before, steps), 'down')
}

/** Towards the price, seen from a stop: up for a long one. */
export function stopOn(before: Instrument, now: Instrument, stop: Ticks, side: Side): Ticks {
  return ticksOn(before, now, stop, side === 'long' ? 'up' : 'down')
}

/** Towards the entry, seen from a target: down for a long one. */
export function targetOn(before: Instrument, now: Instrument, target: Ticks, side: Side): Ticks {
  return ticksOn(before, now, target, side === 'long' ? 'down' : 'up')
}

/** What a quantity is more than whole steps of it; what is only an error of doubles is nothing. */
function rest(qty: Qty, whole: Qty): Qty {
  return Math.abs(qty - whole) <= 1e-9 * qty ? 0 : qty - whole
}

const atLeastOne = (steps: Steps): Steps => Math.max(1, steps) as Steps

function ladderOn(before: Instrument, now: Instrument, ladder: Ladder, side: Side): Ladder {
  const away: Rounding = side === 'long' ? 'down' : 'up'
  return {
    ...ladder,
    firstEntry: ticksOn(before, now, ladder.firstEntry, 'nearest'),
    rungs: ladder.rungs.map(rung => ({
      ...rung,
      price: ticksOn(before, now, rung.price, away),
      steps: stepsOn(before, now, rung.steps),
      filled: stepsOn(before, now, rung.filled),
    })),
  }
}

/** A position under the filters of now. */
export function positionOn(position: Position, now: Instrument): Position {
  const { beyond: _, ...kept } = position
  const { instrument: before, side, target, firstTargetLeft, ladder } = position
  const isSame = before.step === now.step
  const held = heldQty(position)
  const entered = enteredQty(position)
  const steps = isSame ? position.steps : atLeastOne(toSteps(now, held, 'down'))
  const enteredSteps = isSame
    ? position.enteredSteps
    : (Math.max(steps, toSteps(now, entered, 'down')) as Steps)
  const beyond = {
    held: rest(held, qtyOf(now, steps)),
    entered: rest(entered, qtyOf(now, enteredSteps)),
  }
  return {
    ...kept,
    ...(beyond.held === 0 && beyond.entered === 0 ? {} : { beyond }),
    instrument: now,
    steps,
    enteredSteps,
    stop: stopOn(before, now, position.stop, side),
    initialStop: stopOn(before, now, position.initialStop, side),
    target: target === null ? null : targetOn(before, now, target, side),
    ...(firstTargetLeft === undefined ? {} : { firstTargetLeft: stepsOn(before, now, firstTargetLeft) }),
    ...(ladder === undefined ? {} : { ladder: ladderOn(before, now, ladder, side) }),
  }
}

/** An entry on its way under the filters of now. */
export function entryOn(entry: PendingEntry, now: Instrument): PendingEntry {
  const { instrument: before, side, target, ladder, closedAhead } = entry
  return {
    ...entry,
    instrument: now,
    steps: entry.steps === 0 ? entry.steps : atLeastOne(stepsOn(before, now, entry.steps)),
    stop: stopOn(before, now, entry.stop, side),
    target: target === null ? null : targetOn(before, now, target, side),
    ...(ladder === undefined ? {} : { ladder: ladderOn(before, now, ladder, side) }),
    ...(closedAhead === undefined
      ? {}
      : {
          closedAhead: {
            ...closedAhead,
            price: ticksOn(before, now, closedAhead.price, 'nearest'),
            steps: stepsOn(before, now, closedAhead.steps),
          },
        }),
  }
}
