/**
 * A broker that misbehaves, for tests: any exchange with faults laid over its ports. Requests get lost, are held and
 * land late, or are answered by nonsense; what is pushed is lost, doubled or reversed. Every fault that has come about
 * is counted, so that a test can say that it did.
 */
import { ExchangeError } from '../../base/errors.ts'
import type { Steps, Ticks, Timestamp } from '../../base/units.ts'
import type { ClockPort, PacedExchange } from '../../engine/ports.ts'
import type { Account, Execution, Input, OrderReport, OrderRequest, Unread } from '../../engine/protocol.ts'
import type { PositionMode, Side } from '../../market/side.ts'

export type Operation = 'place' | 'amend' | 'cancel' | 'setStop' | 'setLeverage'
export type Query = 'leverage' | 'account' | 'lookUp' | 'executions'

/** A call, with its number among those of its operation, from 1, and its arguments. */
export interface BrokerCall {
  readonly operation: Operation | Query
  readonly ordinal: number
  readonly args: readonly unknown[]
}

/** Which calls: of an operation, one by its number, or those that a predicate picks. */
interface CallFault<K extends string> {
  readonly kind: K
  readonly operation?: Operation | Query
  readonly ordinal?: number
  readonly when?: (call: BrokerCall) => boolean
  /** How often at most; unlimited if left out. */
  readonly times?: number
}

/** Which inputs; orders, fills, stops and funding if left out. */
interface InputFault<K extends string> {
  readonly kind: K
  readonly when?: (input: Input) => boolean
  readonly times?: number
}

export type Fault =
  /** It never arrives, and no answer comes. */
  | CallFault<'lose-request'>
  /** It is carried out, and no answer comes. */
  | CallFault<'lose-reply'>
  /** No answer comes, and it arrives when so much of the exchange's time has passed. */
  | (CallFault<'hold-request'> & { readonly forMs: number })
  /** It arrives twice, as where something on its way repeats it; the second answer is the one that counts. */
  | CallFault<'double-request'>
  /** It is answered by an error that says nothing; carried out unless said otherwise. */
  | (CallFault<'no-clear-answer'> & { readonly isCarriedOut?: boolean })
  /** It is answered by what is no reply; carried out unless said otherwise. */
  | (CallFault<'unreadable'> & { readonly isCarriedOut?: boolean })
  /** It is refused outright, for a reason of the given kind; nothing is carried out. */
  | (CallFault<'refuse'> & { readonly why: string })
  | InputFault<'lose-input'>
  | InputFault<'double-input'>
  /** It is heard after the next input. */
  | InputFault<'reverse-inputs'>

export type FaultKind = Fault['kind']

const CALL_KINDS = [
  'lose-request',
  'lose-reply',
  'hold-request',
  'double-request',
  'no-clear-answer',
  'unreadable',
  'refuse',
] as const
type CallKind = (typeof CALL_KINDS)[number]

interface Armed {
  readonly fault: Fault
  left: number
}

interface Held {
  readonly due: Timestamp
  readonly deliver: () => Promise<void>
}

const PUSHED: readonly Input['type'][] = ['order', 'fill', 'stop', 'funding', 'leverage']

export class FaultyExchange implements PacedExchange {
  readonly clock: ClockPort
  readonly #inner: PacedExchange
  readonly #armed: Armed[] = []
  readonly #calls = new Map<string, number>()
  readonly #fired = new Map<string, number>()
  readonly #held: Held[] = []
  #hear: (input: Input) => void = () => {}
  /** An input that waits for the next one. */
  #waiting: Input | null = null
  #alarm: { readonly at: Timestamp; readonly wake: () => void } | null = null

