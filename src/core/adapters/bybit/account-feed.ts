/**
 * What Bybit's private stream tells of an account, as inputs of the engine: what became of orders, and what was
 * executed; and that a position has no stop, which is not to wait for the next look. It is the fast way and not the sure
 * one: after every loss the engine compares everything by requests, and so it does where an order is told to have filled
 * and no execution says how; an execution that a request shows and the stream has not told has its topic asked for again.
 */
import type { Code } from '../../base/codes.ts'
import { DataError } from '../../base/errors.ts'
import { MINUTE, type Milliseconds, SECOND, type Timestamp } from '../../base/units.ts'
import type { Input } from '../../engine/protocol.ts'
import type { Instrument } from '../../market/instrument.ts'
import { executionsOf } from './executions.ts'
import type { SpoiltRow } from './loose-rows.ts'
import { type ExecutionRow, type OrderRow, type PositionRow, wasRefused } from './mapper-orders.ts'
import { streamMessage } from './mapper-stream.ts'
import type { FeedConnection } from './market-feed.ts'
import { shownStop } from './shown.ts'
import type { StreamListener } from './stream-connection.ts'

const TOPICS = ['order', 'execution', 'position'] as const

/** An execution that the stream has not told after so long was left out by it. */
const LATE: Milliseconds = 10 * SECOND
/** A topic is asked for again so often at most, and the account for what could not be read. */
const RENEWED: Milliseconds = MINUTE
/** What an order is told to have filled and no execution tells of for so long has been left out. */
const UNTOLD: Milliseconds = SECOND
/** Executions that are remembered as told, and orders that they are of. */
const REMEMBERED = 2_000
/** Quantities are decimals: sums of them are equal within this. */
const EXACT = 1e-9

export interface AccountFeedPorts {
  connect(listener: StreamListener): FeedConnection
  instrument(symbol: string): Instrument | undefined
  /** The exchange's time. */
  now(): Timestamp
  hear(input: Input): void
  say(code: Code, words: string): void
  /** The key is refused. */
  denied(reason: string): void
}

type Resting = Pick<OrderRow, 'price' | 'qty' | 'filled'> & {
  /** By the stream; else a request alone has shown it. */
  readonly isTold: boolean
}

export class AccountFeed {
  readonly #ports: AccountFeedPorts
  readonly #connection: FeedConnection
  /** Price and quantity of bbw's orders, as they were told or shown last: what differs from them is an amendment. */
  readonly #resting = new Map<string, Resting>()
  readonly #told = new Set<string>()
  /** Orders without an id of a client's that bbw has asked to be cancelled. */
  readonly #unnamed = new Set<string>()
  /** Positions that were told of with a stop. */
  readonly #protected = new Set<string>()
  /** When what could not be read was last said, by symbol. */
  readonly #spoiltAt = new Map<string, Timestamp>()
  /** How much of an order has filled by the executions that were told. */
  readonly #executed = new Map<string, number>()
  /** Orders that have filled further than that. */
  readonly #untold = new Map<
    string,
    { readonly symbol: string; readonly filled: number; readonly since: Timestamp }
  >()
  #readySince: Timestamp | null = null
  #renewedAt: Timestamp = Number.NEGATIVE_INFINITY
  #isSlow = false
  #onReady: () => void = () => {}

  /** Resolves when the stream is ready for the first time. */
  readonly ready: Promise<void>

