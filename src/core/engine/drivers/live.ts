/**
 * The live driver: carries effects out over ports and feeds back what comes of them, whenever it comes. It keeps no
 * state of the trading; the engine has it all. What an order's request came to is told by the feed, so a request that
 * was received is not yet anything else.
 *
 * What a step leaves behind is committed before the first of its effects leaves, in one transaction and without
 * waiting in between, so a crash finds either a request that is written down or one that was never sent.
 */
import { broken } from '../../base/assert.ts'
import { codeOf, ExchangeError, StoreError } from '../../base/errors.ts'
import { isWorthWriting, RowChanges } from '../books.ts'
import type { Engine } from '../engine.ts'
import type { Batch, BrokerPort, ClockPort, FeedPort, JournalPort, StorePort } from '../ports.ts'
import type { Effect, Input, OrderRequest, OrderTrouble, StopTrouble } from '../protocol.ts'
import { type Refusal, refusalOf } from '../refusal.ts'

export interface LivePorts {
  readonly clock: ClockPort
  readonly broker: BrokerPort
  readonly feed: FeedPort
  readonly journal: JournalPort
  /** `null`: nothing is to outlive the run. */
  readonly store: StorePort | null
}

/** Parts of batches that could not be written, until they are. */
interface Backlog {
  outcomes: Batch['outcomes'][number][]
  verdicts: Batch['verdicts'][number][]
  events: Batch['events'][number][]
  trades: Batch['trades'][number][]
  answers: Batch['answers'][number][]
  intents: Batch['intents'][number][]
}

/** Events beyond so many wait no longer: what they tell is in the books. */
const MOST_EVENTS = 10_000

export class LiveDriver {
  #engine: Engine
  readonly #ports: LivePorts
  readonly #inbox: Input[] = []
  readonly #changes = new RowChanges()
  #backlog: Backlog = emptyBacklog()
  #isStoreDown = false
  #stepping = false
  /** Requests without an answer. */
  #busy = 0
  #waiting: (() => void)[] = []
  #fault: { readonly error: unknown } | null = null

  constructor(engine: Engine, ports: LivePorts) {
    this.#engine = engine
    this.#ports = ports
  }

  /** Listens to the feed. `history` is what is known before the first moment. */
  start(history: readonly Input[]): void {
    for (const input of history) this.hear(input)
    this.#ports.feed.listen(input => this.hear(input))
    this.#wake()
  }

  get engine(): Engine {
    return this.#engine
  }

