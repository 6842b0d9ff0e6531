/** A trader that answers what it hears by a fixed rule, for comparing exchanges: same inputs, same requests. */
import type { Steps, Ticks } from '../../base/units.ts'
import type { PacedExchange } from '../../engine/ports.ts'
import type { Input, OrderRequest } from '../../engine/protocol.ts'

export class ScriptedTrader {
  readonly heard: Input[] = []
  readonly #exchange: PacedExchange | null
  readonly #symbol: string
  #pending: Promise<unknown>[] = []
  #entries = 0

  /** @param exchange to be traded on; `null` makes orders alone */
  constructor(exchange: PacedExchange | null, symbol: string) {
    this.#exchange = exchange
    this.#symbol = symbol
    exchange?.listen(input => this.#hear(exchange, input))
  }

  /** Resolves when everything that was asked has been answered. */
  async idle(): Promise<void> {
    while (this.#pending.length > 0) {
      const pending = this.#pending
      this.#pending = []
      await Promise.all(pending)
    }
  }

  /** A market entry of 2 steps without a stop. */
  entry(clientOrderId: string): OrderRequest {
    return {
      clientOrderId,
      symbol: this.#symbol,
      side: 'long',
      purpose: 'entry',
      type: 'market',
      price: null,
      steps: 2 as Steps,
      stop: null,
      leverage: 3,
      postOnly: false,
    }
  }

  /** Enters with each candle, answers a fill by a stop, a target and an order without sense, and leaves in the end. */
  #hear(exchange: PacedExchange, input: Input): void {
    this.heard.push(input)
    if (this.#exchange === null || !('symbol' in input) || input.symbol !== this.#symbol) return
    if (input.type === 'candle') {
      const id = ++this.#entries
      this.#pending.push(exchange.place(this.entry(`entry-${id}`)))
      if (id % 4 === 0) {
        const exit = { ...this.entry(`exit-${id}`), purpose: 'exit', steps: 5 as Steps } as const
        this.#pending.push(exchange.place(exit))
      }
    }
    if (input.type === 'fill' && input.clientOrderId?.startsWith('entry') === true) {
      const { execId, price } = input
      const below = Math.max(1, Math.floor(price * 0.97)) as Ticks
      const above = Math.ceil(price * 1.01) as Ticks
      const target = {
        ...this.entry(`target-${execId}`),
        purpose: 'exit',
        type: 'limit',
        price: above,
        steps: 1 as Steps,
      } as const
      this.#pending.push(exchange.setStop(`stop-${execId}`, this.#symbol, 'long', below))
      this.#pending.push(exchange.place(target))
      this.#pending.push(exchange.cancel(this.#symbol, 'nothing'))
    }
  }
}
