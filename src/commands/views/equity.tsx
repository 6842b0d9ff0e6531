import type { ReactElement } from 'react'
import { dayAndMinute, money, signedPercent } from '../amounts.ts'
import { chartRows } from './chart.ts'
import type { EquityCurve } from './equity-curve.ts'
import { joined, type Line, segment, toneOf } from './line.ts'
import { Lines, type Theme } from './lines.tsx'
import { padded } from './width.ts'

/** Equity over time: what it was and is, and the curve between its lowest and highest. */
export function Equity(props: {
  readonly curve: EquityCurve
  readonly columns: number
  readonly rows: number
  readonly theme: Theme
}): ReactElement {
  const { curve, columns, rows, theme } = props
  const values = curve.points.map(({ equity }) => equity)
  const lines = values.length === 0 ? nothing() : drawn(curve, values, columns, rows, theme)
  return <Lines lines={lines} columns={columns} rows={rows} theme={theme} />
}

function nothing(): readonly Line[] {
  return [[segment('EQUITY', 'title')], [segment('no points yet', 'dim')]]
}

function drawn(
  { points }: EquityCurve,
  values: readonly number[],
  columns: number,
  rows: number,
  { glyphs }: Theme,
): readonly Line[] {
  const [first] = values
  const last = values[values.length - 1]
  const change = first > 0 ? 100 * (last / first - 1) : null
  const from = points[0].at
  const to = points[points.length - 1].at
  const title = joined(
    [
      [segment('EQUITY', 'title'), segment(` ${money(last)}`)],
      [segment(signedPercent(change), toneOf(change))],
      [segment(`${dayAndMinute(from)} to ${dayAndMinute(to)}`, 'dim')],
    ],
    columns,
    2,
  )
  const labels = [money(Math.max(...values)), money(Math.min(...values))]
  const margin = Math.max(...labels.map(label => label.length))
  const height = rows - 1
  const chart = chartRows(values, columns - margin - 1, height, glyphs.levels)
  const labelOf = (row: number): string => (row === 0 ? labels[0] : row === height - 1 ? labels[1] : '')
  const tone = last >= first ? 'good' : 'bad'
  return [
    title,
    ...chart.map(
      (row, nth): Line => [segment(`${padded(labelOf(nth), margin, true)} `, 'dim'), segment(row, tone)],
    ),
  ]
}
