/** Tables that fit: columns shrink, then give way, until a table is no wider than its room. */
import { harmless } from '../../core/base/harmless.ts'
import { type Line, type Segment, segment, type Tone } from './line.ts'
import { cut, padded, widthOf } from './width.ts'

export interface Column {
  readonly title: string
  readonly isFigure?: boolean
  /** It may be cut down to so many cells; left out: it is whole or not there. */
  readonly least?: number
  /** It is cut only when no column is left that gives at this number or above; left out: before any gives way. */
  readonly cutAt?: number
  /** The column with the greatest number gives way first; left out: it stays. */
  readonly gives?: number
}

export interface Cell {
  readonly text: string
  readonly tone?: Tone
}

export interface Table {
  readonly head: Line
  readonly rows: readonly Line[]
  /** Titles of the columns that gave way. */
  readonly left: readonly string[]
}

/** Rows of cells under their titles, of which the first names the table; no line wider than `width`, columns `gap` cells apart. */
export function table(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  width: number,
  gap: number,
  mark: string,
): Table {
  const texts = rows.map(row => columns.map((_, index) => harmless(row[index]?.text ?? '')))
  const natural = columns.map(({ title }, index) =>
    Math.max(widthOf(title), ...texts.map(row => widthOf(row[index]))),
  )
  const { kept, widths } = fitting(columns, natural, width, gap)
  const line = (cells: readonly string[], toneOf: (index: number) => Tone): Line => {
    const segments: Segment[] = []
    kept.forEach((index, nth) => {
      const isLast = nth === kept.length - 1
      const fit = cut(cells[index], widths[nth], mark)
      const toTheRight = columns[index].isFigure === true
      const filled = isLast && !toTheRight ? fit : padded(fit, widths[nth], toTheRight)
      if (nth > 0) segments.push(segment(' '.repeat(gap)))
      segments.push(segment(filled, toneOf(index)))
    })
    return segments
  }
  return {
    head: line(
      columns.map(({ title }) => title),
      index => (index === 0 ? 'title' : 'dim'),
    ),
    rows: rows.map((row, nth) => line(texts[nth], index => row[index]?.tone ?? 'plain')),
    left: columns.filter((_, index) => !kept.includes(index)).map(({ title }) => title),
  }
}

function fitting(
  columns: readonly Column[],
  natural: readonly number[],
  width: number,
  gap: number,
): { readonly kept: readonly number[]; readonly widths: readonly number[] } {
  let kept = columns.map((_, index) => index)
  for (;;) {
    const widths = kept.map(index => natural[index])
    const most = Math.max(...kept.map(index => columns[index].gives ?? 0))
    let over = widths.reduce((sum, one) => sum + one, gap * (kept.length - 1)) - width
    // Words stand last and can be cut; what names a row stands first and should stay whole.
    for (let nth = kept.length - 1; nth >= 0; nth -= 1) {
      const { least = widths[nth], cutAt = Number.POSITIVE_INFINITY } = columns[kept[nth]]
      if (cutAt <= most) continue
      const spare = widths[nth] - Math.max(1, least)
      const less = Math.max(0, Math.min(over, spare))
      widths[nth] -= less
      over -= less
    }
    if (over <= 0) return { kept, widths }
    const first = giving(columns, kept)
    if (first !== null) kept = kept.filter(index => index !== first)
    // Nothing gives way any more: all that is left is cut, the last column first.
    else return { kept, widths: squeezed(widths, over) }
  }
}

/** The column that gives way next, or `null`. */
function giving(columns: readonly Column[], kept: readonly number[]): number | null {
  let first: number | null = null
  for (const index of kept) {
    const { gives = 0 } = columns[index]
    if (gives > 0 && (first === null || gives > (columns[first].gives ?? 0))) first = index
  }
  return first
}

function squeezed(widths: readonly number[], by: number): readonly number[] {
  const narrow = [...widths]
  let over = by
  for (let nth = narrow.length - 1; nth >= 0 && over > 0; nth -= 1) {
    const less = Math.min(over, narrow[nth])
    narrow[nth] -= less
    over -= less
  }
  return narrow
}
