import { StoreError, type StoreTrouble } from '../../base/errors.ts'

/** SQLite's own result codes (sqlite.org/rescode.html), without their extensions. */
const TROUBLES: { readonly [code: number]: StoreTrouble | undefined } = {
  3: 'io', // PERM
  5: 'busy', // BUSY
  6: 'busy', // LOCKED
  8: 'io', // READONLY
  10: 'io', // IOERR
  11: 'damaged', // CORRUPT
  13: 'full', // FULL
  14: 'io', // CANTOPEN
  26: 'damaged', // NOTADB
}

const REMEDIES: { readonly [K in StoreTrouble]: string | undefined } = {
  busy: 'another process is writing to it: try again',
  full: 'free some space on the disk',
  io: 'look at the disk, and at the permissions of the folder',
  damaged: 'bbw db check says more; bbw db restore FILE puts a backup in its place',
  'lease-lost': 'another process of bbw has taken over: stop one of the two',
  unsound: 'use the Node that bbw brings, and a folder on a local disk',
  other: undefined,
}

/** A StoreError with what can be done about trouble of its kind, unless something better is said. */
export function troubled(
  message: string,
  trouble: StoreTrouble,
  remedy: string | undefined = REMEDIES[trouble],
): StoreError {
  const traits = { retryable: trouble === 'busy', trouble }
  return new StoreError(message, remedy === undefined ? traits : { ...traits, remedy })
}

/** SQLite's result code without its extension; `null` for an error that is not SQLite's. */
function resultCode(error: unknown): number | null {
  return error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : null
}

/**
 * An error of node:sqlite as a StoreError that names the file; any other error as it is.
 *
 * @param renewal how a file that may be deleted at any time is made anew: its damage loses nothing
 */
export function storeError(path: string, error: unknown, renewal?: string): unknown {
  const code = resultCode(error)
  if (code === null || !(error instanceof Error)) return error
  const trouble = TROUBLES[code] ?? 'other'
  const message = `${path}: ${error.message}`
  const isLost = trouble === 'damaged' || trouble === 'other'
  return isLost && renewal !== undefined ? troubled(message, 'other', renewal) : troubled(message, trouble)
}

/** Whether the database said that another connection holds its lock. */
export function isBusy(error: unknown): boolean {
  const code = resultCode(error)
  return code !== null && TROUBLES[code] === 'busy'
}

/** What a piece of a check finds; trouble in reading is a finding, a busy or unreadable disk is not. */
export function damageIn(work: () => readonly string[]): readonly string[] {
  try {
    return work()
  } catch (error) {
    if (error instanceof StoreError && error.trouble === 'damaged') return [error.message]
    throw error
  }
}
