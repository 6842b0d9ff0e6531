/**
 * Funding Rotation: exchanges a position that pays funding for one on the same side that is paid for being held.
 *
 * | step | rule |
 * | --- | --- |
 * | flagged | the position pays more than 0.01 % at its next settlement: its rate at its own interval, side-aware |
 * | alternative | same side, receives; score and gates are the house's |
 * | worth it | funding saved over 24 h > closing the one and opening the other, each at taker fee plus 2 basis points |
 * | when | never within 2 min of a settlement of either symbol, before it or after |
 * | how often | 3 a rolling 24 h; a coin that was left or entered rests for 24 h |
 *
 * What is saved is what the position pays and the alternative receives, both per 8 h, three times over. The answer is
 * a chain, the best alternative first: enter that, then close this. An alternative whose rate is not known receives
 * nothing; a position whose rate or interval is not known is not flagged. Any 24 h hold at most three, so any UTC day
 * does too, and those count as well that came to nothing: nothing is gained by trying again, or at midnight.
 *
 * At the very moment of a settlement, at a price of that very moment, the settlement is over: only the clock of
 * recorded candles stands there, whose settlements are booked before anything is decided. A live price takes time to
 * arrive, so that this never is so. Without it candles of a day, which all close at a settlement, could not rotate.
 */
import { DAY, HOUR, MINUTE, type Milliseconds, type Timestamp } from '../base/units.ts'
import { NOTHING } from '../decision/intent.ts'
import type { Alternative, RotationStrategy } from '../decision/strategy.ts'
import type { Fees, PositionView } from '../decision/view.ts'
import { type Side, sign } from '../market/side.ts'

/** What rates are given for. */
const RATE_SPAN = 8 * HOUR

const params = {
  /** Flagged when it pays more at the next settlement, in percent of its value. */
  paysOverPercent: 0.01,
  /** What a taker gives away beside the fee, on each of both orders. */
  slippageBasisPoints: 2,
  /** Nothing is executed so near to a settlement. */
  quietMinutes: 2,
  /** Rotations in any 24 h, and how long a coin rests that took part in one. */
  maxPerDay: 3,
  coinRestHours: 24,
}

export const fundingRotation: RotationStrategy<typeof params> = {
  id: 'funding-rotation',
  role: 'rotation',
  params,
  limits: p => ({ perDay: p.maxPerDay, coinRest: p.coinRestHours * HOUR }),
  quietUntil: (view, p) => quietUntil(view, p.quietMinutes * MINUTE),
  mayChoose(view, per8h, p) {
    const { position, funding, fees } = view
    return funding !== null && savedBy(position.side, funding, per8h) > costOf(fees, p)
  },
  decide(view: PositionView, p, alternatives) {
    const { position, funding, fundingInterval, fees } = view
    if (funding === null || fundingInterval === null) return NOTHING
    const pays = sign(position.side) * funding
    const next = (100 * pays * fundingInterval) / RATE_SPAN
    if (!(next > p.paysOverPercent)) return NOTHING
    const words = `pays ${next.toFixed(4)} % at the next funding, more than ${p.paysOverPercent}`
    const quiet = p.quietMinutes * MINUTE
    if (!isClear(view, quiet)) return [{ kind: 'hold', reason: words }]
    const cost = costOf(fees, p)
    for (const alternative of alternatives) {
      const { signal } = alternative
      const receives = -sign(signal.side) * (signal.funding ?? 0)
      if (signal.side !== position.side || !(receives > 0) || !isClear(alternative, quiet)) continue
      const saved = savedBy(position.side, funding, signal.funding)
      if (!(saved > cost)) continue
      const better = `${percent(saved)} % of funding saved in 24 h, ${percent(cost)} % of costs`
      const { symbol, side, order, stop, target, leverage } = signal
      return [
        {
          kind: 'enter',
          symbol,
          side,
          order,
          stop,
          target,
          leverage,
          reason: `instead of ${view.symbol}: ${better}`,
        },
        { kind: 'exit', why: 'rotated', reason: `${words}: exchanged for ${symbol}, ${better}` },
      ]
    }
    return [{ kind: 'hold', reason: words }]
  },
}

/** What 24 h at a rate instead of another one save on one side, as a share of the value. */
function savedBy(side: Side, funding: number, instead: number | null): number {
  return sign(side) * (funding - (instead ?? 0)) * (DAY / RATE_SPAN)
}

/** Closing the one and opening the other, as a share of the value. */
function costOf({ taker }: Fees, { slippageBasisPoints }: typeof params): number {
  return 2 * (taker + slippageBasisPoints / 10_000)
}

type Funded = Pick<Alternative, 'now' | 'lastAt' | 'nextFunding' | 'fundingInterval'>

/** Whether an exchange may begin: what nobody knows the next settlement of cannot be kept clear of it. */
function isClear(funded: Funded, quiet: Milliseconds): boolean {
  const { nextFunding, fundingInterval } = funded
  return nextFunding !== null && fundingInterval !== null && quietUntil(funded, quiet) === null
}

/** Until when nothing is to be executed on a symbol, because a settlement is near; `null`: it may be. */
function quietUntil(
  { now, lastAt, nextFunding, fundingInterval }: Funded,
  quiet: Milliseconds,
): Timestamp | null {
  if (nextFunding === null) return null
  if (nextFunding - now < quiet) return nextFunding + quiet
  if (fundingInterval === null) return null
  const before = nextFunding - fundingInterval
  if (now - before >= quiet || (now === before && lastAt === now)) return null
  return before + quiet
}

function percent(share: number): string {
  return (100 * share).toFixed(3)
}
