import type { ReactElement } from 'react'
import type { EngineEvent } from '../../core/engine/protocol.ts'
import { dayAndMinute } from '../amounts.ts'
import { figureText } from '../lines.ts'
import { type Cell, type Column, table } from './columns.ts'
import { type Line, segment, type Tone } from './line.ts'
import { Lines, type Theme } from './lines.tsx'
import { longest } from './symbol-width.ts'
import { cut } from './width.ts'

const COLUMNS: readonly Column[] = [
  { title: '' },
  { title: 'event' },
  { title: 'symbol', least: 7 },
  { title: 'side' },
  { title: 'what', least: 10 },
]

const TONES: { readonly [kind in EngineEvent['kind']]?: Tone } = {
  'stop-failed': 'bad',
  'step-failed': 'bad',
  halted: 'bad',
  store: 'warn',
  drift: 'warn',
  paused: 'warn',
  rejected: 'warn',
  foreign: 'warn',
  entered: 'good',
}

/** The latest events, newest first; the title says of how many. */
export function Events(props: {
  readonly events: readonly EngineEvent[]
  readonly count: number
  readonly columns: number
  readonly rows: number
  readonly theme: Theme
}): ReactElement {
  const { events, count, columns, rows, theme } = props
  const fitting = events.slice(0, Math.max(0, rows - 1))
  const titled = [{ title: `EVENTS ${count}` }, ...COLUMNS.slice(1)]
  const { head, rows: body } = table(
    titled,
    fitting.map(one => cellsOf(one, longest(columns), theme.glyphs.cut)),
    columns,
    1,
    theme.glyphs.cut,
  )
  const lines: readonly Line[] = events.length === 0 ? [[segment('  nothing has happened yet', 'dim')]] : body
  return <Lines lines={[head, ...lines]} columns={columns} rows={rows} theme={theme} />
}

function cellsOf(
  { ts, kind, code, symbol, side, reason, figures }: EngineEvent,
  width: number,
  mark: string,
): readonly Cell[] {
  const what = [code ?? '', figureText(figures), reason].filter(one => one !== '').join('  ')
  const tone = TONES[kind] ?? 'plain'
  return [
    { text: dayAndMinute(ts), tone: 'dim' },
    { text: kind, tone },
    { text: cut(symbol ?? '', width, mark) },
    { text: side ?? '' },
    { text: what },
  ]
}
