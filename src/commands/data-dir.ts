import { mkdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { StoreError, UsageError } from '../core/base/errors.ts'
import type { World } from './command.ts'

/**
 * The folder of bbw's files, absolute: the flag, else `BBW_DATA_DIR`, else `$XDG_STATE_HOME/bbw`, else
 * `~/.local/state/bbw`. An empty or, for XDG, relative variable counts as not set (XDG Base Directory Specification).
 */
export function dataDirectory(world: Pick<World, 'env' | 'cwd'>, flag: string | undefined): string {
  const { BBW_DATA_DIR: own, XDG_STATE_HOME: xdg, HOME: home } = world.env
  if (flag !== undefined) return resolve(world.cwd, flag)
  if (own !== undefined && own !== '') return resolve(world.cwd, own)
  if (xdg?.startsWith('/')) return join(xdg, 'bbw')
  return join(home === undefined || home === '' ? homedir() : home, '.local', 'state', 'bbw')
}

/**
 * Makes the folder, for its owner alone, where it is not there; returns it. Throws a UsageError where a file is in its
 * place, a StoreError where it cannot be made.
 */
export function ensureDirectory(folder: string): string {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error
    const remedy = 'choose another folder with --data-dir or BBW_DATA_DIR'
    if (error.code === 'EEXIST' || error.code === 'ENOTDIR') {
      throw new UsageError(`${folder} cannot be the data folder: a file is in its place`, remedy)
    }
    const trouble = error.code === 'ENOSPC' || error.code === 'EDQUOT' ? 'full' : 'io'
    throw new StoreError(`the data folder ${folder} cannot be made: ${error.message}`, {
      retryable: false,
      trouble,
      remedy,
    })
  }
  return folder
}
