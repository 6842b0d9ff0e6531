/**
 * A halt or a pause that was ordered while the state could not be written, or that is to outlive a start that comes to
 * nothing: one small file beside it. The loop that runs looks for it several times a second, every start before it trades; once the state has it, the file goes.
 * A full disk takes a halt all the same, as a file without a word in it: what cannot be read counts as one.
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { StoreError } from '../../base/errors.ts'
import type { Timestamp } from '../../base/units.ts'

export const STANDING_ORDER_FILE = 'standing-order.json'

export interface StandingOrder {
  readonly command: 'pause' | 'halt'
  readonly by: string
  readonly reason: string
  /** By the wall clock. */
  readonly at: Timestamp
}

/**
 * Leaves an order in a data folder, whole or not at all, for its owner alone. A halt is not replaced by a pause. On a full
 * disk a halt is left without its words. Throws a StoreError (`io`, `full`) where the disk does not take it.
 */
export function leaveOrder(folder: string, order: StandingOrder): void {
  if (order.command === 'pause' && foundOrder(folder)?.command === 'halt') return
  const path = join(folder, STANDING_ORDER_FILE)
  try {
    try {
      leave(path, `${JSON.stringify(order)}\n`)
    } catch (error) {
      if (order.command !== 'halt' || !isFull(error)) throw error
      leave(path, '')
    }
  } catch (error) {
    throw failure(path, error, order.command)
  }
}

/** Puts a file into its place. One without a byte needs a name alone, which a full disk has room for. */
function leave(path: string, text: string): void {
  const part = `${path}.part`
  try {
    const descriptor = openSync(part, 'w', 0o600)
    try {
      writeSync(descriptor, text)
      fsyncSync(descriptor)
    } finally {
      closeSync(descriptor)
    }
    renameSync(part, path)
  } catch (error) {
    rmSync(part, { force: true })
    throw error
  }
}

/** The order that was left in a data folder, `null` without one. What cannot be read counts as a halt. */
export function foundOrder(folder: string): StandingOrder | null {
  const path = join(folder, STANDING_ORDER_FILE)
  if (!existsSync(path)) return null
  try {
    const text = readFileSync(path, 'utf8')
    if (text === '')
      return { command: 'halt', by: 'cli', reason: 'by command, while the disk was full', at: 0 }
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null) {
      const { command, by, reason, at } = value as { readonly [field: string]: unknown }
      const isWhole = typeof by === 'string' && typeof reason === 'string' && typeof at === 'number'
      if ((command === 'pause' || command === 'halt') && isWhole) return { command, by, reason, at }
    }
  } catch {
    // It was there: somebody has ordered something.
  }
  return { command: 'halt', by: 'cli', reason: `${path} cannot be read`, at: 0 }
}

/** Takes the order away: the state has it, or a person has lifted it. Throws a StoreError where it stays. */
export function takeOrderAway(folder: string): void {
  const path = join(folder, STANDING_ORDER_FILE)
  try {
    rmSync(path, { force: true })
  } catch (error) {
    throw failure(path, error)
  }
}

function isFull(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT')
}

function failure(path: string, error: unknown, command?: StandingOrder['command']): unknown {
  if (!(error instanceof Error && 'code' in error)) return error
  const isPause = isFull(error) && command === 'pause'
  return new StoreError(`${path}: ${error.message}`, {
    retryable: false,
    trouble: isFull(error) ? 'full' : 'io',
    remedy: isPause
      ? 'free some space on the disk, or: bbw trade halt, which needs none'
      : 'end bbw run, or: bbw trade flatten --without-state --all --execute --exchange NAME',
  })
}
