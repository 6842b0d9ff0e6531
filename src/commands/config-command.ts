import {
  chmodSync,
  closeSync,
  constants,
  fsyncSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { dirname, resolve } from 'node:path'
import { ConfigError, UsageError } from '../core/base/errors.ts'
import { harmless } from '../core/base/harmless.ts'
import { isSecretName, REDACTED } from '../core/base/secrets.ts'
import { WIRE_VERSION } from '../core/wire/encode.ts'
import type { CommandSpec, ParsedArguments, World } from './command.ts'
import {
  CONFIG_FLAG,
  type Config,
  configHash,
  type LoadedConfig,
  PROJECT_FILE,
  readConfig,
  refuseProblems,
} from './config.ts'
import { settingPaths, variableOf } from './config-environment.ts'
import { problemLine } from './config-problem.ts'
import { standardAt } from './config-yaml.ts'
import { ensureDirectory } from './data-dir.ts'
import { EXIT } from './exit-codes.ts'
import { RECORDS_FLAG, textFlag, wantsRecords } from './flags.ts'
import { ndjson } from './ndjson.ts'
import { SIMULATION_FLAGS, withFlags } from './simulate.ts'

/** A configuration is of no moment; the same one gives the same record. */
const TIMELESS = 0

type Tree = { readonly [key: string]: unknown }

/** The flags of the simulation that stand for settings. */
const SETTING_FLAGS = SIMULATION_FLAGS.filter(({ flags }) =>
  /^--(?:strategy|all|starting-balance|fixed-notional|no-portfolio-gates)\b/.test(flags),
)

async function runInit(world: World, parsed: ParsedArguments): Promise<number> {
  const { configExample } = await import('./config-example.ts')
  const name = textFlag(parsed, 'to') ?? PROJECT_FILE
  const path = resolve(world.cwd, name)
  try {
    ensureDirectory(dirname(path))
  } catch (error) {
    throw unwritable(name, error)
  }
  if (parsed.flags.force === true) replaceFile(path, name, configExample())
  else createFile(path, name, configExample())
  if (!world.quiet) world.stderr.write(`${harmless(name)} written: every setting at its default\n`)
  return EXIT.ok
}

/** For its owner alone: sooner or later somebody writes a secret into it. */
const OWNER_ONLY = 0o600

function createFile(path: string, name: string, text: string): void {
  try {
    writeFileSync(path, text, { flag: 'wx', mode: OWNER_ONLY })
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') {
      throw new UsageError(
        `${name} is there already and was left as it is`,
        'bbw config init --force replaces it',
      )
    }
    throw unwritable(name, error)
  }
}

/** Replaces the file in one step, so that a full disk leaves the earlier one as it was. */
function replaceFile(path: string, name: string, text: string): void {
  const draft = `${path}.new`
  try {
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW
    const descriptor = openSync(draft, flags, OWNER_ONLY)
    try {
      chmodSync(draft, OWNER_ONLY)
      writeFileSync(descriptor, text)
      fsyncSync(descriptor)
    } finally {
      closeSync(descriptor)
    }
    renameSync(draft, path)
  } catch (error) {
    rmSync(draft, { force: true })
    throw unwritable(name, error)
  }
}

function unwritable(name: string, error: unknown): ConfigError {
  const reason = error instanceof Error ? error.message : String(error)
  return new ConfigError(`${name} cannot be written: ${reason}`, 'say where to with --to FILE')
}

