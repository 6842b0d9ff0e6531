import { closeSync, constants, existsSync, fstatSync, openSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { ConfigError } from '../core/base/errors.ts'

/** No file of secrets is longer. */
const MOST_BYTES = 64 * 1024
const READABLE_BY_OTHERS = 0o077

/**
 * The text of a file that holds a secret: a plain file that its owner alone can read, no link to one, and not in the
 * checkout of a repository, out of which it would be published with everything else.
 *
 * @param isWorthless the secret opens nothing but an exchange that is made up: it may lie in a checkout
 * @throws ConfigError naming the file and what to do
 */
export function readPrivate(path: string, isWorthless = false): string {
  let descriptor: number
  try {
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
    if (code === 'ELOOP' || code === 'EMLINK') {
      throw new ConfigError(`E974 ${path} holds a secret and is a link`, 'name the file itself')
    }
    throw new ConfigError(`${path} cannot be read: ${code}`, 'check the path, and whose it is')
  }
  try {
    const stat = fstatSync(descriptor)
    if (!stat.isFile()) throw new ConfigError(`${path} is no plain file`, 'name the file with the secret')
    if ((stat.mode & READABLE_BY_OTHERS) !== 0) {
      throw new ConfigError(`E974 ${path} holds a secret and can be read by others`, `chmod 600 ${path}`)
    }
    const checkout = isWorthless ? null : checkoutOf(path)
    if (checkout !== null) {
      throw new ConfigError(
        `E974 ${path} holds a secret and lies in the checkout ${checkout}`,
        'move it out of there',
      )
    }
    if (stat.size > MOST_BYTES) throw new ConfigError(`${path} is longer than a secret`, 'check the path')
    return readFileSync(descriptor, 'utf8')
  } finally {
    closeSync(descriptor)
  }
}

/** The folder with the repository that a file lies in; `null` where it lies in none. */
function checkoutOf(path: string): string | null {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    if (existsSync(join(folder, '.git'))) return folder
    if (folder === dirname(folder)) return null
  }
}
