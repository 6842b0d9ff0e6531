/**
 * An exchange that goes its own way: its market moves with the kernel's time whether anybody listens or not, requests
 * come to it over a wire that loses and delays them, and what it tells goes out over streams that break. It is the
 * embedded exchange (`SimHost`) inside, behind the port that the live loop has for any exchange.
 */

import type { Connected } from '../commands/desk.ts'
import type { Act } from '../core/adapters/sim/acts.ts'
import type { SimHost } from '../core/adapters/sim/host.ts'
import { RunningClock } from '../core/adapters/system/running-clock.ts'
import { broken } from '../core/base/assert.ts'
import { ExchangeError } from '../core/base/errors.ts'
import { type Milliseconds, SECOND, type Steps, type Ticks, type Timestamp } from '../core/base/units.ts'
import type { ClockPort, PacedExchange } from '../core/engine/ports.ts'
import type {
  Account,
  Execution,
  Input,
  KnownAccount,
  OrderReport,
  OrderRequest,
} from '../core/engine/protocol.ts'
import type { PositionMode, Side } from '../core/market/side.ts'
import type { FaultPlan } from './fault-plan.fixture.ts'
import type { Kernel, Life } from './kernel.fixture.ts'
import { type Line, throwsFailure, Wire } from './wire.fixture.ts'

/** A request that arrives later than this after its time stamp is not carried out (`bybit.md` 3.1). */
export const RECEIVE_WINDOW: Milliseconds = 5 * SECOND
const DEADLINE: Milliseconds = 5 * SECOND
/** Reads are asked again, as the client does. */
const MOST_TRIES = 4
const LONGEST_PAUSE: Milliseconds = 4 * SECOND
/** What is told takes at most so long, as a rule. */
const PUSH: Milliseconds = 40
/** One that is told late overtakes nothing any more. */
const LATE_PUSH: Milliseconds = 8 * SECOND
/** A stream that broke is back after at least so long, and twice as long at every further try that fails. */
const FIRST_PAUSE: Milliseconds = SECOND
const LONGEST_RECONNECT: Milliseconds = 60 * SECOND
/** The loop looks at its clocks so often. */
const LOOK: Milliseconds = 2 * SECOND

/** Places of a plan that belong to what is told: `push order`. */
export const PUSH_FAULTS = ['lose-push', 'double-push', 'late-push'] as const

/** What of the news is of the account: the rest is the market's, and comes again where it was missed. */
const ACCOUNT_NEWS: readonly Input['type'][] = ['order', 'fill', 'stop', 'funding', 'leverage']
/** What a market feed asks for again when it was away. */
const KEPT_NEWS: readonly Input['type'][] = ['candle', 'instrument', 'funding-rate']

/** Hears what happens at the exchange, whether it is told to a trader or not. */
export interface Witness {
  /** A request has taken effect, with all that follows from it at once. */
  request(operation: string, args: readonly unknown[], inputs: readonly Input[], by: Life | null): void
  /** Something was done by others. */
  act(act: Act, inputs: readonly Input[]): void
  /** The market has moved. */
  moved(inputs: readonly Input[]): void
}

export class SimulatedExchange {
  readonly host: SimHost
  readonly wire: Wire
  readonly #kernel: Kernel
  readonly #plan: FaultPlan
  readonly #witness: Witness
  readonly #streams = new Set<TraderLine>()
  #state: Line['state'] = 'open'
  #awaited: Timestamp = Number.POSITIVE_INFINITY
  /** Grows with everything that may have changed the account. */
  version = 0

