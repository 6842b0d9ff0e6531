/**
 * A process within a test's own, as far as it reaches the outside, that can be ended as a kill ends one: no code of it
 * runs on, nothing that it waits for comes, its sockets are gone at once.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'
import type { HttpPort } from './core/adapters/bybit/http.ts'
import type { Milliseconds } from './core/base/units.ts'
import type { Batch, BrokerPort, StorePort } from './core/engine/ports.ts'

/**
 * Where the process ends: around a batch that it writes, before a request leaves it, or at the moment at which the
 * exchange has taken one, before anybody hears of that.
 */
export type KillPoint =
  | {
      readonly at: 'commit'
      readonly phase: 'before' | 'after'
      readonly when: (batch: Batch) => boolean
    }
  | {
      readonly at: 'request'
      readonly phase: 'before' | 'taken'
      /** @param path such as `/v5/order/create` */
      readonly when: (path: string, body: RequestBody) => boolean
    }

export type RequestBody = { readonly [name: string]: unknown }

/** What a request says; nothing where it says nothing. */
export function bodyOf(text: string | null): RequestBody {
  return text === null || text === '' ? {} : JSON.parse(text)
}

/** Whatever was to run after the end of the process does not. */
export class Killed extends Error {
  override readonly name = 'Killed'
}

/** Node tells there of every TCP connection that is asked for in this process. */
const DIALLED = 'net.client.socket'

const forever = <T>(): Promise<T> => new Promise<T>(() => {})

/** What a library still would do at times of its own. */
interface Timed {
  close(): void
}

export class Mortal {
  readonly #sockets: Socket[] = []
  readonly #timed: Timed[] = []
  #isOver = false

  constructor() {
    subscribe(DIALLED, this.#note)
  }

  readonly #note = (message: unknown): void => {
    this.#sockets.push((message as { readonly socket: Socket }).socket)
  }

  get isOver(): boolean {
    return this.#isOver
  }

  /** It has timers of its own, which end with the process. */
  keep<T extends Timed>(timed: T): T {
    this.#timed.push(timed)
    return timed
  }

  /** Ends it, here and now. */
  end(): void {
    if (this.#isOver) return
    this.#isOver = true
    unsubscribe(DIALLED, this.#note)
    for (const socket of this.#sockets) socket.destroy()
    for (const timed of this.#timed) timed.close()
  }

  /** What a piece of work comes to, for as long as there is somebody to hear of it. */
  async of<T>(work: () => Promise<T>): Promise<T> {
    if (this.#isOver) return forever()
    try {
      const result = await work()
      return this.#isOver ? await forever() : result
    } catch (error) {
      if (this.#isOver) return forever()
      throw error
    }
  }

  sleeping<A extends readonly unknown[]>(
    sleep: (span: Milliseconds, ...rest: A) => Promise<void>,
  ): (span: Milliseconds, ...rest: A) => Promise<void> {
    return (span, ...rest) => this.of(() => sleep(span, ...rest))
  }

  http(port: HttpPort): HttpPort {
    return asked => this.of(() => port(asked))
  }

  /** Ears that hear nothing any more once it is over. */
  hearing<A extends readonly unknown[]>(hear: (...words: A) => void): (...words: A) => void {
    return (...words) => {
      if (!this.#isOver) hear(...words)
    }
  }

  store(store: StorePort): StorePort {
    return {
      commit: batch => {
        if (this.#isOver) throw new Killed('nobody is there to write')
        return store.commit(batch)
      },
    }
  }

  broker(broker: BrokerPort): BrokerPort {
    return {
      place: order => this.of(() => broker.place(order)),
      amend: (...args) => this.of(() => broker.amend(...args)),
      cancel: (...args) => this.of(() => broker.cancel(...args)),
      setStop: (...args) => this.of(() => broker.setStop(...args)),
      setLeverage: (...args) => this.of(() => broker.setLeverage(...args)),
      leverage: (...args) => this.of(() => broker.leverage(...args)),
      account: () => this.of(() => broker.account()),
      lookUp: (...args) => this.of(() => broker.lookUp(...args)),
      executions: since => this.of(() => broker.executions(since)),
    }
  }
}
