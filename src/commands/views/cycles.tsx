import type { ReactElement } from 'react'
import type { Timestamp } from '../../core/base/units.ts'
import type { CycleSnapshot } from '../../core/engine/snapshot.ts'
import { duration, timeOfDay } from '../amounts.ts'
import { cycleFailure } from '../status-report.ts'
import { type Cell, type Column, table } from './columns.ts'
import { bounded, type Line, segment, words } from './line.ts'
import { Lines, type Theme } from './lines.tsx'

const COLUMNS: readonly Column[] = [
  { title: 'CYCLES' },
  { title: 'last', isFigure: true },
  { title: 'next', isFigure: true },
  { title: 'took', isFigure: true },
  { title: 'errors', isFigure: true },
  { title: 'every', isFigure: true, gives: 2 },
  { title: 'runs', isFigure: true, gives: 1 },
]

/** Rows that the cycles would fill: head, one each, and one for each failure. */
export function cycleRows(cycles: readonly CycleSnapshot[], at: Timestamp): number {
  return 1 + Math.max(1, cycles.length) + cycles.filter(one => cycleFailure(one, at) !== null).length
}

/** When each cycle ran and will run, how long it took, and what fails in it, or did a short time before `at`. */
export function Cycles(props: {
  readonly cycles: readonly CycleSnapshot[]
  readonly at: Timestamp
  readonly columns: number
  readonly rows: number
  readonly theme: Theme
}): ReactElement {
  const { cycles, at, columns, rows, theme } = props
  const { head, rows: body } = table(COLUMNS, cycles.map(cellsOf), columns, 2, theme.glyphs.cut)
  const failures = cycles.flatMap(one => failureLines(one, at))
  const lines: readonly Line[] = cycles.length === 0 ? [[segment('  none has run yet', 'dim')]] : body
  const told = bounded([...lines, ...failures], rows - 1, hidden => [segment(`+${hidden} more`, 'dim')])
  return <Lines lines={[head, ...told]} columns={columns} rows={rows} theme={theme} />
}

function cellsOf(one: CycleSnapshot): readonly Cell[] {
  return [
    { text: one.cycle },
    { text: timeOfDay(one.lastAt) },
    // Nothing that it looks at has changed.
    { text: one.nextAt === null ? 'on change' : timeOfDay(one.nextAt) },
    { text: duration(one.tookMs) },
    { text: String(one.errors), tone: one.errors > 0 ? 'bad' : 'plain' },
    { text: duration(one.every) },
    { text: String(one.runs) },
  ]
}

function failureLines(one: CycleSnapshot, at: Timestamp): readonly Line[] {
  const failure = cycleFailure(one, at)
  if (failure === null) return []
  return [[segment(`${one.cycle}: `, failure.isOver ? 'dim' : 'bad'), words(failure.words)]]
}
