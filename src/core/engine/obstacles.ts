/**
 * What the exchange has said that keeps entries from leaving: about the whole account, or about one symbol. Each has its
 * end, or somebody who ends it; each is told once, and the same again after five minutes at the earliest. Positions are
 * managed on, and what reduces goes out.
 */
import type { Code } from '../base/codes.ts'
import { MINUTE, type Milliseconds, type Timestamp } from '../base/units.ts'
import type { Block } from '../guards/guard.ts'
import type { CycleId } from './cycles.ts'
import type { EventKind } from './protocol.ts'
import { OBSTACLE, type Refusal, type Rest } from './refusal.ts'
import type { Ask } from './rule.ts'
import type { EngineState, Obstacle } from './state.ts'

/** The same thing is told once in so long. */
const TOLD_EVERY: Milliseconds = 5 * MINUTE

/** What it needs of the core. */
interface Surroundings {
  readonly now: Timestamp
  readonly schedule: { touchAt(cycle: CycleId, at: Timestamp): void }
  touch(cycle: CycleId): void
  count(name: string): void
  note(kind: EventKind, reason: string, order: string | null, code: Code | null): void
  readonly ruled: Ask
}

export class Obstacles {
  readonly #core: Surroundings
  /** By cause and symbol. */
  readonly #standing = new Map<string, Obstacle>()
  /** When what was told last. */
  readonly #told = new Map<string, Timestamp>()

  constructor(core: Surroundings) {
    this.#core = core
  }

  /** Whether the key is refused: nothing is asked or sent until a person has resumed. */
  get isKeyRefused(): boolean {
    return this.stands('credentials')
  }

  /** Whether something without an end of its own keeps entries from all symbols. */
  stands(cause: Obstacle['cause']): boolean {
    return this.#standing.has(keyOf(cause, null))
  }

  /** Symbols from which a cause keeps entries away; `null` among them: from all. */
  of(cause: Obstacle['cause']): readonly (string | null)[] {
    return [...this.#standing.values()].filter(one => one.cause === cause).map(({ symbol }) => symbol)
  }

  /** Whether the exchange does not serve this address for a while. */
  get isBanned(): boolean {
    return this.#present().some(({ cause }) => cause === 'banned')
  }

  /** Whether something keeps entries from a symbol, or from all. */
  isOn(symbol: string): boolean {
    if (this.#standing.size === 0) return false
    for (const one of this.#present()) if (one.symbol === null || one.symbol === symbol) return true
    return false
  }

  /** What keeps entries away, for the guards. */
  blocks(): readonly Block[] {
    return this.#present().map(({ symbol, reason }) => ({ gate: 'readiness', symbol, reason }))
  }

  /** Whether something was not told for a while; then it counts as told. */
  isNews(what: string): boolean {
    const { now } = this.#core
    for (const [key, at] of this.#told) if (at <= now - TOLD_EVERY) this.#told.delete(key)
    if (this.#told.has(what)) return false
    this.#told.set(what, now)
    return true
  }

  /**
   * Something keeps entries away.
   *
   * @param symbol `null`: from all symbols
   * @param until `null`: until it is lifted
   * @returns whether it did not before
   */
  raise(cause: Obstacle['cause'], symbol: string | null, reason: string, until: Timestamp | null): boolean {
    const key = keyOf(cause, symbol)
    const before = this.#standing.get(key)
    const isNew = before === undefined || this.#isOver(before)
    this.#standing.set(key, { cause, symbol, reason, since: isNew ? this.#core.now : before.since, until })
    // What was not decided for it is decided then.
    if (until !== null) this.#core.schedule.touchAt('heavy', until)
    return isNew
  }

  /** It keeps nothing away any more; whether it did. */
  lift(cause: Obstacle['cause'], symbol: string | null): boolean {
    const isGone = this.#standing.delete(keyOf(cause, symbol))
    if (isGone) this.#core.touch('heavy')
    return isGone
  }

  /** A person has resumed: what only a person can judge is tried again. */
  resumed(): void {
    for (const [key, { until, cause }] of this.#standing) {
      if (until !== null || cause === 'credentials') this.#standing.delete(key)
    }
  }

  /**
   * An entry, or the leverage for it, was refused.
   *
   * @param isLate it had been taken at first
   * @returns the code to tell it with; `null`: it has none, or that was told lately
   */
  entryRefused(kind: Refusal | undefined, symbol: string, reason: string, isLate = false): Code | null {
    const rest = this.#core.ruled(OBSTACLE, { kind: kind ?? null, symbol, isLate })
    if (rest === null || rest === 'halt') return null
    const key = this.#rest(kind ?? 'other', rest, symbol, reason)
    return this.isNews(key) ? rest.code : null
  }

  /**
   * A request of any kind was refused: where that is not about the request alone, it is told here.
   *
   * @returns whether only a person can end what it says
   */
  refused(kind: Refusal, reason: string): boolean {
    const rest = this.#core.ruled(OBSTACLE, { kind, symbol: null, isLate: false })
    if (rest === null || rest === 'halt') return rest === 'halt'
    const key = this.#rest(kind, rest, null, reason)
    if (!this.isNews(key)) return false
    this.#core.count(`refused-by-exchange:${kind}`)
    const words = `${rest.what}: no entries for ${rest.span / MINUTE} min (${reason})`
    this.#core.note('alert', words, null, rest.code)
    return false
  }

  #rest(cause: Obstacle['cause'], rest: Rest, symbol: string | null, reason: string): string {
    const of = rest.scope === 'symbol' ? symbol : null
    this.raise(cause, of, `${rest.what}: ${reason}`, this.#core.now + rest.span)
    return keyOf(cause, of)
  }

  #present(): readonly Obstacle[] {
    for (const [key, one] of this.#standing) if (this.#isOver(one)) this.#standing.delete(key)
    return [...this.#standing.values()]
  }

  #isOver({ until }: Obstacle): boolean {
    return until !== null && this.#core.now >= until
  }

  save(): Pick<EngineState, 'obstacles' | 'toldAt'> {
    return { obstacles: [...this.#standing.values()], toldAt: [...this.#told] }
  }

  load({ obstacles, toldAt }: Pick<EngineState, 'obstacles' | 'toldAt'>): void {
    for (const one of obstacles) this.#standing.set(keyOf(one.cause, one.symbol), one)
    for (const [what, at] of toldAt) this.#told.set(what, at)
  }

  /** Another process goes on: the key may be another one by now, so it is tried once. */
  restarted(): void {
    this.#standing.delete(keyOf('credentials', null))
  }
}

function keyOf(cause: Obstacle['cause'], symbol: string | null): string {
  return symbol === null ? cause : `${cause} ${symbol}`
}
