/**
 * Bybit behind the live driver's ports: orders and account by requests, what happens by streams, on the exchange's own
 * time. What comes in before the engine has begun waits for it.
 */
import type { Code } from '../../base/codes.ts'
import { ExchangeError } from '../../base/errors.ts'
import type { Milliseconds, Steps, Ticks, Timestamp } from '../../base/units.ts'
import { type BookedPosition, bareOf } from '../../engine/first-stops.ts'
import type { PacedExchange, PositionModePort } from '../../engine/ports.ts'
import type { Account, Execution, Input, OrderReport, OrderRequest, Unread } from '../../engine/protocol.ts'
import type { Instrument } from '../../market/instrument.ts'
import { formatTicks } from '../../market/quantise.ts'
import type { PositionMode, Side } from '../../market/side.ts'
import type { Redactor } from '../system/redactor.ts'
import { type RunningClock, runByClock } from '../system/running-clock.ts'
import type { BybitAccount } from './account.ts'
import { AccountFeed } from './account-feed.ts'
import { AccountWatch } from './account-watch.ts'
import { BybitBroker } from './broker.ts'
import type { BybitClient } from './client.ts'
import type { ExchangeClock } from './exchange-clock.ts'
import type { FeedConnection } from './market-feed.ts'
import type { MarketSession } from './market-session.ts'
import type { StreamListener } from './stream-connection.ts'

/** The account's stream is waited for so long; requests tell everything without it. */
const STREAM_WAIT: Milliseconds = 10_000

export interface BybitExchangePorts {
  readonly client: BybitClient
  readonly clock: RunningClock
  readonly session: MarketSession
  readonly time: Pick<ExchangeClock, 'check'>
  readonly modes: PositionModePort & Pick<BybitAccount, 'terms' | 'maintenance'>
  /** The mode that the configuration asks for; orders go by the one that the account was seen in since. */
  readonly mode: PositionMode
  connect(listener: StreamListener): FeedConnection
  sleep(span: Milliseconds): Promise<void>
  /** What the exchange gives as a reason goes through it before anybody keeps it. */
  readonly redactor: Redactor
  say(code: Code, words: string): void
  /** The past is there. */
  ready(): void
}

export class BybitExchange implements PacedExchange {
  readonly clock: RunningClock
  readonly #ports: BybitExchangePorts
  readonly #broker: BybitBroker
  #booked: ReadonlyMap<string, Instrument> = new Map()
  readonly #watch: AccountWatch
  #account: AccountFeed | null = null
  #hear: (input: Input) => void = () => {}
  /** What was heard before the engine has begun; `null` since then. */
  #early: Input[] | null = []
  #denied: string | null = null