async function runCheck(world: World, parsed: ParsedArguments): Promise<number> {
  const { config, sources, problems } = await readConfig(world, parsed)
  const hash = configHash(config)
  if (wantsRecords(world, parsed)) {
    for (const problem of problems) {
      const id = [problem.code, problem.place, problem.message].join('/')
      const { code, place, message, remedy = null } = problem
      const record = { v: WIRE_VERSION, type: 'problem', id, ts: TIMELESS }
      await world.stdout.write(ndjson({ ...record, code, place, message, remedy }))
    }
  }
  for (const problem of problems) {
    const remedy = problem.remedy === undefined ? '' : `; ${problem.remedy}`
    world.stderr.write(`${harmless(`${problemLine(problem)}${remedy}`)}\n`)
  }
  const from = sources.length === 0 ? 'defaults alone' : `defaults, then ${sources.join(', then ')}`
  if (!world.quiet || problems.length > 0) {
    const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`
    const verdict = problems.length === 0 ? `ok, configuration ${hash}` : count
    world.stderr.write(`${harmless(`${verdict} (${from})`)}\n`)
  }
  return problems.length === 0 ? EXIT.ok : EXIT.configuration
}

async function runShow(world: World, parsed: ParsedArguments): Promise<number> {
  const loaded = await readConfig(world, parsed)
  refuseProblems(loaded.problems)
  const config = withFlags(loaded.config, parsed)
  const settings = masked({ ...config })
  const withOrigin = parsed.flags.origin === true
  const origins = withOrigin ? allOrigins(loaded, config) : {}
  if (parsed.flags.ndjson === true) {
    const id = configHash(config)
    const record = { v: WIRE_VERSION, type: 'config', id, ts: TIMELESS, settings }
    await world.stdout.write(ndjson(withOrigin ? { ...record, origins } : record))
    return EXIT.ok
  }
  await world.stdout.write(await yamlOf(settings, origins))
  return EXIT.ok
}

/** Where each setting comes from, by its path; a setting that a flag has changed comes from a flag. */
function allOrigins(loaded: LoadedConfig, config: Config): { readonly [path: string]: string } {
  const before = { ...loaded.config }
  const after = { ...config }
  return Object.fromEntries(
    settingPaths(after).map(path => {
      const name = path.join('.')
      const same = JSON.stringify(standardAt(before, path)) === JSON.stringify(standardAt(after, path))
      return [name, same ? (loaded.origins.get(name) ?? 'default') : 'flag']
    }),
  )
}

/** The settings without the values of secrets, told by their names. */
export function masked(tree: Tree): Tree {
  return Object.fromEntries(
    Object.entries(tree).map(([key, value]) => {
      if (isTree(value)) return [key, masked(value)]
      return [key, isSecretName(key) && value !== null && value !== '' ? REDACTED : value]
    }),
  )
}

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The settings as YAML, each with a comment on its origin where there are some. */
async function yamlOf(settings: Tree, origins: { readonly [path: string]: string }): Promise<string> {
  const { Document, isNode, isSeq, visit } = await import('yaml')
  const document = new Document(settings)
  visit(document, {
    Seq(_, node) {
      node.flow = true
    },
  })
  for (const path of settingPaths(settings)) {
    const origin = origins[path.join('.')]
    const node = document.getIn(path, true)
    if (origin === undefined || !isNode(node)) continue
    const words = ` ${origin === 'default' ? `default (${variableOf(path)})` : harmless(origin)}`
    // A list in brackets takes a comment behind it badly; above its key it stays YAML.
    if (isSeq(node)) node.commentBefore = words
    else node.comment = words
  }
  return document.toString({ lineWidth: 0 })
}

export const configCommand: CommandSpec = {
  name: 'config',
  summary: 'write, check and show the configuration',
  description:
    'Settings come from flags, BBW_* variables, bbw.yaml in the working directory (or the files given with --config), bbw/config.yaml below $XDG_CONFIG_HOME (~/.config) and the defaults; what stands earlier here wins.',
  examples: ['bbw config init', 'bbw config check', 'bbw config show --origin'],
  commands: [
    {
      name: 'init',
      summary: 'write a file with every setting at its default',
      examples: ['bbw config init', 'bbw config init --to ~/.config/bbw/config.yaml'],
      flags: [
        { flags: '--to <file>', description: 'where to', default: PROJECT_FILE },
        { flags: '--force', description: 'replace a file that is there' },
      ],
      run: runInit,
    },
    {
      name: 'check',
      summary: 'look for every mistake in the configuration (exit 4)',
      examples: ['bbw config check', 'bbw config check -c other.yaml'],
      flags: [CONFIG_FLAG, { ...RECORDS_FLAG, description: 'problems as records, also on a terminal' }],
      run: runCheck,
    },
    {
      name: 'show',
      summary: 'show the settings that are in force, and where each comes from',
      examples: ['bbw config show --origin', 'bbw config show --json | jq .settings.fees'],
      flags: [
        { flags: '--origin', description: 'say where each value comes from' },
        CONFIG_FLAG,
        ...SETTING_FLAGS,
        { flags: '--json, --ndjson', description: 'one record instead of YAML' },
      ],
      run: runShow,
    },
  ],
}