  constructor(kernel: Kernel, plan: FaultPlan, host: SimHost, witness: Witness) {
    this.#kernel = kernel
    this.#plan = plan
    this.host = host
    this.#witness = witness
    this.wire = new Wire(kernel, plan, () => this.#state)
    this.#await()
  }

  get now(): Timestamp {
    return this.#kernel.now
  }

  get state(): Line['state'] {
    return this.#state
  }

  /** From now on requests get through, or do not; streams break where they do not. */
  set state(state: Line['state']) {
    this.#state = state
    if (state !== 'open') for (const stream of this.#streams) stream.break()
  }

  heal(): void {
    this.state = 'open'
  }

  /** Breaks all streams; they come back by themselves. */
  breakStreams(): void {
    for (const stream of this.#streams) stream.break()
  }

  account(): KnownAccount {
    return this.host.account()
  }

  /** A process at this exchange. */
  async connect(life: Life): Promise<Connected> {
    const line = new TraderLine(this.#kernel, this.#plan, this, life)
    return { exchange: line, market: 'simulated', close: () => line.close() }
  }

  join(stream: TraderLine): void {
    this.#streams.add(stream)
  }

  leave(stream: TraderLine): void {
    this.#streams.delete(stream)
  }

  /** Brings the market up to the present moment. */
  catchUp(): void {
    const { host, now } = this
    while (host.isMidway || (host.next !== null && host.next <= now)) this.#moved(host.advance(now).inputs)
    if (host.now < now) this.#moved(host.advance(now).inputs)
  }

  /** Carries a request out; returns what it tells at once. */
  carryOut(
    operation: string,
    args: readonly unknown[],
    request: () => readonly Input[],
    by: Life | null,
  ): readonly Input[] {
    this.catchUp()
    const inputs = request()
    this.#await()
    this.version++
    this.#witness.request(operation, args, inputs, by)
    return inputs
  }

  /** What others do. Returns why it cannot be done, or `null`. */
  act(act: Act): string | null {
    this.catchUp()
    const { refusal, inputs } = this.host.act(act)
    if (refusal !== null) return refusal
    this.#await()
    this.version++
    this.#kernel.note(`act ${JSON.stringify(act)}`)
    this.#witness.act(act, inputs)
    this.tell(inputs)
    return null
  }

  tell(inputs: readonly Input[]): void {
    if (inputs.length === 0) return
    for (const stream of this.#streams) stream.push(inputs)
  }

  /** The market moves at its next instant, which an order can bring nearer. */
  #await(): void {
    const { next } = this.host
    if (next === null || next >= this.#awaited) return
    this.#awaited = next
    this.#kernel.schedule(Math.max(0, next - this.now), 'the market moves', () => {
      if (this.#awaited === next) this.#awaited = Number.POSITIVE_INFINITY
      this.catchUp()
      this.#await()
    })
  }

  #moved(inputs: readonly Input[]): void {
    if (inputs.length === 0) return
    this.version++
    this.#witness.moved(inputs)
    this.tell(inputs)
  }
}

/** How a process trades there: requests over the wire, news over a stream, the exchange's time. */
export class TraderLine implements PacedExchange {
  readonly clock: ClockPort
  readonly #clock: RunningClock
  readonly #kernel: Kernel
  readonly #plan: FaultPlan
  readonly #exchange: SimulatedExchange
  readonly #life: Life
  #hear: (input: Input) => void = () => {}
  #isUp = false
  #isClosed = false
  #tries = 0
  /** Nothing that was told later is heard earlier. */
  #lastAt: Timestamp = 0
  /** Candles that closed while the stream was away. */
  #missed: Input[] = []

  constructor(kernel: Kernel, plan: FaultPlan, exchange: SimulatedExchange, life: Life) {
    this.#kernel = kernel
    this.#plan = plan
    this.#exchange = exchange
    this.#life = life
    // The server's time is known to within some milliseconds.
    const off = kernel.draws.between('clock error', -40, 40)
    this.#clock = new RunningClock({
      now: () => kernel.now + off,
      sleep: (span, signal) => life.sleep(span, signal),
    })
    this.clock = this.#clock
  }

  listen(hear: (input: Input) => void): void {
    this.#hear = hear
    this.#isUp = true
    this.#exchange.join(this)
  }

  /** Instruments, candles and prices of the present moment. */
  history(): Promise<readonly Input[]> {
    const { host } = this.#exchange
    return this.#read('history', () => host.history())
  }

  place(order: OrderRequest): Promise<void> {
    return this.#change('place', [order], () => this.#exchange.host.place(order))
  }

  amend(symbol: string, clientOrderId: string, price: Ticks, steps: Steps): Promise<void> {
    const args = [symbol, clientOrderId, price, steps]
    return this.#change('amend', args, () => this.#exchange.host.amend(symbol, clientOrderId, price, steps))
  }

  cancel(symbol: string, clientOrderId: string): Promise<void> {
    const args = [symbol, clientOrderId]
    return this.#change('cancel', args, () => this.#exchange.host.cancel(symbol, clientOrderId))
  }

  setStop(requestId: string, symbol: string, side: Side, stop: Ticks): Promise<void> {
    const args = [requestId, symbol, side, stop]
    return this.#change('setStop', args, () => this.#exchange.host.setStop(requestId, symbol, side, stop))
  }

  setLeverage(requestId: string, symbol: string, leverage: number, side?: Side): Promise<void> {
    const args = [requestId, symbol, leverage]
    return this.#change('setLeverage', args, () =>
      this.#exchange.host.setLeverage(requestId, symbol, leverage, side),
    )
  }

