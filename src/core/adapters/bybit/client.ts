/**
 * bybit-api behind bbw's own transport: answers decoded by the mapper, reads asked again with growing, random pauses,
 * the server's time kept, and every failure an ExchangeError.
 */
import { RestClientV5 } from 'bybit-api'
import { DataError, ExchangeError } from '../../base/errors.ts'
import { HOUR, type Milliseconds, type Timestamp } from '../../base/units.ts'
import { troubleIn, withheld } from './errors.ts'
import type { Lane } from './limits.ts'
import { serverTime } from './mapper-market.ts'
import { aheadBy, originOf, SAMPLES, type TimeSample } from './server-clock.ts'
import { type Answer, type ClientPorts, type Credentials, type Outgoing, Transport } from './transport.ts'

export interface ClientOptions {
  /** `https://api.bybit.com`; http on loopback only. */
  readonly url: string
  readonly ports: ClientPorts
  readonly credentials: Credentials | null
  readonly isDry: boolean
}

/** What of bybit-api is called, for an answer that `decode` reads. */
export type Call = (rest: RestClientV5) => Promise<unknown>
/** Reads the result of a reply, and the exchange's time in it where it says it. Throws a DataError. */
export type Decode<T> = (result: unknown, at: Timestamp | null) => T

/** A read is asked so often before its failure counts. */
const MOST_TRIES = 4
/** After so many requests in a row to which nobody answered each is made once only: whoever asks comes back anyway. */
const AWAY = 8
const LEAST_PAUSE: Milliseconds = 250
const LONGEST_PAUSE: Milliseconds = 4_000
/** Quartz drifts by seconds a day at worst. */
const TIME_LASTS: Milliseconds = HOUR

/**
 * Stands where the library wants credentials: the transport has the real ones, and signs. What it throws, or prints
 * under BYBITTRACE, therefore holds nothing that anybody could use.
 */
const STAND_IN = { key: 'held-by-bbw', secret: 'held-by-bbw', customSignMessageFn: async () => '' }

export class BybitClient {
  readonly #ports: ClientPorts
  readonly #rest: { readonly [lane in Lane]: RestClientV5 }
  readonly #transport: Transport
  #origin: { readonly at: Timestamp; readonly since: number } | null = null
  #synchronising: Promise<Timestamp> | null = null
  /** Requests in a row to which nobody answered. */
  #unanswered = 0

  constructor({ url, ports, credentials, isDry }: ClientOptions) {
    this.#ports = ports
    this.#transport = new Transport({ ports, credentials, isDry })
    this.#rest = { normal: this.#client(url, 'normal'), protective: this.#client(url, 'protective') }
  }

  /**
   * Asks for something that changes nothing. A failure that may pass is asked again, four times in all; once where
   * the exchange is away, so that nothing storms it when it is back.
   *
   * @throws ExchangeError, never an ambiguous one
   */
  read<T>(call: Call, decode: Decode<T>, lane: Lane = 'normal'): Promise<T> {
    return this.#persistently(call, decode, lane, () => this.#resynchronised())
  }

