/**
 * DCA Ladder: turns a grid LONG entry into a plan of one entry and two adds under one stop. Off unless switched on.
 *
 * | | where, under the first entry's limit | margin |
 * | --- | --- | --- |
 * | entry | 0 | as sized, cut by the plan, at least 5 USDT |
 * | add 1 | 5 % | 10 USDT |
 * | add 2 | 10 % | 20 USDT |
 * | stop of all | 15 % | |
 *
 * The plan is made before the entry is sent: the stop replaces the grid's own, the margin of all is at most 80 USDT,
 * and the loss of all at that stop, both fees as taker, at most 1 % of equity. First the entry shrinks, to no less
 * than 5 USDT (rounded down to a step, as every size is), then adds are dropped, the last first; an entry that had to
 * be cut to its least stays there. Where even that alone is too much, there is no entry. An add that the exchange
 * would not take as an order is dropped with all below it.
 *
 * An add rests at its level while the BB% of that very price is at most 25 within the present daily bands, so that a
 * fill means both; the second only once the first has filled. None once any part of the position has been closed, TP1
 * or otherwise: who reduces does not want more. None that would take margin or loss beyond the plan, whatever else has
 * added to the position. The stop of an add is the position's present one. Funding is not part of the plan's loss, nor
 * is what a gap or slippage takes beyond the stop.
 */
import type { Steps, Ticks, Usdt } from '../base/units.ts'
import { type Intent, NOTHING } from '../decision/intent.ts'
import { entryTicks, ordered, sendable, stopTicks } from '../decision/prices.ts'
import type { LadderStrategy, SizeProposal } from '../decision/strategy.ts'
import type { PositionView } from '../decision/view.ts'
import type { Instrument } from '../market/instrument.ts'
import { priceOf, qtyOf, toSteps, toTicks } from '../market/quantise.ts'
import { sign } from '../market/side.ts'
import { isOrder, nextRung, type Rung, rungLeft } from '../portfolio/ladder.ts'

const params = {
  /** Levels of the adds and of the stop, in percent under the first entry. */
  firstBelowPercent: 5,
  secondBelowPercent: 10,
  stopBelowPercent: 15,
  /** USDT. */
  firstMargin: 10,
  secondMargin: 20,
  /** Least margin of the entry, and greatest of entry and adds together. */
  leastMargin: 5,
  maxMargin: 80,
  /** Loss of the whole plan at its stop, in percent of equity. */
  riskPercent: 1,
  /** BB% of a level has to be no more. */
  bbPercentUpTo: 25,
}

export const dcaLadder: LadderStrategy<typeof params> = {
  id: 'dca-ladder',
  role: 'ladder',
  optIn: true,
  params,
  applies: ({ strategy, side }) => strategy === 'bollinger-grid-long' && side === 'long',
  stop({ side, instrument }, entry, p) {
    const price = entry * (1 - (sign(side) * p.stopBelowPercent) / 100)
    if (!sendable(instrument, price)) return undefined
    const stop = stopTicks(instrument, side, price)
    return ordered(side, toTicks(instrument, entry, 'nearest'), stop, null) ? stop : undefined
  },
  plan(shown, p) {
    const { signal, entry, equity, takerFee } = shown
    const { instrument } = signal
    const budget = (Math.max(equity, 0) * p.riskPercent) / 100
    const least = leastEntry(shown, p.leastMargin)
    const planned = rungsOf(shown, p)
    const orderable = planned.filter(rung => !rung.isDropped).length
    for (let count = orderable; count >= 0; count--) {
      let [loss, margin] = [0, 0]
      for (const { price, steps, margin: own } of planned.slice(0, count)) {
        loss += qtyOf(instrument, steps) * lossPerCoin(shown, priceOf(instrument, price))
        margin += own
      }
      const most = mostEntry(shown, budget - loss, p.maxMargin - margin)
      if (most < least) continue
      // One that had to be cut to its least to keep an add, in vain, is not raised again.
      const steps = count === orderable ? most : least
      const rungs = planned.map((rung, i) => (i < count ? rung : { ...rung, isDropped: true }))
      const firstEntry = toTicks(instrument, entry, 'nearest')
      return {
        ladder: { firstEntry, budget, takerFee, maxMargin: p.maxMargin, rungs, decided: null },
        steps,
        reason: planWords(shown, steps, rungs, p),
      }
    }
    const alone = qtyOf(instrument, least) * lossPerCoin(shown, entry)
    return {
      refused: `an entry of ${p.leastMargin} USDT margin alone would lose ${alone.toFixed(2)} USDT at the ladder's stop, ${budget.toFixed(2)} are allowed, or more than it was sized at`,
      figures: { budget, loss: alone, leastMargin: p.leastMargin, equity },
    }
  },
  decide(view: PositionView, p): readonly Intent[] {
    const { position } = view
    const { ladder, instrument } = position
    if (ladder === undefined || position.exits.length > 0) return NOTHING
    const rung = nextRung(instrument, ladder)
    if (rung < 0) return NOTHING
    const { price, margin } = ladder.rungs[rung]
    const bb = view.bbPercent(priceOf(instrument, price))
    if (bb === undefined || bb > p.bbPercentUpTo) return NOTHING
    const steps = rungLeft(instrument, ladder.rungs[rung])
    const reason = `add ${rung + 1} of ${ladder.rungs.length}, ${margin.toFixed(2)} USDT: BB% ${bb.toFixed(1)} of its level <= ${p.bbPercentUpTo}`
    return [{ kind: 'add', rung, price, steps, reason }]
  },
}

