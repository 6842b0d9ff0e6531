/** The arithmetic mean of `figure` over a list. Empty case: `null`. */
export function meanOf<T>(list: readonly T[], figure: (item: T) => number): number | null {
  return list.length === 0 ? null : sumOf(list, figure) / list.length
}

/** The sum of `figure` over a list. Empty case: 0. */
export function sumOf<T>(list: readonly T[], figure: (item: T) => number): number {
  let sum = 0
  for (const item of list) sum += figure(item)
  return sum
}
