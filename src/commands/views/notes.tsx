import type { ReactElement } from 'react'
import { counted, type Line, segment, words } from './line.ts'
import { Lines, type Theme } from './lines.tsx'
import type { DashboardModel } from './model.ts'
import { standingOf } from './standing.ts'

/** Why the loop does not simply run, and what is wrong; a row each. */
export function noteLines(model: DashboardModel): readonly Line[] {
  const { reason } = standingOf(model)
  // How the loop stands says what recovering means, and failures of cycles stand below their table.
  const elsewhere = ['recovering:', ...(model.snapshot?.cycles ?? []).map(({ cycle }) => `${cycle} cycle:`)]
  const notes = model.notes.filter(note => !elsewhere.some(beginning => note.startsWith(beginning)))
  return [...(reason === '' ? [] : [reason]), ...notes].map(note => [
    segment('! ', 'warn'),
    words(note, 'warn'),
  ])
}

/** What a person has to know before all figures. */
export function Notes(props: {
  readonly lines: readonly Line[]
  readonly columns: number
  readonly rows: number
  readonly theme: Theme
}): ReactElement {
  const { lines, columns, rows, theme } = props
  const others = lines.length - rows
  const told = lines
    .slice(0, rows)
    .map((line, nth) => counted(line, nth === rows - 1 ? Math.max(0, others) : 0, columns, theme.glyphs.cut))
  return <Lines lines={told} columns={columns} rows={rows} theme={theme} />
}
