import { ConfigError } from '../core/base/errors.ts'
import { harmless } from '../core/base/harmless.ts'
import { pathPattern } from '../core/engine/setting-ranges.ts'
import { raisesRisk } from '../core/engine/setting-risk.ts'
import type { ParsedArguments, World } from './command.ts'
import { type Config, loadConfig } from './config.ts'
import { settingPaths } from './config-environment.ts'
import { shown, standardAt } from './config-yaml.ts'
import { failureOf } from './failures.ts'
import { listFlag } from './flags.ts'

/** One setting that has another value than before. */
export interface ConfigChange {
  readonly path: string
  readonly from: unknown
  readonly to: unknown
  readonly raisesRisk: boolean
}

/** What differs between two configurations. */
export interface ReloadPlan {
  readonly same: boolean
  /** In the order of the settings. */
  readonly changes: readonly ConfigChange[]
}

type Tree = { readonly [key: string]: unknown }

/** What changes from one configuration to another, and what of it raises risk; unknown directions count as raising. */
export function reloadPlan(before: Config, after: Config): ReloadPlan {
  const [old, fresh]: readonly [Tree, Tree] = [{ ...before }, { ...after }]
  const changes = settingPaths(fresh).flatMap(path => {
    const [from, to] = [standardAt(old, path), standardAt(fresh, path)]
    if (JSON.stringify(from) === JSON.stringify(to)) return []
    const name = path.join('.')
    return [{ path: name, from, to, raisesRisk: raisesRisk(name, from, to) }]
  })
  return { same: changes.length === 0, changes }
}

/** A configuration read again. */
export interface Reloaded {
  readonly plan: ReloadPlan
  /** What was in force with every change that raises no risk. */
  readonly safe: Config
  /** The configuration as it was read, but for what cannot change while a loop runs. */
  readonly whole: Config
  /** The changes that `safe` lacks. */
  readonly pending: readonly ConfigChange[]
  /** Changes that no running loop can take over: they are in neither. */
  readonly fixed: readonly ConfigChange[]
}

/** What the exchange and the log were opened with. */
const FIXED = [
  'startingBalance',
  'fees.*',
  'simulation.*',
  'positionMode',
  'portfolioGates',
  'operations.log.*',
  'operations.decisions.*',
].map(pathPattern)

function isFixed({ path }: ConfigChange): boolean {
  return FIXED.some(pattern => pattern.test(path))
}

/**
 * Reads the configuration again and says what of it can be taken over at once. `withFlags` lays over it what the flags
 * of the command line say, as at the start.
 *
 * @throws ConfigError where it cannot be used, or came from standard input
 */
export async function reloadConfig(
  world: Pick<World, 'cwd' | 'stdin' | 'env'>,
  parsed: ParsedArguments,
  current: Config,
  withFlags: (config: Config) => Config = config => config,
): Promise<Reloaded> {
  if (listFlag(parsed, 'config').includes('-')) {
    throw new ConfigError('the configuration came from standard input and cannot be read again')
  }
  const plan = reloadPlan(current, withFlags(await loadConfig(world, parsed)))
  const changeable = plan.changes.filter(change => !isFixed(change))
  const withAll = (changes: readonly ConfigChange[]): Config =>
    changes.reduce(
      (config, { path, to }) => withValue(config, path.split('.'), to) as unknown as Config,
      current,
    )
  return {
    plan,
    safe: withAll(changeable.filter(change => !change.raisesRisk)),
    whole: withAll(changeable),
    pending: changeable.filter(change => change.raisesRisk),
    fixed: plan.changes.filter(isFixed),
  }
}

function withValue(tree: object, [key, ...rest]: readonly string[], value: unknown): Tree {
  const before: Tree = { ...tree }
  if (rest.length === 0) return { ...before, [key]: value }
  const section = before[key]
  return { ...before, [key]: withValue(typeof section === 'object' ? (section ?? {}) : {}, rest, value) }
}