  constructor(ports: AccountFeedPorts) {
    this.#ports = ports
    this.ready = new Promise(resolve => {
      this.#onReady = resolve
    })
    this.#connection = ports.connect({
      ready: isAgain => this.#ready(isAgain),
      message: message => this.#onMessage(message),
      lost: (reason, isSilent) => this.#lost(reason, isSilent),
      refused: (topic, reason) => ports.say('W504', `${topic}: ${reason}`),
      denied: reason => ports.denied(reason),
    })
    this.#connection.subscribe(TOPICS)
  }

  get isReady(): boolean {
    return this.#connection.isReady
  }

  check(): void {
    this.#connection.check()
    const { isSlowed } = this.#connection
    if (isSlowed && !this.#isSlow) this.#ports.say('W503', 'account')
    this.#isSlow = isSlowed
    const now = this.#ports.now()
    for (const [id, { symbol, filled, since }] of this.#untold) {
      if (now - since < UNTOLD) continue
      this.#untold.delete(id)
      // The account tells: that much is known from now on.
      this.#executed.set(id, filled)
      this.#ports.hear({ type: 'feed-gap', at: 0, reason: `what has filled on ${symbol} was not told` })
    }
  }

  close(): void {
    this.#connection.close()
  }

  /**
   * All open orders, as a request has shown them: what the stream tells later of those that it has not told yet is
   * compared with that. An answer may be older than the stream or ahead of it, so nothing that was told is told by it.
   */
  shown(orders: readonly OrderRow[]): void {
    for (const [id, { isTold }] of this.#resting) if (!isTold) this.#resting.delete(id)
    for (const { linkId, price, qty, filled } of orders) {
      if (linkId === null) continue
      const told = this.#resting.get(linkId)
      if (told === undefined) this.#resting.set(linkId, { price, qty, filled, isTold: false })
      else if (Number(filled) > Number(told.filled)) this.#resting.set(linkId, { ...told, filled })
    }
  }

  /** An order without an id of a client's is about to be cancelled: its end is told by the exchange's own. */
  cancels(orderId: string): void {
    this.#unnamed.add(orderId)
  }

  /** How much of a resting order has filled, as a decimal. */
  filled(clientOrderId: string): string {
    return this.#resting.get(clientOrderId)?.filled ?? '0'
  }

  /** Executions as a request has listed them: the stream should have told those of late. */
  listed(executions: readonly ExecutionRow[]): void {
    const now = this.#ports.now()
    const since = this.#readySince
    if (since === null || now - this.#renewedAt < RENEWED) return
    const untold = executions.find(
      ({ execId, time, type }) =>
        type !== 'Funding' && time > since && time < now - LATE && !this.#told.has(execId),
    )
    if (untold === undefined) return
    this.#renewedAt = now
    this.#connection.renew('execution')
    this.#ports.say('W502', `execution: ${untold.symbol} ${untold.execId} was not told`)
  }

  #ready(isAgain: boolean): void {
    this.#readySince = this.#ports.now()
    this.#onReady()
    if (isAgain) this.#ports.hear({ type: 'feed-gap', at: 0, reason: 'the stream of the account was away' })
  }

  #lost(reason: string, isSilent: boolean): void {
    this.#readySince = null
    // After a loss everything is compared.
    this.#untold.clear()
    if (isSilent) this.#ports.say('W501', `account: ${reason}`)
  }

  #onMessage(message: unknown): void {
    try {
      const read = streamMessage(message)
      if (read?.kind === 'orders') for (const order of read.items) this.#onOrder(order)
      else if (read?.kind === 'positions')
        for (const position of read.items) this.#onPosition(position, read.at)
      else if (read?.kind === 'executions') for (const row of read.items) this.#onExecution(row)
      if (read !== null && 'spoilt' in read) for (const row of read.spoilt) this.#onSpoilt(row)
    } catch (error) {
      if (!(error instanceof DataError)) throw error
      // It may have been about anything: the account itself tells.
      this.#ports.say('E106', `a message of the account's stream: ${error.message}`)
      this.#ports.hear({ type: 'feed-gap', at: 0, reason: 'a message of the account could not be read' })
    }
  }

  /** The account itself tells what it was about; a row that comes again and again has it asked once in a while. */
  #onSpoilt({ symbol, reason }: SpoiltRow): void {
    const now = this.#ports.now()
    const name = symbol ?? 'a symbol'
    if (now < (this.#spoiltAt.get(name) ?? Number.NEGATIVE_INFINITY) + RENEWED) return
    this.#spoiltAt.set(name, now)
    this.#ports.say('E106', `a message of the account's stream: ${reason}`)
    this.#ports.hear({ type: 'feed-gap', at: 0, reason: `what was told of ${name} could not be read` })
  }

  #onOrder(order: OrderRow): void {
    const { linkId, price, qty, filled, status } = order
    if (linkId === null) {
      if (status !== 'Deactivated' && status !== 'Cancelled') return
      const { orderId: clientOrderId, cancelType } = order
      if (!this.#unnamed.delete(clientOrderId)) return
      this.#ports.hear({ type: 'order', at: 0, clientOrderId, status: 'cancelled', reason: cancelType ?? '' })
      return
    }
    this.#onFilled(linkId, order.symbol, Number(filled))
    const before = this.#resting.get(linkId)
    const tell = (status: 'accepted' | 'amended' | 'rejected' | 'cancelled', reason = ''): void =>
      this.#ports.hear({ type: 'order', at: 0, clientOrderId: linkId, status, reason })
    switch (status) {
      case 'New':
      case 'PartiallyFilled':
      case 'Untriggered':
        this.#resting.set(linkId, { price, qty, filled, isTold: true })
        if (before === undefined) tell('accepted')
        else if (before.price !== price || before.qty !== qty) tell('amended')
        // A request was faster than the word that it was taken.
        else if (!before.isTold && order.status === 'New') tell('accepted')
        return
      case 'Triggered':
        return
      case 'Filled':
        // Its executions tell. One at the market is not told before.
        this.#resting.delete(linkId)
        if (before === undefined) tell('accepted')
        return
      case 'Rejected':
      case 'Deactivated':
      case 'Cancelled':
      case 'PartiallyFilledCanceled': {
        this.#resting.delete(linkId)
        const reason = order.rejectReason ?? order.cancelType ?? order.status
        const isRefused = wasRefused(order)
        // What it refuses at once the exchange makes no order of: this one was received.
        if (isRefused && before === undefined) tell('accepted')
        tell(isRefused ? 'rejected' : 'cancelled', reason)
      }
    }
  }

  /** One that has just opened may be told of before its stop: what a lack of it means is the engine's to say. */
  #onPosition({ symbol, positionIndex, side, stopLoss }: PositionRow, time: Timestamp): void {
    const key = `${symbol} ${positionIndex}`
    const instrument = this.#ports.instrument(symbol)
    if (side !== null && instrument !== undefined) {
      const held = side === 'Buy' ? 'long' : 'short'
      const stop = stopLoss === null ? null : shownStop(instrument, stopLoss, held)
      this.#ports.hear({ type: 'stop-told', at: 0, symbol, side: held, stop, time })
    }
    if (side !== null && stopLoss !== null) this.#protected.add(key)
    else if (this.#protected.delete(key) && side !== null) {
      this.#ports.hear({ type: 'feed-gap', at: 0, reason: `${symbol} has lost its stop` })
    }
  }

  /** An order has filled so far: executions tell of that, before or after. */
  #onFilled(id: string, symbol: string, filled: number): void {
    if (filled <= (this.#executed.get(id) ?? 0) + EXACT) this.#untold.delete(id)
    else this.#untold.set(id, { symbol, filled, since: this.#untold.get(id)?.since ?? this.#ports.now() })
  }

  #count({ execId, linkId, symbol, qty, type }: ExecutionRow): void {
    if (linkId === null || type === 'Funding' || this.#told.has(execId)) return
    const executed = (this.#executed.get(linkId) ?? 0) + Number(qty)
    // The newest last: it is the oldest that is forgotten.
    this.#executed.delete(linkId)
    this.#executed.set(linkId, executed)
    forgetOldest(this.#executed)
    const untold = this.#untold.get(linkId)
    if (untold !== undefined) this.#onFilled(linkId, symbol, untold.filled)
  }

  #onExecution(row: ExecutionRow): void {
    this.#count(row)
    this.#remember(row.execId)
    const instrument = this.#ports.instrument(row.symbol)
    // Of what bbw does not follow the account tells enough.
    if (instrument === undefined) return
    if (row.time > this.#ports.now() + MINUTE) {
      this.#onSpoilt({ symbol: row.symbol, reason: `${row.symbol}: execTime ${row.time} is still to come` })
      return
    }
    for (const execution of executionsOf(row, instrument)) this.#ports.hear(execution)
  }

  #remember(execId: string): void {
    this.#told.add(execId)
    forgetOldest(this.#told)
  }
}

/** Of what is kept in the order in which it came the first one goes, where there is too much. */
function forgetOldest(kept: Map<string, unknown> | Set<string>): void {
  if (kept.size <= REMEMBERED) return
  for (const oldest of kept.keys()) {
    kept.delete(oldest)
    return
  }
}
