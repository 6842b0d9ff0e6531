/** The direction of a position. The exchange's buy and sell appear only in adapters. */
export type Side = 'long' | 'short'

export const SIDES: readonly ['long', 'short'] = ['long', 'short']

/**
 * What an account may hold of one symbol: in one-way mode a long or a short position, in hedge mode both beside each
 * other, each for itself.
 */
export type PositionMode = 'one-way' | 'hedge'

export const POSITION_MODES: readonly PositionMode[] = ['one-way', 'hedge']

/** +1 for long, -1 for short: `sign * (exit - entry)` is a profit on either side. */
export function sign(side: Side): 1 | -1 {
  return side === 'long' ? 1 : -1
}

export function opposite(side: Side): Side {
  return side === 'long' ? 'short' : 'long'
}
