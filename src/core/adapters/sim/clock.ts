import { broken } from '../../base/assert.ts'
import { type Milliseconds, SECOND, type Timestamp } from '../../base/units.ts'
import type { ClockPort, PacedExchange } from '../../engine/ports.ts'

/** A clock that stands still until it is moved: the embedded exchange's. */
export class VirtualClock implements ClockPort {
  #now: Timestamp
  #alarm: { readonly at: Timestamp; readonly wake: () => void } | null = null

  constructor(now: Timestamp) {
    this.#now = now
  }

  now(): Timestamp {
    return this.#now
  }

  wakeAt(at: Timestamp | null, wake: () => void): void {
    // A cycle may have become due while another was waiting: what is past is due now.
    this.#alarm = at === null ? null : { at: Math.max(at, this.#now), wake }
  }

  /** When the alarm goes off, `null` without one. */
  get alarmAt(): Timestamp | null {
    return this.#alarm?.at ?? null
  }

  moveTo(now: Timestamp): void {
    if (!(now >= this.#now)) broken(`the clock goes back from ${this.#now} to ${now}`)
    this.#now = now
  }

  /** Calls back whoever asked to be woken by now. */
  ring(): void {
    const alarm = this.#alarm
    if (alarm === null || alarm.at > this.#now) return
    this.#alarm = null
    alarm.wake()
  }
}

/** Longer than a trader needs to prove that what it had sent has never arrived. */
const AFTERMATH: Milliseconds = 15 * SECOND

/**
 * Lets a trader that came just before the end of the market, or after it, set its books right: time goes on for it
 * alone, for as long as that takes it at most.
 *
 * @param began when the trader came
 */
async function aftermath(clock: VirtualClock, began: Timestamp, idle: () => Promise<void>): Promise<void> {
  const end = began + AFTERMATH
  for (let at = clock.alarmAt; at !== null && at <= end; at = clock.alarmAt) {
    clock.moveTo(at)
    clock.ring()
    await idle()
  }
}

/** Where a market stands: `next` is its next instant, `null` at its end; `isMidway` within one that has begun. */
export interface MarketStanding {
  readonly now: Timestamp
  readonly next: Timestamp | null
  readonly isMidway: boolean
}

/**
 * Waits for the instant to which a market moves next, its own or the alarm's; or tells why it moves no more.
 *
 * @param began when the trader came
 */
export async function nextInstant(
  clock: VirtualClock,
  { now, next, isMidway }: MarketStanding,
  began: Timestamp,
  [idle, pace, until]: Parameters<PacedExchange['run']>,
): Promise<Timestamp | Awaited<ReturnType<PacedExchange['run']>>> {
  // An instant that an earlier trader was in the middle of is not paced: it has come.
  if (isMidway) return now
  if (next === null) {
    await aftermath(clock, began, idle)
    return 'ended'
  }
  const alarm = clock.alarmAt
  const at = alarm !== null && alarm < next ? alarm : next
  if (until !== null && at > until) return 'until'
  return (await pace(at)) ? at : 'stopped'
}
