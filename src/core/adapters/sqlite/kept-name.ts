/**
 * The name of a state once more, in a small file beside it. Every order bears it: by it bbw knows what it has opened
 * itself, also after the state was damaged and there was no sound backup. It is read where the state has none.
 */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { StoreError } from '../../base/errors.ts'
import { onDisk, putInPlace } from './files.ts'

const NAME = /^[0-9a-f]{4}$/

/** Where the name of the state at a path is kept. */
export function namePath(state: string): string {
  return state.replace(/(?:\.db)?$/, '.instance')
}

/** The name that is kept beside a state, four hexadecimal digits; `null` where there is none, or none that can be read. */
export function keptName(state: string): string | null {
  try {
    const name = readFileSync(namePath(state), 'utf8').trim()
    return NAME.test(name) ? name : null
  } catch {
    return null
  }
}

/**
 * Keeps the name of a state beside it, whole or not at all. It is written where another one or none is kept; a disk that
 * does not take it keeps nobody from the state, which has the name itself: the next opening tries again.
 */
export function keepName(state: string, name: string): void {
  if (keptName(state) === name) return
  const path = namePath(state)
  const part = `${path}.part`
  try {
    onDisk(part, () => writeFileSync(part, `${name}\n`, { mode: 0o600 }))
    putInPlace(part, path)
  } catch (error) {
    if (!(error instanceof StoreError)) throw error
  }
}

/** Moves the name to that of a state that is put aside: what begins in its place is another bbw. */
export function moveName(state: string, aside: string): void {
  const [from, to] = [namePath(state), namePath(aside)]
  if (existsSync(from)) onDisk(from, () => renameSync(from, to))
}
