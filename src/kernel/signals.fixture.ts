/** What a person or a pipe proposes in a simulation: entries near the present price, of several strategies. */
import { DAY, type Price, type Ticks, type Timestamp } from '../core/base/units.ts'
import { type Signal, signalId } from '../core/decision/signal.ts'
import { gridSignal } from '../core/engine/desk.fixture.ts'
import { scoreSignal } from '../core/engine/pipeline.ts'
import type { Scored } from '../core/engine/protocol.ts'
import type { Instrument } from '../core/market/instrument.ts'
import { toTicks } from '../core/market/quantise.ts'
import { sign } from '../core/market/side.ts'
import type { Draws } from './draws.fixture.ts'

const STRATEGIES = {
  long: ['bollinger-grid-long', 'mean-reversion'],
  short: ['bollinger-grid-short', 'mean-reversion'],
} as const

/** How entries are proposed. */
export interface Proposing {
  /** Of the occasions. */
  readonly share: number
  /** Stops and targets are so many times as far away. */
  readonly reach: number
  /** Figures are such that the side is worth entering, shorts, too. */
  readonly fits: boolean
}

export const PLAIN: Proposing = { share: 0.2, reach: 1, fits: false }

/** Of a market that is worth a short. */
const HIGH: Partial<Signal> = {
  bbPercent: 95,
  weekBb: 90,
  monthBb: 90,
  rsi: 75,
  downDays: 0,
  upDays: 4,
  change: 6,
}

/** An entry on a symbol. Each is on a candle of its own, so that none is one that was acted on already. */
export function proposal(
  draws: Draws,
  instrument: Instrument,
  price: Price,
  now: Timestamp,
  { reach, fits }: Proposing = PLAIN,
): Scored {
  const side = draws.pick('side', ['long', 'long', 'long', 'short'] as const)
  const strategy = draws.pick('strategy', STRATEGIES[side])
  const away = sign(side)
  const at = (share: number): Ticks => toTicks(instrument, price * (1 - away * share), 'nearest')
  const isLimit = draws.next('order type') < 0.4
  const candleStart = now - DAY
  const signal: Partial<Signal> = {
    side,
    instrument,
    price,
    last: price,
    lastAt: now,
    candleStart,
    candleEnd: now,
    lower: price * 0.99,
    middle: price * 1.02,
    upper: price * 1.05,
    order: isLimit ? { type: 'limit', price: at(0.0015) } : { type: 'market' },
    stop: at(reach * (0.012 + 0.02 * draws.next('stop'))),
    target: strategy === 'mean-reversion' ? at(-0.015 * reach) : null,
    leverage: draws.pick('leverage', [3, 3, 5, 10]),
    ...(fits && side === 'short'
      ? { ...HIGH, lower: price * 0.95, middle: price * 0.98, upper: price * 1.01 }
      : {}),
  }
  const made = gridSignal(instrument.symbol, { ...signal, strategy })
  return scoreSignal({ ...made, id: signalId(strategy, instrument.symbol, side, candleStart) })
}
