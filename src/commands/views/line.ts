/** Lines of a screen as data: texts with what they mean, not with how that is coloured. */
import { harmless } from '../../core/base/harmless.ts'
import { cut, widthOf } from './width.ts'

/** What a text means to its reader. */
export type Tone = 'plain' | 'title' | 'dim' | 'good' | 'bad' | 'warn' | 'chosen'

export interface Segment {
  readonly text: string
  readonly tone: Tone
}

export type Line = readonly Segment[]

export function segment(text: string, tone: Tone = 'plain'): Segment {
  return { text, tone }
}

/** A text from outside, as a terminal may be shown it. */
export function words(text: string, tone: Tone = 'plain'): Segment {
  return { text: harmless(text), tone }
}

/** Good above 0, bad below, plain at nothing or where there is no figure. */
export function toneOf(value: number | null): Tone {
  if (value === null || Number.isNaN(value) || value === 0) return 'plain'
  return value > 0 ? 'good' : 'bad'
}

export function lineWidth(line: Line): number {
  return line.reduce((sum, { text }) => sum + widthOf(text), 0)
}

export function textOf(line: Line): string {
  return line.map(({ text }) => text).join('')
}

/** The line in at most `width` cells; `mark` (one cell) stands where the rest is cut off. */
export function fitted(line: Line, width: number, mark: string): Line {
  if (lineWidth(line) <= width) return line
  const kept: Segment[] = []
  let room = width
  for (const { text, tone } of line) {
    // One cell stays for the mark, as long as something comes after.
    const isWhole = widthOf(text) < room
    kept.push({ text: isWhole ? text : cut(`${text} `, room, mark), tone })
    room -= widthOf(text)
    if (!isWhole) break
  }
  return kept
}

/** Parts beside each other, `gap` cells apart, as many from the first on as fit whole into `width`. */
export function joined(parts: readonly Line[], width: number, gap: number): Line {
  const line: Segment[] = []
  let used = 0
  for (const part of parts) {
    const next = used + (used === 0 ? 0 : gap) + lineWidth(part)
    if (next > width && used > 0) break
    if (used > 0) line.push(segment(' '.repeat(gap)))
    line.push(...part)
    used = next
  }
  return line
}

/** One line with its two ends at the two edges; the left one gives way. */
export function spread(left: Line, right: Line, width: number, mark: string): Line {
  const end = fitted(right, width, mark)
  const room = width - lineWidth(end)
  const start = room > 1 ? fitted(left, room - 1, mark) : []
  return [...start, segment(' '.repeat(Math.max(0, room - lineWidth(start)))), ...end]
}

/** At most `rows` lines; the last one then says how many `items` are not shown: `counted(hidden)`. */
export function bounded(
  lines: readonly Line[],
  rows: number,
  counted: (hidden: number) => Line,
): readonly Line[] {
  if (lines.length <= rows) return lines
  if (rows <= 0) return []
  return [...lines.slice(0, rows - 1), counted(lines.length - rows + 1)]
}

/** A line with a count of the others, which have no room, at its end. */
export function counted(line: Line, others: number, width: number, mark: string): Line {
  const count = ` +${others} more`
  return others === 0 ? line : [...fitted(line, width - count.length, mark), segment(count, 'dim')]
}
