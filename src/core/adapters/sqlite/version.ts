import { troubled } from './store-error.ts'

/** The first sound release of each backported line and the first line that is sound throughout. */
const BACKPORTS: readonly (readonly [minor: number, patch: number])[] = [
  [44, 6],
  [50, 7],
]

/**
 * Whether a version of SQLite can damage a WAL database that several connections write: 3.7.0 to 3.51.2 without the
 * backports 3.44.6 and 3.50.7, and the withdrawn 3.52.0 (sqlite.org, "WAL-reset bug"). A version that cannot be read
 * counts as affected.
 */
export function damagesWal(version: string): boolean {
  const match = /^(\d+)\.(\d+)\.(\d+)/.exec(version)
  if (match === null) return true
  const [major, minor, patch] = match.slice(1).map(Number)
  if (major !== 3) return major < 3
  if (minor === 52) return patch === 0
  if (minor > 51 || (minor === 51 && patch >= 3)) return false
  if (minor < 7) return false
  return !BACKPORTS.some(([line, fixed]) => minor === line && patch >= fixed)
}

/** Throws a StoreError, `unsound`, for a version of SQLite that `damagesWal`. */
export function refuseUnsound(version: string): void {
  if (!damagesWal(version)) return
  throw troubled(`SQLite ${version} can damage a database that several processes write`, 'unsound')
}