  constructor(ports: BybitExchangePorts) {
    this.#ports = ports
    this.clock = ports.clock
    const { client, mode, session, modes } = ports
    this.#watch = new AccountWatch({
      terms: () => modes.terms(),
      maintenance: () => modes.maintenance(),
      now: () => ports.clock.now(),
      hear: input => this.#tell(input),
    })
    this.#broker = new BybitBroker({
      client,
      mode,
      began: ports.clock.now(),
      // What is delisted is still to be closed in the books, and is counted there as it was booked.
      instrument: async symbol =>
        session.followed(symbol) ?? this.#booked.get(symbol) ?? (await session.instrument(symbol)),
      named: symbol => session.named(symbol),
      doubtFilters: () => session.doubtFilters(),
      sleep: span => ports.sleep(span),
      hear: input => this.#tell(input),
      stream: {
        shown: orders => this.#account?.shown(orders),
        listed: executions => this.#account?.listed(executions),
        cancels: id => this.#account?.cancels(id),
        filled: id => this.#account?.filled(id) ?? '0',
      },
    })
  }

  /** What is wrong at present, in words; `null` when nothing is. */
  get trouble(): string | null {
    if (this.#denied !== null) return `C407 the key is refused: ${this.#denied}`
    return this.#account?.isReady === false ? 'the stream of the account is away' : null
  }

  listen(hear: (input: Input) => void): void {
    this.#hear = hear
  }

  async history(
    booked: readonly Instrument[] = [],
    held: readonly BookedPosition[] = [],
  ): Promise<readonly Input[]> {
    this.#booked = new Map(booked.map(instrument => [instrument.symbol, instrument]))
    const { session, sleep } = this.#ports
    const { positions, orders } = await this.#broker.account()
    const there = new Set([...positions, ...orders].map(({ symbol }) => symbol))
    const protecting = this.#protect(bareOf(held, positions))
    // Whatever becomes of the past, no request is left behind that could outlive the lease.
    const past = session.open([...there], this.#booked).finally(() => protecting)
    const [inputs] = await Promise.all([past, protecting])
    this.#ports.ready()
    // From here on nothing is missed: the engine asks for the account once it has begun.
    const account = this.#accountFeed()
    await Promise.race([account.ready, sleep(STREAM_WAIT)])
    if (!account.isReady && this.#denied === null)
      this.#ports.say(
        'W503',
        `account: not connected after ${STREAM_WAIT / 1_000} s, requests tell meanwhile`,
      )
    // The engine takes the past as soon as this is there; what came meanwhile follows it.
    void sleep(0).then(() => this.#begin())
    return inputs
  }

  place(order: OrderRequest): Promise<void> {
    return this.#broker.place(order)
  }

  amend(symbol: string, clientOrderId: string, price: Ticks, steps: Steps): Promise<void> {
    return this.#broker.amend(symbol, clientOrderId, price, steps)
  }

  cancel(symbol: string, clientOrderId: string): Promise<void> {
    return this.#broker.cancel(symbol, clientOrderId)
  }

  setStop(requestId: string, symbol: string, side: Side, stop: Ticks): Promise<void> {
    return this.#broker.setStop(requestId, symbol, side, stop)
  }

  setLeverage(requestId: string, symbol: string, leverage: number, side?: Side): Promise<void> {
    return this.#broker.setLeverage(requestId, symbol, leverage, side)
  }

  leverage(symbol: string, side?: Side): Promise<number> {
    return this.#broker.leverage(symbol, side)
  }

  account(): Promise<Account> {
    return this.#broker.account()
  }

  lookUp(symbol: string, clientOrderId: string): Promise<OrderReport> {
    return this.#broker.lookUp(symbol, clientOrderId)
  }

  executions(since: Timestamp): Promise<readonly (Execution | Unread)[]> {
    return this.#broker.executions(since)
  }

  async positionMode(): Promise<PositionMode> {
    const mode = await this.#ports.modes.positionMode()
    this.#broker.seenIn(mode)
    return mode
  }

  setPositionMode(mode: PositionMode): Promise<string | null> {
    return this.#ports.modes.setPositionMode(mode)
  }

  async run(...words: Parameters<PacedExchange['run']>): ReturnType<PacedExchange['run']> {
    const feed = this.#ports.session.feed(input => this.#tell(input))
    const look = (): void => {
      this.#ports.time.check()
      feed.check()
      this.#account?.check()
      this.#watch.check()
      const slow = this.#ports.client.slowNews()
      if (slow !== null) this.#ports.say('W405', `one answer in twenty takes ${(slow / 1_000).toFixed(1)} s`)
    }
    return runByClock(this.clock, look, words).finally(() => feed.close())
  }

  close(): void {
    this.clock.stop()
    this.#account?.close()
  }

  /** Sets stops that are missing at the start. What fails is found by the engine's comparison, which goes on from there. */
  async #protect(bare: readonly BookedPosition[]): Promise<void> {
    await Promise.all(
      bare.map(async ({ symbol, side, instrument, stop }) => {
        const words = `${symbol} ${side} stands without its stop: ${formatTicks(instrument, stop)} is set at once`
        this.#ports.say('W207', words)
        try {
          await this.#broker.setStop(`first-${symbol}-${side}`, symbol, side, stop)
        } catch (error) {
          if (!(error instanceof ExchangeError)) throw error
          this.#ports.say('W207', `${symbol} ${side}: its stop could not be set at once: ${error.message}`)
        }
      }),
    )
  }

  #accountFeed(): AccountFeed {
    const { session, say, connect } = this.#ports
    const feed = new AccountFeed({
      connect,
      instrument: symbol => session.followed(symbol),
      now: () => this.clock.now(),
      hear: input => this.#tell(input),
      say,
      denied: reason => {
        this.#denied = reason
        const words = `the key is refused: ${reason}`
        say('C407', words)
        // No retry makes a wrong key right; what is held keeps its stops.
        this.#tell({
          type: 'command',
          at: 0,
          id: '',
          command: 'halt',
          by: 'bbw',
          reason: words,
          code: 'C407',
        })
      },
    })
    this.#account = feed
    return feed
  }

  #tell(told: Input): void {
    const input = 'reason' in told ? { ...told, reason: this.#ports.redactor.text(told.reason) } : told
    if (this.#early === null) this.#hear(input)
    else this.#early.push(input)
  }

  #begin(): void {
    const early = this.#early ?? []
    this.#early = null
    for (const input of early) this.#hear(input)
  }
}
