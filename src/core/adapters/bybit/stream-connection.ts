/**
 * One connection to a stream of Bybit's, on the WebSocket client of bybit-api, with what that client leaves open:
 * growing waits between its tries, one failed topic that fails a whole request for good, an authentication that is
 * refused or never answered, a socket that is open and silent. It keeps no timer of its own: whoever has it calls
 * `check` about once a second. Times are those of a clock that never goes back.
 */
import { createHmac } from 'node:crypto'
import { type DefaultLogger, WebsocketClient, type WSClientConfigurableOptions, type WsKey } from 'bybit-api'
import type { Milliseconds } from '../../base/units.ts'
import { Redactor } from '../system/redactor.ts'
import { Reconnects } from './reconnects.ts'
import { requestsOf, TOPICS_A_REQUEST } from './stream-plan.ts'
import type { Credentials } from './transport.ts'

/** A socket on which nothing has come for so long is dead, whatever it says of itself: a pong alone comes every 10 s. */
const SILENCE: Milliseconds = 15_000
/** An authentication is answered within this. */
const AUTHENTICATION: Milliseconds = 5_000
/** So many refusals in a row are no mistake. */
const DENIALS = 3
const PING_EVERY: Milliseconds = 10_000
/** Characters of what the exchange says that are passed on. */
const LONGEST_REASON = 200

export type StreamChannel = 'public' | 'private'

export interface StreamOptions {
  readonly channel: StreamChannel
  /** `ws://127.0.0.1:PORT` in place of the exchange's own address; `null`: that of the environment. */
  readonly url: string | null
  readonly environment: 'live' | 'demo' | 'testnet'
  /** `null` on the public channel. */
  readonly credentials: Credentials | null
  /** By how much the exchange's clock is ahead of the machine's wall clock. */
  readonly offset: () => Milliseconds
  readonly monotonic: () => Milliseconds
  /** From 0 to below 1. */
  readonly random: () => number
}

export interface StreamListener {
  /** Ready for messages: authenticated where that is needed. `isAgain`: after a loss, so that some are missing. */
  ready(isAgain: boolean): void
  message(message: unknown): void
  /** The connection is gone and is tried again. `isSilent`: it was given up because nothing came. */
  lost(reason: string, isSilent: boolean): void
  /** The exchange does not know a topic; the others are not concerned. */
  refused(topic: string, reason: string): void
  /** The key was refused several times in a row: trying again would not help. */
  denied(reason: string): void
}

const KEYS = { public: 'v5LinearPublic', private: 'v5Private' } as const
const PATHS = { public: '/v5/public/linear', private: '/v5/private' } as const

/** Everything is told by events; its log is for whoever develops the client. */
const QUIET: DefaultLogger = { trace: () => {}, info: () => {}, error: () => {} }

class Client extends WebsocketClient {
  readonly #url: string | null
  readonly #offset: () => Milliseconds
  readonly #heard: () => void

  constructor(
    options: WSClientConfigurableOptions,
    url: string | null,
    offset: () => Milliseconds,
    heard: () => void,
  ) {
    super(options, QUIET)
    this.#url = url
    this.#offset = offset
    this.#heard = heard
  }

  /** The clock may have been set since the last time. */
  protected override getWsAuthRequestEvent(key: WsKey): ReturnType<WebsocketClient['getWsAuthRequestEvent']> {
    this.setTimeOffsetMs(this.#offset())
    return super.getWsAuthRequestEvent(key)
  }

  protected override async getWsUrl(key: WsKey): Promise<string> {
    return this.#url ?? super.getWsUrl(key)
  }

  protected override getMaxTopicsPerSubscribeEvent(): number {
    return TOPICS_A_REQUEST
  }

  /** Asked of everything that comes, so that this is where a sign of life is noticed. */
  protected override isWsPong(message: unknown): boolean {
    this.#heard()
    return super.isWsPong(message)
  }

  set reconnectWait(wait: Milliseconds) {
    this.options.reconnectTimeout = wait
  }
}

export class StreamConnection {
  readonly #options: StreamOptions
  readonly #listener: StreamListener
  readonly #reconnects: Reconnects
  readonly #redactor: Redactor
  readonly #client: Client
  readonly #key: WsKey
  readonly #topics = new Set<string>()
  #openedAt: Milliseconds | null = null
  #heardAt: Milliseconds = 0
  #isReady = false
  #wasReady = false
  #silence: string | null = null
  #isClosed = false
  #denials = 0

  constructor(options: StreamOptions, listener: StreamListener) {
    const { channel, url, environment, credentials, random } = options
    this.#options = options
    this.#listener = listener
    this.#reconnects = new Reconnects(random)
    this.#redactor = new Redactor(credentials === null ? [] : [credentials.key, credentials.secret])
    this.#key = KEYS[channel]
    const base = url === null ? null : `${url}${PATHS[channel]}`
    this.#client = new Client(
      {
        testnet: environment === 'testnet',
        // Its market data are those of the live exchange.
        demoTrading: environment === 'demo' && channel === 'private',
        pingInterval: PING_EVERY,
        // A silence is judged here: the library would cut it without a word.
        pongTimeout: 2 * SILENCE,
        reconnectTimeout: this.#reconnects.wait,
        // Said, so that no variable of the environment can say otherwise.
        wsOptions: { rejectUnauthorized: true },
        ...(credentials === null ? {} : signing(credentials)),
      },
      base,
      options.offset,
      () => {
        this.#heardAt = options.monotonic()
      },
    )
    this.#attach()
  }

  /** Whether messages can be expected: connected, and authenticated where that is needed. */
  get isReady(): boolean {
    return this.#isReady
  }

  get isSlowed(): boolean {
    return this.#reconnects.isSlowed
  }

