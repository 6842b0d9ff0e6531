/**
 * The live driver: carries effects out over ports and feeds back what comes of them, whenever it comes. It keeps no
 * state of the trading; the engine has it all. What an order's request came to is told by the feed, so a request that
 * was received is not yet anything else.
 */
import { ExchangeError } from '../../base/errors.ts'
import type { Engine } from '../engine.ts'
import type { BrokerPort, ClockPort, FeedPort, JournalPort, StorePort } from '../ports.ts'
import type { Effect, Input, OrderRequest } from '../protocol.ts'

export interface LivePorts {
  readonly clock: ClockPort
  readonly broker: BrokerPort
  readonly feed: FeedPort
  readonly journal: JournalPort
  /** `null`: nothing is to outlive the run. */
  readonly store: StorePort | null
}

export class LiveDriver {
  readonly #engine: Engine
  readonly #ports: LivePorts
  readonly #inbox: Input[] = []
  #stepping = false
  /** Requests without an answer and batches of effects on their way. */
  #busy = 0
  #sending: Promise<void> = Promise.resolve()
  #waiting: (() => void)[] = []
  #fault: { readonly error: unknown } | null = null

  constructor(engine: Engine, ports: LivePorts) {
    this.#engine = engine
    this.#ports = ports
  }

  /** Listens to the feed. `history` is what is known before the first moment. */
  start(history: readonly Input[]): void {
    for (const input of history) this.#hear(input)
    this.#ports.feed.listen(input => this.#hear(input))
    this.#wake()
  }

  /** Resolves when nothing is on its way. Rejects with the fault that broke the engine, if one did. */
  async idle(): Promise<void> {
    while (this.#busy > 0 && this.#fault === null) {
      await new Promise<void>(resolve => this.#waiting.push(resolve))
    }
    if (this.#fault !== null) throw this.#fault.error
  }

  readonly #wake = (): void => this.#hear({ type: 'time', at: this.#ports.clock.now() })

  /** Inputs are taken one after the other, each bearing the time at which it is taken. */
  #hear(input: Input): void {
    this.#inbox.push(input)
    if (this.#stepping || this.#fault !== null) return
    this.#stepping = true
    try {
      for (let next = this.#inbox.shift(); next !== undefined; next = this.#inbox.shift()) {
        const effects = this.#engine.step({ ...next, at: this.#ports.clock.now() })
        if (effects.length > 0) this.#send(effects)
      }
      this.#ports.clock.wakeAt(this.#engine.wakeAt, this.#wake)
    } catch (error) {
      // A broken invariant: nothing is sent any more, the process has to start anew.
      this.#fault = { error }
      this.#settle()
    } finally {
      this.#stepping = false
    }
  }

  /** Effects leave in the order of the steps; each batch begins once the one before has left. */
  #send(effects: readonly Effect[]): void {
    const sent = this.#sending.then(() => this.#carryAll(effects))
    this.#sending = sent
    this.#track(sent)
  }

  async #carryAll(effects: readonly Effect[]): Promise<void> {
    const refused = new Set<string>()
    for (const effect of effects) {
      // After a fault only the record goes on: what the engine wanted may itself have been wrong.
      if (this.#fault !== null && effect.type !== 'event' && effect.type !== 'trade') continue
      if (effect.type === 'persist') {
        const refusal = await this.#persist(effect.key, effect.order, effect.signalId)
        if (refusal === null) continue
        this.#hear({ type: 'persist-refused', at: 0, key: effect.key, reason: refusal })
        // Less exposure must never wait for a disk; more of it must.
        if (effect.order.purpose === 'entry') refused.add(effect.key)
      } else if (effect.type !== 'place' || !refused.has(effect.order.clientOrderId)) {
        this.#carry(effect)
      }
    }
  }

  async #persist(key: string, order: OrderRequest, signalId: string): Promise<string | null> {
    if (this.#ports.store === null) return null
    try {
      await this.#ports.store.persist(key, order, signalId)
      return null
    } catch (error) {
      return error instanceof Error ? error.message : String(error)
    }
  }

  #carry(effect: Exclude<Effect, { readonly type: 'persist' }>): void {
    const { broker, journal } = this.#ports
    switch (effect.type) {
      case 'place':
        this.#track(this.#orderSent(broker.place(effect.order), effect.order.clientOrderId))
        return
      case 'amend':
        this.#track(
          this.#orderSent(
            broker.amend(effect.symbol, effect.clientOrderId, effect.price, effect.steps),
            effect.clientOrderId,
          ),
        )
        return
      case 'cancel':
        this.#track(this.#orderSent(broker.cancel(effect.symbol, effect.clientOrderId), effect.clientOrderId))
        return
      case 'set-stop':
        this.#track(
          broker.setStop(effect.requestId, effect.symbol, effect.side, effect.stop).catch((error: unknown) =>
            this.#hear({
              type: 'stop',
              at: 0,
              requestId: effect.requestId,
              ok: false,
              reason: reasonOf(error),
            }),
          ),
        )
        return
      case 'query-account':
        this.#track(this.#query(effect.queryId))
        return
      case 'event':
        journal.event(effect.event)
        return
      case 'trade':
        journal.trade(effect.trade)
        return
    }
  }

  /**
   * An exchange that refuses a request outright has rejected it. An ambiguous failure is no verdict: the order stays
   * "sent" until the feed or a look-up tells what became of it.
   */
  async #orderSent(sent: Promise<void>, clientOrderId: string): Promise<void> {
    try {
      await sent
    } catch (error) {
      if (error instanceof ExchangeError && error.ambiguous) return
      this.#hear({ type: 'order', at: 0, clientOrderId, status: 'rejected', reason: reasonOf(error) })
    }
  }

  async #query(queryId: string): Promise<void> {
    try {
      const account = await this.#ports.broker.account()
      this.#hear({ type: 'account', at: 0, queryId, account })
    } catch (error) {
      this.#hear({ type: 'query-failed', at: 0, queryId, reason: reasonOf(error) })
    }
  }

  #track(work: Promise<void>): void {
    this.#busy++
    const done = (): void => {
      this.#busy--
      if (this.#busy === 0) this.#settle()
    }
    work.then(done, (error: unknown) => {
      this.#fault ??= { error }
      done()
      this.#settle()
    })
  }

  #settle(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const resolve of waiting) resolve()
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
