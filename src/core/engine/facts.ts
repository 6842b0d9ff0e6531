/**
 * What the exchange says about itself rather than about an order: how a perpetual is listed, under which terms the account
 * trades, when it will be down. Each keeps entries away for as long as it holds, and survives a restart.
 *
 * | fact | what is done |
 * | --- | --- |
 * | a perpetual is to be delisted | no entry; what bbw holds, adopted positions included, is closed a day before, a person's position is told of |
 * | it is not traded, or is missing in the lists | no entry; what is held is kept in the books, whatever the lists say |
 * | it is in an auction | no entry: nothing there can have a stop |
 * | the account's type is another one than at first | no entry until it is as it was, or a person resumes |
 * | its margin mode is another one than at first, and not isolated; or was not isolated at first | no entry until it is isolated, or as it was: no resume lifts that |
 * | the account may only reduce | no entry; exits go on |
 * | so much margin is in use that a stop may not be carried out | no entry until there is room again |
 * | maintenance is announced | no entry from five minutes before; afterwards everything is compared first |
 */
import type { Code } from '../base/codes.ts'
import { HOUR, MINUTE, type Timestamp } from '../base/units.ts'
import type { Side } from '../market/side.ts'
import { positionKey } from '../portfolio/position.ts'
import type { EngineCore } from './core.ts'
import {
  CLOSED_BEFORE,
  DELISTING,
  isIsolated,
  LISTING,
  MAINTENANCE,
  PAUSED_BEFORE,
  TERMS,
  TERMS_CAUSES,
  type TermsCause,
  type TermsVerdict,
} from './fact-rules.ts'
import type { OrderDesk } from './order-desk.ts'
import type { Protection } from './protection.ts'
import type { AccountTerms, Input, Listing } from './protocol.ts'
import type { EngineState, Maintenance } from './state.ts'
import type { Strangers } from './strangers.ts'

/** The parts of the engine that a fact concerns. */
export interface FactParts {
  readonly core: EngineCore
  readonly orders: OrderDesk
  readonly protection: Protection
  readonly strangers: Strangers
}

/** What the facts add to a saved engine. */
type Saved = Pick<EngineState, 'listings' | 'listingsTold' | 'terms' | 'termsNow' | 'maintenance'>

export class Facts {
  readonly #core: EngineCore
  readonly #orders: OrderDesk
  readonly #protection: Protection
  readonly #strangers: Strangers
  /** Of symbols that are not traded as ever. */
  readonly #listings = new Map<string, Listing>()
  /** Positions that were told of for it. */
  readonly #told = new Set<string>()
  /** Under which the account has traded from the first; and those of now. */
  #terms: AccountTerms | null = null
  #termsNow: AccountTerms | null = null
  #maintenance: Maintenance | null = null

  constructor(parts: FactParts) {
    this.#core = parts.core
    this.#orders = parts.orders
    this.#protection = parts.protection
    this.#strangers = parts.strangers
  }

  // --- listings

