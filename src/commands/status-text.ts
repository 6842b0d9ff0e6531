/** The report of `bbw status` for a person. */

import { harmless } from '../core/base/harmless.ts'
import type { Timestamp } from '../core/base/units.ts'
import {
  dayAndMinute,
  duration,
  moment,
  money,
  NONE,
  signedMoney,
  signedPercent,
  timeOfDay,
} from './amounts.ts'
import type { ReportedEvent, ReportedForeign, ReportedPosition, StatusReport } from './status-report.ts'
import { textTable } from './table.ts'
import { type Column, table } from './views/columns.ts'
import { textOf } from './views/line.ts'
import { cut } from './views/width.ts'

/** Events and refusals that are told; the record has the rest. */
const LATEST = 5
/** In ASCII, because the text may go anywhere. */
const CUT = '~'

/** The report in lines of at most `columns` cells: columns give way, and what is cut ends in `~`. */
export function statusText(report: StatusReport, columns: number): string {
  const { gates, cycles, refusals, events } = report
  const drawn = (heads: readonly Column[], rows: readonly (readonly string[])[]): string => {
    const cells = rows.map(row => row.map(text => ({ text })))
    const { head, rows: lines } = table(heads, cells, columns, 2, CUT)
    return [head, ...lines].map(line => `${textOf(line).trimEnd()}\n`).join('')
  }
  const parts = [
    fitted(headText(report), columns),
    report.positions.length === 0
      ? 'no position is held\n'
      : drawn(
          POSITIONS,
          report.positions.map(one => positionCells(one, report.at)),
        ),
    report.pending.length === 0 ? '' : drawn(PENDING, report.pending.map(pendingCells)),
    report.foreign.length === 0 ? '' : drawn(FOREIGN, report.foreign.map(foreignCells)),
    gates.length === 0 ? '' : drawn(GATES, gates.map(gateCells)),
    cycles.length === 0 ? '' : drawn(CYCLES, cycles.map(cycleCells)),
    refusals.length === 0 ? '' : drawn(REFUSALS, refusals.slice(0, LATEST).map(refusalCells)),
    events.length === 0 ? '' : drawn(EVENTS, events.slice(0, LATEST).map(eventCells)),
    fitted(healthText(report), columns),
  ]
  return parts.filter(part => part !== '').join('\n')
}

function fitted(text: string, columns: number): string {
  return text
    .split('\n')
    .map(line => cut(line, columns, CUT))
    .join('\n')
}

function headText(report: StatusReport): string {
  const { running, pid, host, since, exchange, dry, at, equity, wallet, pnl, trades, standing } = report
  const holder = running
    ? `process ${pid} on ${host} since ${moment(since)} UTC`
    : 'no loop holds this account'
  const rows = [[running ? 'running' : 'not running', holder]]
  if (exchange !== null) rows.push(['exchange', dry ? `${exchange}, dry: no order is sent` : exchange])
  if (at !== null) {
    const { today, total, unrealised } = pnl
    const won = trades.count === 0 ? '' : `, ${trades.wins} won`
    rows.push(
      ['as of', `${moment(at)} UTC, by its clock`],
      ['equity', `${money(equity)} USDT, wallet ${money(wallet)}`],
      [
        'PnL',
        `today ${signedMoney(today)}, total ${signedMoney(total)}, open ${signedMoney(unrealised)} USDT`,
      ],
      ['trades', `${trades.count} closed${won}`],
    )
  }
  for (const [name, one] of Object.entries(standing)) {
    if (one !== null) rows.push([name, `since ${moment(one.at)} UTC by ${one.by}: ${one.reason}`])
  }
  return textTable(['', ''], rows)
}

const POSITIONS: readonly Column[] = [
  { title: 'position', least: 12, cutAt: 3 },
  { title: 'side' },
  { title: 'qty', isFigure: true, gives: 2 },
  { title: 'entry', isFigure: true },
  { title: 'mark', isFigure: true },
  { title: 'stop', isFigure: true },
  { title: 'set' },
  { title: 'target', isFigure: true, gives: 1 },
  { title: 'PnL', isFigure: true },
  { title: 'PnL %', isFigure: true, gives: 3 },
  { title: 'age', isFigure: true, gives: 4 },
  { title: 'lev', isFigure: true, gives: 5 },
  { title: 'strategy', gives: 6 },
  { title: 'later targets', gives: 7 },
]

