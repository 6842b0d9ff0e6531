/**
 * Asks the exchange what is there and compares it with the books: books what was missed, takes over what is right to
 * take over, and halts entries when the two do not come together. After a restart or a gap nothing is added before.
 */
import { MINUTE, type Milliseconds, type Timestamp, type Usdt } from '../base/units.ts'
import { positionKey } from '../portfolio/position.ts'
import type { Closures } from './closures.ts'
import { type EngineCore, LOOK_AGAIN } from './core.ts'
import type { CycleRunner } from './cycle-runner.ts'
import type { Fates } from './fates.ts'
import { type Fills, fundingId } from './fills.ts'
import type { Gatekeeper } from './gatekeeper.ts'
import type { Handovers } from './handovers.ts'
import type { Leftovers } from './leftovers.ts'
import type { MarginChecks } from './margin-checks.ts'
import type { OrderDesk } from './order-desk.ts'
import type { Protection } from './protection.ts'
import type { Account, Execution, FillInput, FundingInput, OrderReport, Unread } from './protocol.ts'
import type { Unsettled } from './put-off.ts'
import { GAP, isHidden, QUESTION, READING, UNREAD } from './reach-rules.ts'
import { type Course, RECONCILIATION } from './reconcile.ts'
import type { Compared, EngineState, Missing, Unreadable, Verification } from './state.ts'
import { LOST_BOOKS } from './stranger-rules.ts'
import type { Strangers } from './strangers.ts'

/** The parts of the engine that a comparison concerns. */
export interface ReconcilerParts {
  readonly core: EngineCore
  readonly runner: CycleRunner
  readonly orders: OrderDesk
  readonly protection: Protection
  readonly fates: Fates
  readonly fills: Fills
  readonly strangers: Strangers
  readonly leftovers: Leftovers
  readonly gatekeeper: Gatekeeper
  readonly handovers: Handovers
  readonly closures: Closures
  readonly margins: MarginChecks
}

/** What the reconciler adds to a saved engine. */
type Saved = Pick<
  EngineState,
  'verification' | 'compared' | 'drift' | 'driftSince' | 'missing' | 'unreadable'
>

/** It is asked for again after so long at most. */
const LONGEST_LOOK: Milliseconds = 3 * LOOK_AGAIN

export class Reconciler {
  readonly #core: EngineCore
  readonly #runner: CycleRunner
  readonly #orders: OrderDesk
  readonly #protection: Protection
  readonly #fates: Fates
  readonly #fills: Fills
  readonly #strangers: Strangers
  readonly #leftovers: Leftovers
  readonly #gatekeeper: Gatekeeper
  readonly #handovers: Handovers
  readonly #closures: Closures
  readonly #margins: MarginChecks
  #verification: Verification | null = null
  #compared: Compared | null = null
  #drift = ''
  #driftSince: Timestamp | null = null
  #missing: readonly Missing[] = []
  #unreadable: Unreadable | null = null

  constructor(parts: ReconcilerParts) {
    this.#core = parts.core
    this.#runner = parts.runner
    this.#orders = parts.orders
    this.#protection = parts.protection
    this.#fates = parts.fates
    this.#fills = parts.fills
    this.#strangers = parts.strangers
    this.#leftovers = parts.leftovers
    this.#gatekeeper = parts.gatekeeper
    this.#handovers = parts.handovers
    this.#closures = parts.closures
    this.#margins = parts.margins
  }

  /** What books and exchange differ in; empty when they agree. */
  get drift(): string {
    return this.#drift
  }

  /** Whether the account could not be read when it was last asked for. */
  get isUnreadable(): boolean {
    return this.#unreadable !== null
  }

  /**
   * Why it is still being found out what the exchange has: until then nothing is added, and soon after it is known. A
   * difference for which entries were halted is not waited for: a person is.
   */
  get unsettled(): readonly Unsettled[] {
    const { recovery, isDoubted } = this.#core
    const isAsked = this.#verification !== null && this.#verification.executionsQuery !== null
    const differs = this.#drift !== '' && this.#gatekeeper.standing.halted === null
    const causes: Unsettled[] = []
    if (recovery !== null) causes.push('comparing')
    if (isDoubted) causes.push('doubted')
    if (isAsked) causes.push('asked')
    if (differs) causes.push('differs')
    if (this.isUnreadable) causes.push('unreadable')
    return causes
  }

