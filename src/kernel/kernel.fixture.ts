/**
 * A world in which time passes only from event to event: the kernel of the simulation. Everything that is to happen
 * waits in one heap, in the order of its time; what falls on one moment comes in an order that the seed decides. After
 * each event all promises that it has settled run to their end, so that between two events nothing is on its way but
 * what the heap holds. The same seed gives the same events, and their hash says so.
 */
import { broken } from '../core/base/assert.ts'
import type { Milliseconds, Timestamp } from '../core/base/units.ts'
import { Draws } from './draws.fixture.ts'
import { TraceHash } from './trace-hash.fixture.ts'

/** The real one, taken before anybody poisons it. */
const barrier = setImmediate

export interface Event {
  at: Timestamp
  tie: number
  readonly seq: number
  readonly label: string
  readonly owner: Life | null
  readonly run: () => void
  /** Nobody waits for it any more. */
  isOff: boolean
}

/** A process from one start to its end. What it has set up does not outlive it; what it has sent does. */
export class Life {
  readonly number: number
  readonly name: string
  readonly #kernel: Kernel
  #isOver = false
  readonly #handles: (() => void)[] = []
  #frozenUntil: Timestamp = Number.NEGATIVE_INFINITY

  constructor(kernel: Kernel, name: string, number: number) {
    this.#kernel = kernel
    this.name = name
    this.number = number
  }

  get isOver(): boolean {
    return this.#isOver
  }

  /** Nothing of it runs any more; a promise that it waits for is never settled. */
  end(): void {
    if (this.#isOver) return
    this.#isOver = true
    for (const close of this.#handles) close()
  }

  /** What the system takes back when it ends. */
  owns(close: () => void): void {
    this.#handles.push(close)
  }

  /** It stands still, as a machine that sleeps: what is due meanwhile comes when it wakes. */
  freeze(span: Milliseconds): void {
    this.#frozenUntil = Math.max(this.#frozenUntil, this.#kernel.now + span)
  }

  get frozenUntil(): Timestamp {
    return this.#frozenUntil
  }

  /** Runs after a time, if it still lives then. */
  after(span: Milliseconds, label: string, run: () => void): Event {
    return this.#kernel.schedule(span, `${this.name}: ${label}`, run, this)
  }

  /** Rejects with the signal's reason when that is aborted first. */
  sleep(span: Milliseconds, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) {
        reject(signal.reason)
        return
      }
      const timer = this.after(span, 'timer', () => {
        signal?.removeEventListener('abort', stop)
        resolve()
      })
      const stop = (): void => {
        timer.isOff = true
        reject(signal?.reason)
      }
      signal?.addEventListener('abort', stop, { once: true })
    })
  }
}

export interface KernelOptions {
  readonly seed: number
  readonly start: Timestamp
  /** More events than this are a fault of the simulation. */
  readonly mostEvents: number
  /** Hears of every event. */
  readonly trace?: (line: string) => void
}

export class Kernel {
  readonly start: Timestamp
  readonly draws: Draws
  readonly #options: KernelOptions
  readonly #hash = new TraceHash()
  readonly #heap: Event[] = []
  #now: Timestamp
  #seq = 0
  #events = 0
  #lives = 0

  constructor(options: KernelOptions) {
    this.#options = options
    this.start = options.start
    this.#now = options.start
    this.draws = new Draws(options.seed)
  }

  /** The true time, which is the exchange's. */
  get now(): Timestamp {
    return this.#now
  }

  /** Events so far. */
  get events(): number {
    return this.#events
  }

  get hash(): string {
    return this.#hash.text
  }

  /** Events that wait. */
  get waiting(): number {
    return this.#heap.length
  }

  life(name: string): Life {
    return new Life(this, name, ++this.#lives)
  }

  schedule(span: Milliseconds, label: string, run: () => void, owner: Life | null = null): Event {
    if (!(span >= 0)) broken(`an event cannot come ${span} ms from now`)
    const event = {
      at: this.#now + Math.ceil(span),
      tie: this.draws.next('tie'),
      seq: this.#seq++,
      label,
      owner,
      run,
      isOff: false,
    }
    this.#push(event)
    return event
  }

  /** Takes something into the trace that is no event of its own. */
  note(words: string): void {
    this.#hash.add(words)
    this.#options.trace?.(`  ${words}`)
  }

  /** The time of the next event, `null` when none waits. */
  get nextAt(): Timestamp | null {
    while (this.#heap.length > 0 && isNothing(this.#heap[0])) this.#pop()
    return this.#heap.length === 0 ? null : this.#heap[0].at
  }

  /** Lets the next event happen, and all that follows from it at once. False when there is none. */
  async step(): Promise<boolean> {
    for (;;) {
      const event = this.#pop()
      if (event === null) return false
      this.#now = event.at
      const { owner } = event
      if (isNothing(event)) continue
      if (owner !== null && owner.frozenUntil > this.#now) {
        // At its waking it comes in the order in which it would have come, before what is due then.
        const at = owner.frozenUntil
        event.tie = Math.min(0, event.tie) + event.at - at
        event.at = at
        this.#push(event)
        continue
      }
      if (++this.#events > this.#options.mostEvents) broken(`more than ${this.#options.mostEvents} events`)
      this.#hash.add(event.label)
      this.#hash.number(event.at)
      this.#options.trace?.(`${this.#events} ${stamp(event.at - this.start)} ${event.label}`)
      event.run()
      await new Promise<void>(resolve => barrier(resolve))
      return true
    }
  }

  /**
   * Lets everything happen up to a time.
   *
   * @param after called after each event; false ends it there
   */
  async run(until: Timestamp, after: () => boolean = () => true): Promise<void> {
    for (let next = this.nextAt; next !== null && next <= until; next = this.nextAt) {
      if (!(await this.step()) || !after()) return
    }
    this.#now = Math.max(this.#now, until)
  }

  #push(event: Event): void {
    const heap = this.#heap
    let at = heap.push(event) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!isBefore(event, heap[parent])) break
      heap[at] = heap[parent]
      at = parent
    }
    heap[at] = event
  }

  #pop(): Event | null {
    const heap = this.#heap
    const last = heap.pop()
    if (last === undefined) return null
    if (heap.length === 0) return last
    const [first] = heap
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && isBefore(heap[child + 1], heap[child])) child++
      if (!isBefore(heap[child], last)) break
      heap[at] = heap[child]
      at = child
    }
    heap[at] = last
    return first
  }
}

/** It is called off, or of a process that is no more. */
function isNothing({ isOff, owner }: Event): boolean {
  return isOff || owner?.isOver === true
}

function isBefore(one: Event, other: Event): boolean {
  if (one.at !== other.at) return one.at < other.at
  return one.tie === other.tie ? one.seq < other.seq : one.tie < other.tie
}

/** A span as days, hours, minutes, seconds and milliseconds: `+3d04:11:02.120`. */
export function stamp(span: Milliseconds): string {
  const two = (value: number): string => String(Math.floor(value)).padStart(2, '0')
  const days = Math.floor(span / 86_400_000)
  const rest = span - days * 86_400_000
  const ms = String(Math.floor(rest % 1_000)).padStart(3, '0')
  return `+${days}d${two(rest / 3_600_000)}:${two((rest / 60_000) % 60)}:${two((rest / 1_000) % 60)}.${ms}`
}