  constructor(inner: PacedExchange) {
    this.#inner = inner
    this.clock = {
      now: () => inner.clock.now(),
      wakeAt: (at, wake) => {
        this.#alarm = at === null ? null : { at, wake }
        this.#arm()
      },
    }
    inner.listen(input => this.#pass(input))
  }

  /** From now on the fault comes about wherever it fits; of several that fit the first does. */
  inject(fault: Fault): void {
    this.#armed.push({ fault, left: fault.times ?? Number.POSITIVE_INFINITY })
  }

  /** No fault comes about any more; what is held still arrives. */
  heal(): void {
    this.#armed.length = 0
  }

  /** How often each kind of fault has come about. */
  get fired(): { readonly [kind in FaultKind]?: number } {
    return Object.fromEntries(this.#fired)
  }

  /** Requests that are held. */
  get holds(): number {
    return this.#held.length
  }

  listen(hear: (input: Input) => void): void {
    this.#hear = hear
  }

  history(): Promise<readonly Input[]> {
    return this.#inner.history()
  }

  place(order: OrderRequest): Promise<void> {
    return this.#request('place', [order], () => this.#inner.place(order))
  }

  amend(symbol: string, clientOrderId: string, price: Ticks, steps: Steps): Promise<void> {
    const args = [symbol, clientOrderId, price, steps]
    return this.#request('amend', args, () => this.#inner.amend(symbol, clientOrderId, price, steps))
  }

  cancel(symbol: string, clientOrderId: string): Promise<void> {
    return this.#request('cancel', [symbol, clientOrderId], () => this.#inner.cancel(symbol, clientOrderId))
  }

  setStop(requestId: string, symbol: string, side: Side, stop: Ticks): Promise<void> {
    const args = [requestId, symbol, side, stop]
    return this.#request('setStop', args, () => this.#inner.setStop(requestId, symbol, side, stop))
  }

  setLeverage(requestId: string, symbol: string, leverage: number, side?: Side): Promise<void> {
    const args = [requestId, symbol, leverage]
    return this.#request('setLeverage', args, () =>
      this.#inner.setLeverage(requestId, symbol, leverage, side),
    )
  }

  leverage(symbol: string, side?: Side): Promise<number> {
    return this.#query('leverage', [symbol], () => this.#inner.leverage(symbol, side))
  }

  positionMode(): Promise<PositionMode> {
    return this.#inner.positionMode()
  }

  setPositionMode(mode: PositionMode): Promise<string | null> {
    return this.#inner.setPositionMode(mode)
  }

  account(): Promise<Account> {
    return this.#query('account', [], () => this.#inner.account())
  }

  lookUp(symbol: string, clientOrderId: string): Promise<OrderReport> {
    return this.#query('lookUp', [symbol, clientOrderId], () => this.#inner.lookUp(symbol, clientOrderId))
  }

  executions(since: Timestamp): Promise<readonly (Execution | Unread)[]> {
    return this.#query('executions', [since], () => this.#inner.executions(since))
  }

  run(
    idle: () => Promise<void>,
    pace: (at: Timestamp) => Promise<boolean>,
    until: Timestamp | null,
  ): Promise<'ended' | 'until' | 'stopped'> {
    const settled = async (): Promise<void> => {
      await idle()
      // What was held arrives when the trader has nothing else on its way, and may set it to work again.
      while (await this.#deliverDue()) await idle()
      if (this.#waiting !== null) {
        this.#release()
        await idle()
      }
    }
    return this.#inner.run(settled, pace, until)
  }

  /** The clock also stops where something that is held is to arrive. */
  #arm(): void {
    const now = this.clock.now()
    let first = this.#alarm?.at ?? Number.POSITIVE_INFINITY
    for (const { due } of this.#held) if (due > now && due < first) first = due
    this.#inner.clock.wakeAt(Number.isFinite(first) ? first : null, () => this.#ring())
  }

  #ring(): void {
    const alarm = this.#alarm
    if (alarm === null || alarm.at > this.clock.now()) {
      this.#arm()
      return
    }
    this.#alarm = null
    this.#arm()
    alarm.wake()
  }

  /** Lets the first held request arrive whose time has come. False when there is none. */
  async #deliverDue(): Promise<boolean> {
    const index = this.#held.findIndex(({ due }) => due <= this.clock.now())
    if (index < 0) return false
    const [{ deliver }] = this.#held.splice(index, 1)
    await deliver()
    return true
  }

