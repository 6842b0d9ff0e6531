import type { ReactElement } from 'react'
import type { GateSnapshot } from '../../core/engine/snapshot.ts'
import { type Cell, type Column, table } from './columns.ts'
import { bounded, type Line, segment, words } from './line.ts'
import { Lines, type Theme } from './lines.tsx'

const COLUMNS: readonly Column[] = [
  { title: 'GATES' },
  { title: 'state' },
  { title: 'sees', least: 8 },
  { title: 'limit', least: 8 },
  { title: 'reason', least: 8 },
]

/** Rows in which the closed gates are told: how many are open, and one for each that is not. */
export function gateRows(gates: readonly GateSnapshot[]): number {
  return 1 + gates.filter(one => !one.isOpen).length
}

/** What the gates of the whole house say: a table where there is room, else how many are open and why others are not. */
export function Gates(props: {
  readonly gates: readonly GateSnapshot[]
  readonly columns: number
  readonly rows: number
  readonly theme: Theme
}): ReactElement {
  const { gates, columns, rows, theme } = props
  // The closed ones first: they are why nothing is entered.
  const ordered = [...gates.filter(one => !one.isOpen), ...gates.filter(one => one.isOpen)]
  const lines = rows > gates.length ? full(ordered, columns, theme) : short(ordered, rows)
  return <Lines lines={lines} columns={columns} rows={rows} theme={theme} />
}

function full(gates: readonly GateSnapshot[], columns: number, theme: Theme): readonly Line[] {
  if (gates.length === 0) return [[segment('GATES', 'title'), segment(' not told yet', 'dim')]]
  const cells = gates.map(({ gate, isOpen, value, limit, reason }): readonly Cell[] => [
    { text: gate },
    isOpen ? { text: 'open', tone: 'good' } : { text: 'CLOSED', tone: 'bad' },
    { text: value },
    { text: limit },
    { text: reason, tone: 'warn' },
  ])
  const { head, rows } = table(COLUMNS, cells, columns, 2, theme.glyphs.cut)
  return [head, ...rows]
}

function short(gates: readonly GateSnapshot[], rows: number): readonly Line[] {
  const closed = gates.filter(one => !one.isOpen)
  const open = gates.length - closed.length
  const head: Line = [
    segment('GATES ', 'title'),
    segment(`${open} of ${gates.length} open`, closed.length === 0 ? 'good' : 'plain'),
  ]
  const told = closed.map(
    (one): Line => [segment('  '), words(one.gate, 'bad'), segment(': '), words(why(one))],
  )
  if (closed.length === 0) return [head]
  if (rows > 1)
    return [head, ...bounded(told, rows - 1, hidden => [segment(`  +${hidden} more closed`, 'bad')])]
  const [first] = closed
  const more = closed.length === 1 ? '' : ` (+${closed.length - 1} more)`
  return [
    [
      ...head,
      segment(', closed: '),
      words(first.gate, 'bad'),
      segment(more),
      segment(': '),
      words(why(first)),
    ],
  ]
}

function why({ reason, value, limit }: GateSnapshot): string {
  return reason === '' ? `${value}, limit ${limit}` : reason
}
