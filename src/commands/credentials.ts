/** The API key of an account, from where secrets may stand: never a flag, never the store. */
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Credentials } from '../core/adapters/bybit/transport.ts'
import { ConfigError } from '../core/base/errors.ts'
import type { World } from './command.ts'
import type { Config } from './config.ts'
import { readPrivate } from './private-file.ts'

/** The variables that hold the key and its secret. */
export const KEY_VARIABLES = ['BBW_API_KEY', 'BBW_API_SECRET'] as const
/** The names of systemd's credentials (`LoadCredential=bbw-api-key:...`). */
const CREDENTIAL_FILES = ['bbw-api-key', 'bbw-api-secret'] as const

export interface FoundCredentials extends Credentials {
  /** Where they are from, for words. */
  readonly from: string
}

/**
 * Of the environment (`BBW_API_KEY`, `BBW_API_SECRET`), else of systemd, else of the file that `account.keyFile` names:
 * `{"key": "...", "secret": "..."}`, readable by its owner alone.
 *
 * @throws ConfigError where there are none, only half of them, or others could read them
 */
export function credentialsOf(
  world: Pick<World, 'env' | 'cwd' | 'redactor'>,
  config: Config,
): FoundCredentials {
  const found = foundIn(world, config)
  // Whatever this process says from now on, it does not say these.
  world.redactor.hide([found.key, found.secret])
  return found
}

function foundIn({ env, cwd }: Pick<World, 'env' | 'cwd'>, { account }: Config): FoundCredentials {
  const [key, secret] = KEY_VARIABLES.map(name => env[name] ?? '')
  if (key !== '' || secret !== '') {
    if (key === '' || secret === '') {
      const [missing, there] = key === '' ? KEY_VARIABLES : [...KEY_VARIABLES].reverse()
      throw new ConfigError(`${there} is set and ${missing} is not`, 'set both, or neither')
    }
    return checked({ key, secret, from: 'environment' })
  }
  const systemd = env.CREDENTIALS_DIRECTORY ?? ''
  const paths = CREDENTIAL_FILES.map(name => join(systemd, name))
  if (systemd !== '' && paths.every(path => existsSync(path))) {
    const [fileKey, fileSecret] = paths.map(path => readPrivate(path).trim())
    return checked({ key: fileKey, secret: fileSecret, from: 'systemd credentials' })
  }
  if (account.keyFile === null) {
    throw new ConfigError(
      'there is no API key',
      'set BBW_API_KEY and BBW_API_SECRET, or account.keyFile to a file that holds them, readable by its owner alone',
    )
  }
  return fromFile(resolve(cwd, account.keyFile))
}

function fromFile(path: string): FoundCredentials {
  const wrong = (): ConfigError =>
    new ConfigError(
      `${path} does not hold a key and a secret`,
      'write {"key": "...", "secret": "..."} into it',
    )
  let value: unknown
  try {
    value = JSON.parse(readPrivate(path))
  } catch (error) {
    // What JSON.parse says repeats what it has read.
    if (error instanceof ConfigError) throw error
    throw wrong()
  }
  if (typeof value !== 'object' || value === null || Object.keys(value).sort().join() !== 'key,secret')
    throw wrong()
  const { key, secret } = value as { readonly key: unknown; readonly secret: unknown }
  if (typeof key !== 'string' || typeof secret !== 'string') throw wrong()
  return checked({ key, secret, from: path })
}

/** Keys are words of plain characters: anything else has got in by mistake, and would break the header it goes into. */
function checked(found: FoundCredentials): FoundCredentials {
  for (const [name, text] of [
    ['key', found.key],
    ['secret', found.secret],
  ]) {
    if (/^[\x21-\x7e]{4,200}$/.test(text)) continue
    throw new ConfigError(
      `the API ${name} of ${found.from} is no word of 4 to 200 plain characters`,
      'look for blanks, quotes and line ends in it',
    )
  }
  return found
}
