/**
 * What a decision leaves in the journal: when and by whom it was made, what it saw (what candles do not give in full,
 * the rest as hashes), and its answer. Everything is kept as JSON text, in which two equal decisions are equal bytes.
 */
import { hashText } from '../base/hash.ts'
import type { Timestamp } from '../base/units.ts'
import type { Instrument } from '../market/instrument.ts'
import type { Side } from '../market/side.ts'
import type { CycleId, StepId } from './cycles.ts'
import { defaultSettings, type Settings } from './settings.ts'
import type { ToldPrint, ToldSeries } from './told-candles.ts'

/**
 * `universe`: the symbols of a day, where there are more than are looked at. `scan`: all entry strategies on one symbol. `score`: the signals of one moment with their scores, in their rank.
 * `guards`: one signal on its way through the guards, sizing included. `manage`: one strategy on one position.
 * `time-exit`: a position that has been held for too long. `alert`: a market that a person is pointed at.
 */
const VIEW_KINDS = ['universe', 'scan', 'score', 'guards', 'manage', 'time-exit', 'alert'] as const

/** Kinds of decisions that follow from what was seen and the settings alone: `rules.ts` has the rule of each. */
export const RULE_KINDS = [
  'gates',
  'expiry',
  'stop-wish',
  'stop-answer',
  'stop-late',
  'stop-shown',
  'stop-told',
  'emergency',
  'closing',
  'margin',
  'risk',
  'reconciliation',
  'drawdown',
  'adoption',
  'reclaim',
  'exchange',
  'rotation',
  'loss-pause',
  'comes-back',
  'leaves-queue',
  'absence',
  'rest',
  'spent',
  'leverage',
  'held-back',
  'add-stands',
  'release',
  'closure',
  'closure-course',
  'closure-refusal',
  'closure-account',
  'candidates',
  'instead',
  'placing',
  'refused-exit',
  'room',
  'take-back',
  'targets',
  'late',
  'fate',
  'obstacle',
  'letting-go',
  'order-answer',
  'filters',
  'listing',
  'delisting',
  'maintenance',
  'terms',
  'rivals',
  'lost-books',
  'lost-fill',
  'leftovers',
  'early',
  'fill',
  'left',
  'leverage-first',
  'comes-to-life',
  'unsaved',
  'stop-send',
  'orphan',
  'cooldown',
  'accepted',
  'unanswered',
  'store',
  'reading',
  'unread',
  'gap',
  'question',
  'put-off',
  'second-look',
] as const
export type RuleKind = (typeof RULE_KINDS)[number]

export const DECISION_KINDS = [...VIEW_KINDS, ...RULE_KINDS] as const
export type DecisionKind = (typeof DECISION_KINDS)[number]

/** Hashes of what went into a decision, by group; `null` where the group has no part in it. */
export interface InputHashes {
  readonly candles: string | null
  readonly parameters: string
  readonly fees: string
  readonly instrument: string | null
  readonly state: string
  readonly price: string | null
}

export interface Decision {
  readonly at: Timestamp
  /** `null`: it was made when something was told, between two cycles. */
  readonly cycle: CycleId | null
  readonly step: StepId | null
  readonly kind: DecisionKind
  /** `null` where several have decided. */
  readonly strategy: string | null
  readonly symbol: string | null
  readonly side: Side | null
  /** Names the settings and the code it was made under. */
  readonly context: string
  readonly inputs: InputHashes
  readonly told: readonly ToldSeries[]
  readonly seen: string
  readonly answer: string
}

/** Settings and instruments, kept once under the hash of their text. */
export interface DecisionContext {
  readonly hash: string
  readonly kind: 'settings' | 'instrument'
  readonly text: string
}

/** What one step of the engine leaves for the journal. */
export interface DecisionBatch {
  readonly contexts: readonly DecisionContext[]
  readonly prints: readonly ToldPrint[]
  readonly decisions: readonly Decision[]
}

/** Something that has no text: it could not be recomputed. */
export class Unrecordable extends Error {}

/** The JSON text of plain data with maps and with numbers that JSON does not have. Throws `Unrecordable`. */
export function textOf(value: unknown): string {
  return JSON.stringify(value, (key, one: unknown) => {
    if (typeof one === 'number' && !Number.isFinite(one)) return { '#number': String(one) }
    if (one instanceof Map) return { '#map': [...one] }
    if (typeof one === 'function') throw new Unrecordable(`${key} is a function`)
    return one
  })
}

/** What `textOf` has made a text of. Throws a SyntaxError for what is no JSON. */
export function fromText(text: string): unknown {
  return JSON.parse(text, (_, one: unknown) => {
    if (typeof one !== 'object' || one === null) return one
    if ('#number' in one) return Number(one['#number'])
    if ('#map' in one && Array.isArray(one['#map'])) return new Map(one['#map'] as [unknown, unknown][])
    return one
  })
}

/** A hash of 64 bits, as 16 digits. */
export function shortHash(text: string): string {
  return hashText(text).slice(0, 16)
}

/** The parts of the settings that decisions are made under. Whatever else a configuration holds changes none. */
export function decisiveSettings(settings: Settings): Settings {
  const picked: { [key: string]: unknown } = {}
  const all = settings as unknown as { readonly [key: string]: unknown }
  for (const key of Object.keys(defaultSettings()).sort()) picked[key] = all[key]
  return picked as unknown as Settings
}

/** The settings and the version of the code, as they are kept. */
export interface SettingsContext {
  readonly version: string
  readonly settings: Settings
}

export function settingsContext(version: string, settings: Settings): DecisionContext {
  const text = textOf({ version, settings: decisiveSettings(settings) })
  return { hash: shortHash(text), kind: 'settings', text }
}

export function instrumentContext(instrument: Instrument): DecisionContext {
  const text = textOf(instrument)
  return { hash: shortHash(text), kind: 'instrument', text }
}

/** Hashes of the settings: of the fees, and of everything else. */
export function settingsHashes(settings: Settings): Pick<InputHashes, 'parameters' | 'fees'> {
  const { fees, ...parameters } = decisiveSettings(settings)
  return { parameters: shortHash(textOf(parameters)), fees: shortHash(textOf(fees)) }
}

/** The hash of the candles that were told; `null` without any. */
export function toldHash(told: readonly ToldSeries[]): string | null {
  return told.length === 0 ? null : shortHash(textOf(told))
}
