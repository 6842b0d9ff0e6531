/**
 * The line on which a simulated exchange on this machine tells its time and its pace. No other exchange has one. What it
 * says is taken as it comes; where it breaks off, or was never there, nothing is told until it stands again.
 */
import { WebSocket } from 'ws'
import type { Milliseconds, Timestamp } from '../../base/units.ts'

const PATH = '/clock'
/** Between two tries, by the machine's clock. */
const PAUSE: Milliseconds = 250
/** What seems to be older was told before the machine's time was set. */
const OLDEST: Milliseconds = 5_000
const LONGEST_MESSAGE = 1_024

export interface ClockLinePorts {
  /** Rejects when the signal is aborted. */
  sleep(ms: Milliseconds, signal: AbortSignal): Promise<void>
  /** The machine's time, as the exchange's process knows it, too. */
  now(): Timestamp
  /** @param age how long ago that was so, by the machine's clock */
  told(now: Timestamp, pace: number, age: Milliseconds): void
}

export class ClockLine {
  readonly #url: string
  readonly #ports: ClockLinePorts
  readonly #end = new AbortController()
  #socket: WebSocket | null = null
  #isTold: () => void = () => {}

  /** Resolves when the time has been told for the first time, or could not be. */
  readonly first: Promise<void>

  /** @param origin `ws://127.0.0.1:PORT` */
  constructor(origin: string, ports: ClockLinePorts) {
    this.#url = `${origin}${PATH}`
    this.#ports = ports
    this.first = new Promise(resolve => {
      this.#isTold = resolve
    })
    void this.#listen()
  }

  close(): void {
    this.#end.abort()
    this.#socket?.terminate()
  }

  async #listen(): Promise<void> {
    const { signal } = this.#end
    while (!signal.aborted) {
      await this.#connection()
      this.#isTold()
      await this.#ports.sleep(PAUSE, signal).catch(() => {})
    }
  }

  /** One connection, until it ends. */
  #connection(): Promise<void> {
    return new Promise(resolve => {
      const socket = new WebSocket(this.#url, { maxPayload: LONGEST_MESSAGE, followRedirects: false })
      this.#socket = socket
      socket.on('message', data => this.#take(String(data)))
      socket.on('error', () => socket.terminate())
      socket.on('close', () => resolve())
    })
  }

  #take(text: string): void {
    let value: unknown
    try {
      value = JSON.parse(text)
    } catch {
      return
    }
    if (typeof value !== 'object' || value === null) return
    const { now, pace, at } = value as { readonly [name: string]: unknown }
    if (typeof now !== 'number' || typeof pace !== 'number' || typeof at !== 'number' || !(pace > 0)) return
    this.#ports.told(now, pace, Math.min(OLDEST, Math.max(0, this.#ports.now() - at)))
    this.#isTold()
  }
}
