/** On which exchange the state of a data folder trades: what is ordered beside it is meant for no other one. */
import { join } from 'node:path'
import { ENVIRONMENTS, type EnvironmentName } from '../core/adapters/bybit/environments.ts'
import { fieldOf, parsedRow } from '../core/adapters/sqlite/json.ts'
import { openStatus } from '../core/adapters/sqlite/status-reader.ts'
import { ConfigError, StoreError } from '../core/base/errors.ts'
import type { ParsedArguments, World } from './command.ts'
import { dataDirectory } from './data-dir.ts'
import { STATE_FILE } from './desk.ts'
import { textFlag } from './flags.ts'
import { RUN_KEY } from './run-facts.ts'

/**
 * The exchange that the last start has noted in the state of the data folder; `null` where there is no state, or where
 * none has got so far. The state is looked at alone, and a loop that runs is not disturbed.
 *
 * @throws StoreError, DataError for a state that cannot be read
 */
export function exchangeOfState(world: World, parsed: ParsedArguments): EnvironmentName | null {
  const source = openStatus(join(dataDirectory(world, textFlag(parsed, 'dataDir')), STATE_FILE))
  if (source === null) return null
  try {
    const [row] = source.query('SELECT value FROM kv WHERE key = ?', RUN_KEY)
    const name = row === undefined ? null : fieldOf(parsedRow('kv', RUN_KEY, row.value), 'exchange')
    return ENVIRONMENTS.find(one => one === name) ?? null
  } finally {
    source.close()
  }
}

/**
 * A command line with the exchange of the state in the data folder. Where there is none it is left as it is.
 *
 * @throws ConfigError where it names another one, as `exchangeOfState`
 */
export function atItsExchange(world: World, parsed: ParsedArguments): ParsedArguments {
  const kept = exchangeOfState(world, parsed)
  if (kept === null) return parsed
  const asked = textFlag(parsed, 'exchange')
  if (asked !== undefined && asked !== kept) {
    throw new ConfigError(
      `--exchange ${asked} is given, and the state of ${dataDirectory(world, textFlag(parsed, 'dataDir'))} is of ${kept}; nothing was done`,
      `give --exchange ${kept}, or the folder of the other one with --data-dir`,
    )
  }
  return { ...parsed, flags: { ...parsed.flags, exchange: kept } }
}

/** What is said where a loop holds a state that does not tell yet where it trades. */
export function notToldYet(): StoreError {
  return new StoreError('the bbw that is just starting has not said yet on which exchange it trades', {
    retryable: true,
    remedy: 'try again in a moment; nothing was changed',
  })
}
