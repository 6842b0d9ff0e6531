/**
 * A rule by which a cycle decides something besides strategies and guards: a pure function of what it is shown, which is
 * plain data, and of the settings. Whoever decides asks it through `EngineCore.ruled`, so that where decisions are taken
 * down this one is, and can be made again by the same function.
 */
import type { Side } from '../market/side.ts'
import type { RuleKind } from './decision-record.ts'
import type { Settings } from './settings.ts'

/** What a decision is about, for the record; `id` tells apart what strategy, symbol and side do not. */
export interface About {
  readonly strategy: string | null
  readonly symbol: string | null
  readonly side: Side | null
  readonly id?: string
}

export interface Rule<Seen, Answer> {
  readonly kind: RuleKind
  about(seen: Seen): About
  decide(seen: Seen, settings: Settings): Answer
  /**
   * Whether an answer is that nothing is to be done, which is taken down only where the answer before it was another one.
   * Left out: `null` is.
   */
  isSilent?(answer: Answer, seen: Seen): boolean
  /** Whether an answer that stays the same is taken down once: it is not acted on each time. Left out: none is. */
  lasts?(answer: Answer): boolean
}

/** Asks a rule. */
export type Ask = <Seen, Answer>(rule: Rule<Seen, Answer>, seen: Seen) => Answer

/** About the house as a whole. */
export const THE_HOUSE: About = { strategy: null, symbol: null, side: null }

/** Whether a rule has said that nothing is to be done. */
export function isSilent<Seen, Answer>(rule: Rule<Seen, Answer>, answer: Answer, seen: Seen): boolean {
  return rule.isSilent?.(answer, seen) ?? answer === null
}
