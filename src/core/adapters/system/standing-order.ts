/**
 * A halt or a pause that was ordered while the state could not be written, or that is to outlive a start that comes to
 * nothing: one small file beside it. The loop that runs looks for it several times a second, every start before it trades; once the state has it, the file goes.
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
 * Leaves an order in a data folder, whole or not at all, for its owner alone. A halt is not replaced by a pause. Throws
 * a StoreError (`io`, `full`) where the disk does not take it.
 */
export function leaveOrder(folder: string, order: StandingOrder): void {
  if (order.command === 'pause' && foundOrder(folder)?.command === 'halt') return
  const path = join(folder, STANDING_ORDER_FILE)
  const part = `${path}.part`
  try {
    const descriptor = openSync(part, 'w', 0o600)
    try {
      writeSync(descriptor, `${JSON.stringify(order)}\n`)
      fsyncSync(descriptor)
    } finally {
      closeSync(descriptor)
    }
    renameSync(part, path)
  } catch (error) {
    throw failure(path, error)
  }
}

/** The order that was left in a data folder, `null` without one. What cannot be read counts as a halt. */
export function foundOrder(folder: string): StandingOrder | null {
  const path = join(folder, STANDING_ORDER_FILE)
  if (!existsSync(path)) return null
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'))
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

function failure(path: string, error: unknown): unknown {
  if (!(error instanceof Error && 'code' in error)) return error
  const isFull = error.code === 'ENOSPC' || error.code === 'EDQUOT'
  return new StoreError(`${path}: ${error.message}`, {
    retryable: false,
    trouble: isFull ? 'full' : 'io',
    remedy: 'end bbw run, or: bbw trade flatten --without-state --all --execute --exchange NAME',
  })
}
