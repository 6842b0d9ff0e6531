/** The rules by which cycles decide besides strategies and guards, by the kind of their decisions. */
import type { RuleKind } from './decision-record.ts'
import { EXPIRY } from './expiry.ts'
import { OWN_GATES } from './own-gates.ts'
import type { Rule } from './rule.ts'

/** What a rule is shown is as it was taken down: plain data that it has been shown before. */
export const RULES: { readonly [K in RuleKind]: Rule<never, unknown> } = {
  gates: OWN_GATES,
  expiry: EXPIRY,
}
