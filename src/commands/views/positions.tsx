import type { ReactElement } from 'react'
import type { ForeignSnapshot, PendingSnapshot, PositionSnapshot } from '../../core/engine/snapshot.ts'
import { duration, NONE, priceLike, signedMoney, signedPercent } from '../amounts.ts'
import { type Cell, type Column, table } from './columns.ts'
import { counted, type Line, segment, toneOf } from './line.ts'
import { Lines, type Theme } from './lines.tsx'
import type { DashboardModel } from './model.ts'

/** Positions with their prices and result, entries on their way below, then what others opened; the chosen one stays in sight. */
export function Positions(props: {
  readonly model: DashboardModel
  /** Which position the keys are on, counted from 0. */
  readonly chosen: number
  readonly columns: number
  readonly rows: number
  readonly theme: Theme
}): ReactElement {
  const { model, chosen, columns, rows, theme } = props
  const { positions = [], pending = [], foreign = [], at = 0 } = model.snapshot ?? {}
  const { glyphs } = theme
  const cells = [
    ...positions.map((one, nth) => positionCells(one, at, nth === chosen ? glyphs.chosen : ' ')),
    ...pending.map(one => pendingCells(one, at)),
    ...foreign.map(foreignCells),
  ]
  const waiting = pending.length === 0 ? '' : ` +${pending.length}`
  const manual = foreign.length === 0 ? '' : `, ${foreign.length} by hand`
  const title = `POSITIONS ${positions.length}${waiting}${manual}`
  const gap = columns >= 100 ? 2 : 1
  const drawn = table(
    [{ title, least: Math.max(SYMBOL, title.length), cutAt: 4 }, ...COLUMNS.slice(1)],
    cells,
    columns,
    gap,
    glyphs.cut,
  )
  const body: readonly Line[] = cells.length === 0 ? [[segment('  none is held', 'dim')]] : drawn.rows
  const lines = [drawn.head, ...around(body, chosen, rows - 1, columns, glyphs.cut)]
  return <Lines lines={lines} columns={columns} rows={rows} theme={theme} />
}

/** As many rows as fit, the chosen one among them, with a count of those that do not. */
function around(
  lines: readonly Line[],
  chosen: number,
  rows: number,
  columns: number,
  mark: string,
): readonly Line[] {
  if (lines.length <= rows || rows <= 0) return lines.slice(0, Math.max(0, rows))
  if (rows === 1) return [counted(lines[Math.min(chosen, lines.length - 1)], lines.length - 1, columns, mark)]
  const room = rows - 1
  const first = Math.max(0, Math.min(chosen - room + 1, lines.length - room))
  const above = first === 0 ? '' : `, ${first} above`
  return [...lines.slice(first, first + room), [segment(`  +${lines.length - room} more${above}`, 'dim')]]
}

/** Cells that a symbol keeps: nearly all are shorter. */
const SYMBOL = 12

const COLUMNS: readonly Column[] = [
  { title: '' },
  { title: 'side' },
  { title: 'entry', isFigure: true },
  { title: 'mark', isFigure: true },
  { title: 'stop', isFigure: true },
  { title: 'target', isFigure: true, gives: 1 },
  { title: 'PnL', isFigure: true },
  { title: 'PnL %', isFigure: true, gives: 2 },
  { title: 'age', isFigure: true, gives: 3 },
  { title: 'lev', isFigure: true, gives: 4 },
  { title: 'qty', isFigure: true, gives: 5 },
  { title: 'strategy', least: 14, gives: 6 },
  { title: 'later targets', gives: 7 },
  { title: 'stop is', gives: 8 },
  { title: 'score', isFigure: true, gives: 9 },
  { title: 'margin', isFigure: true, gives: 10 },
]

function positionCells(position: PositionSnapshot, at: number, sign: string): readonly Cell[] {
  const { symbol, side, entry, mark, stop, isProtected, targets, unrealised, unrealisedPercent } = position
  const [next, ...later] = targets
  const tone = toneOf(unrealised)
  return [
    { text: sign === ' ' ? symbol : `${sign}${symbol}`, ...(sign === ' ' ? {} : { tone: 'chosen' }) },
    { text: side },
    { text: priceLike(entry, stop) },
    { text: priceLike(mark, stop) },
    isProtected ? { text: stop } : { text: `${stop}!`, tone: 'bad' },
    { text: next?.price ?? NONE },
    { text: signedMoney(unrealised), tone },
    { text: signedPercent(unrealisedPercent), tone },
    { text: duration(at - position.openedAt) },
    { text: `${position.leverage}x` },
    { text: position.qty },
    { text: position.strategy },
    { text: later.map(({ price }) => price).join(' ') },
    { text: isProtected ? position.stopKind : 'UNCONFIRMED', tone: isProtected ? 'plain' : 'bad' },
    { text: String(position.score) },
    { text: position.margin.toFixed(2) },
  ]
}

/** What somebody else has opened: shown, and left alone. */
function foreignCells(one: ForeignSnapshot): readonly Cell[] {
  const { symbol, side, entry, mark, stop, unrealised, leverage, qty } = one
  const like = stop ?? String(entry)
  const texts = [
    symbol,
    side,
    priceLike(entry, like),
    priceLike(mark, like),
    stop ?? NONE,
    'manual',
    signedMoney(unrealised),
    '',
    '',
    `${leverage}x`,
    qty ?? NONE,
    'not of bbw',
  ]
  return texts.map(text => ({ text, tone: 'dim' }))
}

function pendingCells(entry: PendingSnapshot, at: number): readonly Cell[] {
  const { symbol, side, price, stop, isUnknown, sentAt, leverage, qty, strategy, margin, add } = entry
  const tone = isUnknown ? 'warn' : 'dim'
  const texts = [
    symbol,
    side,
    priceLike(price, stop),
    NONE,
    stop,
    NONE,
    isUnknown ? 'unknown' : add === undefined ? 'waits' : `add ${add}`,
    '',
    duration(at - sentAt),
    `${leverage}x`,
    qty,
    strategy,
    '',
    '',
    '',
    margin.toFixed(2),
  ]
  return texts.map(text => ({ text, tone }))
}
