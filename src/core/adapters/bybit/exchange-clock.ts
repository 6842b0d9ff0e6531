/**
 * The exchange's time without asking each time: its distance from a clock that never steps, taken anew now and then.
 * A wall clock that is wrong is told of and changes nothing.
 */
import type { Code } from '../../base/codes.ts'
import { ExchangeError } from '../../base/errors.ts'
import { MINUTE, type Milliseconds, type Timestamp } from '../../base/units.ts'
import type { BybitClient } from './client.ts'

const EVERY: Milliseconds = 10 * MINUTE
/** Bybit refuses what is stamped so far ahead. */
const WORTH_A_WORD: Milliseconds = 1_000

export interface ExchangeClockPorts {
  readonly client: Pick<BybitClient, 'serverNow' | 'clockAhead'>
  monotonic(): Milliseconds
  say(code: Code, words: string): void
}

export class ExchangeClock {
  readonly #ports: ExchangeClockPorts
  #origin: Timestamp
  #takenAt: Milliseconds
  #isAsking = false
  #saidAhead: Milliseconds | null = null

  private constructor(ports: ExchangeClockPorts, now: Timestamp) {
    this.#ports = ports
    this.#takenAt = ports.monotonic()
    this.#origin = now - this.#takenAt
  }

  /** Throws an ExchangeError where the exchange does not tell its time. */
  static async open(ports: ExchangeClockPorts): Promise<ExchangeClock> {
    const clock = new ExchangeClock(ports, await ports.client.serverNow())
    await clock.#compare()
    return clock
  }

  /** In whole milliseconds. */
  now(): Timestamp {
    return Math.floor(this.#origin + this.#ports.monotonic())
  }

  /** By how much the exchange's clock is ahead of a wall clock. */
  aheadOf(wall: Timestamp): Milliseconds {
    return this.now() - wall
  }

  /** To be called about once a second. */
  check(): void {
    if (this.#isAsking || this.#ports.monotonic() - this.#takenAt < EVERY) return
    this.#isAsking = true
    this.#take().finally(() => {
      this.#isAsking = false
    })
  }

  async #take(): Promise<void> {
    this.#takenAt = this.#ports.monotonic()
    try {
      const now = await this.#ports.client.serverNow()
      this.#origin = now - this.#ports.monotonic()
      await this.#compare()
    } catch (error) {
      // What was taken last still holds: the machine's clock drifts by little.
      if (!(error instanceof ExchangeError)) throw error
    }
  }

  async #compare(): Promise<void> {
    const ahead = await this.#ports.client.clockAhead()
    const isOff = Math.abs(ahead) > WORTH_A_WORD
    const isNews = this.#saidAhead === null || Math.abs(ahead - this.#saidAhead) > WORTH_A_WORD
    if (isOff && isNews) {
      const seconds = Math.abs(ahead / 1_000).toFixed(1)
      this.#ports.say(
        'W701',
        `this machine's clock is ${seconds} s ${ahead > 0 ? 'ahead' : 'behind'}: corrected`,
      )
      this.#saidAhead = ahead
    }
  }
}
