import type { ReactElement } from 'react'
import { bounded, type Line, segment } from './line.ts'
import { Lines, type Theme } from './lines.tsx'
import { padded } from './width.ts'

const LOOKING: readonly (readonly [string, string])[] = [
  ['j k, arrows', 'choose a position'],
  ['d, Enter', 'everything about it, and back'],
  ['?', 'this page, and back'],
  ['Esc', 'back'],
]
const ACTING: readonly (readonly [string, string])[] = [
  ['p', 'pause entries; positions are managed on'],
  ['r', 'resume entries (asks, where they are halted)'],
  ['h', 'halt entries until a person resumes (asks)'],
]
const SIGNS: readonly (readonly [string, string])[] = [
  ['stop 59000.0!', 'the exchange has not confirmed this stop'],
  ['+2 in a title', 'entries on their way, below the positions'],
  ['on change', 'the cycle runs when something it looks at changes'],
  ['PnL', 'of the mark price, before fees; today and total are net'],
]

/** What the keys do and what the signs mean. */
export function Help(props: {
  readonly canAct: boolean
  readonly isOwn: boolean
  readonly columns: number
  readonly rows: number
  readonly theme: Theme
}): ReactElement {
  const { canAct, isOwn, columns, rows, theme } = props
  const end = isOwn ? 'stop the loop cleanly; stops stay at the exchange' : 'leave; the loop goes on'
  const lines: readonly Line[] = [
    [segment('KEYS', 'title')],
    ...[...LOOKING, ...(canAct ? ACTING : []), ['q', end] as const].map(listed),
    [],
    [segment('SIGNS', 'title')],
    ...SIGNS.map(listed),
  ]
  const told = bounded(lines, rows, hidden => [segment(`+${hidden} more rows`, 'dim')])
  return <Lines lines={told} columns={columns} rows={rows} theme={theme} />
}

function listed([sign, meaning]: readonly [string, string]): Line {
  return [segment(`  ${padded(sign, 15, false)}`), segment(meaning, 'dim')]
}
