import type { ReactElement } from 'react'
import { joined, type Line, segment } from './line.ts'
import { Lines, type Theme } from './lines.tsx'
import type { StandingWord } from './standing.ts'

/** The keys that do something now. */
export function KeyLine(props: {
  readonly canAct: boolean
  readonly isOwn: boolean
  readonly isDetails: boolean
  readonly word: StandingWord
  /** What was asked for last, until it has taken effect. */
  readonly said: string
  readonly columns: number
  readonly theme: Theme
}): ReactElement {
  const { canAct, isOwn, isDetails, word, said, columns, theme } = props
  const isStopped = word === 'PAUSED' || word === 'HALTED'
  const key = (sign: string, does: string): Line => [segment(sign, 'title'), segment(` ${does}`, 'dim')]
  const acting = [
    isStopped ? key('r', 'resume') : key('p', 'pause'),
    ...(word === 'HALTED' ? [] : [key('h', 'halt')]),
  ]
  const parts: readonly Line[] = [
    ...(said === '' ? [] : [[segment(said, 'warn')]]),
    ...(canAct ? acting : []),
    key('j/k', 'choose'),
    key('d', isDetails ? 'back' : 'details'),
    key('?', 'help'),
    key('q', isOwn ? 'stop and quit' : 'quit'),
    ...(canAct ? [] : [[segment('read-only', 'dim')]]),
  ]
  return <Lines lines={[joined(parts, columns, 3)]} columns={columns} rows={1} theme={theme} />
}