/** A change in one line: `strategies.mean-reversion.leverage: 5 to 10 (raises risk)`. */
export function changeLine({ path, from, to, raisesRisk: raises }: ConfigChange): string {
  const keys = path.split('.')
  return harmless(`${path}: ${shown(keys, from)} to ${shown(keys, to)}${raises ? ' (raises risk)' : ''}`)
}

/** A second SIGHUP confirms what the first has shown within this time. */
const CONFIRM_MS = 60_000

/** What a loop does about a configuration that was read again. */
export interface ReloadHandlers {
  /** The configuration in force. */
  current(): Config
  /** Takes a configuration over. */
  apply(config: Config): void
  /** Hears, in lines, what happened. */
  say(lines: readonly string[]): void
  /**
   * Asks the person at the terminal for a yes; `null` where there is nobody to ask, in which case the same
   * configuration is confirmed by a second SIGHUP.
   */
  readonly ask: ((question: string) => Promise<boolean>) | null
  /** Lays what the flags of the command line say over a configuration. */
  withFlags(config: Config): Config
}

/** Reads the configuration again at every SIGHUP; returns what ends that. */
export function watchReload(
  world: Pick<World, 'cwd' | 'stdin' | 'env' | 'hangup' | 'clock'>,
  parsed: ParsedArguments,
  handlers: ReloadHandlers,
): () => void {
  let shownBefore: { readonly text: string; readonly until: number } | null = null
  let isBusy = false
  let isAgain = false

  const once = async (): Promise<void> => {
    const { plan, safe, whole, pending, fixed } = await reloadConfig(
      world,
      parsed,
      handlers.current(),
      config => handlers.withFlags(config),
    )
    if (plan.same) {
      shownBefore = null
      handlers.say(['W972 The configuration was read again: nothing has changed.'])
      return
    }
    const text = JSON.stringify(whole)
    const isConfirmed = shownBefore?.text === text && world.clock.monotonic() <= shownBefore.until
    shownBefore = null
    const lines = plan.changes.map(change =>
      fixed.includes(change) ? `${changeLine(change)}: only a new start takes it over` : changeLine(change),
    )
    if (fixed.length === plan.changes.length) {
      handlers.say(['W972 The configuration has changed in what only a new start takes over.', ...lines])
      return
    }
    if (pending.length === 0 || isConfirmed) {
      handlers.apply(whole)
      const how = isConfirmed ? 'confirmed and taken over' : 'taken over'
      handlers.say([`W972 The configuration has changed and was ${how}.`, ...lines])
      return
    }
    if (pending.length + fixed.length < plan.changes.length) handlers.apply(safe)
    const held = `${pending.length} of ${plan.changes.length} changes wait`
    if (handlers.ask === null) {
      shownBefore = { text, until: world.clock.monotonic() + CONFIRM_MS }
      const how = `send SIGHUP once more within ${CONFIRM_MS / 1_000} s to confirm, or change the file back`
      handlers.say([`W972 The configuration has changed. ${held} for a confirmation: ${how}.`, ...lines])
      return
    }
    handlers.say([`W972 The configuration has changed. ${held} for a confirmation.`, ...lines])
    if (await handlers.ask(`Take over what raises risk (${pending.length})? yes or no: `)) {
      handlers.apply(whole)
      handlers.say(['W972 Confirmed and taken over.'])
    } else handlers.say(['W972 Not confirmed: what raises risk is left as it was.'])
  }

  const hear = async (): Promise<void> => {
    if (isBusy) {
      isAgain = handlers.ask === null
      if (handlers.ask !== null) handlers.say(['W972 The question before has no answer yet.'])
      return
    }
    isBusy = true
    do {
      isAgain = false
      try {
        await once()
      } catch (error) {
        const { lines } = failureOf(error, false)
        handlers.say([`The configuration was not taken over: ${lines[0]}`, ...lines.slice(1)])
      }
    } while (isAgain)
    isBusy = false
  }
  return world.hangup.listen(() => void hear())
}
