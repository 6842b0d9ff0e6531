import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Costs } from '../core/adapters/sim/exchange.ts'
import { DEFAULT_COSTS } from '../core/adapters/sim/exchange.ts'
import { ConfigError } from '../core/base/errors.ts'
import { defaultSettings, overlay, type Settings } from '../core/engine/settings.ts'
import type { FlagSpec, ParsedArguments, World } from './command.ts'
import { listFlag } from './flags.ts'
import { refuseSharedInput } from './input.ts'

/** The whole configuration: the engine's settings and what the embedded exchange costs. */
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
}

export const CONFIG_FLAG: FlagSpec = {
  flags: '-c, --config <file>',
  description:
    'YAML file with settings, over the defaults; a later one over an earlier; - reads standard input',
  repeatable: true,
}

/** The configuration at its defaults. */
export function defaultConfig(): Config {
  const { slippage, slippageOfRange, touchFills, assumedFunding } = DEFAULT_COSTS
  return {
    startingBalance: 1_000,
    ...defaultSettings(),
    simulation: { slippage, slippageOfRange, touchFills, assumedFunding },
  }
}

type Tree = { readonly [key: string]: unknown }

/**
 * The defaults with the files of `--config` laid over them in their order.
 *
 * @throws ConfigError naming file, place and remedy; UsageError when standard input is wanted for something else, too
 */
export async function loadConfig(
  world: Pick<World, 'cwd' | 'stdin'>,
  parsed: ParsedArguments,
): Promise<Config> {
  refuseSharedInput(parsed)
  const defaults = defaultConfig()
  let settings: unknown = {}
  for (const file of listFlag(parsed, 'config')) {
    const text = file === '-' ? await readAll(world.stdin) : readFile(resolve(world.cwd, file), file)
    const { parse } = await import('yaml')
    try {
      const written: unknown = parse(text)
      checkedOverlay(defaults, written)
      settings = merged(settings, written)
    } catch (error) {
      if (error instanceof ConfigError) throw new ConfigError(`${file}: ${error.message}`, error.remedy)
      const reason = error instanceof Error ? error.message.split('\n')[0] : String(error)
      throw new ConfigError(`${file} is not YAML: ${reason}`, 'config.example.yaml shows every setting')
    }
  }
  return checkedOverlay(defaults, settings)
}

function checkedOverlay(defaults: Config, written: unknown): Config {
  return overlay(defaults as unknown as Tree, written) as unknown as Config
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

function readFile(path: string, name: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new ConfigError(`${name} cannot be read: ${reason}`, 'check the path given with --config')
  }
}

async function readAll(stdin: AsyncIterable<Uint8Array>): Promise<string> {
  const blocks: Uint8Array[] = []
  for await (const block of stdin) blocks.push(block)
  return Buffer.concat(blocks).toString('utf8')
}

/** What trading costs on the embedded exchange under a configuration. */
export function costsOf({ fees, simulation }: Config): Costs {
  return { makerFee: fees.maker, takerFee: fees.taker, ...simulation }
}

/** A short hash of a configuration: the same settings give the same one, in whatever order they were written. */
export function configHash(config: Config): string {
  return createHash('sha256').update(canonical(config)).digest('hex').slice(0, 16)
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${entries.map(([key, one]) => `${JSON.stringify(key)}:${canonical(one)}`).join(',')}}`
}
