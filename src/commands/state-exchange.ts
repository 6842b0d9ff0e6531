/** On which exchange the state of a data folder trades: what is ordered beside it is meant for no other one. */
import { join } from 'node:path'
import { ENVIRONMENTS, type EnvironmentName, environmentAt } from '../core/adapters/bybit/environments.ts'
import { byOneName } from '../core/adapters/bybit/hosts.ts'
import { fieldOf, parsedRow } from '../core/adapters/sqlite/json.ts'
import { openStatus } from '../core/adapters/sqlite/status-reader.ts'
import { ConfigError, DataError, StoreError } from '../core/base/errors.ts'
import type { ParsedArguments, World } from './command.ts'
import { dataDirectory } from './data-dir.ts'
import { STATE_FILE } from './desk.ts'
import { textFlag } from './flags.ts'
import { type Address, RUN_KEY } from './run-facts.ts'

/** Where the last start has traded. */
interface StatePlace extends Address {
  readonly exchange: EnvironmentName
}

/**
 * The exchange that the last start has noted in the state of the data folder; `null` where there is no state, or where
 * none has got so far. The state is looked at alone, and a loop that runs is not disturbed.
 *
 * @throws StoreError, DataError for a state that cannot be read
 */
export function exchangeOfState(world: World, parsed: ParsedArguments): EnvironmentName | null {
  return placeOfState(world, parsed)?.exchange ?? null
}

function placeOfState(world: World, parsed: ParsedArguments): StatePlace | null {
  const source = openStatus(join(dataDirectory(world, textFlag(parsed, 'dataDir')), STATE_FILE))
  if (source === null) return null
  try {
    const [row] = source.query('SELECT value FROM kv WHERE key = ?', RUN_KEY)
    const facts = row === undefined ? null : parsedRow('kv', RUN_KEY, row.value)
    const exchange = ENVIRONMENTS.find(one => one === fieldOf(facts, 'exchange'))
    if (exchange === undefined) return null
    const [url, simUrl, speed] = ['url', 'simUrl', 'speed'].map(name => fieldOf(facts, name))
    return {
      exchange,
      ...(typeof url === 'string' ? { url } : {}),
      ...(typeof simUrl === 'string' ? { simUrl } : {}),
      ...(typeof speed === 'number' ? { speed } : {}),
    }
  } finally {
    source.close()
  }
}

/**
 * A command line with the exchange of the state in the data folder, and with the address by which that was reached. Where
 * there is none it is left as it is.
 *
 * @throws ConfigError where it names another one, as `exchangeOfState`
 */
export function atItsExchange(world: World, parsed: ParsedArguments): ParsedArguments {
  const kept = placeOfState(world, parsed)
  if (kept === null) return parsed
  const asked = textFlag(parsed, 'exchange')
  if (asked !== undefined && asked !== kept.exchange) {
    throw otherThan(world, parsed, `--exchange ${asked}`, kept.exchange, `--exchange ${kept.exchange}`)
  }
  const url = textFlag(parsed, 'url')
  if (url !== undefined && kept.url !== undefined && !isAt(kept.exchange, url, kept.url)) {
    throw otherThan(world, parsed, `--url ${url}`, `${kept.exchange} at ${kept.url}`, `--url ${kept.url}`)
  }
  return reachedAs(parsed, kept)
}

/**
 * As `atItsExchange` for what is done without the state: an exchange or an address that is named counts, whatever the state is
 * of, and a state that cannot be read says nothing. One that is named alone is reached as the state's where that is the
 * same one.
 */
export function asItsExchange(world: World, parsed: ParsedArguments): ParsedArguments {
  let kept: StatePlace | null
  try {
    kept = placeOfState(world, parsed)
  } catch (error) {
    if (error instanceof StoreError || error instanceof DataError) return parsed
    throw error
  }
  const asked = textFlag(parsed, 'exchange')
  if (kept === null || (asked !== undefined && asked !== kept.exchange)) return parsed
  return reachedAs(parsed, kept)
}

/** What is not given is as it was; another address has a clock of its own. */
function reachedAs(parsed: ParsedArguments, { exchange, url, simUrl, speed }: StatePlace): ParsedArguments {
  const given = textFlag(parsed, 'url')
  const isElsewhere = given !== undefined && (url === undefined || !isAt(exchange, given, url))
  const known = {
    url: url === reached(exchange, undefined) ? undefined : url,
    simUrl,
    speed: isElsewhere || speed === undefined || speed === 1 ? undefined : `${speed}`,
  }
  const missing = Object.entries(known).filter(
    ([name, value]) => value !== undefined && parsed.flags[name] === undefined,
  )
  return { ...parsed, flags: { ...parsed.flags, ...Object.fromEntries(missing), exchange } }
}

/** Whether a `--url` leads to where an environment was reached. */
function isAt(name: EnvironmentName, given: string, url: string): boolean {
  return byOneName(reached(name, given) ?? given) === byOneName(url)
}

/** Where an environment is reached by a `--url`. Throws as `environmentAt`. */
function reached(name: EnvironmentName, given: string | undefined): string | undefined {
  const { account, market } = environmentAt(name, given)
  return (account ?? market)?.rest
}

function otherThan(
  world: World,
  parsed: ParsedArguments,
  given: string,
  kept: string,
  remedy: string,
): ConfigError {
  return new ConfigError(
    `${given} is given, and the state of ${dataDirectory(world, textFlag(parsed, 'dataDir'))} is of ${kept}; nothing was done`,
    `give ${remedy}, or the folder of the other one with --data-dir`,
  )
}

/** What is said where a loop holds a state that does not tell yet where it trades. */
export function notToldYet(): StoreError {
  return new StoreError('the bbw that is just starting has not said yet on which exchange it trades', {
    retryable: true,
    remedy: 'try again in a moment; nothing was changed',
  })
}
