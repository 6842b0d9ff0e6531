/**
 * Orders that were sent and have not been answered. A time-out is "unknown", never "failed": until a look-up tells,
 * nothing is counted as done or as not done. A pure table; the engine carries out what it says.
 */
import type { Code } from '../base/codes.ts'
import type { Milliseconds, Timestamp } from '../base/units.ts'
import type { OrderRequest } from './protocol.ts'
import type { Doubt } from './state.ts'

type Cause = Exclude<Doubt['cause'], 'sent'>

/** What the absence of an order at the exchange means. */
export type AbsenceVerdict =
  /** It may still land: ask again then. */
  | { readonly kind: 'wait'; readonly until: Timestamp }
  | { readonly kind: 'resend'; readonly request: OrderRequest }
  | { readonly kind: 'gone' }

export class Doubts {
  readonly #doubts = new Map<string, Doubt>()
  readonly #answerMs: Milliseconds

  /** @param answerMs an answer that has not come by then is overdue */
  constructor(answerMs: Milliseconds) {
    this.#answerMs = answerMs
  }

  get(id: string): Doubt | null {
    return this.#doubts.get(id) ?? null
  }

  entries(): [string, Doubt][] {
    return [...this.#doubts]
  }

  /** Whether there is an order of unknown fate; those whose answer is merely awaited do not count. */
  get isAny(): boolean {
    for (const { cause } of this.#doubts.values()) if (cause !== 'sent') return true
    return false
  }

  /** The orders to be looked up. */
  doubtful(): string[] {
    const ids: string[] = []
    for (const [id, { cause }] of this.#doubts) if (cause !== 'sent') ids.push(id)
    return ids
  }

  isDoubtful(id: string): boolean {
    const doubt = this.#doubts.get(id)
    return doubt !== undefined && doubt.cause !== 'sent'
  }

  /** An order leaves: its answer is awaited. */
  sent(request: OrderRequest, now: Timestamp): void {
    const before = this.#doubts.get(request.clientOrderId)
    this.#doubts.set(request.clientOrderId, {
      sentAt: now,
      resends: before?.resends ?? 0,
      cause: before?.cause ?? 'sent',
      wasAbsent: before?.wasAbsent ?? false,
      request,
    })
  }

  /** Nothing says whether the order has arrived, or is still there. */
  raise(id: string, cause: Cause, now: Timestamp): void {
    const before = this.#doubts.get(id)
    if (before !== undefined) this.#doubts.set(id, { ...before, cause })
    else this.#doubts.set(id, { sentAt: now, resends: 0, cause, wasAbsent: false, request: null })
  }

  /** The order's fate is known. Returns the doubt that there was, one whose answer was merely awaited included. */
  settle(id: string): Doubt | null {
    const doubt = this.#doubts.get(id) ?? null
    this.#doubts.delete(id)
    return doubt
  }

  /** Changes the requests that would be sent again. */
  recount(counted: (request: OrderRequest) => OrderRequest): void {
    for (const [id, doubt] of this.#doubts) {
      if (doubt.request !== null) this.#doubts.set(id, { ...doubt, request: counted(doubt.request) })
    }
  }

  load(id: string, doubt: Doubt): void {
    this.#doubts.set(id, doubt)
  }

  /** After a restart nothing says what became of an order that was on its way. */
  doubtAll(): void {
    for (const [id, doubt] of this.#doubts) this.#doubts.set(id, { ...doubt, cause: 'restart' })
  }

  /** When the earliest answer was due; `null` when none is awaited. */
  answerDue(): Timestamp | null {
    let due: Timestamp | null = null
    for (const { cause, sentAt } of this.#doubts.values()) {
      const at = sentAt + this.#answerMs
      if (cause === 'sent' && (due === null || at < due)) due = at
    }
    return due
  }

  /** The orders whose answers are awaited, with when they were sent. */
  awaited(): [id: string, sentAt: Timestamp][] {
    return [...this.#doubts].flatMap(([id, { cause, sentAt }]) => (cause === 'sent' ? [[id, sentAt]] : []))
  }

  /** The exchange says that the order has filled; what it has filled is still to be booked, or was somewhere else. */
  heardFilled(id: string, now: Timestamp): void {
    const doubt = this.#doubts.get(id)
    if (doubt !== undefined) this.#doubts.set(id, { ...doubt, filledAt: doubt.filledAt ?? now })
  }

  /** The orders of which it has said so. */
  saidFilled(): string[] {
    return [...this.#doubts].flatMap(([id, { filledAt }]) => (filledAt === undefined ? [] : [id]))
  }

  /** The exchange knows nothing of the order, and that was decided about it. */
  heed(id: string, { kind }: AbsenceVerdict, now: Timestamp): void {
    const doubt = this.#doubts.get(id)
    if (doubt === undefined || doubt.request === null) return
    const resent = kind === 'resend' ? { resends: doubt.resends + 1, sentAt: now } : {}
    this.#doubts.set(id, { ...doubt, wasAbsent: true, ...resent })
  }
}

/**
 * What it means that the exchange knows nothing of an order: proof only once it can no longer land. One that had been
 * accepted is gone at once.
 *
 * @param mayResend whether it is still wanted
 */
export function absence(
  { request, sentAt, resends }: Doubt,
  now: Timestamp,
  mayResend: boolean,
  limits: { readonly windowMs: Milliseconds; readonly resends: number },
): AbsenceVerdict {
  if (request === null) return { kind: 'gone' }
  const until = sentAt + limits.windowMs
  if (now < until) return { kind: 'wait', until }
  return mayResend && resends < limits.resends ? { kind: 'resend', request } : { kind: 'gone' }
}

/** The message that fits an order found after a doubt. */
export function foundCode(doubt: Doubt): Code {
  if (doubt.cause === 'restart') return 'I108'
  if (doubt.cause === 'duplicate-id') return 'I104'
  if (doubt.wasAbsent) return 'W103'
  return 'E101'
}
