/**
 * The embedded exchange behind the live driver's ports: requests are answered later than they are made, as by a real
 * one, and reports come over a feed. Its market moves only when the trader has nothing on its way, so that a fill
 * inside a candle can be answered inside that candle, at any speed.
 */
import type { Steps, Ticks, Timestamp } from '../../base/units.ts'
import type { PacedExchange } from '../../engine/ports.ts'
import type { Account, Execution, Input, OrderReport, OrderRequest } from '../../engine/protocol.ts'
import type { PositionMode, Side } from '../../market/side.ts'
import { nextInstant, VirtualClock } from './clock.ts'
import { SimHost } from './host.ts'
import type { Venue } from './venue.ts'

export class EmbeddedExchange implements PacedExchange {
  readonly clock: VirtualClock
  readonly #host: SimHost
  #hear: (input: Input) => void = () => {}

  /** @param source a venue by itself keeps nothing */
  constructor(source: SimHost | Venue) {
    this.#host = source instanceof SimHost ? source : new SimHost(source, null)
    this.clock = new VirtualClock(this.#host.now)
  }

  listen(hear: (input: Input) => void): void {
    this.#hear = hear
  }

  async history(): Promise<readonly Input[]> {
    await Promise.resolve()
    return this.#host.history()
  }

  async place(order: OrderRequest): Promise<void> {
    await this.#received(() => this.#host.place(order))
  }

  async amend(symbol: string, clientOrderId: string, price: Ticks, steps: Steps): Promise<void> {
    await this.#received(() => this.#host.amend(symbol, clientOrderId, price, steps))
  }

  async cancel(symbol: string, clientOrderId: string): Promise<void> {
    await this.#received(() => this.#host.cancel(symbol, clientOrderId))
  }

  async setStop(requestId: string, symbol: string, side: Side, stop: Ticks): Promise<void> {
    await this.#received(() => this.#host.setStop(requestId, symbol, side, stop))
  }

  async setLeverage(requestId: string, symbol: string, leverage: number, side?: Side): Promise<void> {
    await this.#received(() => this.#host.setLeverage(requestId, symbol, leverage, side))
  }

  async leverage(symbol: string, side?: Side): Promise<number> {
    await Promise.resolve()
    return this.#host.leverage(symbol, side)
  }

  async positionMode(): Promise<PositionMode> {
    await Promise.resolve()
    return this.#host.positionMode
  }

  async setPositionMode(mode: PositionMode): Promise<string | null> {
    await Promise.resolve()
    return this.#host.setPositionMode(mode)
  }

  async account(): Promise<Account> {
    await Promise.resolve()
    return this.#host.account()
  }

  async lookUp(symbol: string, clientOrderId: string): Promise<OrderReport> {
    await Promise.resolve()
    return this.#host.lookUp(symbol, clientOrderId)
  }

  async executions(since: Timestamp): Promise<readonly Execution[]> {
    await Promise.resolve()
    return this.#host.executions(since)
  }

  async #received(request: () => readonly Input[]): Promise<void> {
    await Promise.resolve()
    this.#tell(request())
  }

  /** Names the market for as long as its journal lasts. */
  get market(): string {
    return this.#host.market
  }

  #tell(inputs: readonly Input[]): void {
    for (const input of inputs) this.#hear(input)
  }

  async run(...words: Parameters<PacedExchange['run']>): ReturnType<PacedExchange['run']> {
    const host = this.#host
    const [idle] = words
    const began = this.clock.now()
    for (;;) {
      await idle()
      const at = await nextInstant(this.clock, host, began, words)
      if (typeof at === 'string') return at
      if (!host.isMidway) this.clock.moveTo(at)
      for (let step = host.advance(at); ; step = host.advance(at)) {
        this.#tell(step.inputs)
        if (!step.more) break
        await idle()
      }
      if (host.next !== null) this.clock.ring()
    }
  }
}