  /** The account as it was compared last; `null`: it was not, or not since the process began to end. */
  get compared(): Compared | null {
    return this.#compared
  }

  /** The process ends: what is left behind is judged by what the account says from now on. */
  ending(): void {
    if (!this.#core.isEnding) this.#compared = null
    this.#core.isEnding = true
    this.#core.hurry(this.#core.now)
  }

  /** Something may have happened that was not told. */
  gap(reason: string): void {
    const compares = this.#core.ruled(GAP, { reason, isComparing: this.#core.recovery !== null })
    if (compares) this.#core.recovery = { cause: 'gap', since: this.#core.now, found: 0 }
    this.#core.note('drift', reason, null, null)
    this.#core.hurry(this.#core.now)
  }

  // --- asking -------------------------------------------------------------------------------------------------

  /**
   * Asks the exchange what is there, and after everything whose fate is unknown. Returns the ids of the questions; none
   * when there is nothing to ask about.
   */
  verify(): string[] {
    if (this.#core.obstacles.isKeyRefused) {
      // Asking with a key that is not accepted tells nothing, and may get the address banned.
      if (this.#unreadable === null) this.#read(false)
      return []
    }
    const { positions, pending } = this.#core.portfolio
    const { isThorough, clearsDoubt } = this.#core.ruled(QUESTION, {
      isComparing: this.#core.recovery !== null,
      differs: this.#drift !== '',
      isDoubted: this.#core.isDoubted,
      isDoubtful: this.#orders.doubts.isAny,
      isUnread: this.#core.obstacles.of('unread').length > 0,
    })
    // What others do touches nothing here: the next turn is asked for now.
    if (this.#core.isShared) this.#core.touch('light')
    const isIdle =
      !this.#core.isShared &&
      positions.size === 0 &&
      pending.size === 0 &&
      this.#orders.exits.size === 0 &&
      this.#strangers.foreign.size === 0
    if (isIdle && !isThorough && !this.isUnreadable && this.#strangers.rivals === 0) return []
    const executionsQuery = isThorough ? this.#core.requestId('executions') : null
    const orderQueries = this.#orders.doubts
      .doubtful()
      .map(id => [this.#core.requestId('order'), id] as const)
    const accountQuery = this.#core.requestId('account')
    if (executionsQuery !== null) {
      this.#core.emit({ type: 'query-executions', queryId: executionsQuery, since: this.#fills.since })
    }
    for (const [queryId, clientOrderId] of orderQueries) {
      const symbol = this.#orders.symbolOf(clientOrderId)
      this.#core.emit({ type: 'query-order', queryId, symbol, clientOrderId })
    }
    this.#core.emit({ type: 'query-account', queryId: accountQuery })
    this.#orders.askAccount()
    if (clearsDoubt) this.#core.isDoubted = false
    this.#verification = {
      accountQuery,
      executionsQuery,
      orderQueries,
      account: null,
      executions: null,
      reports: [],
      revision: this.#core.revision,
      askedAt: this.#core.now,
    }
    const asked = [accountQuery, ...orderQueries.map(([queryId]) => queryId)]
    return executionsQuery === null ? asked : [...asked, executionsQuery]
  }

  takeAccount(queryId: string, account: Account): void {
    if (this.#verification?.accountQuery === queryId) this.#verification.account = account
    this.#runner.arrived(queryId)
  }

  takeExecutions(queryId: string, executions: readonly (Execution | Unread)[]): void {
    if (this.#verification?.executionsQuery === queryId) this.#verification.executions = executions
    this.#runner.arrived(queryId)
  }

  takeReport(queryId: string, report: OrderReport): void {
    const isAsked = this.#verification?.orderQueries.some(([id]) => id === queryId) === true
    if (isAsked) this.#verification?.reports.push(report)
    this.#runner.arrived(queryId)
  }

  // --- comparing ----------------------------------------------------------------------------------------------

  /** Compares what the exchange has answered with the books, and sets right what can be. */
  reconcile(): void {
    const found = this.#verification
    this.#verification = null
    if (found === null) return
    const { executions, reports, executionsQuery, orderQueries } = found
    if (found.account === null || (executionsQuery !== null && executions === null)) {
      this.#onUnreadable()
      return
    }
    if (this.#unreadable !== null) this.#read(true)
    const isOld = found.revision !== this.#core.revision
    const unread = [...(found.account.unread ?? [])]
    let booked = 0
    for (const execution of executions ?? []) {
      if (execution.type === 'unread') unread.push(execution)
      else if (this.#missed(execution)) booked++
    }
    const account = { ...found.account, unread }
    this.#noteUnread(unread)
    // What a look-up has not answered stays in doubt, and is asked for again: that is its own matter.
    if (reports.length < orderQueries.length) this.#core.hurry(this.#core.now + LOOK_AGAIN)
    for (const report of reports) this.#fates.told(report)
    if (this.#core.recovery !== null)
      this.#core.recovery = { ...this.#core.recovery, found: this.#core.recovery.found + booked }
    this.#fates.settle(account)
    if (isOld || booked > 0) {
      // The account was read before the books took this up: it is compared when it has been read again.
      this.#core.isDoubted ||= booked > 0
      this.#core.hurry(this.#core.now)
      return
    }
    this.#compare(account, executions !== null, found)
  }

  /** Says what cannot be read, and what can again; nothing is entered there meanwhile. */
  #noteUnread(unread: readonly Unread[]): void {
    const core = this.#core
    const { come, gone } = core.ruled(UNREAD, { unread, standing: core.obstacles.of('unread') })
    for (const symbol of gone) {
      core.obstacles.lift('unread', symbol)
      core.note('reconciled', `${symbol ?? 'the account'} can be read again`, null, null)
    }
    for (const { symbol, words } of come) {
      core.obstacles.raise('unread', symbol, words, null)
      const none = { side: null, strategy: null, signalId: null, clientOrderId: null, figures: {} }
      const where = symbol ?? 'any symbol'
      const reason = `${words}; what is known stays, no entry on ${where} until it can be read`
      core.record('alert', { code: 'W315', symbol, reason, ...none })
    }
  }

  #onUnreadable(): void {
    if (this.#unreadable === null) {
      this.#core.event('store', null, 'the account could not be read; what is known stays', {}, null, 'W308')
    }
    this.#read(false)
    this.#handovers.unreadable()
    this.#closures.unseen(LOOK_AGAIN)
    // The longer it lasts the less a few seconds matter, and the more asking would.
    const span = this.#core.now - (this.#unreadable?.since ?? this.#core.now)
    this.#core.hurry(this.#core.now + Math.min(LONGEST_LOOK, Math.max(LOOK_AGAIN, span / 12)))
  }

  /** The account was read, or could not be. An outage is told once; a block is told as one. */
  #read(isRead: boolean): void {
    const core = this.#core
    const { now } = core
    const { isBanned } = core.obstacles
    const before = this.#unreadable
    switch (core.ruled(READING, { before, isRead, isBanned, now })) {
      case 'read':
        this.#unreadable = null
        return
      case 'unreadable':
        this.#unreadable = { since: now, isTold: false }
        return
      case 'away': {
        const since = before?.since ?? now
        this.#unreadable = { since, isTold: true }
        core.recovery ??= { cause: 'gap', since, found: 0 }
        const minutes = Math.floor((now - since) / MINUTE)
        const words = `the exchange has not answered for ${minutes} min: no entries; stops stay there`
        core.event('alert', null, words, { minutes }, null, 'C403')
        return
      }
      default:
        return
    }
  }

  #compare(account: Account, isThorough: boolean, asked: Compared): void {
    const booked = new Set<string>()
    const known = new Set<string>()
    for (const id of this.#core.portfolio.pending.keys()) {
      known.add(id)
      const isThere = this.#orders.doubts.get(id) === null && !this.#orders.isHeld(id)
      if (isThere && !this.#orders.cancelling.has(id)) booked.add(id)
    }
    for (const [id, { state }] of this.#orders.exits) {
      known.add(id)
      if (state === 'working') booked.add(id)
    }
    const { portfolio, instance, recovery, now } = this.#core
    // What is in no list because it cannot be read is not missing.
    for (const id of booked) {
      if (isHidden(account.unread, this.#orders.symbolOf(id), 'order')) booked.delete(id)
    }
    const { wallet, positions } = portfolio
    const course = this.#core.ruled(RECONCILIATION, {
      books: { wallet, positions: new Map([...positions].map(([key, { steps }]) => [key, { steps }])) },
      account,
      booked: [...booked],
      known: [...known],
      instance,
      isThorough,
      foreign: this.#strangers.keys(),
      lost: this.#strangers.lost,
      missing: this.#missing,
      asked: [...this.#orders.asked.keys()],
      isDoubtful: this.#orders.doubts.isAny,
      drift: this.#drift,
      driftSince: this.#driftSince,
      isRecovering: recovery !== null,
      isRestart: recovery?.cause === 'restart',
      now,
    })
    this.#follow(course, account, isThorough, asked)
  }

  #follow(course: Course, account: Account, isThorough: boolean, { revision, askedAt }: Compared): void {
    const { found, cancels, asksAgain, takesWallet, isRecovered } = course
    this.#strangers.rivalsSeen(found.rivals)
    for (const orphan of cancels) {
      const { clientOrderId: id, symbol, side, purpose } = orphan
      const words = `${symbol} ${side} ${purpose}: nothing needs this order; cancelled`
      this.#core.note('reconciled', words, id, 'I211')
      this.#orders.cancelOrphan(orphan, 'orphan')
    }
    for (const id of found.missing) {
      this.#orders.doubts.raise(id, 'missing', this.#core.now)
      this.#core.hurry(this.#core.now)
    }
    this.#missing = course.missing
    if (asksAgain) {
      this.#core.isDoubted = true
      this.#core.hurry(this.#core.now)
      return
    }
    if (course.ended.length > 0) {
      this.#endUnexplained(course)
      return
    }
    this.#strangers.lostGone(course.lostGone)
    this.#handovers.reclaim(course.lost, account)
    this.#strangers.foreignSeen(
      found.foreign.filter(one => !course.lost.includes(one)),
      course.gone,
    )
    this.#leftovers.seen(account)
    this.#margins.seen(account)
    if (isThorough) this.#handovers.adopt(account)
    if (isThorough) this.#closures.seen(account)
    else this.#closures.unseen(0)
    if (takesWallet && account.wallet !== null) this.#takeWallet(account.wallet)
    this.#noteDrift(course)
    for (const position of this.#core.portfolio.positions.values()) {
      const there = account.positions.find(
        one => one.symbol === position.symbol && one.side === position.side,
      )
      if (there !== undefined) this.#protection.readBack(position, there.stop)
    }
    this.#compared = { revision, askedAt }
    if (isRecovered) this.#recovered()
  }

  /**
   * Positions are gone and nothing tells how: the exchange is right about what is there. Their end is booked with what is
   * known of it, and books and account are compared anew; the wallet then shows what it has really brought.
   */
  #endUnexplained({ missing, ended }: Course): void {
    for (const { key, since } of missing) {
      const position = this.#core.portfolio.positions.get(key)
      if (position !== undefined && ended.includes(key)) this.#fills.bookUnexplained(position, since)
    }
    this.#missing = missing.filter(({ key }) => !ended.includes(key))
    this.#core.isDoubted = true
    this.#core.hurry(this.#core.now)
  }

  /** Money that came or went by something else than bbw's trades; the exchange is right. */
  #takeWallet(wallet: Usdt): void {
    const before = this.#core.portfolio.wallet
    const reason = `wallet ${wallet.toFixed(2)} at the exchange, in the books ${before.toFixed(2)}: taken over`
    this.#core.event('drift', null, reason, { wallet, before }, null, 'W309')
    this.#core.fold({ type: 'wallet-set', wallet })
  }

  /** A difference is recorded once, for as long as it lasts; when it lasts too long, entries are halted. */
  #noteDrift({ drift: found, driftSince, patience }: Course): void {
    const before = this.#drift
    this.#drift = found
    this.#driftSince = driftSince
    if (patience === null) {
      if (before !== '') this.#core.note('reconciled', 'books and exchange agree again', null, null)
      return
    }
    if (found !== before) {
      this.#core.count('drift')
      this.#core.event('drift', null, found, {}, null, 'W309')
    }
    if (patience > 0) this.#core.hurry(this.#core.now + Math.min(LOOK_AGAIN, patience))
    else {
      const { haltSeconds } = this.#core.settings.recovery
      this.#core.hurry(this.#core.now + LOOK_AGAIN * 6)
      this.#gatekeeper.halt('bbw', `books and exchange differ for ${haltSeconds} s: ${found}`, 'C310')
    }
  }

  /** Books and exchange agree, and nothing is of unknown fate. */
  #recovered(): void {
    const recovery = this.#core.recovery
    if (recovery === null) return
    this.#core.recovery = null
    // What was to be decided meanwhile is decided now.
    this.#core.touch('heavy')
    const { positions, pending } = this.#core.portfolio
    const figures = { found: recovery.found, positions: positions.size, pending: pending.size }
    if (recovery.cause === 'gap')
      this.#core.note('reconciled', 'compared with the exchange after a gap', null, null)
    else {
      const reason = `${positions.size} positions and ${pending.size} entries as at the exchange`
      this.#core.event('recovered', null, reason, figures, null, 'I705')
    }
  }

