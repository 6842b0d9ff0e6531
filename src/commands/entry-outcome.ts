/** What has become of signals at the exchange: an entry that was decided on is not yet one that was made. Pure. */
import type { EngineEvent } from '../core/engine/protocol.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'

/** Of an order in whose way nothing has come: whether it rests, or nothing says what has become of it, in words. */
export type Standing = 'rests' | { readonly unknown: string }

/** Ends of an entry that has not filled at all. */
const ENDS: ReadonlySet<EngineEvent['kind']> = new Set(['rejected', 'refused', 'expired'])

/**
 * One event for each signal, in the order in which they were judged: `entered`, with `outcome` among its figures
 * (`filled`, `resting`); `refused`, `rejected` or `expired` with the reason; or `unknown`.
 *
 * @param events what was told since they were handed in
 * @param standing of an order by its client order id
 */
export function outcomesOf(
  events: readonly EngineEvent[],
  ids: ReadonlySet<string>,
  standing: (entered: EngineEvent) => Standing,
): readonly EngineEvent[] {
  const judged = new Map<string, EngineEvent>()
  for (const event of events) {
    const { kind, signalId } = event
    if (signalId === null || !ids.has(signalId)) continue
    // What its order came to is looked for below; that it was refused before it had one is an end of its own.
    const isVerdict = kind === 'entered' || (kind === 'refused' && !hasOrder(judged.get(signalId), event))
    if (!isVerdict) continue
    judged.delete(signalId)
    judged.set(signalId, event)
  }
  return [...judged.values()].map(event =>
    event.kind === 'entered' ? outcomeOf(event, events, standing) : event,
  )
}

function hasOrder(entered: EngineEvent | undefined, { clientOrderId }: EngineEvent): boolean {
  return entered?.kind === 'entered' && clientOrderId !== null && entered.clientOrderId === clientOrderId
}

function outcomeOf(
  entered: EngineEvent,
  events: readonly EngineEvent[],
  standing: (entered: EngineEvent) => Standing,
): EngineEvent {
  const end = endOf(entered, events)
  if (end?.kind === 'filled') return { ...entered, figures: { ...entered.figures, outcome: 'filled' } }
  if (end !== undefined) return end
  const stands = standing(entered)
  if (stands === 'rests') return { ...entered, figures: { ...entered.figures, outcome: 'resting' } }
  return { ...entered, kind: 'unknown', code: 'C712', reason: stands.unknown }
}

/** The event by which an entry has come to its end, or to its first fill; `undefined`: none was told. */
function endOf({ clientOrderId }: EngineEvent, events: readonly EngineEvent[]): EngineEvent | undefined {
  const own = events.filter(event => event.clientOrderId === clientOrderId)
  return own.find(({ kind }) => kind === 'filled') ?? own.findLast(({ kind }) => ENDS.has(kind))
}

/** 5 where nothing is known of one; else 0 where at least one was entered, 6 where none was. */
export function codeOf(outcomes: readonly EngineEvent[]): ExitCode {
  if (outcomes.some(({ kind }) => kind === 'unknown')) return EXIT.exchange
  return outcomes.some(({ kind }) => kind === 'entered') ? EXIT.ok : EXIT.refused
}
