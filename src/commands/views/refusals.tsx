import type { ReactElement } from 'react'
import type { EngineEvent } from '../../core/engine/protocol.ts'
import { dayAndMinute } from '../amounts.ts'
import { type Cell, type Column, table } from './columns.ts'
import { type Line, segment } from './line.ts'
import { Lines, type Theme } from './lines.tsx'
import { longest } from './symbol-width.ts'
import { cut } from './width.ts'

const COLUMNS: readonly Column[] = [
  { title: '' },
  { title: 'symbol', least: 7 },
  { title: 'side' },
  { title: 'gate', least: 8 },
  { title: 'why', least: 10 },
]

/** The latest entries that were refused, by which gate and why, newest first; the title says of how many. */
export function Refusals(props: {
  readonly refusals: readonly EngineEvent[]
  readonly count: number
  readonly columns: number
  readonly rows: number
  readonly theme: Theme
}): ReactElement {
  const { refusals, count, columns, rows, theme } = props
  const fitting = refusals.slice(0, Math.max(0, rows - 1))
  const titled = [{ title: `REFUSED ${count}` }, ...COLUMNS.slice(1)]
  const { head, rows: body } = table(
    titled,
    fitting.map(one => cellsOf(one, longest(columns), theme.glyphs.cut)),
    columns,
    1,
    theme.glyphs.cut,
  )
  const lines: readonly Line[] = refusals.length === 0 ? [[segment('  no entry was refused', 'dim')]] : body
  return <Lines lines={[head, ...lines]} columns={columns} rows={rows} theme={theme} />
}

function cellsOf(
  { ts, symbol, side, reason, figures }: EngineEvent,
  width: number,
  mark: string,
): readonly Cell[] {
  const gate = typeof figures.gate === 'string' ? figures.gate : ''
  const why = gate !== '' && reason.startsWith(`${gate}: `) ? reason.slice(gate.length + 2) : reason
  return [
    { text: dayAndMinute(ts), tone: 'dim' },
    { text: cut(symbol ?? '', width, mark) },
    { text: side ?? '' },
    { text: gate, tone: 'warn' },
    { text: why },
  ]
}