  leverage(symbol: string, side?: Side): Promise<number> {
    return this.#read('leverage', () => this.#exchange.host.leverage(symbol, side))
  }

  account(): Promise<Account> {
    return this.#read('account', () => this.#exchange.host.account())
  }

  lookUp(symbol: string, clientOrderId: string): Promise<OrderReport> {
    return this.#read('lookUp', () => this.#exchange.host.lookUp(symbol, clientOrderId))
  }

  executions(since: Timestamp): Promise<readonly Execution[]> {
    return this.#read('executions', () => this.#exchange.host.executions(since))
  }

  positionMode(): Promise<PositionMode> {
    return this.#read('positionMode', () => this.#exchange.host.positionMode)
  }

  setPositionMode(mode: PositionMode): Promise<string | null> {
    return this.#read('setPositionMode', () => this.#exchange.host.setPositionMode(mode))
  }

  /** The market moves by itself; what is left to do is to look up now and then. */
  async run(...[idle, pace, until]: Parameters<PacedExchange['run']>): ReturnType<PacedExchange['run']> {
    for (;;) {
      const now = this.clock.now()
      if (until !== null && now >= until) {
        await idle()
        return 'until'
      }
      if (!(await pace(now + LOOK))) return 'stopped'
    }
  }

  close(): void {
    this.#isClosed = true
    this.#isUp = false
    this.#clock.stop()
    this.#exchange.leave(this)
  }

  /** The connection is gone, with all that was on its way. */
  break(): void {
    if (!this.#isUp || this.#life.isOver || this.#isClosed) return
    this.#isUp = false
    this.#kernel.note(`the stream of ${this.#life.name} breaks`)
    this.#reconnect()
  }

  #reconnect(): void {
    const wait = Math.min(LONGEST_RECONNECT, FIRST_PAUSE * 2 ** this.#tries)
    this.#tries++
    this.#life.after(wait * (0.5 + this.#kernel.draws.next('reconnect') / 2), 'connects again', () => {
      if (this.#isClosed) return
      if (this.#exchange.state !== 'open') {
        this.#reconnect()
        return
      }
      this.#tries = 0
      this.#isUp = true
      const missed = this.#missed
      this.#missed = []
      for (const input of missed) this.#hear(input)
      this.#hear({ type: 'feed-gap', at: 0, reason: 'the stream of the account was away' })
    })
  }

