import type { Steps, Ticks, Usdt } from '../base/units.ts'
import type { Side } from '../market/side.ts'
import type { ExitReason } from '../portfolio/trade.ts'
import type { EntryOrder } from './signal.ts'

/**
 * What a strategy wants done. A returned list is a chain: executed in order, cut at the first refusal. Every intent
 * has a reason a trader can read.
 */
export type Intent =
  | {
      readonly kind: 'enter'
      /** Another symbol than the one that was looked at, in its stead. */
      readonly symbol?: string
      readonly side: Side
      readonly order: EntryOrder
      /** Protective stop, sent to the exchange with the order. */
      readonly stop: Ticks
      /** Target of the whole position, or `null` where a management strategy sets the targets. */
      readonly target: Ticks | null
      readonly leverage: number
      /** No more margin than this, in USDT; left out: what the sizing gives. */
      readonly margin?: Usdt
      readonly reason: string
    }
  | {
      /** Add `steps` to the position by a limit order: rung of its ladder, from 0. */
      readonly kind: 'add'
      readonly rung: number
      readonly price: Ticks
      readonly steps: Steps
      readonly reason: string
    }
  | {
      /** Close `steps` by a resting reduce-only order at `price`; leg 1 is the nearest target. */
      readonly kind: 'reduce'
      readonly leg: 1 | 2
      readonly price: Ticks
      readonly steps: Steps
      readonly reason: string
    }
  | { readonly kind: 'exit'; readonly why: ExitReason; readonly reason: string }
  /** Enter with no more than `steps`. */
  | { readonly kind: 'resize'; readonly steps: Steps; readonly reason: string }
  | { readonly kind: 'move-stop'; readonly stop: Ticks; readonly why: StopMove; readonly reason: string }
  /** Nothing, and why: of an entry strategy only where `View.wantsReasons` says that somebody wants to know. */
  | { readonly kind: 'hold'; readonly reason: string; readonly lacks?: Lack }

/** The first condition of a strategy that does not hold. */
export interface Lack {
  /** The side it is asked for; `null`: for both. */
  readonly side: Side | null
  readonly condition: string
  /** What it is; `null`: that is not known. */
  readonly value: number | string | null
  /** What it would have to be, in words. */
  readonly limit: string
}

/** Which rule moves a stop; it becomes part of the exit's reason. A halving happens once a position. */
export type StopMove = 'breakeven' | 'trailing' | 'halving'

/** The answer of a strategy that has nothing to say; shared, so that silence allocates nothing. */
export const NOTHING: readonly Intent[] = Object.freeze([])
