/**
 * The configuration of the engine: every number of every rule, with its default, and the check of what a user wrote
 * against it. The defaults come from the rules themselves; this file only gathers them.
 */
import type { AlertParams } from '../alerts/alert.ts'
import { ALERTS } from '../alerts/list.ts'
import { ConfigError } from '../base/errors.ts'
import type { Params } from '../decision/strategy.ts'
import type { GuardParams } from '../guards/guard.ts'
import { GUARDS } from '../guards/list.ts'
import type { PositionMode } from '../market/side.ts'
import { UNIVERSE, type UniverseParams } from '../market/tiers.ts'
import { STRATEGIES } from './cycles.ts'
import { fits, ruleOf, ruleWords } from './setting-ranges.ts'

export interface Settings {
  /** Exchange fees as shares of a fill's value. */
  readonly fees: { readonly maker: number; readonly taker: number }
  readonly universe: UniverseParams & {
    /** Daily decisions look at the symbols of highest turnover; 0 looks at all. */
    readonly top: number
  }
  readonly strategies: {
    readonly [id: string]: Params & {
      readonly enabled: boolean
      /** Of those that enter and add: whether their orders may be real ones. */
      readonly live?: boolean
    }
  }
  readonly guards: { readonly [id: string]: GuardParams }
  readonly alerts: { readonly [id: string]: AlertParams & { readonly enabled: boolean } }
  /** Whether a symbol may be held long and short at once; an account is in one mode as a whole. */
  readonly positionMode: PositionMode
  /** Whether the guards that look at the whole portfolio apply. */
  readonly portfolioGates: boolean
  readonly drawdown: {
    readonly percent: number
    readonly pauseHours: number
    /** So many pauses in so many days halt all entries until a person resumes. */
    readonly haltPauses: number
    readonly haltDays: number
    /** As does a loss of this much from the highest equity ever. */
    readonly haltPercent: number
    /** Whether every position is closed, and every resting entry taken back, when one of these begins. */
    readonly closeAll: boolean
  }
  readonly risk: {
    /** Whether a position is closed whose liquidation has come too near to its stop; else its stop is tightened. */
    readonly cascadeClose: boolean
    /** Told of once only so much of the way from entry to liquidation is left. */
    readonly liquidationAlertPercent: number
  }
  /** Every position is closed at the latest after so many bars of its strategy's timeframe. */
  readonly maxBars: number
  readonly recovery: {
    /** A request without an answer for so long is unknown. */
    readonly answerSeconds: number
    /** A request may land up to so long after it was sent; only then does absence prove anything. */
    readonly windowSeconds: number
    /** An order that never arrived is sent again so often. */
    readonly resends: number
    /** After so many failed attempts to restore a stop the position is closed. */
    readonly stopTries: number
    /** Books and exchange that differ for so long halt entries. */
    readonly haltSeconds: number
  }
}

/** The whole configuration at its defaults. */
export function defaultSettings(): Settings {
  const strategies: { [id: string]: Settings['strategies'][string] } = {}
  for (const strategy of STRATEGIES) {
    const { id, optIn, params, role } = strategy
    const enabled = optIn !== true
    strategies[id] =
      role === 'entry' || role === 'ladder' ? { enabled, live: false, ...params } : { enabled, ...params }
  }
  const guards: { [id: string]: GuardParams } = {}
  for (const guard of GUARDS) if (Object.keys(guard.params).length > 0) guards[guard.id] = guard.params
  return {
    fees: { maker: 0.0002, taker: 0.00055 },
    universe: { top: 50, ...UNIVERSE },
    strategies,
    guards,
    alerts: Object.fromEntries(ALERTS.map(({ id, params }) => [id, { enabled: true, ...params }])),
    positionMode: 'one-way',
    portfolioGates: true,
    drawdown: { percent: 15, pauseHours: 24, haltPauses: 3, haltDays: 30, haltPercent: 30, closeAll: false },
    risk: { cascadeClose: false, liquidationAlertPercent: 20 },
    maxBars: 30,
    recovery: { answerSeconds: 10, windowSeconds: 7, resends: 2, stopTries: 3, haltSeconds: 35 },
  }
}

type Tree = { readonly [key: string]: unknown }

/** What is wrong with one value that the user wrote. */
export interface SettingProblem {
  /** Key by key from the top; empty for the whole. */
  readonly path: readonly string[]
  readonly message: string
  readonly remedy: string | undefined
}

/** Shows a value of the user in a message. */
export type ShowValue = (path: readonly string[], value: unknown) => string