  /** @param onClock what is done where a time stamp was not taken; `null`: the same as after any other failure */
  async #persistently<T>(
    call: Call,
    decode: Decode<T>,
    lane: Lane,
    onClock: (() => Promise<void>) | null,
  ): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#call(call, decode, lane)
      } catch (error) {
        if (!(error instanceof ExchangeError) || !error.retryable) throw error
        if (error.why === 'banned' || attempt >= MOST_TRIES || this.#unanswered >= AWAY) throw error
        if (error.why === 'clock' && onClock !== null) await onClock()
        else if (error.why !== 'rate') {
          const most = Math.min(LONGEST_PAUSE, LEAST_PAUSE * 2 ** (attempt - 1))
          await this.#ports.clock.sleep(this.#ports.random() * most)
        }
      }
    }
  }

  /**
   * Asks for a change, once. Only what the exchange has turned away unread, for its time stamp or the rate, is sent
   * again, and once at that: everything else is for a look-up to clear.
   *
   * @throws ExchangeError; an ambiguous one where the change may have come about
   */
  async change<T>(call: Call, decode: Decode<T>, lane: Lane): Promise<T> {
    try {
      return await this.#call(call, decode, lane)
    } catch (error) {
      const why = troubleIn(error)
      if (why !== 'clock' && why !== 'rate') throw error
      if (why === 'clock') await this.#resynchronised()
      return await this.#call(call, decode, lane)
    }
  }

  /** Words that the exchange has said, without what must not be told. */
  harmless(words: string): string {
    return this.#transport.harmless(words)
  }

  /** The exchange's time. */
  async serverNow(): Promise<Timestamp> {
    return (await this.#synchronised(false)) + this.#ports.clock.monotonic()
  }

  /** How far the wall clock is ahead of the exchange's; negative when it is behind. */
  async clockAhead(): Promise<Milliseconds> {
    const { clock } = this.#ports
    return aheadBy(await this.#synchronised(false), clock.now(), clock.monotonic())
  }

  /** How long one answer in twenty takes lately, where that has become long since it was asked; `null` else. */
  slowNews(): Milliseconds | null {
    return this.#transport.replies.news(this.#ports.clock.monotonic())
  }

  #client(url: string, lane: Lane): RestClientV5 {
    const adapter = async (outgoing: object): Promise<object> => ({
      data: await this.#transport.send(outgoing as Outgoing, lane, this.#stamp),
      status: 200,
      statusText: 'OK',
      headers: {},
      config: outgoing,
    })
    // The library's HTTP client knows the type of its adapter better than it says.
    const network = { adapter, proxy: false } as unknown as ConstructorParameters<typeof RestClientV5>[1]
    return new RestClientV5({ baseUrl: url, ...STAND_IN, parse_exceptions: false }, network)
  }

  readonly #stamp = (): Promise<Timestamp> => this.serverNow()

  async #call<T>(call: Call, decode: Decode<T>, lane: Lane): Promise<T> {
    let answer: Answer
    try {
      answer = (await call(this.#rest[lane])) as Answer
      this.#unanswered = 0
    } catch (error) {
      if (error instanceof ExchangeError) {
        this.#unanswered = error.why === 'network' ? this.#unanswered + 1 : 0
        throw error
      }
      // Whatever the library has thrown holds the request whole: it is not shown. Nothing has left.
      const asked = { method: 'GET', path: 'bybit-api', changes: false } as const
      throw withheld(asked, 'the request could not be made', 'parameters')
    }
    try {
      return decode(answer.result, answer.at)
    } catch (error) {
      if (!(error instanceof DataError)) throw error
      throw this.#transport.unreadable(answer.asked, error.message)
    }
  }

  /** The server's time at the monotonic time 0, taken anew where it is old or `anew`. */
  #synchronised(anew: boolean): Promise<Timestamp> {
    const { clock } = this.#ports
    const known = this.#origin
    if (!anew && known !== null && clock.monotonic() - known.since < TIME_LASTS)
      return Promise.resolve(known.at)
    this.#synchronising ??= this.#synchronise().finally(() => {
      this.#synchronising = null
    })
    return this.#synchronising
  }

  /** After a time stamp was not taken. */
  async #resynchronised(): Promise<void> {
    const before = this.#origin?.at
    const now = await this.#synchronised(true)
    const off = before === undefined ? 0 : Math.round(now - before)
    this.#ports.say?.(
      'W701',
      `Bybit's clock was ${Math.abs(off)} ms ${off >= 0 ? 'ahead' : 'behind'}; corrected`,
    )
  }

  async #synchronise(): Promise<Timestamp> {
    const { clock } = this.#ports
    const samples: TimeSample[] = []
    while (samples.length < SAMPLES) {
      const asked = clock.monotonic()
      // Waiting for the time to be taken anew it would wait for itself.
      const server = await this.#persistently(rest => rest.getServerTime(), serverTime, 'protective', null)
      samples.push({ asked, answered: clock.monotonic(), server })
    }
    this.#origin = { at: originOf(samples), since: clock.monotonic() }
    return this.#origin.at
  }
}
