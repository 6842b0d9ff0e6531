import { broken } from '../../base/assert.ts'
import { type Milliseconds, SECOND, type Timestamp } from '../../base/units.ts'
import type { ClockPort } from '../../engine/ports.ts'

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
export async function aftermath(
  clock: VirtualClock,
  began: Timestamp,
  idle: () => Promise<void>,
): Promise<void> {
  const end = began + AFTERMATH
  for (let at = clock.alarmAt; at !== null && at <= end; at = clock.alarmAt) {
    clock.moveTo(at)
    clock.ring()
    await idle()
  }
}