  /** Takes how a perpetual is listed. */
  listed({ symbol, status, delistsAt }: Extract<Input, { readonly type: 'listing' }>): void {
    const listing = { symbol, status, delistsAt }
    const verdict = this.#core.ruled(LISTING, { now: listing, before: this.#listings.get(symbol) ?? null })
    if (verdict === 'as-ever') this.#isTradedAgain(symbol)
    if (verdict !== 'off') return
    this.#listings.set(symbol, listing)
    this.#forget(symbol)
    const words = wordsOf(listing, this.#core.now)
    this.#core.obstacles.raise('listing', symbol, words, null)
    if (status === 'auction' && this.#core.obstacles.isNews(`auction ${symbol}`)) {
      const none = { side: null, strategy: null, signalId: null, clientOrderId: null, figures: {} }
      this.#core.record('alert', { code: 'I611', symbol, reason: `${words}: no entries`, ...none })
    }
    for (const entry of this.#core.portfolio.pending.values()) {
      if (entry.symbol === symbol) this.#orders.takeBack(entry, 'listing')
    }
    if (delistsAt !== null) this.#core.schedule.touchAt('light', delistsAt - CLOSED_BEFORE)
    this.#core.touch('light')
  }

  #isTradedAgain(symbol: string): void {
    this.#listings.delete(symbol)
    this.#forget(symbol)
    if (this.#core.obstacles.lift('listing', symbol))
      this.#core.note('reconciled', `${symbol} is traded as ever again`, null, null)
  }

  #forget(symbol: string): void {
    for (const key of this.#told) if (key.startsWith(`${symbol}:`)) this.#told.delete(key)
  }

  /** Looks at what time changes: positions on what is delisted, maintenance. Returns whether maintenance is over. */
  look(): boolean {
    if (this.#listings.size > 0) this.#lookAtListings()
    return this.#maintenance !== null && this.#lookAtMaintenance()
  }

  #lookAtListings(): void {
    const { now, portfolio } = this.#core
    for (const position of portfolio.positions.values()) {
      const listing = this.#listings.get(position.symbol)
      if (listing === undefined) continue
      const { delistsAt, status } = listing
      const key = positionKey(position.symbol, position.side)
      if (this.#isNew(key)) {
        const more =
          delistsAt === null ? '; it stays in the books' : `; closed ${CLOSED_BEFORE / HOUR} h before`
        const figures = { status, delistsAt }
        this.#core.event('alert', position, `${wordsOf(listing, now)}${more}`, figures, null, 'C602')
      }
      const { strategy, symbol, side } = position
      const isClosing = this.#protection.desk.of(key).closing !== null
      const seen = { position: { strategy, symbol, side }, listing, isClosing, now }
      if (this.#core.ruled(DELISTING, seen))
        this.#protection.closeNow(position, wordsOf(listing, now), 'C602', 'delisting')
    }
    for (const { symbol, side } of this.#strangers.shown()) {
      const listing = this.#listings.get(symbol)
      if (listing === undefined || !this.#isNew(positionKey(symbol, side))) continue
      this.#tellPerson(symbol, side, `${wordsOf(listing, now)}; bbw did not open it and leaves it alone`)
    }
  }

  #isNew(key: string): boolean {
    if (this.#told.has(key)) return false
    this.#told.add(key)
    return true
  }

  #tellPerson(symbol: string, side: Side, reason: string): void {
    const none = { strategy: null, signalId: null, clientOrderId: null, figures: {} }
    this.#core.record('alert', { code: 'C602', symbol, side, reason, ...none })
  }

  // --- maintenance

  /** Takes what is announced; `from` of `null`: nothing is any more. */
  announced({ from, until }: Extract<Input, { readonly type: 'maintenance' }>): void {
    this.#maintenance = from === null ? null : { from, until }
    if (from === null) {
      this.#lookAtMaintenance()
      return
    }
    this.#core.schedule.touchAt('light', from - PAUSED_BEFORE)
    if (until !== null) this.#core.schedule.touchAt('light', until)
    this.#core.touch('light')
  }

  /** Returns whether maintenance that kept entries away is over. */
  #lookAtMaintenance(): boolean {
    const { now, obstacles } = this.#core
    const maintenance = this.#maintenance
    const isPaused = obstacles.stands('maintenance')
    const verdict = this.#core.ruled(MAINTENANCE, { maintenance, isPaused, now })
    if (verdict === 'over') this.#maintenance = null
    if (verdict === 'over' || verdict === 'withdrawn')
      return obstacles.lift('maintenance', null) && verdict === 'over'
    if (verdict === null || maintenance === null) return false
    const { from, until } = maintenance
    const minutes = Math.ceil((from - now) / MINUTE)
    const words = minutes > 0 ? `maintenance in ${minutes} min` : 'maintenance'
    if (obstacles.raise('maintenance', null, words, null))
      this.#core.event('paused', null, `${words}: no entries until it is over`, { from, until }, null, 'W404')
    return false
  }

  // --- the account

  /** Takes the terms under which the account trades. */
  trades(terms: AccountTerms): void {
    const { obstacles } = this.#core
    this.#terms ??= terms
    this.#termsNow = terms
    const first = this.#terms
    const before = TERMS_CAUSES.filter(cause => obstacles.stands(cause))
    const { changed, standing, lifted } = this.#core.ruled(TERMS, { first, now: terms, standing: before })
    for (const cause of lifted) obstacles.lift(cause, null)
    for (const cause of standing) {
      // Where it is not told how much margin is in use, what was told last stands.
      if (cause === 'margin' && terms.marginUse === null) continue
      const [words, code] = termsWords(cause, changed, first, terms)
      if (!obstacles.raise(cause, null, words, null) || !obstacles.isNews(`${code} account`)) continue
      this.#core.event('alert', null, `${words}; no entries`, {}, null, code)
    }
  }

  /**
   * A person has resumed: the terms of now are those that they want. Not a margin in which a loss takes more than sizes were
   * planned for: while that lasts it keeps entries away, whoever resumes.
   */
  resumed(): void {
    const [first, now] = [this.#terms, this.#termsNow]
    if (first === null || now === null) return
    this.#terms = isIsolated(now) ? now : { ...now, marginMode: first.marginMode }
    if (this.#terms.marginMode === now.marginMode) this.#core.obstacles.lift('terms', null)
  }

  save(): Saved {
    return {
      listings: [...this.#listings.values()],
      listingsTold: [...this.#told],
      terms: this.#terms,
      termsNow: this.#termsNow,
      maintenance: this.#maintenance,
    }
  }

  load(saved: Saved): void {
    for (const one of saved.listings) this.#listings.set(one.symbol, one)
    for (const key of saved.listingsTold) this.#told.add(key)
    this.#terms = saved.terms
    this.#termsNow = saved.termsNow
    this.#maintenance = saved.maintenance
  }

  /** Notes the moments at which something is due: another process goes on. */
  remember(): void {
    const { schedule } = this.#core
    for (const { delistsAt } of this.#listings.values()) {
      if (delistsAt !== null) schedule.touchAt('light', delistsAt - CLOSED_BEFORE)
    }
    if (this.#maintenance === null) return
    const { from, until } = this.#maintenance
    schedule.touchAt('light', from - PAUSED_BEFORE)
    if (until !== null) schedule.touchAt('light', until)
  }
}

function wordsOf({ symbol, status, delistsAt }: Listing, now: Timestamp): string {
  switch (status) {
    case 'auction':
      return `${symbol} is in an auction without stops`
    case 'stopped':
      return `${symbol} is not traded`
    case 'unlisted':
      return `${symbol} is missing in the lists of the exchange`
    case 'trading': {
      const hours = delistsAt === null ? 0 : Math.max(0, Math.round((delistsAt - now) / HOUR))
      return `${symbol} is delisted in ${hours} h`
    }
  }
}

function termsWords(
  cause: TermsCause,
  changed: TermsVerdict['changed'],
  first: AccountTerms,
  now: AccountTerms,
): readonly [words: string, code: Code] {
  switch (cause) {
    case 'only-reduce':
      return ['the account may only close positions', 'C408']
    case 'margin': {
      const percent = (100 * (now.marginUse ?? 0)).toFixed(0)
      return [`${percent} % of equity are maintenance margin: a stop may fail`, 'C609']
    }
    case 'not-isolated':
      return [`the account is in ${now.marginMode} margin, and bbw reckons with isolated margin`, 'C616']
    case 'terms': {
      const found = changed.map(
        name => `${name === 'marginMode' ? 'margin mode' : 'account type'} ${now[name]}, was ${first[name]}`,
      )
      return [`${found.join(', ')}: changed outside of bbw`, 'C610']
    }
  }
}
