/**
 * Why a strategy wants nothing. Each condition is written once, as a question that answers `null` where it holds and
 * with what is missing where it does not, so that the words cannot say anything else than the rule does. They are made
 * only where somebody wants them: what is asked on every bar of a backtest allocates nothing.
 */
import type { Side } from '../market/side.ts'
import { type Intent, NOTHING } from './intent.ts'
import type { View } from './view.ts'

export type Hold = Extract<Intent, { readonly kind: 'hold' }>

/** Who is asked whether words are wanted. */
type Asking = Pick<View, 'wantsReasons'>

const UNSAID: Hold = Object.freeze({ kind: 'hold', reason: 'reasons were not asked for' })

/** What is missing: `condition` is `value`, and `limit` says what it would have to be. */
export function lack(
  view: Asking,
  side: Side | null,
  condition: string,
  value: number | string,
  limit: string,
): Hold {
  if (!view.wantsReasons) return UNSAID
  if (typeof value === 'number' && !Number.isFinite(value)) return unknown(view, side, condition)
  const shown = typeof value === 'number' ? Number(value.toPrecision(6)) : value
  return {
    kind: 'hold',
    reason: `${condition} ${shown}, ${limit}`,
    lacks: { side, condition, value, limit },
  }
}

/** Something that has too little history, or that nobody has told. */
export function unknown(view: Asking, side: Side | null, condition: string): Hold {
  if (!view.wantsReasons) return UNSAID
  const limit = 'has to be known'
  return {
    kind: 'hold',
    reason: `${condition} not known, ${limit}`,
    lacks: { side, condition, value: null, limit },
  }
}

/** @returns `null`: it is below the limit */
export function unlessBelow(
  view: Asking,
  side: Side,
  condition: string,
  value: number,
  limit: number,
): Hold | null {
  if (value < limit) return null
  return view.wantsReasons ? lack(view, side, condition, value, `has to be below ${limit}`) : UNSAID
}

/** @returns `null`: it is above the limit */
export function unlessAbove(
  view: Asking,
  side: Side,
  condition: string,
  value: number,
  limit: number,
): Hold | null {
  if (value > limit) return null
  return view.wantsReasons ? lack(view, side, condition, value, `has to be above ${limit}`) : UNSAID
}

/** @returns `null`: it is the limit, or below */
export function unlessAtMost(
  view: Asking,
  side: Side,
  condition: string,
  value: number,
  limit: number,
): Hold | null {
  if (value <= limit) return null
  return view.wantsReasons ? lack(view, side, condition, value, `has to be at most ${limit}`) : UNSAID
}

/** @returns `null`: it is the limit, or above */
export function unlessAtLeast(
  view: Asking,
  side: Side,
  condition: string,
  value: number,
  limit: number,
): Hold | null {
  if (value >= limit) return null
  return view.wantsReasons ? lack(view, side, condition, value, `has to be at least ${limit}`) : UNSAID
}

/** @returns `null`: it may be sold short */
export function unlessShortable(view: Pick<View, 'wantsReasons' | 'neverShort' | 'symbol'>): Hold | null {
  if (!view.neverShort) return null
  return lack(view, 'short', 'symbol', view.symbol, 'must not be on the never-short list')
}

/** Prices that could not be sent, or not in the order in which they protect. */
export function unpriced(view: Pick<View, 'wantsReasons' | 'last'>, side: Side): Hold {
  const limit = 'entry, stop and target have to be prices that the exchange takes, in their order'
  return lack(view, side, 'last price', view.last, limit)
}

/** The answer of a strategy that wants nothing: what is missing where that is wanted, nothing at all elsewhere. */
export function silence(view: Asking, first: Hold, second: Hold | null = null): readonly Intent[] {
  if (!view.wantsReasons) return NOTHING
  return second === null ? [first] : [first, second]
}
