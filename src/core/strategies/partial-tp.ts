/**
 * Partial TP: sells a position in parts at the bands and takes the risk out of the rest.
 *
 * | part | where | closes | then |
 * | --- | --- | --- | --- |
 * | TP1 | middle band, at least breakeven + 0.5 % | 20 to 50 % of the original quantity | stop to breakeven |
 * | TP2 | upper band (short: lower), at least a tick beyond TP1 | 30 % | stop to breakeven, trailing begins |
 * | rest | | rides | stop, trailing or time |
 *
 * The share of TP1 is 20 %; more than 50 % of the way to the middle 30, more than 80 % 50; then at least 40 after
 * 48 h; then 10 less, but at least 20, when BB% is above 40 (short: below 60). Levels follow the last closed bands.
 * Parts are counted in whole steps; one below the instrument's minimum is merged into the next, so that the sum is
 * exactly the position. Where TP1 and TP2 together are no order either, the whole position is sold at TP2: otherwise
 * it would have no target at all. TP1 counts as filled from its first fill on; what is left of it then rests on,
 * whatever its size. Where the outer band is below the least price there is no TP2 for the time being, and TP1 takes
 * what was merged into it. Breakeven is asked for after TP2 as well: TP1 may have been merged into it.
 */
import { HOUR, type Steps, type Ticks } from '../base/units.ts'
import { type Intent, NOTHING } from '../decision/intent.ts'
import { breakeven, sendable, stopTicks, targetTicks } from '../decision/prices.ts'
import type { ManagementStrategy } from '../decision/strategy.ts'
import type { PositionView } from '../decision/view.ts'
import type { Instrument } from '../market/instrument.ts'
import { type Side, sign } from '../market/side.ts'

const params = {
  firstSharePercent: 20,
  halfwaySharePercent: 30,
  halfwayProgress: 0.5,
  nearSharePercent: 50,
  nearProgress: 0.8,
  agedSharePercent: 40,
  agedHours: 48,
  /** BB% (short: 100 - BB%) above which the first share shrinks by `highLess`. */
  highBbPercent: 40,
  highLess: 10,
  secondSharePercent: 30,
  /** TP1 is at least this far beyond breakeven. */
  beyondBreakevenPercent: 0.5,
}

export const partialTp: ManagementStrategy<typeof params> = {
  id: 'partial-tp',
  role: 'management',
  params,
  ages: p => [p.agedHours * HOUR],
  decide(view: PositionView, p): readonly Intent[] {
    const { position, middle, upper, lower } = view
    if (position.target !== null) return NOTHING
    const { side, instrument, entry, targetsFilled } = position
    const even = breakeven(side, entry, view.fees)
    const intents: Intent[] = []
    if (targetsFilled >= 1 && sendable(instrument, even)) {
      // Wanted also when the price has fallen back beyond it: then the stop is where the position ends.
      const stop = stopTicks(instrument, side, even)
      if ((stop - position.stop) * sign(side) > 0) {
        intents.push({
          kind: 'move-stop',
          stop,
          why: 'breakeven',
          reason: `TP${targetsFilled} filled: stop to breakeven`,
        })
      }
    }
    const far = side === 'long' ? upper : lower
    if (targetsFilled === 2 || middle === undefined || far === undefined) return intents
    const least = even * (1 + (sign(side) * p.beyondBreakevenPercent) / 100)
    const near = side === 'long' ? Math.max(middle, least) : Math.min(middle, least)
    if (!sendable(instrument, near)) return intents
    const first = targetTicks(instrument, side, near)
    const second = outerTicks(instrument, side, far, first)
    const sizes = parts(position, share(view, middle, p), p.secondSharePercent)
    const { secondSteps } = sizes
    const isMerged = targetsFilled === 0 && sizes.firstSteps === 0
    const firstSteps = isMerged && second === undefined ? secondSteps : sizes.firstSteps
    if (firstSteps > 0) {
      intents.push({
        kind: 'reduce',
        leg: 1,
        price: first,
        steps: firstSteps,
        reason: 'TP1 at the middle band',
      })
    }
    if (secondSteps > 0 && second !== undefined) {
      intents.push({
        kind: 'reduce',
        leg: 2,
        price: second,
        steps: secondSteps,
        reason: 'TP2 at the outer band',
      })
    }
    return intents
  },
}

/** Share of the original quantity that TP1 closes, in percent. */
function share(view: PositionView, middle: number, p: typeof params): number {
  const { position, mark } = view
  const way = sign(position.side) * (middle - position.entry)
  const progress = way > 0 ? (sign(position.side) * (mark - position.entry)) / way : 1
  let percent = p.firstSharePercent
  if (progress > p.halfwayProgress) percent = p.halfwaySharePercent
  if (progress > p.nearProgress) percent = p.nearSharePercent
  if (view.now - position.openedAt >= p.agedHours * HOUR) percent = Math.max(percent, p.agedSharePercent)
  const bb = view.bbPercent(mark)
  const towards = bb === undefined ? 0 : position.side === 'long' ? bb : 100 - bb
  if (towards > p.highBbPercent) percent = Math.max(p.firstSharePercent, percent - p.highLess)
  return percent
}

/**
 * Steps of both parts. Whole numbers throughout: shares compared as floats have ordered 7e-16 coins before. Whatever
 * is left for the rest and is below the minimum goes with the part before it, since no target could sell it alone.
 */
function parts(
  position: PositionView['position'],
  firstPercent: number,
  secondPercent: number,
): { readonly firstSteps: Steps; readonly secondSteps: Steps } {
  const { enteredSteps, steps, targetsFilled, instrument } = position
  const least = instrument.minQty
  const isFresh = targetsFilled === 0
  const wanted = isFresh ? Math.floor((enteredSteps * firstPercent) / 100) : (position.firstTargetLeft ?? 0)
  let first = Math.min(wanted, steps)
  let second = Math.min(Math.floor((enteredSteps * secondPercent) / 100), steps - first)
  if (isFresh && first > 0 && first < least) {
    second += first
    first = 0
  }
  if (second < least) second = 0
  // Not even both are an order: the whole position is, so that none is without a target.
  if (isFresh && first === 0 && second === 0 && steps >= least) second = steps
  const rest = steps - first - second
  if (rest > 0 && rest < least) {
    if (second > 0) second += rest
    else if (first > 0) first += rest
  }
  return { firstSteps: first as Steps, secondSteps: second as Steps }
}

/** The outer band on the tick grid, at least one tick beyond the inner target; `undefined` below the least price. */
function outerTicks(instrument: Instrument, side: Side, band: number, inner: Ticks): Ticks | undefined {
  if (!sendable(instrument, band)) return undefined
  const outer = targetTicks(instrument, side, band)
  const ticks = side === 'long' ? Math.max(outer, inner + 1) : Math.min(outer, inner - 1)
  return ticks >= instrument.minPrice ? (ticks as Ticks) : undefined
}