  /** Goes on with another engine, which has to stand where this one does: between two inputs only. */
  replace(engine: Engine): void {
    if (this.#stepping) broken('the engine is replaced within a step')
    this.#engine = engine
    this.#ports.clock.wakeAt(engine.wakeAt, this.#wake)
  }

  /** Resolves when nothing is on its way. Rejects with the fault that broke the engine, if one did. */
  async idle(): Promise<void> {
    while (this.#busy > 0 && this.#fault === null) {
      await new Promise<void>(resolve => this.#waiting.push(resolve))
    }
    if (this.#fault !== null) throw this.#fault.error
  }

  /** Writes what has not been written; whether everything is. For the end of a run. */
  flush(): boolean {
    if (this.#ports.store !== null && this.#fault === null) this.#commit(emptyBacklog(), false, true)
    return !this.#isStoreDown
  }

  readonly #wake = (): void => this.hear({ type: 'time', at: this.#ports.clock.now() })

  /** Hands an input to the engine. They are taken one after the other, each bearing the time at which it is taken. */
  hear(input: Input): void {
    this.#inbox.push(input)
    if (this.#stepping || this.#fault !== null) return
    this.#stepping = true
    try {
      for (let next = this.#inbox.shift(); next !== undefined; next = this.#inbox.shift()) {
        const effects = this.#engine.step({ ...next, at: this.#ports.clock.now() })
        if (effects.length > 0 || (this.#isStoreDown && next.type === 'time')) this.#send(effects)
      }
      this.#ports.clock.wakeAt(this.#engine.wakeAt, this.#wake)
    } catch (error) {
      // A broken invariant, or a lease that is lost: nothing is sent any more, the process has to start anew.
      this.#fault = { error }
      this.#settle()
    } finally {
      this.#stepping = false
    }
  }

  /** Commits what the step leaves behind, then lets its effects go. */
  #send(effects: readonly Effect[]): void {
    const refused = this.#ports.store === null ? null : this.#persist(effects)
    for (const effect of effects) {
      if (effect.type === 'place' && this.#isBarred(effect.order, refused)) continue
      this.#carry(effect)
    }
  }

  /** What adds waits for the disk, also where it was written down in an earlier step: nothing says now that it left. */
  #isBarred({ clientOrderId: key, purpose }: OrderRequest, refused: ReadonlySet<string> | null): boolean {
    if (refused?.has(key) === true) return true
    if (!this.#isStoreDown || purpose !== 'entry') return false
    const reason = 'the state cannot be saved'
    this.#inbox.push({ type: 'persist-refused', at: 0, key, reason, code: 'E109' })
    return true
  }

  /** Returns the orders that must not leave. */
  #persist(effects: readonly Effect[]): ReadonlySet<string> {
    const step = emptyBacklog()
    let isAhead = false
    for (const effect of effects) {
      switch (effect.type) {
        case 'persist':
          step.intents.push({ key: effect.key, order: effect.order, signalId: effect.signalId })
          break
        case 'outcome':
          step.outcomes.push({ key: effect.key, state: effect.state, reason: effect.reason })
          break
        case 'verdict':
          step.verdicts.push({ scored: effect.scored, verdict: effect.verdict, reason: effect.reason })
          break
        case 'answer':
          step.answers.push({ id: effect.id, ok: effect.ok, reason: effect.reason })
          break
        case 'event':
          step.events.push(effect.event)
          break
        case 'trade':
          step.trades.push(effect.trade)
          break
        case 'place':
        case 'amend':
        case 'cancel':
        case 'set-stop':
        case 'set-leverage':
          isAhead = true
          break
        default:
          break
      }
    }
    return this.#commit(step, isAhead, false)
  }

  #commit(step: Backlog, isAhead: boolean, isLast: boolean): ReadonlySet<string> {
    const { store } = this.#ports
    const refused = new Set<string>()
    if (store === null) return refused
    const rows = this.#changes.of(this.#engine.books())
    const waiting = this.#backlog
    const all: Backlog = {
      intents: [...waiting.intents, ...step.intents],
      outcomes: [...waiting.outcomes, ...step.outcomes],
      verdicts: [...waiting.verdicts, ...step.verdicts],
      events: [...waiting.events, ...step.events],
      trades: [...waiting.trades, ...step.trades],
      answers: [...waiting.answers, ...step.answers],
    }
    const isEmpty = Object.values(all).every(list => list.length === 0)
    if (!isAhead && isEmpty && !isLast && !isWorthWriting(rows)) return refused
    try {
      const at = this.#ports.clock.now()
      const duplicates = store.commit({ at, rows, isAhead, ...all })
      this.#changes.keep()
      this.#backlog = emptyBacklog()
      for (const key of duplicates) {
        if (!step.intents.some(intent => intent.key === key)) continue
        refused.add(key)
        const reason = 'its row, or one that excludes it, is there already'
        this.#inbox.push({ type: 'persist-refused', at: 0, key, reason, code: 'I113' })
      }
      if (this.#isStoreDown) this.#inbox.push({ type: 'store', at: 0, ok: true, reason: '', code: null })
      this.#isStoreDown = false
    } catch (error) {
      if (!(error instanceof StoreError) || error.trouble === 'lease-lost') throw error
      this.#onStoreDown(error, step, all, refused)
    }
    return refused
  }

  /** Nothing was written. More exposure waits for the disk; less of it must not. */
  #onStoreDown(error: StoreError, step: Backlog, all: Backlog, refused: Set<string>): void {
    const code = codeOf(error)
    for (const { key, order } of step.intents) {
      if (order.purpose !== 'entry') continue
      refused.add(key)
      this.#inbox.push({ type: 'persist-refused', at: 0, key, reason: error.message, code: 'E109' })
    }
    this.#backlog = {
      ...all,
      intents: all.intents.filter(intent => !refused.has(intent.key)),
      events: all.events.slice(-MOST_EVENTS),
    }
    if (!this.#isStoreDown) {
      this.#inbox.push({ type: 'store', at: 0, ok: false, reason: error.message, code })
    }
    this.#isStoreDown = true
  }

  #carry(effect: Effect): void {
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
            this.hear({
              type: 'stop',
              at: 0,
              requestId: effect.requestId,
              ok: false,
              reason: reasonOf(error),
              ...stopTrouble(error),
            }),
          ),
        )
        return
      case 'set-leverage':
        this.#track(
          broker
            .setLeverage(effect.requestId, effect.symbol, effect.leverage, effect.side)
            .catch((error: unknown) => this.#leverageUnknown(effect.requestId, error, isAmbiguous(error))),
        )
        return
      case 'query-leverage':
        this.#track(
          broker.leverage(effect.symbol, effect.side).then(
            leverage =>
              this.hear({ type: 'leverage', at: 0, requestId: effect.requestId, leverage, reason: '' }),
            (error: unknown) => this.#leverageUnknown(effect.requestId, error, true),
          ),
        )
        return
      case 'query-account':
        this.#ask(effect.queryId, async queryId => ({
          type: 'account',
          at: 0,
          queryId,
          account: await broker.account(),
        }))
        return
      case 'query-order':
        this.#ask(effect.queryId, async queryId => ({
          type: 'order-found',
          at: 0,
          queryId,
          report: await broker.lookUp(effect.symbol, effect.clientOrderId),
        }))
        return
      case 'query-executions':
        this.#ask(effect.queryId, async queryId => ({
          type: 'executions',
          at: 0,
          queryId,
          executions: await broker.executions(effect.since),
        }))
        return
      case 'event':
        journal.event(effect.event)
        return
      case 'trade':
        journal.trade(effect.trade)
        return
      case 'decisions':
        journal.decisions?.(effect.batch)
        return
      // They are for the store alone.
      case 'persist':
      case 'outcome':
      case 'verdict':
      case 'answer':
        return
    }
  }

  /**
   * An exchange that refuses a request outright has rejected it. An ambiguous failure is no verdict: the engine looks
   * the order up before it concludes anything.
   */
  async #orderSent(sent: Promise<void>, clientOrderId: string): Promise<void> {
    try {
      await sent
    } catch (error) {
      const status = isAmbiguous(error) ? 'unknown' : 'rejected'
      const reason = reasonOf(error)
      this.hear({
        type: 'order',
        at: 0,
        clientOrderId,
        status,
        reason,
        ...orderTrouble(error),
      })
    }
  }

  /** @param isUnknown nothing says which leverage is in force; else the request was refused */
  #leverageUnknown(requestId: string, error: unknown, isUnknown: boolean): void {
    this.hear({
      type: 'leverage',
      at: 0,
      requestId,
      leverage: null,
      reason: reasonOf(error),
      ...leverageTrouble(error, isUnknown),
    })
  }

  #ask(queryId: string, question: (queryId: string) => Promise<Input>): void {
    const answered = question(queryId).then(
      input => this.hear(input),
      (error: unknown) =>
        this.hear({ type: 'query-failed', at: 0, queryId, reason: reasonOf(error), ...refused(error) }),
    )
    this.#track(answered)
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

