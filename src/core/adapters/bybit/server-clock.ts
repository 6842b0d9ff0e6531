/**
 * The exchange's time, kept as its distance from a clock that never steps: a wall clock that is set, or stands, does not
 * move it. Pure; samples of the server's time come in.
 */
import type { Milliseconds, Timestamp } from '../../base/units.ts'

/** The server's time in a reply, and the monotonic times between which it was said. */
export interface TimeSample {
  readonly asked: number
  readonly answered: number
  readonly server: Timestamp
}

/** So many samples are taken: one that was held up on its way does not count. */
export const SAMPLES = 5

/** The server's time at the monotonic time 0: the median over the samples, each taken as said half-way. */
export function originOf(samples: readonly TimeSample[]): Timestamp {
  const origins = samples
    .map(({ asked, answered, server }) => server - (asked + answered) / 2)
    .sort((one, other) => one - other)
  const middle = Math.floor(origins.length / 2)
  return origins.length % 2 === 1 ? origins[middle] : (origins[middle - 1] + origins[middle]) / 2
}

/** How far the wall clock is ahead of the server's; negative when it is behind. */
export function aheadBy(origin: Timestamp, wall: Timestamp, monotonic: number): Milliseconds {
  return wall - (origin + monotonic)
}
