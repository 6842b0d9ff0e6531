import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { ConfigError, UsageError } from '../core/base/errors.ts'
import type { FlagSpec, ParsedArguments, World } from './command.ts'
import { dataDirectory, ensureDirectory } from './data-dir.ts'
import { textFlag } from './flags.ts'
import { readPrivate } from './private-file.ts'

/** What a trader signs its requests with. */
export interface SimCredentials {
  readonly key: string
  readonly secret: string
}

export const SIM_URL_FLAG: FlagSpec = {
  flags: '--sim-url <url>',
  description: 'an exchange that bbw sim serve has started, http://127.0.0.1:PORT',
}

const FILE = 'sim-credentials.json'

/** The URL given with `--sim-url`; `undefined` without one. Throws a UsageError for one that is not on the loopback. */
export function simUrlFlag(parsed: ParsedArguments): string | undefined {
  const text = textFlag(parsed, 'simUrl')
  if (text === undefined) return undefined
  const match = /^http:\/\/(?:127\.0\.0\.1|localhost):(\d{1,5})\/?$/.exec(text)
  if (match !== null && Number(match[1]) <= 65_535) return `http://127.0.0.1:${Number(match[1])}`
  throw new UsageError(
    `--sim-url ${text} is not the address of an exchange on this machine`,
    'write it as bbw sim serve prints it: http://127.0.0.1:8790',
  )
}

/**
 * The credentials for an exchange at `url`: of the environment (`BBW_SIM_KEY`, `BBW_SIM_SECRET`), else of the data
 * folder, else those that a server of the same user has left for its port.
 *
 * @throws ConfigError where there are none, or their file can be read by others
 */
export function simCredentials(
  world: Pick<World, 'env' | 'cwd'>,
  parsed: ParsedArguments,
  url: string,
): SimCredentials {
  const { BBW_SIM_KEY: key = '', BBW_SIM_SECRET: secret = '' } = world.env
  if ((key === '') !== (secret === '')) {
    throw new ConfigError(
      `${key === '' ? 'BBW_SIM_KEY' : 'BBW_SIM_SECRET'} is not set, and the other one is`,
      'set both, or neither',
    )
  }
  if (key !== '') return { key, secret }
  const folder = textFlag(parsed, 'dataDir')
  const own = join(dataDirectory(world, folder), FILE)
  const announced = announcement(world, Number(new URL(url).port))
  // A folder that nobody has named may have been another exchange's; the port is that of this one.
  const isNamed = folder !== undefined || (world.env.BBW_DATA_DIR ?? '') !== ''
  const files = isNamed ? [own, announced] : [announced, own]
  const file = files.find(path => existsSync(path))
  if (file !== undefined) return readCredentials(file)
  throw new ConfigError(
    `there are no credentials for the exchange at ${url}`,
    'start it as the same user, give its --data-dir, or set BBW_SIM_KEY and BBW_SIM_SECRET',
  )
}

/** The credentials of a server's own data folder, made by `make` where there are none yet. Throws a ConfigError. */
export function ownCredentials(folder: string, make: () => SimCredentials): SimCredentials {
  const path = join(folder, FILE)
  if (existsSync(path)) return readCredentials(path)
  const made = make()
  writePrivate(path, made)
  return made
}

/** Leaves the credentials where traders of the same user look for those of a port. Returns what takes them away. */
export function announce(
  world: Pick<World, 'env' | 'cwd'>,
  port: number,
  credentials: SimCredentials,
): () => void {
  const path = announcement(world, port)
  ensureDirectory(dirname(path))
  writePrivate(path, credentials)
  return () => rmSync(path, { force: true })
}

/** In the user's own state folder, whatever data folder is in use. */
function announcement({ env, cwd }: Pick<World, 'env' | 'cwd'>, port: number): string {
  const { BBW_DATA_DIR: _, ...others } = env
  return join(dataDirectory({ env: others, cwd }, undefined), 'sim', `${port}.json`)
}

function writePrivate(path: string, credentials: SimCredentials): void {
  // A file that is there keeps its permissions when it is written to: it is made anew.
  rmSync(path, { force: true })
  writeFileSync(path, `${JSON.stringify(credentials)}\n`, { mode: 0o600, flag: 'wx' })
}

function readCredentials(path: string): SimCredentials {
  let value: unknown
  try {
    value = JSON.parse(readPrivate(path, true))
  } catch (error) {
    if (error instanceof ConfigError) throw error
    value = null
  }
  if (typeof value === 'object' && value !== null && 'key' in value && 'secret' in value) {
    const { key, secret } = value
    if (typeof key === 'string' && typeof secret === 'string' && key !== '' && secret !== '') {
      return { key, secret }
    }
  }
  throw new ConfigError(
    `${path} does not hold a key and a secret`,
    'delete it; bbw sim serve makes another one',
  )
}
