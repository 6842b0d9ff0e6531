/**
 * Signals that something passing has refused: an old price, a hole in the candles, a house that was not ready, an exchange
 * that had no room. Such a refusal does not spend them. When it is over they are looked for again, by their strategies and
 * on the prices of then, for as long as their candle is the newest; what anything else has refused is not. Pure.
 */
import { SECOND, type Timestamp } from '../base/units.ts'
import type { Timeframe } from '../decision/strategy.ts'
import type { Refusal } from '../guards/guard.ts'
import { readiness } from '../guards/readiness.ts'
import { staleData } from '../guards/signal-guards.ts'
import { INTERVAL_MS } from '../market/interval.ts'
import type { Rule } from './rule.ts'

/** What has to be over first. */
export type PassingCause = 'price' | 'gap' | 'readiness'

/** A signal that waits for that. */
export interface SecondLook {
  readonly strategy: string
  readonly symbol: string
  readonly timeframe: Timeframe
  readonly candleStart: Timestamp
  readonly isMarket: boolean
  readonly cause: PassingCause
  /** Candles that were missing then. */
  readonly missing: number
}

/** Why a refusal is one that passes; `null`: it is not. */
export function passing({ gate, figures }: Refusal): PassingCause | null {
  if (gate === readiness.id) return 'readiness'
  if (gate !== staleData.id) return null
  return figures.ageSeconds === undefined ? 'gap' : 'price'
}

/** A signal that waits, and how its market stands. */
export interface SeenLook {
  readonly look: SecondLook
  /** Start of the newest closed candle of its timeframe. */
  readonly newest: Timestamp
  readonly lastAt: Timestamp
  readonly missing: number
  /** The house is not ready to enter its symbol. */
  readonly isBlocked: boolean
  readonly now: Timestamp
}

/** `again`: what has refused it is over; `over`: its time is; `null`: neither. */
export const SECOND_LOOK: Rule<SeenLook, 'again' | 'over' | null> = {
  kind: 'second-look',
  about: ({ look: { strategy, symbol, timeframe } }) => ({ strategy, symbol, side: null, id: timeframe }),
  decide({ look, newest, lastAt, missing, isBlocked, now }, { guards }) {
    const { timeframe, candleStart } = look
    const span = INTERVAL_MS[timeframe]
    if (newest !== candleStart || now >= candleStart + 2 * span) return 'over'
    const stale = { ...staleData.params, ...guards[staleData.id] }
    const limit = (look.isMarket ? stale.tickerSecondsMarket : stale.tickerSeconds) * SECOND
    const isFresh = Math.abs(now - lastAt) <= limit
    return isFresh && isFullEnough({ look, missing }) && !isBlocked ? 'again' : null
  },
}

/** Whether a hole in the candles that it was refused for has become smaller. */
export function isFullEnough({ look, missing }: Pick<SeenLook, 'look' | 'missing'>): boolean {
  return look.cause !== 'gap' || missing < look.missing
}
