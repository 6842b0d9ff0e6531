import { nearest } from '../core/engine/settings.ts'
import type { World } from './command.ts'
import type { ConfigLayer, ConfigProblem } from './config-problem.ts'
import { valueFor } from './config-value.ts'
import { shown, standardAt } from './config-yaml.ts'

/** Variables of bbw that are no settings; what begins with the last ones neither. */
export const OTHER_VARIABLES = [
  'BBW_DATA_DIR',
  'BBW_SIM_KEY',
  'BBW_SIM_SECRET',
  'BBW_API_KEY',
  'BBW_API_SECRET',
] as const
const OTHER_PREFIXES = ['BBW_TEST_'] as const

type Tree = { readonly [key: string]: unknown }

/** The paths of all settings; a list is one setting. */
export function settingPaths(schema: Tree, above: readonly string[] = []): readonly (readonly string[])[] {
  return Object.entries(schema).flatMap(([key, value]) => {
    const path = [...above, key]
    return isTree(value) ? settingPaths(value, path) : [path]
  })
}

/** The variable of a setting: `BBW_STRATEGIES__MEAN_REVERSION__MAX_POSITIONS`. */
export function variableOf(path: readonly string[]): string {
  const levels = path.map(key =>
    key
      .replace(/([a-z\d])([A-Z])/g, '$1_$2')
      .replaceAll('-', '_')
      .toUpperCase(),
  )
  return `BBW_${levels.join('__')}`
}

/** The settings that the environment has, as a layer; `null` for none. Every problem goes to `report`. */
export function readEnvironment(
  env: World['env'],
  schema: Tree,
  report: (problem: ConfigProblem) => void,
): ConfigLayer | null {
  const names = Object.keys(env)
    .filter(name => name.startsWith('BBW_') && !isOther(name))
    .sort()
  if (names.length === 0) return null
  const settings = new Map(settingPaths(schema).map(path => [variableOf(path), path]))
  const tree: Nested = new Map()
  for (const name of names) {
    const path = settings.get(name)
    if (path === undefined) {
      report({ code: 'E971', place: name, message: 'it is not a setting', remedy: remedyFor(name, settings) })
      continue
    }
    const text = env[name]
    // An empty variable counts as not set, as everywhere.
    if (text === undefined || text === '') continue
    put(tree, path, valueFor(standardAt(schema, path), text))
  }
  if (tree.size === 0) return null
  return {
    name: 'environment',
    tree: plain(tree),
    place: variableOf,
    origin: path => `environment ${variableOf(path)}`,
    show: shown,
  }
}

function remedyFor(name: string, settings: ReadonlyMap<string, unknown>): string {
  const names = [...settings.keys()]
  const section = names.find(one => one.startsWith(`${name}__`))
  if (section !== undefined) return `it is a section, whose settings are set one by one, such as ${section}`
  const sections = names.flatMap(one => {
    const levels = one.split('__')
    return levels.slice(1).map((_, level) => levels.slice(0, level + 1).join('__'))
  })
  const near = nearest(name, [...names, ...sections, ...OTHER_VARIABLES])
  return near === undefined
    ? 'bbw config show --origin names the variables of all settings'
    : `did you mean ${near}?`
}

function isOther(name: string): boolean {
  return OTHER_VARIABLES.some(one => one === name) || OTHER_PREFIXES.some(prefix => name.startsWith(prefix))
}

type Nested = Map<string, unknown>

function put(tree: Nested, path: readonly string[], value: unknown): void {
  const [key, ...rest] = path
  if (rest.length === 0) {
    tree.set(key, value)
    return
  }
  const section = tree.get(key)
  const inner: Nested = section instanceof Map ? section : new Map()
  tree.set(key, inner)
  put(inner, rest, value)
}

function plain(tree: Nested): Tree {
  return Object.fromEntries(
    [...tree].map(([key, value]) => [key, value instanceof Map ? plain(value) : value]),
  )
}

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
