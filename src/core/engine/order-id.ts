import { hashText } from '../base/hash.ts'

/**
 * The id an order carries to the exchange, derived from its intent alone, so that the same intent can never become
 * two orders: `bbw-` and 28 hexadecimal digits over signal, leg and attempt (the exchange takes up to 36 characters
 * of `[A-Za-z0-9_-]`). A further attempt is a new id and is made only when the one before is known to be closed.
 */
export function clientOrderId(signalId: string, leg: OrderLeg, attempt: number): string {
  return `bbw-${hashText(`${signalId}|${leg}|${attempt}`).slice(0, 28)}`
}

/** The part an order plays for its position. */
export type OrderLeg = 'entry' | 'target' | 'target-1' | 'target-2' | 'close'
