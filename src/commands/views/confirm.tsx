import type { ReactElement } from 'react'
import type { Asking } from './keys.ts'
import { segment } from './line.ts'
import { Lines, type Theme } from './lines.tsx'

const QUESTIONS: { readonly [asking in Asking]: string } = {
  halt: 'Halt all entries? Positions are managed on.',
  resume: 'Resume entries although they are halted?',
}

/** A question, and the keys that answer it. */
export function Confirm(props: {
  readonly asking: Asking
  readonly columns: number
  readonly theme: Theme
}): ReactElement {
  const { asking, columns, theme } = props
  const line = [segment('[y/n] ', 'chosen'), segment(QUESTIONS[asking], 'warn')]
  return <Lines lines={[line]} columns={columns} rows={1} theme={theme} />
}
