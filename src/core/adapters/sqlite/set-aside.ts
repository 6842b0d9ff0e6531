import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { StoreError } from '../../base/errors.ts'
import type { Timestamp } from '../../base/units.ts'
import { isAlive, thisProcess } from '../system/processes.ts'
import { DECISIONS_FILE } from './decision-journal.ts'
import { freePath, moveDatabase, stamp } from './files.ts'
import { moveName } from './kept-name.ts'
import { refuseHeld } from './recovery.ts'
import { SqliteSimJournal } from './sim-journal.ts'

/**
 * Moves the state of a data folder with its name, its decisions and the accounts of its embedded exchange and of paper trading to other
 * names in it, so that the next start begins anew. Returns the new paths of the databases. Throws a HeldError or StoreError while a process uses either; then nothing has
 * changed.
 */
export function setAside(folder: string, now: Timestamp): readonly string[] {
  const state = join(folder, 'state.db')
  const journals = ['sim', 'paper'].map(name => [name, join(folder, `${name}.db`)] as const)
  const decisions = join(folder, DECISIONS_FILE)
  refuseHeld(state, { ...thisProcess(), now, isAlive })
  for (const [, journal] of journals) refuseOpen(journal)
  const aside = (name: string): string => freePath(folder, `${name}-earlier-${stamp(now)}`)
  moveName(state, aside('state'))
  return [['state', state] as const, ...journals, ['decisions', decisions] as const].flatMap(
    ([name, path]) => (existsSync(path) ? moveDatabase(path, aside(name)) : []),
  )
}

/** Whoever has a journal open keeps it locked. One that is no journal is nobody's. */
function refuseOpen(journal: string): void {
  if (!existsSync(journal)) return
  try {
    SqliteSimJournal.open(journal).close()
  } catch (error) {
    if (!(error instanceof StoreError) || (error.trouble !== 'damaged' && error.trouble !== 'other'))
      throw error
  }
}
