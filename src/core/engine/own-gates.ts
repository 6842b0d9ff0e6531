/** What is asked of a signal before the guards are: whether it is one that this bbw can act on at all. Pure. */
import { assert } from '../base/assert.ts'
import type { Signal } from '../decision/signal.ts'
import type { Figures, GateReading, House, Refusal } from '../guards/guard.ts'
import type { Instrument } from '../market/instrument.ts'
import { formatTicks, toTicks } from '../market/quantise.ts'
import { sign } from '../market/side.ts'
import { LADDERS } from './cycles.ts'
import { enabledLadder, entryOf, isEntryOn } from './pipeline.ts'
import type { Rule } from './rule.ts'

/** A signal before the guards, with what is known of it. */
export interface SeenSignal {
  readonly signal: Signal
  /** Tick and step of its symbol at the exchange; `null`: it is not traded here. */
  readonly known: Pick<Instrument, 'tick' | 'step'> | null
  /** It has been acted on. */
  readonly isUsed: boolean
  /** It may become a ladder, where ladders are on. */
  readonly mayLadder: boolean
  /** Strategies that may send real orders; `null`: no order that is sent is one. */
  readonly live: House['live']
}

/** What these gates go by. */
function looked({ signal: { instrument, order, side, stop, last }, known }: SeenSignal): {
  readonly from: number
  readonly isStop: boolean
  readonly isTradable: boolean
} {
  const from = order.type === 'limit' ? order.price : toTicks(instrument, last, 'nearest')
  const isStop = stop >= instrument.minPrice && (from - stop) * sign(side) > 0
  const { tick, step } = instrument
  // A signal from outside counts in ticks and steps of its own: they have to be those of the exchange.
  return { from, isStop, isTradable: known !== null && known.tick === tick && known.step === step }
}

/** The readings of these gates in their order, each with what it sees. */
export function ownGates(seen: SeenSignal, isOn: boolean): readonly GateReading[] {
  const { strategy, symbol, instrument, stop, id } = seen.signal
  const { from, isStop, isTradable } = looked(seen)
  const reading = (gate: string, isOpen: boolean, reason: string, figures: Figures): GateReading => ({
    gate,
    isOpen,
    reason: isOpen ? '' : reason,
    figures,
  })
  // A stop of nothing or less has no price to be written as.
  const where = stop > 0 ? formatTicks(instrument, stop) : `${stop} ticks`
  const { tick, step } = instrument
  return [
    reading('strategy', isOn, `${strategy} is not switched on`, { strategy }),
    reading('instrument', isTradable, `${symbol} is not traded here, or with another tick or step`, {
      tick,
      step,
    }),
    reading('once', !seen.isUsed, 'this signal has been acted on', { signal: id }),
    reading('stop-price', isStop, `a stop at ${where} protects nothing`, { stop: where, from }),
  ]
}

/** Why a signal does not come before the guards; `null`: it does. The stop of its ladder is one of the reasons. */
export const OWN_GATES: Rule<SeenSignal, Refusal | null> = {
  kind: 'gates',
  about: ({ signal: { strategy, symbol, side, id } }) => ({ strategy, symbol, side, id }),
  decide(seen, settings) {
    const { signal, mayLadder, live } = seen
    const isOn = isEntryOn(settings, signal.strategy)
    const { isStop, isTradable } = looked(seen)
    // Of hundreds of signals a day nearly all come through: words are made for the others alone.
    if (!isOn || !isTradable || seen.isUsed || !isStop) {
      const closed = ownGates(seen, isOn).find(({ isOpen }) => isOpen === false)
      assert(closed !== undefined, 'a gate that is closed has a reading')
      const { gate, reason, figures } = closed
      return { gate, reason, figures }
    }
    if (!mayLadder || !LADDERS.some(({ applies }) => applies(signal))) return null
    const entry = entryOf(signal, enabledLadder(settings, live))
    return 'refused' in entry ? entry.refused : null
  },
}