  /** Adds topics; connects where there is no connection yet. */
  subscribe(topics: readonly string[]): void {
    const fresh = topics.filter(topic => !this.#topics.has(topic))
    for (const topic of fresh) this.#topics.add(topic)
    for (const request of requestsOf(fresh)) this.#send(request)
  }

  unsubscribe(topics: readonly string[]): void {
    const known = topics.filter(topic => this.#topics.delete(topic))
    for (const request of requestsOf(known)) this.#forget(request)
  }

  /** Asks for a topic again that has fallen silent. */
  renew(topic: string): void {
    if (!this.#topics.has(topic)) return
    this.#forget([topic])
    this.#send([topic])
  }

  /** Gives up a socket that is silent, or whose authentication is not answered; it comes back by itself. */
  check(): void {
    const now = this.#options.monotonic()
    if (this.#openedAt === null || this.#isClosed) return
    this.#reconnects.holds(now)
    this.#client.reconnectWait = this.#reconnects.wait
    if (!this.#isReady && now - this.#openedAt >= AUTHENTICATION) {
      this.#giveUp('the authentication was not answered')
    } else if (now - Math.max(this.#heardAt, this.#openedAt) >= SILENCE) {
      this.#giveUp(`nothing has come for ${SILENCE / 1_000} s`)
    }
  }

  close(): void {
    this.#isClosed = true
    this.#isReady = false
    this.#client.closeAll(true)
  }

  #send(topics: readonly string[]): void {
    for (const sent of this.#client.subscribeV5([...topics], 'linear')) sent.catch(() => {})
  }

  #forget(topics: readonly string[]): void {
    for (const sent of this.#client.unsubscribeV5([...topics], 'linear')) sent.catch(() => {})
  }

  /** The socket's close, which follows, is what is told. */
  #giveUp(reason: string): void {
    this.#silence = reason
    this.#openedAt = null
    const socket = this.#client.getWsStore().getWs(this.#key)
    socket?.terminate()
  }

  #attach(): void {
    const client = this.#client
    const opened = (): void => {
      const now = this.#options.monotonic()
      this.#openedAt = now
      this.#reconnects.opened(now)
      if (this.#options.channel === 'public') this.#begin()
    }
    client.on('open', opened)
    client.on('reconnected', opened)
    client.on('authenticated', event => this.#onAuthenticated(event))
    client.on('update', message => {
      if (!this.#isClosed) this.#listener.message(message)
    })
    client.on('exception', event => this.#onException(event))
    client.on('reconnect', () => this.#onLost())
    client.on('close', () => {
      this.#isReady = false
    })
  }

  #begin(): void {
    this.#isReady = true
    const isAgain = this.#wasReady
    this.#wasReady = true
    this.#listener.ready(isAgain)
  }

  /** One dialect says `success`, the other `retCode`; the client takes a refusal in the latter for a success. */
  #onAuthenticated(event: unknown): void {
    const { success, retCode } = object(event)
    const isRefused = success === false || (retCode !== undefined && retCode !== 0)
    if (isRefused) this.#deny(this.#reasonOf(event))
    else {
      this.#denials = 0
      this.#begin()
    }
  }

  #onException(event: unknown): void {
    if (this.#isClosed) return
    const { op, req_id: request } = object(event)
    if (op === 'auth') this.#deny(this.#reasonOf(event))
    else if (op === 'subscribe' && typeof request === 'string')
      this.#onRefused(request.split(','), this.#reasonOf(event))
    // Anything else is a connection that could not be had, whose end is told by itself.
  }

  /** A request fails as a whole: its topics are asked for one by one, and the wrong one is left out. */
  #onRefused(topics: readonly string[], reason: string): void {
    const wanted = topics.filter(topic => this.#topics.has(topic))
    this.#forget(wanted)
    if (wanted.length > 1) for (const topic of wanted) this.#send([topic])
    else {
      for (const topic of wanted) {
        this.#topics.delete(topic)
        this.#listener.refused(topic, reason)
      }
    }
  }

  #deny(reason: string): void {
    if (this.#isClosed) return
    if (++this.#denials < DENIALS) {
      // A clock that is off is refused in the same words as a wrong key.
      queueMicrotask(() => this.#giveUp(`the authentication was refused: ${reason}`))
      return
    }
    this.#isClosed = true
    // Closed at once, the client would open another socket for the topics that it goes on to ask for.
    queueMicrotask(() => this.close())
    this.#listener.denied(reason)
  }

  #onLost(): void {
    if (this.#isClosed) return
    const silence = this.#silence
    this.#silence = null
    this.#openedAt = null
    this.#isReady = false
    this.#reconnects.lost()
    this.#client.reconnectWait = this.#reconnects.wait
    // Otherwise the next socket waits for the answer to the question that went down with this one.
    this.#client.getWsStore().removeAuthenticationInProgressPromise(this.#key)
    this.#listener.lost(silence ?? 'the connection is gone', silence !== null)
  }

  /** What the exchange says, without anything that was sent: it may repeat that. */
  #reasonOf(event: unknown): string {
    const { ret_msg: words, retMsg } = object(event)
    const reason =
      typeof words === 'string' ? words : typeof retMsg === 'string' ? retMsg : 'no reason is given'
    return this.#redactor.text(reason.slice(0, 2_048)).slice(0, LONGEST_REASON)
  }
}

/** The secret stays here: the client prints its options where an environment variable says so. */
function signing({ key, secret }: Credentials): WSClientConfigurableOptions {
  return {
    key,
    secret: 'held-by-bbw',
    customSignMessageFn: async message => createHmac('sha256', secret).update(message).digest('hex'),
  }
}

function object(value: unknown): { readonly [name: string]: unknown } {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}
