import { createHash } from 'node:crypto'
import { join, resolve } from 'node:path'
import type { Costs } from '../core/adapters/sim/exchange.ts'
import { DEFAULT_COSTS } from '../core/adapters/sim/exchange.ts'
import { ConfigError } from '../core/base/errors.ts'
import { conflicts } from '../core/engine/setting-ranges.ts'
import { defaultSettings, overlayReporting, type Settings } from '../core/engine/settings.ts'
import type { FlagSpec, ParsedArguments, World } from './command.ts'
import { readEnvironment, settingPaths } from './config-environment.ts'
import { readConfigFile, readConfigStream } from './config-file.ts'
import { type ConfigLayer, type ConfigProblem, problemLine } from './config-problem.ts'
import { type ConfigText, readYaml, standardAt } from './config-yaml.ts'
import { listFlag } from './flags.ts'
import { refuseSharedInput } from './input.ts'

/** How much is written into the log. */
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

/** How bbw runs; nothing of it changes a result, so none of it is part of the configuration's hash. */
export interface Operations {
  readonly log: {
    readonly level: LogLevel
    /** The log goes into this file instead of to standard error. */
    readonly file: string | null
    /** Beyond this the file is put aside as FILE.1, in place of an earlier one. */
    readonly maxMegabytes: number
  }
  /** So many backups of the state are kept. */
  readonly backupKeep: number
  /** The state of the loop is saved at least so often; 0 saves it with every change. */
  readonly snapshotSeconds: number
  readonly decisions: {
    /** Every decision is taken down with what it saw, for `bbw replay`. */
    readonly journal: boolean
    /** Decisions older than this are removed. */
    readonly keepDays: number
  }
}

/** What orders may do: nothing, unless `--exchange`, flags and this say otherwise; `live`: move real money. */
export const MODES = ['dry', 'live'] as const
export type Mode = (typeof MODES)[number]

/** The whole configuration: the engine's settings, what the embedded exchange costs, and how bbw runs. */
export interface Config extends Settings {
  /** USDT that every simulation starts with. */
  readonly startingBalance: number
  readonly simulation: {
    /** Slippage of taker fills, as shares of the price and of the range of the candle they fill in. */
    readonly slippage: number
    readonly slippageOfRange: number
    /** A limit fills at a touch, without the price trading through it. */
    readonly touchFills: boolean
    /** Funding per 8 h that longs pay where no history is known. */
    readonly assumedFunding: number
  }
  readonly mode: Mode
  readonly account: {
    /** A name of the user's own, typed before real money moves. */
    readonly alias: string | null
    /** A file with the API key and its secret, readable by its owner alone. */
    readonly keyFile: string | null
  }
  readonly operations: Operations
}

export const CONFIG_FLAG: FlagSpec = {
  flags: '-c, --config <file>',
  description:
    'YAML file with settings instead of bbw.yaml; a later one over an earlier; - reads standard input',
  repeatable: true,
}

/** The configuration at its defaults. */
export function defaultConfig(): Config {
  const { slippage, slippageOfRange, touchFills, assumedFunding } = DEFAULT_COSTS
  return {
    startingBalance: 1_000,
    ...defaultSettings(),
    simulation: { slippage, slippageOfRange, touchFills, assumedFunding },
    mode: 'dry',
    account: { alias: null, keyFile: null },
    operations: {
      log: { level: 'info', file: null, maxMegabytes: 10 },
      backupKeep: 7,
      snapshotSeconds: 1,
      decisions: { journal: false, keepDays: 30 },
    },
  }
}

/** The file of settings in the working directory. */
export const PROJECT_FILE = 'bbw.yaml'

type Tree = { readonly [key: string]: unknown }
type Outside = Pick<World, 'cwd' | 'stdin' | 'env'>

/** A configuration with where it comes from. */
export interface LoadedConfig {
  /** What is wrong stands at its default. */
  readonly config: Config
  /** The names of the sources that were read, the weakest first. */
  readonly sources: readonly string[]
  /** Where each setting that is not at its default's place was written, by its path (`fees.maker`). */
  readonly origins: ReadonlyMap<string, string>
  /** Everything that is wrong; a configuration with problems must not be used. */
  readonly problems: readonly ConfigProblem[]
}

/**
 * The defaults with everything laid over them that was written: the user's file, the project's file (or the files of
 * `--config` in their order), the environment.
 *
 * @throws ConfigError naming code, place and remedy; UsageError when standard input is wanted for something else, too
 */
export async function loadConfig(world: Outside, parsed: ParsedArguments): Promise<Config> {
  const { config, problems } = await readConfig(world, parsed)
  refuseProblems(problems)
  return config
}

