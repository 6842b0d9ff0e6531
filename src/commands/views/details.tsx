import type { ReactElement } from 'react'
import type { PositionSnapshot } from '../../core/engine/snapshot.ts'
import { duration, moment, money, priceLike, signedMoney, signedPercent } from '../amounts.ts'
import { bounded, type Line, type Segment, segment, type Tone, toneOf, words } from './line.ts'
import { Lines, type Theme } from './lines.tsx'
import { cut, padded, wrapped } from './width.ts'

/** From so many columns on two facts stand in a row. */
const TWO_COLUMNS = 76
const LABEL = 11

/** Everything that is known of one position. */
export function Details(props: {
  readonly position: PositionSnapshot | null
  /** Why it was entered; `null` where that was before this process began. */
  readonly reason: string | null
  readonly at: number
  readonly columns: number
  readonly rows: number
  readonly theme: Theme
}): ReactElement {
  const { position, reason, at, columns, rows, theme } = props
  const lines =
    position === null
      ? [[segment('no position is held', 'dim')]]
      : told(position, reason, at, columns, theme.glyphs.cut)
  const fitting = bounded(lines, rows, hidden => [segment(`+${hidden} more rows`, 'dim')])
  return <Lines lines={fitting} columns={columns} rows={rows} theme={theme} />
}

type Fact = readonly [string, Segment]

function told(
  position: PositionSnapshot,
  reason: string | null,
  at: number,
  columns: number,
  mark: string,
): readonly Line[] {
  const { symbol, side, leverage, strategy } = position
  const title: Line = [words(symbol, 'title'), segment(' '), words(`${side} ${leverage}x, ${strategy}`)]
  const why = wrapped(
    words(reason ?? 'not known: it was entered before this view began').text,
    columns - LABEL,
  )
  return [
    title,
    ...pairs(facts(position, at), columns, mark),
    ...position.targets.map(({ leg, price, qty }) => {
      const far = signedPercent(distance(position, Number(price)))
      return labelled(leg.toUpperCase(), [words(`${price}, qty ${qty}, ${far} from the entry`)])
    }),
    ...(position.adds === undefined
      ? []
      : [labelled('adds', [words(`${position.adds.filled} of ${position.adds.planned} filled`)])]),
    labelled('signal', [words(position.signalId)]),
    ...why.map((line, nth) => labelled(nth === 0 ? 'reason' : '', [segment(line)])),
  ]
}

function facts(position: PositionSnapshot, at: number): readonly Fact[] {
  const { entry, mark, stop, stopKind, isProtected, unrealised, unrealisedPercent, fees, funding } = position
  const net = unrealised === null ? null : unrealised - fees + funding
  const onMargin = unrealisedPercent === null ? null : unrealisedPercent * position.leverage
  const plain = (text: string, tone: Tone = 'plain'): Segment => words(text, tone)
  const toStop = mark === null ? null : (100 * (Number(stop) - mark)) / mark
  return [
    ['entry', plain(priceLike(entry, stop))],
    ['mark', plain(priceLike(mark, stop))],
    ['stop', plain(stop)],
    ['to stop', plain(signedPercent(toStop))],
    [
      'stop is',
      isProtected ? plain(`${stopKind}, confirmed`, 'good') : plain(`${stopKind}, NOT CONFIRMED`, 'bad'),
    ],
    ['qty', plain(position.qty)],
    ['value', plain(money(position.notional))],
    ['margin', plain(money(position.margin))],
    ['PnL', plain(`${signedMoney(unrealised)} (${signedPercent(unrealisedPercent)})`, toneOf(unrealised))],
    ['on margin', plain(signedPercent(onMargin), toneOf(onMargin))],
    ['fees', plain(money(fees))],
    ['funding', plain(signedMoney(funding), toneOf(funding))],
    ['net so far', plain(signedMoney(net), toneOf(net))],
    ['age', plain(duration(at - position.openedAt))],
    ['score', plain(String(position.score))],
    ['opened', plain(`${moment(position.openedAt)} UTC`)],
  ]
}

/** How far a price is from the entry in the position's favour, in percent. */
function distance({ entry, side }: PositionSnapshot, price: number): number {
  return ((side === 'long' ? 1 : -1) * 100 * (price - entry)) / entry
}

function labelled(label: string, value: Line): Line {
  return [segment(padded(label, LABEL, false), 'dim'), ...value]
}

function pairs(facts: readonly Fact[], columns: number, mark: string): readonly Line[] {
  if (columns < TWO_COLUMNS) return facts.map(([label, value]) => labelled(label, [value]))
  const half = Math.floor(columns / 2)
  const rows: Line[] = []
  for (let nth = 0; nth < facts.length; nth += 2) {
    const [label, value] = facts[nth]
    const left = labelled(label, [
      segment(padded(cut(value.text, half - LABEL - 1, mark), half - LABEL, false), value.tone),
    ])
    const right = facts.at(nth + 1)
    rows.push(
      right === undefined || nth + 1 >= facts.length ? left : [...left, ...labelled(right[0], [right[1]])],
    )
  }
  return rows
}