  async #request(operation: Operation, args: readonly unknown[], send: () => Promise<void>): Promise<void> {
    const fault = this.#strike(operation, args)
    if (fault === null) return send()
    switch (fault.kind) {
      case 'lose-request':
        await Promise.resolve()
        throw silence(operation, true)
      case 'hold-request':
        this.#held.push({ due: this.clock.now() + fault.forMs, deliver: send })
        this.#arm()
        await Promise.resolve()
        throw silence(operation, true)
      case 'lose-reply':
        await send()
        throw silence(operation, true)
      case 'double-request':
        await send()
        await send()
        return
      case 'no-clear-answer':
        if (fault.isCarriedOut !== false) await send()
        throw new ExchangeError(`${operation}: status 500`, { retryable: true, ambiguous: true })
      case 'unreadable':
        if (fault.isCarriedOut !== false) await send()
        throw garbage(operation, true)
      case 'refuse':
        await Promise.resolve()
        throw refusal(operation, fault.why)
    }
  }

  /** A query changes nothing, so its failure is never ambiguous. */
  async #query<T>(operation: Query, args: readonly unknown[], ask: () => Promise<T>): Promise<T> {
    const fault = this.#strike(operation, args)
    if (fault === null) return ask()
    await Promise.resolve()
    if (fault.kind === 'unreadable') throw garbage(operation, false)
    if (fault.kind === 'refuse') throw refusal(operation, fault.why)
    throw silence(operation, false)
  }

  #strike(
    operation: Operation | Query,
    args: readonly unknown[],
  ): Extract<Fault, { readonly kind: CallKind }> | null {
    const ordinal = (this.#calls.get(operation) ?? 0) + 1
    this.#calls.set(operation, ordinal)
    for (const armed of this.#armed) {
      const { fault } = armed
      if (!isCallFault(fault) || armed.left <= 0) continue
      if (fault.operation !== undefined && fault.operation !== operation) continue
      if (fault.ordinal !== undefined && fault.ordinal !== ordinal) continue
      if (fault.when !== undefined && !fault.when({ operation, ordinal, args })) continue
      this.#count(armed)
      return fault
    }
    return null
  }

  #pass(input: Input): void {
    const armed = this.#armed.find(
      ({ fault, left }) =>
        left > 0 &&
        !isCallFault(fault) &&
        (fault.when === undefined ? PUSHED.includes(input.type) : fault.when(input)),
    )
    if (armed === undefined || (armed.fault.kind === 'reverse-inputs' && this.#waiting !== null)) {
      this.#hear(input)
      this.#release()
      return
    }
    this.#count(armed)
    switch (armed.fault.kind) {
      case 'lose-input':
        return
      case 'double-input':
        this.#hear(input)
        this.#hear(input)
        this.#release()
        return
      default:
        this.#waiting = input
    }
  }

  #release(): void {
    const waiting = this.#waiting
    this.#waiting = null
    if (waiting !== null) this.#hear(waiting)
  }

  #count(armed: Armed): void {
    const { kind } = armed.fault
    armed.left--
    this.#fired.set(kind, (this.#fired.get(kind) ?? 0) + 1)
  }
}

function isCallFault(fault: Fault): fault is Extract<Fault, { readonly kind: CallKind }> {
  return CALL_KINDS.some(kind => kind === fault.kind)
}

function silence(operation: string, ambiguous: boolean): ExchangeError {
  return new ExchangeError(`${operation}: no reply`, { retryable: true, ambiguous })
}

function garbage(operation: string, ambiguous: boolean): ExchangeError {
  return new ExchangeError(`${operation}: the reply cannot be read: <html>502 Bad Gateway</html>`, {
    retryable: true,
    ambiguous,
    why: 'unreadable',
  })
}

function refusal(operation: string, why: string): ExchangeError {
  return new ExchangeError(`${operation}: refused for ${why}`, { retryable: false, ambiguous: false, why })
}
