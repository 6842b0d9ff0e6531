import type { ReactElement } from 'react'
import { moment, money, signedMoney, signedPercent } from '../amounts.ts'
import { joined, type Line, segment, spread, type Tone, toneOf, words } from './line.ts'
import { Lines, type Theme } from './lines.tsx'
import type { DashboardModel } from './model.ts'
import { type StandingWord, standingOf } from './standing.ts'

const TONES: { readonly [word in StandingWord]: Tone } = {
  RUNNING: 'good',
  STARTING: 'dim',
  STOPPING: 'warn',
  PAUSED: 'warn',
  RECOVERING: 'warn',
  HALTED: 'bad',
  'NOT RUNNING': 'bad',
}

/** What is looked at, how it stands, and the money. */
export function Header(props: {
  readonly model: DashboardModel
  readonly columns: number
  readonly rows: number
  readonly theme: Theme
}): ReactElement {
  const { model, columns, rows, theme } = props
  const { facts, snapshot } = model
  const { word } = standingOf(model)
  const { cut } = theme.glyphs
  const what: readonly Line[] = [
    [segment(`bbw ${facts.title}`, 'title')],
    [words(facts.isDry ? `${facts.exchange}, dry` : facts.exchange)],
    [segment(snapshot === null ? '' : `${moment(snapshot.at)} UTC`)],
    [words(facts.market, 'dim')],
  ]
  const standing: Line = [segment(theme.color ? ` ${word} ` : `[${word}]`, TONES[word])]
  const first = spread(joined(what.filter(hasText), columns - word.length - 3, 2), standing, columns, cut)
  return (
    <Lines lines={[first, joined(purse(model), columns, 2)]} columns={columns} rows={rows} theme={theme} />
  )
}

function hasText(line: Line): boolean {
  return line.some(({ text }) => text !== '')
}

function purse({ snapshot, trades }: DashboardModel): readonly Line[] {
  const { equity = null, wallet = null, unrealised = null, realisedToday } = snapshot ?? {}
  const today = realisedToday ?? trades.today
  const won = trades.count === 0 ? '' : `, ${Math.round((100 * trades.wins) / trades.count)} % won`
  const figure = (name: string, text: string, tone: Tone): Line => [
    segment(`${name} `, 'dim'),
    segment(text, tone),
  ]
  const peak = snapshot?.peak ?? 0
  const fall = equity !== null && peak > 0 ? 100 * (equity / peak - 1) : null
  return [
    figure('equity', money(equity), 'plain'),
    figure('open', signedMoney(unrealised), toneOf(unrealised)),
    figure('today', signedMoney(today), toneOf(today)),
    figure('total', signedMoney(trades.total), toneOf(trades.total)),
    [segment(`${trades.count} trades${won}`)],
    figure('wallet', money(wallet), 'plain'),
    figure('margin', money(snapshot?.usedMargin ?? null), 'plain'),
    figure('from peak', signedPercent(fall), 'plain'),
  ]
}
