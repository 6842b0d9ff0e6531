/**
 * The configuration of the engine: every number of every rule, with its default, and the check of what a user wrote
 * against it. The defaults come from the rules themselves; this file only gathers them.
 */
import { ConfigError } from '../base/errors.ts'
import type { Params } from '../decision/strategy.ts'
import type { GuardParams } from '../guards/guard.ts'
import { GUARDS } from '../guards/list.ts'
import { UNIVERSE, type UniverseParams } from '../market/tiers.ts'
import { ENTRY_STRATEGIES, HEAVY_MANAGEMENT, SIZING, X10_MANAGEMENT } from './cycles.ts'

export interface Settings {
  /** Exchange fees as shares of a fill's value. */
  readonly fees: { readonly maker: number; readonly taker: number }
  readonly universe: UniverseParams & {
    /** Daily decisions look at the symbols of highest turnover; 0 looks at all. */
    readonly top: number
  }
  readonly strategies: { readonly [id: string]: Params & { readonly enabled: boolean } }
  readonly guards: { readonly [id: string]: GuardParams }
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
  }
  /** Every position is closed at the latest after so many bars of its strategy's timeframe. */
  readonly maxBars: number
}

/** The whole configuration at its defaults. */
export function defaultSettings(): Settings {
  const strategies: { [id: string]: Params & { readonly enabled: boolean } } = {}
  for (const strategy of [...ENTRY_STRATEGIES, ...HEAVY_MANAGEMENT, ...X10_MANAGEMENT, ...SIZING]) {
    strategies[strategy.id] = { enabled: true, ...strategy.params }
  }
  const guards: { [id: string]: GuardParams } = {}
  for (const guard of GUARDS) if (Object.keys(guard.params).length > 0) guards[guard.id] = guard.params
  return {
    fees: { maker: 0.0002, taker: 0.00055 },
    universe: { top: 50, ...UNIVERSE },
    strategies,
    guards,
    portfolioGates: true,
    drawdown: { percent: 15, pauseHours: 24, haltPauses: 3, haltDays: 30, haltPercent: 30 },
    maxBars: 30,
  }
}

type Tree = { readonly [key: string]: unknown }

/**
 * `defaults` with what the user wrote laid over them. The defaults are the schema: a key they do not have is refused
 * with the nearest one they do, and so is a value of another type.
 *
 * @throws ConfigError naming the place as a path (`strategies.mean-reversion.leverage`)
 */
export function overlay<T extends Tree>(defaults: T, written: unknown, place = ''): T {
  if (written === null || written === undefined) return defaults
  if (!isTree(written))
    throw new ConfigError(`${place || 'the configuration'} has to be a mapping of keys to values`)
  const merged: { [key: string]: unknown } = { ...defaults }
  for (const [key, value] of Object.entries(written)) {
    const path = place === '' ? key : `${place}.${key}`
    if (!Object.hasOwn(defaults, key)) {
      const near = nearest(key, Object.keys(defaults))
      throw new ConfigError(
        `${path} is not a setting`,
        near === undefined ? `settings here: ${Object.keys(defaults).join(', ')}` : `did you mean ${near}?`,
      )
    }
    const standard = (defaults as Tree)[key]
    merged[key] = isTree(standard) ? overlay<Tree>(standard, value, path) : checked(standard, value, path)
  }
  return merged as T
}

function checked(standard: unknown, value: unknown, path: string): unknown {
  if (Array.isArray(standard)) {
    if (Array.isArray(value) && value.every(one => typeof one === 'string')) return value
    throw new ConfigError(
      `${path} has to be a list of names`,
      `for example [${standard.slice(0, 2).join(', ')}]`,
    )
  }
  if (typeof standard === 'number' || standard === null) {
    if (standard === null && value === null) return null
    if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return value
    throw new ConfigError(`${path} has to be a number, 0 or more, not ${JSON.stringify(value)}`)
  }
  if (typeof value === typeof standard) return value
  throw new ConfigError(`${path} has to be a ${typeof standard}, not ${JSON.stringify(value)}`)
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