  /** Something is told. */
  push(inputs: readonly Input[]): void {
    if (this.#life.isOver) {
      this.#exchange.leave(this)
      return
    }
    if (!this.#isUp) {
      this.#missed.push(...inputs.filter(input => KEPT_NEWS.includes(input.type)))
      return
    }
    const market: Input[] = []
    for (const input of inputs) {
      if (ACCOUNT_NEWS.includes(input.type)) this.#pushNews(input)
      else market.push(input)
    }
    if (market.length > 0) this.#send(market, this.#delay())
  }

  #pushNews(input: Input): void {
    const fault = this.#plan.strike(`push ${input.type}`)
    if (fault !== null) this.#kernel.note(`fault ${fault.kind} of ${input.type}`)
    if (fault?.kind === 'lose-push') return
    if (fault?.kind === 'late-push') {
      this.#deliver([input], this.#delay() + fault.size * LATE_PUSH)
      return
    }
    this.#send([input], this.#delay())
    if (fault?.kind === 'double-push') this.#send([input], this.#delay() + fault.size * SECOND)
  }

  #delay(): Milliseconds {
    return 2 + this.#kernel.draws.next('push') * PUSH
  }

  /** In the order in which it is told. */
  #send(inputs: readonly Input[], delay: Milliseconds): void {
    const at = Math.max(this.#lastAt + 1, Math.ceil(this.#kernel.now + delay))
    this.#lastAt = at
    this.#deliver(inputs, at - this.#kernel.now)
  }

  #deliver(inputs: readonly Input[], delay: Milliseconds): void {
    this.#life.after(delay, `hears ${inputs[0]?.type}`, () => {
      if (this.#isClosed) return
      if (!this.#isUp) {
        this.#missed.push(...inputs.filter(input => KEPT_NEWS.includes(input.type)))
        return
      }
      for (const input of inputs) this.#hear(input)
    })
  }

  async #change(operation: string, args: readonly unknown[], request: () => readonly Input[]): Promise<void> {
    const stamp = this.clock.now()
    const answers = await this.#exchange.wire.ask(this.#life, {
      name: operation,
      changes: true,
      deadline: DEADLINE,
      failed: throwsFailure(operation, true),
      effect: () => {
        if (this.#exchange.now - stamp > RECEIVE_WINDOW) throw tooLate(operation)
        const inputs = this.#exchange.carryOut(operation, args, request, this.#life)
        const own = inputs.filter(input => isAnswer(input, operation, args))
        this.#exchange.tell(inputs.filter(input => !own.includes(input)))
        return own
      },
    })
    // What the reply itself says is heard with it.
    for (const input of answers) this.#hear(input)
  }

  async #read<T>(operation: string, read: () => T): Promise<T> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.#exchange.wire.ask(this.#life, {
          name: operation,
          changes: false,
          deadline: DEADLINE,
          failed: throwsFailure(operation, false),
          effect: () => {
            this.#exchange.catchUp()
            return read()
          },
        })
      } catch (error) {
        if (!(error instanceof ExchangeError) || !error.retryable || tries >= MOST_TRIES) throw error
        const most = Math.min(LONGEST_PAUSE, 250 * 2 ** (tries - 1))
        await this.#life.sleep(this.#kernel.draws.next('pause') * most)
      }
    }
  }
}

/** Whether an input is what the reply to a request says: a refusal, a stop, a leverage. */
function isAnswer(input: Input, operation: string, args: readonly unknown[]): boolean {
  switch (input.type) {
    case 'stop':
    case 'leverage':
      return input.requestId === args[0]
    case 'order':
      return input.status === 'rejected' && input.clientOrderId === orderIdOf(operation, args)
    default:
      return false
  }
}

function orderIdOf(operation: string, args: readonly unknown[]): unknown {
  if (operation === 'place') return (args[0] as OrderRequest).clientOrderId
  if (operation === 'amend' || operation === 'cancel') return args[1]
  broken(`${operation} is of no order`)
}

function tooLate(operation: string): ExchangeError {
  return new ExchangeError(`${operation}: 10002 the time stamp is too old`, {
    retryable: true,
    ambiguous: false,
    why: 'clock',
  })
}