/** What one coin entered at a price loses at the stop, both fees as taker. */
function lossPerCoin({ signal, takerFee }: SizeProposal, price: number): Usdt {
  const stop = priceOf(signal.instrument, signal.stop)
  return sign(signal.side) * (price - stop) + takerFee * (price + stop)
}

/** The steps of an entry of the least margin, or the least that the exchange takes. */
function leastEntry({ signal, entry }: SizeProposal, leastMargin: Usdt): Steps {
  const { instrument, leverage } = signal
  const byMargin = toSteps(instrument, (leastMargin * leverage) / entry, 'down')
  const byValue = toSteps(instrument, instrument.minNotional / entry, 'up')
  return Math.max(byMargin, byValue, instrument.minQty) as Steps
}

/** The most steps of an entry that lose no more than `loss` at the stop and bind no more than `margin`. */
function mostEntry(shown: SizeProposal, loss: Usdt, margin: Usdt): Steps {
  const { signal, entry, steps } = shown
  const { instrument, leverage } = signal
  if (loss <= 0 || margin <= 0) return 0 as Steps
  const fits = (qty: number): Steps => toSteps(instrument, Math.min(qty, qtyOf(instrument, steps)), 'down')
  return Math.min(fits(loss / lossPerCoin(shown, entry)), fits((margin * leverage) / entry)) as Steps
}

/** Both adds; those that could not be sent are dropped. */
function rungsOf(shown: SizeProposal, p: typeof params): readonly Rung[] {
  const { signal, entry } = shown
  const { instrument, side, leverage, stop } = signal
  let isDropped = false
  let above: Ticks = toTicks(instrument, entry, 'nearest')
  return (
    [
      [p.firstBelowPercent, p.firstMargin],
      [p.secondBelowPercent, p.secondMargin],
    ] as const
  ).map(([below, wanted]) => {
    const at = entry * (1 - (sign(side) * below) / 100)
    const price = sendable(instrument, at) ? entryTicks(instrument, side, at) : above
    const value = priceOf(instrument, price)
    const steps = capped(instrument, toSteps(instrument, (wanted * leverage) / value, 'down'))
    const isBetween = ordered(side, above, price, null) && ordered(side, price, stop, null)
    isDropped ||= !isBetween || !isOrder(instrument, price, steps)
    above = price
    const margin = (qtyOf(instrument, steps) * value) / leverage
    return { price, steps, filled: 0 as Steps, margin, isDropped }
  })
}

function capped({ maxQty }: Instrument, steps: Steps): Steps {
  return maxQty !== null && steps > maxQty ? maxQty : steps
}

function planWords(shown: SizeProposal, steps: Steps, rungs: readonly Rung[], p: typeof params): string {
  const { signal, entry } = shown
  const margin = (qtyOf(signal.instrument, steps) * entry) / signal.leverage
  const kept = rungs.filter(rung => !rung.isDropped).length
  const cut = steps < shown.steps ? `cut to margin ${margin.toFixed(2)} USDT ` : ''
  const dropped = rungs.length - kept
  const words = `${cut}for a ladder of ${kept} adds under one stop ${p.stopBelowPercent} % below`
  return dropped === 0 ? words : `${words}, ${dropped} of ${rungs.length} adds dropped`
}
