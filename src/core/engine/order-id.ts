import { hashText } from '../base/hash.ts'

/** The instance of a process that keeps no state. */
export const NO_INSTANCE = '0000'

const PREFIX = 'bbw-'

/**
 * The id an order carries to the exchange, derived from its intent alone, so that the same intent can never become
 * two orders: `bbw-`, four digits that tell one bbw's state from another's, and 26 hexadecimal digits over signal,
 * leg and attempt (the exchange takes up to 36 characters of `[A-Za-z0-9_-]`). A further attempt is a new id and is
 * made only when the one before is known to be closed.
 */
export function clientOrderId(instance: string, signalId: string, leg: OrderLeg, attempt: number): string {
  return `${PREFIX}${instance}-${hashText(`${signalId}|${leg}|${attempt}`).slice(0, 26)}`
}

/**
 * The id of one part of an order that is too great for the exchange to take in one: the first 33 characters of the whole
 * order's id, so that it still fits, an underscore (a dot is not allowed) and the number of the part, from 1.
 */
export function partOrderId(id: string, part: number): string {
  return `${id.slice(0, 33)}_${part}`
}

/** Whose order an id is: of this instance, of another bbw, or of something else. */
export function ownerOf(id: string, instance: string): 'own' | 'rival' | 'other' {
  if (!id.startsWith(PREFIX)) return 'other'
  return id.startsWith(`${PREFIX}${instance}-`) ? 'own' : 'rival'
}

/** The part an order plays for its position. */
export type OrderLeg = 'entry' | AddLeg | 'target' | 'target-1' | 'target-2' | 'close'

/** An add to the position, by its rung from 1. */
export type AddLeg = `add-${number}`