  // --- executions that were missed ----------------------------------------------------------------------------

  /** Books an execution that was never told; false for one that is known, or was somebody else's. */
  #missed(execution: Execution): boolean {
    if (execution.type === 'funding') return this.#missedFunding(execution)
    if (this.#fills.isKnown(execution.execId)) return false
    const { symbol, side, execId, steps, time } = execution
    const isOurs = this.#isBooked(execution)
    this.#fills.book(execution, true)
    if (!isOurs) {
      this.#onUnknownOwn(execution.clientOrderId)
      return false
    }
    this.#core.count('fill-missed')
    const reason = `${execution.cause} of ${steps} steps was never told; booked`
    this.#core.event(
      'looked-up',
      null,
      reason,
      { symbol, side, execId, time },
      execution.clientOrderId,
      'I301',
    )
    return true
  }

  #missedFunding(funding: FundingInput): boolean {
    const { symbol, side, time } = funding
    const position = this.#core.portfolio.positions.get(positionKey(symbol, side))
    if (this.#fills.isKnown(fundingId(funding)) || position === undefined || time <= position.openedAt)
      return false
    this.#fills.bookFunding(funding)
    this.#core.count('fill-missed')
    const reason = `funding of ${funding.amount.toFixed(4)} USDT was never told; booked`
    this.#core.event('looked-up', position, reason, { time }, null, 'I301')
    return true
  }

  /** After a restart: an order of this very bbw that its books have never seen means that newer books were lost. */
  #onUnknownOwn(id: string | null): void {
    const { instance, recovery } = this.#core
    if (!this.#core.ruled(LOST_BOOKS, { id, instance, cause: recovery?.cause ?? null })) return
    const reason = `the books are older than the last run: order ${id} of this bbw has filled and they do not know it`
    this.#gatekeeper.halt('bbw', reason, 'C807')
  }

  /** Whether an execution belongs to something in the books. */
  #isBooked({ clientOrderId: id, symbol, side }: FillInput): boolean {
    if (id !== null && this.#orders.isKnown(id)) return true
    return this.#core.portfolio.positions.has(positionKey(symbol, side))
  }

  save(): Saved {
    return {
      verification: this.#verification,
      compared: this.#compared,
      drift: this.#drift,
      driftSince: this.#driftSince,
      missing: this.#missing,
      unreadable: this.#unreadable,
    }
  }

  load(saved: Saved): void {
    this.#verification = saved.verification
    this.#compared = saved.compared
    this.#drift = saved.drift
    this.#driftSince = saved.driftSince
    this.#missing = saved.missing
    this.#unreadable = saved.unreadable
  }
}
