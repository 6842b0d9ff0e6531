/**
 * How a trader ends whose market goes on without it. What it has sent is not left to itself: until its fate is known, and
 * what is held stands with its stop, or is closed, the same engine goes on in light turns, which read the account and set
 * right what is wrong, and enter nothing. For a bounded time; what is left open then is told.
 */
import type { Milliseconds, Timestamp } from '../core/base/units.ts'
import type { LooseEnd } from '../core/engine/loose-ends.ts'
import type { World } from './command.ts'
import type { Desk } from './desk.ts'

/** An end takes so long at most, a last look at the account included. */
export const LONGEST_END_MS: Milliseconds = 8_000
/** For that last look. */
const LAST_LOOK_MS: Milliseconds = 1_000
/** An entry that was just decided on may wait for its leverage for so long before nothing new leaves any more. */
const LONGEST_SENDING_MS: Milliseconds = 5_000
const LOOK_MS: Milliseconds = 50
/** The account is asked for so often: a request may be lost. */
export const ASK_MS: Milliseconds = 1_000

export class Ending {
  readonly #clock: World['clock']
  readonly #desk: Pick<Desk, 'engine' | 'hear' | 'exchange'>
  readonly #sends: boolean
  #begun: Milliseconds | null = null
  #askAt: Milliseconds = 0

  /** @param sends entries that wait for their leverage leave first; else they are given up */
  constructor(
    { clock }: Pick<World, 'clock'>,
    desk: Pick<Desk, 'engine' | 'hear' | 'exchange'>,
    sends = false,
  ) {
    this.#clock = clock
    this.#desk = desk
    this.#sends = sends
  }

  /** What is left open. */
  get left(): readonly LooseEnd[] {
    return this.#desk.engine.looseEnds().left
  }

  /** How much of its time is left, that for the last look included. */
  get timeLeft(): Milliseconds {
    if (this.#begun === null) return LONGEST_END_MS
    return Math.max(0, this.#begun + LONGEST_END_MS - this.#clock.monotonic())
  }

  /** Goes on until a moment of the exchange's; false once everything is settled, or its time is over. */
  async pace(at: Timestamp): Promise<boolean> {
    const { exchange } = this.#desk
    this.#begun ??= this.#clock.monotonic()
    do {
      this.#turn()
      // Not before it has asked: the account may show what nobody has told.
      if (this.#askAt > 0 && this.#desk.engine.looseEnds().isSettled) return false
      if (this.timeLeft <= LAST_LOOK_MS) return false
      // Who wants it to end has said so already: that interrupts nothing here.
      await this.#clock.sleep(LOOK_MS)
    } while (exchange.clock.now() < at)
    return true
  }

  #turn(): void {
    const now = this.#clock.monotonic()
    const isSending = this.#sends && this.left.some(({ kind }) => kind === 'held')
    if (isSending && this.timeLeft > LONGEST_END_MS - LONGEST_SENDING_MS) return
    if (now < this.#askAt) return
    this.#askAt = now + ASK_MS
    this.#desk.hear({ type: 'ending', at: 0 })
  }
}

/** What is left open by a process that ends, in words. */
export function leftWords(left: readonly LooseEnd[]): string {
  return `${openWords(left)}; bbw run finds out and goes on there, and until then nobody does`
}

/** What is open, in words. */
export function openWords(left: readonly LooseEnd[]): string {
  const each = left.map(({ symbol, side, clientOrderId, what }) => {
    const order = clientOrderId === null ? '' : ` (${clientOrderId})`
    return `${symbol} ${side} ${what}${order}`
  })
  return each.join('; ')
}
