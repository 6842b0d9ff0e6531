/**
 * What a watchdog leaves behind when it ends a process whose loop stands still: one small file beside the state, which
 * the next start tells and takes away.
 */
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type Milliseconds, SECOND, type Timestamp } from '../../base/units.ts'

export const STANDSTILL_FILE = 'standstill.json'

/** How a loop stood still. */
export interface Standstill {
  /** What had not come on. */
  readonly what: string
  /** For how long, by the time in which the watchdog itself ran. */
  readonly silentMs: Milliseconds
}

/** One that ended its process. */
export interface FoundStandstill extends Standstill {
  readonly pid: number
  /** By the wall clock. */
  readonly at: Timestamp
}

/** The standstill in words, without a code. */
export function standstillWords({ what, silentMs }: Standstill): string {
  return `the loop stood still: no ${what} has ended for ${Math.round(silentMs / SECOND)} s`
}

/** The same for whoever looks at it later. */
export function foundWords(found: FoundStandstill): string {
  const { at, pid } = found
  const time = new Date(at).toISOString().slice(0, 19).replace('T', ' ')
  return `${standstillWords(found)}; its process ${pid} was ended at ${time} UTC`
}

/** What was left in a data folder; `null` without it. What cannot be read tells no more than that it was there. */
export function foundStandstill(folder: string): FoundStandstill | null {
  const path = join(folder, STANDSTILL_FILE)
  if (!existsSync(path)) return null
  let value: unknown = null
  try {
    value = JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    // A disk that was full, say.
  }
  const { what, silentMs, pid, at } = (value ?? {}) as { readonly [field: string]: unknown }
  const figure = (one: unknown): number => (typeof one === 'number' && Number.isFinite(one) ? one : 0)
  return {
    what: typeof what === 'string' ? what.slice(0, 40) : 'cycle',
    silentMs: figure(silentMs),
    pid: figure(pid),
    at: Math.min(Math.max(figure(at), 0), 8.64e15),
  }
}

/** Takes it away: it has been told. What cannot be taken away is told again at the next start. */
export function forgetStandstill(folder: string): void {
  try {
    rmSync(join(folder, STANDSTILL_FILE), { force: true })
  } catch {
    // The folder takes no changes: there is worse to tell then.
  }
}
