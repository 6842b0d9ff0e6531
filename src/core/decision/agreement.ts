import type { Percent } from '../base/units.ts'
import type { Side } from '../market/side.ts'

/**
 * On how many of daily, weekly and monthly bands BB% is on the entry's side of the middle: below 50 for a long, above
 * for a short. An absent figure counts as no.
 */
export function agreement(
  side: Side,
  day: Percent | null | undefined,
  week: Percent | null | undefined,
  month: Percent | null | undefined,
): 0 | 1 | 2 | 3 {
  const yes = (bb: Percent | null | undefined): 0 | 1 =>
    bb !== null && bb !== undefined && (side === 'long' ? bb < 50 : bb > 50) ? 1 : 0
  return (yes(day) + yes(week) + yes(month)) as 0 | 1 | 2 | 3
}
