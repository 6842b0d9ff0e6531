import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { SimBybit } from '../core/adapters/sim/bybit/bybit.ts'
import type { FaultRule } from '../core/adapters/sim/bybit/fault-plan.ts'
import { DataError, UsageError } from '../core/base/errors.ts'
import { DAY, type Milliseconds, type Timestamp } from '../core/base/units.ts'
import type { SymbolMarket } from '../core/market/symbol-market.ts'
import type { FlagSpec, ParsedArguments, World } from './command.ts'
import { type Config, costsOf } from './config.ts'
import { textFlag } from './flags.ts'
import { lastClose } from './market-builder.ts'
import type { SimCredentials } from './sim-credentials.ts'

/** The flags of `sim serve` that only the Bybit protocol has. */
export const PROTOCOL_FLAGS: readonly FlagSpec[] = [
  {
    flags: '--protocol <name>',
    description: "bbw's own, or Bybit's v5 REST and WebSocket for any client of Bybit",
    default: 'bbw',
    choices: ['bbw', 'bybit'],
  },
  {
    flags: '--speed <factor>',
    description: 'with bybit: seconds of its clock in one second of the wall clock, 0.1 to 3600',
    default: '1',
  },
  {
    flags: '--slow-when-bare',
    description:
      'with bybit: its clock goes no faster than the wall clock while a position stands without its stop, for a minute at most',
  },
  {
    flags: '--dates <which>',
    description: 'with bybit: move the candles by whole weeks to the present, or leave them as recorded',
    default: 'present',
    choices: ['present', 'recorded'],
  },
  {
    flags: '--margin-mode <which>',
    description:
      'with bybit: how the account begins, each position with its margin or all with that of the account',
    default: 'isolated',
    choices: ['isolated', 'cross'],
  },
  { flags: '--seed <text>', description: 'with bybit: what is left to chance there', default: '1' },
  { flags: '--faults <file>', description: 'with bybit: a list of what goes wrong, as JSON' },
]

/** Whether Bybit's protocol is asked for. Throws a UsageError where its flags are given without it. */
export function wantsBybit(parsed: ParsedArguments): boolean {
  if (textFlag(parsed, 'protocol') === 'bybit') return true
  const stray =
    parsed.flags.slowWhenBare === true
      ? 'slow-when-bare'
      : ['speed', 'dates', 'seed', 'faults', 'marginMode'].find(name => textFlag(parsed, name) !== undefined)
  if (stray === undefined) return false
  const flag = stray === 'marginMode' ? 'margin-mode' : stray
  throw new UsageError(`--${flag} is for Bybit's protocol`, 'give --protocol bybit too, or leave it out')
}

const WEEK = 7 * DAY

/** The simulated Bybit over a market, and words about when it stands where. */
export async function bybitOver(
  world: Pick<World, 'clock' | 'cwd'>,
  parsed: ParsedArguments,
  markets: readonly SymbolMarket[],
  config: Config,
  credentials: SimCredentials,
  start: Timestamp,
): Promise<{ readonly sim: SimBybit; readonly speed: number; readonly from: Timestamp }> {
  const { SimBybit } = await import('../core/adapters/sim/bybit/bybit.ts')
  const { shifted } = await import('../core/adapters/sim/bybit/feed.ts')
  const told = textFlag(parsed, 'speed') ?? '1'
  const speed = Number(told)
  // What is no number is within no bounds.
  if (!(speed >= 0.1 && speed <= 3_600))
    throw new UsageError(`--speed ${told} is not from 0.1 to 3600`, 'for example: --speed 60')
  const now = world.clock.now()
  const isPresent = textFlag(parsed, 'dates') !== 'recorded'
  const shift = isPresent ? shiftTo(now, start, lastClose(markets)) : 0
  const from = isPresent ? now : start
  const faults = await faultsOf(world, parsed, new Set(markets.map(({ instrument }) => instrument.symbol)))
  const sim = new SimBybit(
    markets.map(market => shifted(market, shift)),
    {
      ...credentials,
      costs: costsOf(config),
      wallet: config.startingBalance,
      marginMode: textFlag(parsed, 'marginMode') === 'cross' ? 'REGULAR_MARGIN' : 'ISOLATED_MARGIN',
      seed: textFlag(parsed, 'seed') ?? '1',
      from,
      speed,
      slowWhenBare: parsed.flags.slowWhenBare === true,
      faults,
    },
  )
  if (config.positionMode === 'hedge') sim.desk.switchMode('hedge')
  return { sim, speed, from }
}

/**
 * By how much a market is moved so that its trading has begun by now: whole weeks, which keep the days of the week and
 * the hours at which funding is settled; whole days where it would have ended by now otherwise.
 */
function shiftTo(now: Timestamp, start: Timestamp, end: Timestamp): Milliseconds {
  const by = (span: Milliseconds): Milliseconds => Math.floor((now - start) / span) * span
  return end + by(WEEK) > now ? by(WEEK) : by(DAY)
}

/** The rules of the file that is named; none without one. Throws a UsageError or a DataError. */
async function faultsOf(
  { cwd }: Pick<World, 'cwd'>,
  parsed: ParsedArguments,
  symbols: ReadonlySet<string>,
): Promise<readonly FaultRule[]> {
  const name = textFlag(parsed, 'faults')
  if (name === undefined) return []
  const { rulesFrom } = await import('../core/adapters/sim/bybit/fault-plan.ts')
  let text: string
  try {
    text = readFileSync(resolve(cwd, name), 'utf8')
  } catch {
    throw new UsageError(`--faults ${name} cannot be read`, 'give a JSON file')
  }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new DataError(
      'it is not JSON',
      { file: name },
      'for example: [{"fault":"lose-reply","chance":0.01}]',
    )
  }
  try {
    return rulesFrom(value, symbols)
  } catch (error) {
    if (!(error instanceof DataError)) throw error
    // Its words name the field already.
    throw new DataError(error.message, { file: name }, error.remedy)
  }
}

/** Credentials of an exchange that keeps nothing. */
export function freshCredentials(): SimCredentials {
  return { key: randomBytes(12).toString('hex'), secret: randomBytes(32).toString('hex') }
}