/** Throws a ConfigError for the first problem, if there is one, saying how many more there are. */
export function refuseProblems(problems: readonly ConfigProblem[]): void {
  if (problems.length === 0) return
  const [first, ...others] = problems
  const more = others.length === 0 ? '' : ` (and ${others.length} more: bbw config check)`
  throw new ConfigError(`${problemLine(first)}${more}`, first.remedy)
}

/** As `loadConfig`, but with every problem and the origin of every setting. Throws a UsageError as that does. */
export async function readConfig(world: Outside, parsed: ParsedArguments): Promise<LoadedConfig> {
  refuseSharedInput(parsed)
  const defaults = defaultConfig()
  const schema = treeOf(defaults)
  const problems: ConfigProblem[] = []
  const report = (problem: ConfigProblem): void => void problems.push(problem)
  const layers: ConfigLayer[] = []
  const sources: string[] = []
  for (const file of await filesOf(world, parsed, report)) {
    sources.push(`${file.kind} ${file.name}`.trim())
    const layer = await readYaml(file, schema, world.env, report)
    if (layer !== null) layers.push(layer)
  }
  const variables = readEnvironment(world.env, schema, report)
  if (variables !== null) {
    layers.push(variables)
    sources.push('environment')
  }
  let settings: unknown = {}
  for (const layer of layers) {
    overlayReporting(
      schema,
      layer.tree,
      ({ path, message, remedy }) => report({ code: 'E971', place: layer.place(path), message, remedy }),
      layer.show,
    )
    settings = merged(settings, layer.tree)
  }
  const config = overlayReporting(schema, settings, () => {}) as unknown as Config
  const origins = originsOf(schema, layers)
  for (const { paths, message } of conflicts(treeOf(config))) {
    const place = paths.map(path => origins.get(path)).find(origin => origin !== undefined) ?? 'configuration'
    report({ code: 'E971', place, message, remedy: 'change one of the two' })
  }
  return { config, sources, origins, problems }
}

/** The files that are to be read, the weakest first. */
async function filesOf(
  world: Outside,
  parsed: ParsedArguments,
  report: (problem: ConfigProblem) => void,
): Promise<readonly ConfigText[]> {
  const found: (ConfigText | null)[] = []
  const user = userFile(world.env)
  if (user !== null) found.push(readConfigFile(user, user, 'user file', report))
  const named = listFlag(parsed, 'config')
  if (named.length === 0) {
    found.push(readConfigFile(join(world.cwd, PROJECT_FILE), PROJECT_FILE, 'project file', report))
  }
  for (const name of named) {
    found.push(
      name === '-'
        ? await readConfigStream(world.stdin, report)
        : readConfigFile(resolve(world.cwd, name), name, 'file', report),
    )
  }
  return found.filter(file => file !== null)
}

/** The user's own file, `$XDG_CONFIG_HOME/bbw/config.yaml` or below `~/.config`; `null` without a home. */
export function userFile({ XDG_CONFIG_HOME: xdg, HOME: home }: World['env']): string | null {
  // As the XDG specification has it, a relative folder counts as not set.
  if (xdg?.startsWith('/')) return join(xdg, 'bbw', 'config.yaml')
  return home?.startsWith('/') ? join(home, '.config', 'bbw', 'config.yaml') : null
}

/** Where each setting was written last. */
function originsOf(schema: Tree, layers: readonly ConfigLayer[]): ReadonlyMap<string, string> {
  const origins = new Map<string, string>()
  for (const path of settingPaths(schema)) {
    const layer = layers.findLast(({ tree }) => isTree(tree) && standardAt(tree, path) !== undefined)
    if (layer !== undefined) origins.set(path.join('.'), layer.origin(path))
  }
  return origins
}

function treeOf(config: Config): Tree {
  return { ...config }
}

/** Two files as one, the later one being right. A mapping without keys is read as `null` and changes nothing. */
function merged(earlier: unknown, later: unknown): unknown {
  if (!isTree(earlier)) return later
  if (!isTree(later)) return later ?? earlier
  const both = Object.entries(later).map(([key, value]) => [key, merged(earlier[key], value)])
  return { ...earlier, ...Object.fromEntries(both) }
}

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** What trading costs on the embedded exchange under a configuration. */
export function costsOf({ fees, simulation }: Config): Costs {
  return { makerFee: fees.maker, takerFee: fees.taker, ...simulation }
}

/**
 * A short hash of what in a configuration decides about results: the same settings give the same one, in whatever order
 * they were written.
 */
export function configHash({ operations: _, mode: __, account: ___, ...settings }: Config): string {
  return createHash('sha256').update(canonical(settings)).digest('hex').slice(0, 16)
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${entries.map(([key, one]) => `${JSON.stringify(key)}:${canonical(one)}`).join(',')}}`
}
