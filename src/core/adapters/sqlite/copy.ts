import { dirname } from 'node:path'
import type { Connection } from './connection.ts'
import { ensureFolder, ensureOwnFile, putInPlace, removeDatabase } from './files.ts'

/**
 * Writes what a connection sees into a new file, which appears whole or not at all. Nothing is locked: others go on
 * writing. Throws a StoreError.
 */
export function copyInto(connection: Connection, target: string): void {
  const part = `${target}.part`
  ensureFolder(dirname(target))
  try {
    removeDatabase(part)
    ensureOwnFile(part)
    connection.run('VACUUM INTO ?', part)
    putInPlace(part, target)
  } catch (error) {
    removeDatabase(part)
    throw error
  }
}
