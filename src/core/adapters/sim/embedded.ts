/**
 * The embedded exchange behind the live driver's ports: requests are answered later than they are made, as by a real
 * one, and reports come over a feed. Its market moves only when the trader has nothing on its way, so that a fill
 * inside a candle can be answered inside that candle, at any speed.
 */
import type { Steps, Ticks, Timestamp } from '../../base/units.ts'
import type { BrokerPort, FeedPort } from '../../engine/ports.ts'
import type { Account, Input, OrderRequest } from '../../engine/protocol.ts'
import type { Side } from '../../market/side.ts'
import { VirtualClock } from './clock.ts'
import type { Venue } from './venue.ts'

export class EmbeddedExchange implements BrokerPort, FeedPort {
  readonly clock: VirtualClock
  readonly #venue: Venue
  #hear: (input: Input) => void = () => {}

  constructor(venue: Venue) {
    this.#venue = venue
    this.clock = new VirtualClock(venue.from)
  }

  listen(hear: (input: Input) => void): void {
    this.#hear = hear
  }

  async place(order: OrderRequest): Promise<void> {
    await this.#received(() => this.#venue.place(order))
  }

  async amend(symbol: string, clientOrderId: string, price: Ticks, steps: Steps): Promise<void> {
    await this.#received(() => this.#venue.exchange.amend(symbol, clientOrderId, price, steps))
  }

  async cancel(symbol: string, clientOrderId: string): Promise<void> {
    await this.#received(() => this.#venue.exchange.cancel(symbol, clientOrderId))
  }

  async setStop(requestId: string, symbol: string, side: Side, stop: Ticks): Promise<void> {
    await this.#received(() => this.#venue.exchange.setStop(requestId, symbol, side, stop))
  }

  async account(): Promise<Account> {
    await Promise.resolve()
    return this.#venue.exchange.account()
  }

  async #received(request: () => void): Promise<void> {
    await Promise.resolve()
    request()
    this.#tell()
  }

  #tell(): void {
    for (let inputs = this.#venue.take(); inputs.length > 0; inputs = this.#venue.take()) {
      for (const input of inputs) this.#hear(input)
    }
  }

  /**
   * Moves the market to its end, or past `until`.
   *
   * @param idle resolves when the trader has nothing on its way
   * @param pace waits until the moment may come; resolves to false to stop before it
   * @returns why it ended
   */
  async run(
    idle: () => Promise<void>,
    pace: (at: Timestamp) => Promise<boolean>,
    until: Timestamp | null,
  ): Promise<'ended' | 'until' | 'stopped'> {
    const venue = this.#venue
    for (;;) {
      await idle()
      const next = venue.nextAt
      if (next === null) return 'ended'
      const alarm = this.clock.alarmAt
      const at = alarm !== null && alarm < next ? alarm : next
      if (until !== null && at > until) return 'until'
      if (!(await pace(at))) return 'stopped'
      this.clock.moveTo(at)
      if (at === next) {
        for (const _ of venue.advance(at)) {
          this.#tell()
          await idle()
        }
      } else {
        venue.exchange.setTime(at)
      }
      if (venue.nextAt !== null) this.clock.ring()
    }
  }
}
