/**
 * Makes a list of faults as short as it can be and still lead to a failure: delta debugging (Zeller and Hildebrandt
 * 2002) over the faults that came about. What goes wrong after fewer faults is easier to understand.
 */
import type { PlannedFault } from './fault-plan.fixture.ts'

/**
 * The shortest list found.
 *
 * @param fails whether the failure still comes about with these faults alone
 * @param most trials
 */
export async function shrunk(
  faults: readonly PlannedFault[],
  fails: (faults: readonly PlannedFault[]) => Promise<boolean>,
  most = 200,
): Promise<readonly PlannedFault[]> {
  let least = faults
  let parts = 2
  let trials = 0
  const fits = async (some: readonly PlannedFault[]): Promise<boolean> =>
    trials++ < most && (await fails(some))
  if (least.length > 0 && (await fits([]))) return []
  while (least.length > 1 && trials < most) {
    const size = Math.ceil(least.length / parts)
    let found: readonly PlannedFault[] | null = null
    for (let from = 0; from < least.length && found === null; from += size) {
      const without = [...least.slice(0, from), ...least.slice(from + size)]
      if (await fits(without)) found = without
    }
    if (found !== null) {
      least = found
      parts = Math.max(2, parts - 1)
    } else if (size === 1) break
    else parts = Math.min(least.length, 2 * parts)
  }
  return least
}
