/** How often the loop was started without having ended: after too many, it protects what is held and no more. */
import type { Code } from '../../base/codes.ts'
import { MINUTE, type Timestamp } from '../../base/units.ts'
import { fieldOf } from './json.ts'
import { KV, readKey, writeKey } from './kv.ts'
import type { Writer } from './sql.ts'

const WINDOW = 10 * MINUTE
const MOST_STARTS = 5

export interface StartNote {
  /** Starts within ten minutes that did not end cleanly, this one included. */
  readonly unclean: number
  /** Too many of them: what is held is protected, and nothing is entered. */
  readonly isSafeMode: boolean
  readonly code: Code | null
}

/** Notes a start. To be called inside of a transaction. */
export function noteStarted(writer: Writer, now: Timestamp): StartNote {
  const times = notedTimes(writer).filter(time => Math.abs(now - time) <= WINDOW)
  times.push(now)
  writeKey(writer, KV.starts, { times: times.slice(-MOST_STARTS) })
  const isSafeMode = times.length >= MOST_STARTS
  return { unclean: times.length, isSafeMode, code: isSafeMode ? 'C706' : null }
}

/**
 * Notes that the last start came to nothing, because the exchange could not be reached: nobody has crashed, and during an
 * outage it may be tried as often as one likes. Starts before it count on. To be called inside of a transaction.
 */
export function noteFailed(writer: Writer): void {
  writeKey(writer, KV.starts, { times: notedTimes(writer).slice(0, -1) })
}

/** Notes a clean end: earlier starts are forgiven. */
export function noteEnded(writer: Writer, now: Timestamp): void {
  writeKey(writer, KV.starts, { times: [], endedAt: now })
}

function notedTimes(writer: Writer): readonly number[] {
  const times = fieldOf(readKey(writer, KV.starts), 'times')
  return (Array.isArray(times) ? times : []).filter((time): time is number => typeof time === 'number')
}
