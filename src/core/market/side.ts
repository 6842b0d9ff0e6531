/** The direction of a position. The exchange's buy and sell appear only in adapters. */
export type Side = 'long' | 'short'

/** +1 for long, -1 for short: `sign * (exit - entry)` is a profit on either side. */
export function sign(side: Side): 1 | -1 {
  return side === 'long' ? 1 : -1
}

export function opposite(side: Side): Side {
  return side === 'long' ? 'short' : 'long'
}
