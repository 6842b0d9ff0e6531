import type { Environment } from '../core/adapters/bybit/environments.ts'
import { ConfigError, UsageError } from '../core/base/errors.ts'
import { terminalReader } from './ask.ts'
import type { FlagSpec, ParsedArguments, World } from './command.ts'
import type { Config } from './config.ts'
import { textFlag } from './flags.ts'

/** The flags without which no real money moves. */
export const LIVE_FLAGS: readonly FlagSpec[] = [
  { flags: '--live', description: 'orders move real money; with mode: live, and the alias of the account' },
  { flags: '--account <alias>', description: 'the alias of the account, where no terminal can ask for it' },
]

/**
 * Makes sure that real money is meant: three keys that nobody turns by accident, `mode: live` in the configuration,
 * `--live`, and the alias of the account, typed at the terminal; where there is none it is given with `--account`. Each
 * of them without the others is refused, too: whoever gives one expects something else than what would happen.
 *
 * @returns whether orders may move real money
 * @throws ConfigError for the configuration, UsageError for a flag and for another alias
 */
export async function liveConsent(
  world: Pick<World, 'stdin' | 'stderr' | 'signal'>,
  parsed: ParsedArguments,
  { mode, account }: Pick<Config, 'mode' | 'account'>,
  { name, movesMoney }: Environment,
): Promise<boolean> {
  const isLive = parsed.flags.live === true
  const given = textFlag(parsed, 'account')
  if (!movesMoney) {
    if (!isLive) return false
    throw new UsageError(
      `--live is for real money, and ${name} has none`,
      'leave it out, or give --exchange live',
    )
  }
  if (!isLive && mode !== 'live') return false
  if (!isLive)
    throw new UsageError(
      'the configuration says mode: live, and --live is not given',
      'give both, or neither',
    )
  if (mode !== 'live') {
    throw new ConfigError(
      '--live is given, and the configuration does not say mode: live',
      'give both, or neither',
    )
  }
  const { alias } = account
  if (alias === null) {
    throw new ConfigError(
      'real money needs a name for its account',
      'set account.alias to a word of your own',
    )
  }
  const read = terminalReader(world)
  if (read === null && given === undefined) {
    throw new UsageError('there is no terminal to type the alias of the account at', 'give it with --account')
  }
  const typed =
    read === null ? given : await read(`Real money. Type the alias of the account (${alias}) to go on:`)
  if (typed?.trim() === alias) return true
  throw new UsageError(
    'that is not the alias of the account; nothing was sent',
    'start again, and type it as it stands',
  )
}

/**
 * As `liveConsent`, where orders are to be sent: without consent an environment that moves money is refused.
 *
 * @throws as `liveConsent`
 */
export async function refuseUnmeant(
  world: Pick<World, 'stdin' | 'stderr' | 'signal'>,
  parsed: ParsedArguments,
  config: Pick<Config, 'mode' | 'account'>,
  environment: Environment,
): Promise<void> {
  const consents = await liveConsent(world, parsed, config, environment)
  if (!environment.movesMoney || consents) return
  throw new UsageError(
    'real money is traded with mode: live in the configuration and --live only',
    'give both with the alias of the account; to try it on the real market without money, take --exchange paper',
  )
}
