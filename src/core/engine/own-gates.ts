/** What is asked of a signal before the guards are: whether it is one that this bbw can act on at all. Pure. */
import type { Signal } from '../decision/signal.ts'
import type { Figures, GateReading, House, Refusal } from '../guards/guard.ts'
import type { Instrument } from '../market/instrument.ts'
import { formatTicks, toTicks } from '../market/quantise.ts'
import { sign } from '../market/side.ts'
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

/** The readings of these gates in their order, each with what it sees. */
export function ownGates({ signal, known, isUsed }: SeenSignal, isOn: boolean): readonly GateReading[] {
  const { strategy, symbol, instrument, order, side, stop, id } = signal
  const reading = (gate: string, isOpen: boolean, reason: string, figures: Figures): GateReading => ({
    gate,
    isOpen,
    reason: isOpen ? '' : reason,
    figures,
  })
  const from = order.type === 'limit' ? order.price : toTicks(instrument, signal.last, 'nearest')
  const isStop = stop >= instrument.minPrice && (from - stop) * sign(side) > 0
  // A stop of nothing or less has no price to be written as.
  const where = stop > 0 ? formatTicks(instrument, stop) : `${stop} ticks`
  const { tick, step } = instrument
  // A signal from outside counts in ticks and steps of its own: they have to be those of the exchange.
  const isTradable = known !== null && known.tick === tick && known.step === step
  return [
    reading('strategy', isOn, `${strategy} is not switched on`, { strategy }),
    reading('instrument', isTradable, `${symbol} is not traded here, or with another tick or step`, {
      tick,
      step,
    }),
    reading('once', !isUsed, 'this signal has been acted on', { signal: id }),
    reading('stop-price', isStop, `a stop at ${where} protects nothing`, { stop: where, from }),
  ]
}

/** Why a signal does not come before the guards; `null`: it does. The stop of its ladder is one of the reasons. */
export const OWN_GATES: Rule<SeenSignal, Refusal | null> = {
  kind: 'gates',
  about: ({ signal: { strategy, symbol, side, id } }) => ({ strategy, symbol, side, id }),
  decide(seen, settings) {
    const { signal, mayLadder, live } = seen
    const readings = ownGates(seen, isEntryOn(settings, signal.strategy))
    const closed = readings.find(({ isOpen }) => isOpen === false)
    if (closed !== undefined) {
      const { gate, reason, figures } = closed
      return { gate, reason, figures }
    }
    const entry = entryOf(signal, mayLadder ? enabledLadder(settings, live) : null)
    return 'refused' in entry ? entry.refused : null
  },
}
