/** Decisions of rules, made again as soon as they are taken down. */
import * as assert from 'uvu/assert'
import { fromText, RULE_KINDS, type RuleKind, shortHash, textOf } from './decision-record.ts'
import type { Effect } from './protocol.ts'
import type { Ask } from './rule.ts'
import { RULES } from './rules.ts'
import { defaultSettings, type Settings } from './settings.ts'

const KINDS: ReadonlySet<string> = new Set(RULE_KINDS)

export function isRuleKind(kind: string): kind is RuleKind {
  return KINDS.has(kind)
}

/**
 * Nothing is done silently: whatever comes, changes or goes at the exchange follows from a decision about its symbol that
 * is taken down in the same step.
 */
export function noneIsSilent(effects: readonly Effect[]): void {
  const decided = new Set(
    effects.flatMap(effect =>
      effect.type === 'decisions' ? effect.batch.decisions.map(({ symbol }) => symbol) : [],
    ),
  )
  for (const effect of effects) {
    const symbol = actsOn(effect)
    if (symbol !== null && !decided.has(symbol))
      assert.unreachable(`decided by nobody: ${JSON.stringify(effect)}`)
  }
}

/** The symbol that an effect changes something on; `null`: it changes nothing. */
function actsOn(effect: Effect): string | null {
  switch (effect.type) {
    case 'place':
      return effect.order.symbol
    case 'amend':
    case 'cancel':
    case 'set-stop':
    case 'set-leverage':
      return effect.symbol
    default:
      return null
  }
}

/** The effects without their decisions; each that a rule has made comes out the same from what was taken down of it. */
export function remade(effects: readonly Effect[], settings: Settings): readonly Effect[] {
  noneIsSilent(effects)
  for (const effect of effects) {
    if (effect.type !== 'decisions') continue
    for (const { kind, seen, answer, inputs } of effect.batch.decisions) {
      assert.is(shortHash(seen), inputs.state, kind)
      if (!isRuleKind(kind)) continue
      const shown = fromText(seen)
      assert.ok(typeof shown === 'object' && shown !== null && !('unrecordable' in shown), seen)
      assert.is(textOf(RULES[kind].decide(shown as never, settings)), answer, kind)
    }
  }
  const others = effects.filter(({ type }) => type !== 'decisions')
  return others.length === effects.length ? effects : others
}

/** Asks rules under the settings; each answers the same to what would be taken down of the question. */
export function asking(settings: Settings = defaultSettings()): Ask {
  return (rule, seen) => {
    const answer = rule.decide(seen, settings)
    assert.is(textOf(rule.decide(fromText(textOf(seen)) as typeof seen, settings)), textOf(answer), rule.kind)
    return answer
  }
}
