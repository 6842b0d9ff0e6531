/** What keeps entries away comes and goes by decisions alone: checked on the state before and after a step. */
import type { RuleKind } from './decision-record.ts'
import type { Effect, Input } from './protocol.ts'
import type { EngineState, Obstacle } from './state.ts'

/** A person's word, which is no decision of a rule. */
const BY_A_PERSON: ReadonlySet<Input['type']> = new Set(['command', 'handover', 'closure'])

const OF_FACTS: { readonly [cause in Obstacle['cause']]?: RuleKind } = {
  listing: 'listing',
  maintenance: 'maintenance',
  terms: 'terms',
  'not-isolated': 'terms',
  'only-reduce': 'terms',
  margin: 'terms',
  unread: 'unread',
}

/** Something that keeps entries away, as it stands, with the kinds of decisions that raise, change and lift it. */
interface Stand {
  readonly value: string | number | boolean
  /** It is over then, without anybody's doing. */
  readonly until: number
  readonly kinds: readonly RuleKind[]
}

export type KeptAway = ReadonlyMap<string, Stand>

/** What keeps entries away at a moment, or has until it is over. */
export function keptAway(state: EngineState): KeptAway {
  const stands = new Map<string, Stand>()
  const stand = (name: string, value: Stand['value'], ...kinds: readonly RuleKind[]): void => {
    stands.set(name, { value, until: Number.POSITIVE_INFINITY, kinds })
  }
  const standUntil = (name: string, until: number, kind: RuleKind): void => {
    stands.set(name, { value: until, until, kinds: [kind] })
  }
  const { gates, standing, recovery, unreadable } = state
  if (standing.halted !== null)
    stand('halt', standing.halted.at, 'reconciliation', 'rivals', 'lost-books', 'obstacle')
  if (gates.halted) stand('halt for losses', true, 'drawdown')
  if (gates.pausedUntil > 0) standUntil('drawdown', gates.pausedUntil, 'drawdown')
  for (const [gate, until] of state.lossPauses) standUntil(gate, until, 'loss-pause')
  for (const { cause, symbol, until } of state.obstacles) {
    const kind = OF_FACTS[cause] ?? 'obstacle'
    if (until === null) stand(`obstacle ${cause} ${symbol}`, true, kind)
    else standUntil(`obstacle ${cause} ${symbol}`, until, kind)
  }
  for (const [key, until] of state.cooldowns) standUntil(`rest ${key}`, until, 'cooldown')
  if (recovery !== null) stand('recovery', recovery.cause, 'gap', 'reading', 'reconciliation')
  if (unreadable !== null) stand('unreadable', true, 'reading')
  if (state.storeTrouble !== null) stand('store', true, 'store')
  if (state.drift !== '') stand('drift', state.drift, 'reconciliation')
  // A closure keeps entries away itself, and has the account read on and on.
  if (state.isDoubted && state.closures.length === 0)
    stand('doubt', true, 'question', 'refused-exit', 'order-answer', 'fill', 'early', 'reconciliation')
  if (state.rivals > 0) stand('rivals', true, 'rivals')
  for (const { symbol } of state.foreign)
    stand(`foreign ${symbol}`, true, 'reconciliation', 'fill', 'adoption', 'reclaim', 'release', 'letting-go')
  for (const [id, { cause }] of state.doubts) {
    if (cause === 'sent') continue
    const ends = [
      'fate',
      'absence',
      'order-answer',
      'fill',
      'rest',
      'spent',
      'left',
      'comes-to-life',
    ] as const
    stand(`order ${id}`, true, 'unanswered', 'late', 'reconciliation', ...ends)
  }
  for (const { id } of state.closures) stand(`closure ${id}`, true, 'closure-course', 'closure-account')
  return stands
}

/** What came, changed or went in a step without a decision of a kind that does that, in words. */
export function undecided(
  before: KeptAway,
  after: KeptAway,
  input: Input,
  effects: readonly Effect[],
): readonly string[] {
  if (BY_A_PERSON.has(input.type) || (before.size === 0 && after.size === 0)) return []
  const decided = new Set<string>(
    effects.flatMap(effect =>
      effect.type === 'decisions' ? effect.batch.decisions.map(({ kind }) => kind) : [],
    ),
  )
  const at = (stands: KeptAway, name: string): Stand | undefined => {
    const one = stands.get(name)
    return one === undefined || input.at >= one.until ? undefined : one
  }
  const found: string[] = []
  for (const name of new Set([...before.keys(), ...after.keys()])) {
    const [was, is] = [at(before, name), at(after, name)]
    if (was?.value === is?.value || (was ?? is)?.kinds.some(kind => decided.has(kind)) === true) continue
    found.push(`${name}: ${was?.value ?? 'nothing'} -> ${is?.value ?? 'nothing'} at ${input.type}`)
  }
  return found
}
