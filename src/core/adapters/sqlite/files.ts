/**
 * Names and rights of the files around a database. Nothing here opens a database file that is in use: in a process that
 * has it open, closing any other descriptor of it would drop SQLite's locks.
 */
import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import type { Timestamp } from '../../base/units.ts'
import { troubled } from './store-error.ts'

const OWN_FILE = 0o600
const OWN_FOLDER = 0o700

/** What belongs to one database beside the file itself. */
const SUFFIXES = ['', '-wal', '-shm'] as const

/** Errors of the file system as StoreErrors that name the file. */
export function onDisk<T>(path: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error)) throw error
    const isFull = error.code === 'ENOSPC' || error.code === 'EDQUOT'
    throw troubled(`${path}: ${error.message}`, isFull ? 'full' : 'io')
  }
}

/** Makes the folder for its owner alone, whatever the umask; one that is there keeps its rights. */
export function ensureFolder(folder: string): void {
  onDisk(folder, () => {
    const made = mkdirSync(folder, { recursive: true, mode: OWN_FOLDER })
    if (made !== undefined) chmodSync(folder, OWN_FOLDER)
  })
}

/** Makes an empty file for its owner alone, or takes the rights of others away from the files that are there. */
export function ensureOwnFile(path: string): void {
  onDisk(path, () => {
    try {
      const descriptor = openSync(path, 'wx', OWN_FILE)
      closeSync(descriptor)
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
    }
    for (const suffix of SUFFIXES) {
      if (existsSync(path + suffix)) chmodSync(path + suffix, OWN_FILE)
    }
  })
}

/** `20250131T235959Z`. */
export function stamp(now: Timestamp): string {
  return `${new Date(now).toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`
}

/** A path that nothing lies at: `folder/name.db`, or `folder/name-2.db` and so on. */
export function freePath(folder: string, name: string): string {
  for (let nth = 1; ; nth += 1) {
    const path = join(folder, nth === 1 ? `${name}.db` : `${name}-${nth}.db`)
    if (!SUFFIXES.some(suffix => existsSync(path + suffix))) return path
  }
}

/** Moves a database, with its log, to another name; returns the new paths. Nobody may have it open. */
export function moveDatabase(from: string, to: string): readonly string[] {
  const moved: string[] = []
  onDisk(from, () => {
    // The log first: a database without it is an older one, a log without its database is nothing.
    for (const suffix of ['-wal', '-shm', ''] as const) {
      if (!existsSync(from + suffix)) continue
      renameSync(from + suffix, to + suffix)
      moved.push(to + suffix)
    }
    syncFolder(dirname(to))
  })
  return moved
}

/** Removes a database that nobody has open, with its log. */
export function removeDatabase(path: string): void {
  for (const suffix of SUFFIXES) rmSync(path + suffix, { force: true })
}

/** Puts a finished file that nobody has open in its place, durably. */
export function putInPlace(from: string, to: string): void {
  onDisk(to, () => {
    const descriptor = openSync(from, 'r+')
    try {
      fsyncSync(descriptor)
    } finally {
      closeSync(descriptor)
    }
    renameSync(from, to)
    syncFolder(dirname(to))
  })
}

function syncFolder(folder: string): void {
  const descriptor = openSync(folder, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

/** The files of a folder whose names match, as paths, newest stamp first; none where the folder is not there. */
export function stampedFiles(folder: string, name: RegExp): readonly string[] {
  if (!existsSync(folder)) return []
  const stampOf = (file: string): string => /\d{8}T\d{6}Z(?:-\d+)?/.exec(file)?.[0] ?? ''
  return onDisk(folder, () => readdirSync(folder))
    .filter(file => name.test(file))
    .sort((a, b) => (stampOf(a) < stampOf(b) ? 1 : -1))
    .map(file => join(folder, file))
}
