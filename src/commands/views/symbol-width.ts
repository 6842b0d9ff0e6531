/** Cells that a symbol gets beside words: on a narrow screen the reason matters more than the end of a long name. */
export function longest(columns: number): number {
  return columns < 96 ? 12 : 24
}