/**
 * `defaults` with what the user wrote laid over them. The defaults are the schema: a key they do not have is refused
 * with the nearest one they do, and so is a value of another type or out of its range.
 *
 * @throws ConfigError naming the place as a path (`strategies.mean-reversion.leverage`)
 */
export function overlay<T extends Tree>(defaults: T, written: unknown): T {
  return overlayReporting(defaults, written, ({ message, remedy }) => {
    throw new ConfigError(message, remedy)
  })
}

/** As `overlay`, but tells every problem and leaves what is wrong at its default. */
export function overlayReporting<T extends Tree>(
  defaults: T,
  written: unknown,
  report: (problem: SettingProblem) => void,
  show: ShowValue = shown,
): T {
  return laidOver(defaults, written, [], report, show)
}

function laidOver<T extends Tree>(
  defaults: T,
  written: unknown,
  path: readonly string[],
  report: (problem: SettingProblem) => void,
  show: ShowValue,
): T {
  if (written === null || written === undefined) return defaults
  if (!isTree(written)) {
    const place = path.length === 0 ? 'the configuration' : path.join('.')
    report({ path, message: `${place} has to be a mapping of keys to values`, remedy: undefined })
    return defaults
  }
  const merged: { [key: string]: unknown } = { ...defaults }
  for (const [key, value] of Object.entries(written)) {
    const here = [...path, key]
    if (!Object.hasOwn(defaults, key)) {
      const near = nearest(key, Object.keys(defaults))
      const remedy =
        near === undefined ? `settings here: ${Object.keys(defaults).join(', ')}` : `did you mean ${near}?`
      report({ path: here, message: `${here.join('.')} is not a setting`, remedy })
      continue
    }
    const standard = (defaults as Tree)[key]
    if (isTree(standard)) merged[key] = laidOver<Tree>(standard, value, here, report, show)
    else {
      const problem = problemOf(standard, value, here, show)
      if (problem === undefined) merged[key] = value
      else report({ path: here, ...problem })
    }
  }
  return merged as T
}

/** Names as the lists of coins have them. */
const NAME = /^[^\s\p{Cc}\p{Ll}]{1,30}$/u

function problemOf(
  standard: unknown,
  value: unknown,
  path: readonly string[],
  show: ShowValue,
): Omit<SettingProblem, 'path'> | undefined {
  const name = path.join('.')
  if (Array.isArray(standard)) {
    if (!Array.isArray(value) || !value.every(one => typeof one === 'string')) {
      const remedy = `for example [${standard.slice(0, 2).join(', ')}]`
      return { message: `${name} has to be a list of names`, remedy }
    }
    const wrong = value.findIndex(one => !NAME.test(one))
    if (wrong === -1) return undefined
    const words = `has to be a list of names in capitals, without ${show(path, value[wrong])}`
    return { message: `${name} ${words}`, remedy: undefined }
  }
  const rule = ruleOf(name)
  // What is null by default is a limit that is off, and can be put off again.
  if (standard === null && value === null) return undefined
  if (typeof standard === 'boolean' || rule === undefined) {
    const type = standard === null ? 'number' : typeof standard
    const fine =
      typeof value === type && (typeof value !== 'number' || (Number.isFinite(value) && value >= 0))
    if (fine) return undefined
    const words = type === 'number' ? 'number, 0 or more' : type
    return { message: `${name} has to be a ${words}, not ${show(path, value)}`, remedy: undefined }
  }
  if (fits(rule, value)) return undefined
  return { message: `${name} has to be ${ruleWords(rule)}, not ${show(path, value)}`, remedy: undefined }
}

/** No value fills the screen. */
const SHOWN_LENGTH = 60

function shown(_: readonly string[], value: unknown): string {
  const text = typeof value === 'number' ? String(value) : JSON.stringify(value)
  return text.length > SHOWN_LENGTH ? `${text.slice(0, SHOWN_LENGTH)}...` : text
}

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The name nearest to `typed` by edit distance, when it is near enough to be a slip. */
export function nearest(typed: string, names: readonly string[]): string | undefined {
  let best: string | undefined
  let least = Math.max(2, Math.floor(typed.length / 3)) + 1
  for (const name of names) {
    const distance = editDistance(typed.toLowerCase(), name.toLowerCase())
    if (distance < least) {
      least = distance
      best = name
    }
  }
  return best
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const change = a[i - 1] === b[j - 1] ? 0 : 1
      row.push(Math.min(previous[j] + 1, row[j - 1] + 1, previous[j - 1] + change))
    }
    previous = row
  }
  return previous[b.length]
}