function positionCells(one: ReportedPosition, at: Timestamp | null): readonly string[] {
  const [next, ...later] = one.targets
  return [
    one.symbol,
    one.side,
    one.qty,
    one.entry,
    one.mark ?? NONE,
    one.stop,
    one.protected ? 'yes' : 'NO',
    next?.price ?? NONE,
    signedMoney(one.unrealised),
    signedPercent(one.unrealisedPercent),
    duration(at === null ? null : Math.max(0, at - one.openedAt)),
    `${one.leverage}x`,
    one.strategy,
    later.map(({ price }) => price).join(' '),
  ]
}

const PENDING: readonly Column[] = [
  { title: 'entry on its way', least: 12 },
  { title: 'side' },
  { title: 'qty', isFigure: true },
  { title: 'price', isFigure: true },
  { title: 'stop', isFigure: true },
  { title: 'state', least: 7 },
]

function pendingCells(one: StatusReport['pending'][number]): readonly string[] {
  const waits = one.add === undefined ? 'waits' : `add ${one.add} waits`
  const state = one.unknown ? 'unknown whether it arrived' : waits
  return [one.symbol, one.side, one.qty, one.price, one.stop, state]
}

const FOREIGN: readonly Column[] = [
  { title: 'opened by hand', least: 12 },
  { title: 'side' },
  { title: 'qty', isFigure: true, gives: 2 },
  { title: 'entry', isFigure: true },
  { title: 'mark', isFigure: true },
  { title: 'stop', isFigure: true },
  { title: 'PnL', isFigure: true, gives: 1 },
  { title: 'lev', isFigure: true, gives: 3 },
  { title: 'bbw', least: 8, gives: 4 },
]

function foreignCells(one: ReportedForeign): readonly string[] {
  return [
    one.symbol,
    one.side,
    one.qty ?? NONE,
    one.entry,
    one.mark ?? NONE,
    one.stop ?? NONE,
    signedMoney(one.unrealised),
    `${one.leverage}x`,
    'leaves it alone, no entry on its symbol',
  ]
}

const GATES: readonly Column[] = [
  { title: 'gate' },
  { title: 'state' },
  { title: 'sees', least: 8 },
  { title: 'limit', least: 8 },
  { title: 'reason', least: 8 },
]

function gateCells({ gate, open, value, limit, reason }: StatusReport['gates'][number]): readonly string[] {
  return [gate, open ? 'open' : 'CLOSED', value, limit, reason]
}

const CYCLES: readonly Column[] = [
  { title: 'cycle' },
  { title: 'last', isFigure: true },
  { title: 'next', isFigure: true },
  { title: 'took', isFigure: true },
  { title: 'runs', isFigure: true },
  { title: 'errors', isFigure: true },
  { title: 'every', isFigure: true },
  { title: 'last error', least: 12 },
]

function cycleCells(one: StatusReport['cycles'][number]): readonly string[] {
  return [
    one.cycle,
    timeOfDay(one.lastAt),
    one.nextAt === null ? 'on change' : timeOfDay(one.nextAt),
    duration(one.tookMs),
    String(one.runs),
    String(one.errors),
    duration(one.every),
    one.lastError ?? '',
  ]
}

const REFUSALS: readonly Column[] = [
  { title: 'refused' },
  { title: 'symbol', least: 10 },
  { title: 'side' },
  { title: 'gate', least: 8 },
  { title: 'why', least: 10 },
]

function refusalCells({ ts, symbol, side, reason, figures }: ReportedEvent): readonly string[] {
  const gate = typeof figures.gate === 'string' ? figures.gate : ''
  const why = gate !== '' && reason.startsWith(`${gate}: `) ? reason.slice(gate.length + 2) : reason
  return [dayAndMinute(ts), symbol ?? '', side ?? '', gate, why]
}

const EVENTS: readonly Column[] = [
  { title: 'event' },
  { title: 'what' },
  { title: 'symbol', least: 10 },
  { title: 'side' },
  { title: 'why', least: 10 },
]

function eventCells({ ts, kind, code, symbol, side, reason }: ReportedEvent): readonly string[] {
  return [dayAndMinute(ts), kind, symbol ?? '', side ?? '', code === null ? reason : `${code} ${reason}`]
}

function healthText({ health }: StatusReport): string {
  const notes = health.notes.map(note => `health: ${harmless(note)}\n`).join('')
  if (!health.ok) return notes
  return `health: all is well${notes === '' ? '' : ' again'}\n${notes}`
}
