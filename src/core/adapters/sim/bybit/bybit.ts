/**
 * A Bybit without sockets: requests and frames in, replies and frames out, time in between. Everything that it decides
 * by chance follows from its seed.
 */
import { type Random, random } from '../../../base/random.ts'
import type { Milliseconds, Timestamp } from '../../../base/units.ts'
import type { SymbolMarket } from '../../../market/symbol-market.ts'
import type { KeyInfo } from './account-routes.ts'
import { Desk, type DeskOptions } from './desk.ts'
import { type Credentials, Gate, type HttpReply, type HttpRequest } from './gate.ts'
import { type Channel, type Push, Streams } from './streams.ts'

export interface BybitOptions extends DeskOptions, Credentials {
  /** Seconds of the exchange's clock in a second of the wall's. */
  readonly speed: number
  readonly keyInfo?: Partial<Omit<KeyInfo, 'key'>>
}

/** A reply, and when it leaves on the exchange's clock. */
export interface Outcome {
  readonly reply: HttpReply
  readonly due: Timestamp
}

/** An answer that comes late enough for the news to overtake it, in milliseconds of the wall's clock. */
const ACK_DELAY: Milliseconds = 30

const KEY_INFO = { isReadOnly: false, canWithdraw: false, expiresAt: '2099-01-01T00:00:00Z' }

export class SimBybit {
  readonly desk: Desk
  readonly gate: Gate
  readonly streams: Streams
  readonly random: Random
  readonly options: BybitOptions

  constructor(markets: readonly SymbolMarket[], options: BybitOptions) {
    const { key, secret, speed, seed } = options
    this.options = options
    this.random = random(`${seed} protocol`)
    this.desk = new Desk(markets, options)
    const context = { desk: this.desk, key: { ...KEY_INFO, ...options.keyInfo, key } }
    this.gate = new Gate(context, { key, secret }, { speed })
    this.streams = new Streams(this.desk, this.gate, { key, secret }, { speed, random: this.random })
  }

  get now(): Timestamp {
    return this.desk.now
  }

  /** Lets time go on. */
  advance(to: Timestamp): void {
    this.desk.advance(to)
    this.streams.tell(this.desk.account.take())
    this.streams.publish()
  }

  /**
   * Answers a REST request. What it sets off leaves by the streams; whether the answer to an order comes before its
   * news or after is a matter of chance.
   */
  request(request: HttpRequest): Outcome {
    const reply = this.gate.answer(request)
    this.streams.tell(this.desk.account.take())
    const isLast = request.method === 'POST' && this.random.int(2) === 0
    return { reply, due: isLast ? this.now + ACK_DELAY * this.options.speed : this.now }
  }

  open(channel: Channel): number {
    return this.streams.open(channel)
  }

  frame(session: number, text: string): void {
    this.streams.frame(session, text)
    this.streams.tell(this.desk.account.take())
  }

  closed(session: number): void {
    this.streams.closed(session)
  }

  /** Frames that are to be sent. */
  take(): readonly Push[] {
    return this.streams.take()
  }
}