function emptyBacklog(): Backlog {
  return { outcomes: [], verdicts: [], events: [], trades: [], answers: [], intents: [] }
}

function isAmbiguous(error: unknown): boolean {
  return error instanceof ExchangeError && error.ambiguous
}

function whyOf(error: unknown): string | undefined {
  return error instanceof ExchangeError ? error.why : undefined
}

/** The kind of refusal that an error is, as a field; nothing where it is none. */
function refused(error: unknown): { readonly why?: Refusal } {
  const why = isAmbiguous(error) ? undefined : refusalOf(whyOf(error))
  return why === undefined ? {} : { why }
}

function orderTrouble(error: unknown): { readonly why?: OrderTrouble } {
  const why = whyOf(error)
  if (isUnsent(error, why)) return { why: 'unsent' }
  return why === 'unreadable' || why === 'duplicate-id' ? { why } : refused(error)
}

/** Whether a request has changed nothing, and may be made again: the exchange has not come to look at it. */
function isUnsent(error: unknown, why: string | undefined): boolean {
  if (!(error instanceof ExchangeError) || error.ambiguous || !error.retryable) return false
  return why !== 'duplicate-id' && refusalOf(why) === undefined
}

function stopTrouble(error: unknown): { readonly why?: StopTrouble } {
  if (isAmbiguous(error)) return { why: 'unknown' }
  const why = whyOf(error)
  if (why === 'crossed') return { why }
  return why === 'unchanged' ? { why: 'not-modified' } : refused(error)
}

/**
 * @param isUnknown nothing says which leverage is in force; a look-up that the exchange has refused says so with its
 *   reason, so that a key that is not accepted is not asked with again
 */
function leverageTrouble(error: unknown, isUnknown: boolean): { readonly why?: 'unknown' | Refusal } {
  const { why } = refused(error)
  return why !== undefined && (!isUnknown || why === 'credentials')
    ? { why }
    : isUnknown
      ? { why: 'unknown' }
      : {}
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
