/**
 * How an exchange of positions is decided on: whether one may begin, and what comes next of one that has begun. Pure; the
 * strategy says which one is worth it.
 */
import type { Code } from '../base/codes.ts'
import { DAY, type Timestamp } from '../base/units.ts'
import type { House } from '../guards/guard.ts'
import type { Position } from '../portfolio/position.ts'
import { ENTRY_STRATEGIES, ROTATIONS } from './cycles.ts'
import type { Rule } from './rule.ts'
import type { Settings } from './settings.ts'
import type { Rotation, RotationState } from './state.ts'

/** A position that would be exchanged, with what stands in the way. */
export interface SeenFlagged {
  readonly position: Position
  readonly now: Timestamp
  /** Exchanges begun lately. */
  readonly begun: RotationState['begun']
  readonly isRunning: boolean
  readonly isRecovering: boolean
  /** Orders that add at its leverage may leave. */
  readonly isOpen: boolean
  /** Its symbol is being settled at this very moment. */
  readonly isAtSettlement: boolean
  readonly lacking: House['lacking']
  /** A person is taking it back; it is being closed; an entry of its side rests. */
  readonly isLeaving: boolean
  readonly isClosing: boolean
  readonly hasEntry: boolean
}

export type Exchangeable = { readonly may: true } | { readonly may: false; readonly why: string }

/**
 * Whether a position may be exchanged now, whatever there is in its stead, or why not. It is asked in every heavy cycle
 * while the position pays: the same answer about it is taken down once.
 */
export const EXCHANGEABLE: Rule<SeenFlagged, Exchangeable> = {
  kind: 'exchange',
  lasts: () => true,
  about: ({ position: { strategy, symbol, side, signalId } }) => ({ strategy, symbol, side, id: signalId }),
  decide(seen, settings) {
    const why = obstacle(seen, settings)
    return why === null ? { may: true } : { may: false, why }
  },
  isSilent: () => false,
}

function obstacle(seen: SeenFlagged, settings: Settings): string | null {
  const { position, now, begun, lacking } = seen
  const { perDay, coinRest } = rotationLimits(settings)
  if (seen.isRunning) return 'another exchange is on its way'
  if (seen.isRecovering) return 'books and exchange are being compared'
  if (!seen.isOpen) return 'entries are closed'
  if (begun.filter(({ at }) => at > now - DAY).length >= perDay) return `${perDay} exchanges in 24 h`
  // Live, nobody knows yet on which side of it an order will be.
  if (lacking === 'refuse' && seen.isAtSettlement) return 'funding is being settled'
  if (restsAt(begun, position.symbol, now - coinRest)) return 'its coin took part in one lately'
  if (position.ladder !== undefined) return 'it is a ladder'
  if (seen.isLeaving) return 'a person is taking it back'
  if (seen.isClosing) return 'it is being closed'
  if (seen.hasEntry) return 'an entry of its side rests'
  if (position.timeframe !== '1d') return 'it is held for minutes'
  const own = ENTRY_STRATEGIES.find(({ id }) => id === position.strategy)
  return own?.exchange === undefined ? 'its strategy exchanges nothing' : null
}

/** How many exchanges 24 h may have, and how long a coin rests after one. */
export function rotationLimits(settings: Settings): {
  readonly perDay: number
  readonly coinRest: number
} {
  const [rotation] = ROTATIONS
  const { enabled: _, ...params } = settings.strategies[rotation.id]
  return rotation.limits(params)
}

/** Whether a coin took part in an exchange after `since`. */
export function restsAt(begun: RotationState['begun'], symbol: string, since: Timestamp): boolean {
  return begun.some(({ at, from, to }) => at > since && (from === symbol || to === symbol))
}

/** An exchange on its way, with what has become of both positions. */
export interface SeenRotation {
  readonly running: Rotation
  /** The entry of the new one is at the exchange, or on its way. */
  readonly isPending: boolean
  /** Both positions, as they are held; `null`: not any more, or not yet. */
  readonly opened: Pick<Position, 'enteredSteps'> | null
  readonly isHeld: boolean
  /** Of the new one: why it is being closed, and whether the account has shown its stop. */
  readonly closing: string | null
  readonly wasSeen: boolean
  /** Of the old one: its close is on its way; the last one was refused. */
  readonly isOrdered: boolean
  readonly isRefused: boolean
  /** Until when nothing may be executed on one of both symbols; `null`: it may be. */
  readonly quietUntil: Timestamp | null
}

export type RotationStep =
  /** It is over, told of the new position or of the old one; `undoes`: why the new one is closed again. */
  | {
      readonly kind: 'end'
      readonly of: 'opened' | 'held'
      readonly words: string
      readonly code: Code
      readonly undoes: string | null
    }
  /** The stop of the new one is in force: the old one is to go from now on. */
  | { readonly kind: 'close'; readonly quietUntil: Timestamp | null }
  /** The old one is to go, and is on its way. */
  | { readonly kind: 'closing' }

/** What comes next of an exchange; `null`: it waits. */
export const ROTATION: Rule<SeenRotation, RotationStep | null> = {
  kind: 'rotation',
  // An order that closes leaves each time.
  lasts: step => step?.kind === 'closing' || (step?.kind === 'close' && step.quietUntil !== null),
  about: ({ running: { from } }) => ({ strategy: null, symbol: from.symbol, side: from.side }),
  decide: (seen, settings) =>
    seen.running.phase === 'opening' ? opening(seen, settings) : leaving(seen, settings),
}

function opening(seen: SeenRotation, settings: Settings): RotationStep | null {
  const { running, isPending, opened, closing, wasSeen } = seen
  const { from, to, steps } = running
  if (isPending) return null
  const stopped = (of: 'opened' | 'held', words: string, undoes: string | null = null): RotationStep => ({
    kind: 'end',
    of,
    words,
    code: 'W213',
    undoes,
  })
  if (opened === null) {
    return stopped(
      'held',
      `${to.symbol} was not opened, or its stop has fired at once; ${from.symbol} is kept`,
    )
  }
  if (closing !== null) {
    return stopped('opened', `${to.symbol} is closed again: ${closing}; ${from.symbol} is kept`)
  }
  if (opened.enteredSteps < steps) {
    const part = `only a part of ${to.symbol} was opened in exchange for ${from.symbol}`
    return stopped('opened', `${part}: it is closed again, ${from.symbol} is kept`, part)
  }
  // The account has to show the stop of the one before the other one may go.
  return wasSeen ? leaving(seen, settings) : null
}

function leaving(seen: SeenRotation, { recovery }: Settings): RotationStep {
  const { from, to, closes } = seen.running
  if (!seen.isHeld) {
    const words = `${from.symbol} is exchanged for ${to.symbol}`
    return { kind: 'end', of: 'opened', words, code: 'I214', undoes: null }
  }
  if (seen.isOrdered) return { kind: 'closing' }
  if (seen.isRefused || closes > recovery.resends) {
    const words = `${from.symbol} could not be closed: it is kept beside ${to.symbol}`
    return { kind: 'end', of: 'held', words, code: 'W213', undoes: null }
  }
  return { kind: 'close', quietUntil: seen.quietUntil }
}
