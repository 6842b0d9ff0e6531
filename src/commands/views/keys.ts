/** What the keys do: the state of the view, and what is wished of the loop. */
import type { StandingWord } from './standing.ts'

/** What needs a second key before it is done. */
export type Asking = 'halt' | 'resume'

export interface ViewState {
  /** The position that the keys are on, by its symbol and side; `null`: the first. */
  readonly chosen: string | null
  readonly isDetails: boolean
  readonly isHelp: boolean
  readonly asking: Asking | null
  /** What was asked of the loop last; out of date once it stands otherwise than it did then. */
  readonly said: { readonly words: string; readonly during: StandingWord } | null
}

export const FIRST_VIEW: ViewState = {
  chosen: null,
  isDetails: false,
  isHelp: false,
  asking: null,
  said: null,
}

export type Wish = 'pause' | 'resume' | 'halt' | 'quit' | 'interrupt'

/** A key by its letter, or by its name. */
export type Pressed = 'up' | 'down' | 'enter' | 'escape' | 'ctrl-c' | (string & {})

/** What the keys need to know of the model. */
export interface Surroundings {
  /** Keys of the positions, in the order of the screen. */
  readonly positions: readonly string[]
  readonly word: StandingWord
  /** False where nothing may be asked of the loop. */
  readonly canAct: boolean
}

/** Where the chosen position stands among those there are; 0 when it is gone, or nothing was chosen. */
export function chosenIndex({ chosen }: ViewState, positions: readonly string[]): number {
  return Math.max(0, chosen === null ? 0 : positions.indexOf(chosen))
}

/** The view after a key, and what it asks of the loop. A question is answered by y alone; any other key means no. */
export function pressed(
  view: ViewState,
  key: Pressed,
  around: Surroundings,
): { readonly view: ViewState; readonly wish: Wish | null } {
  const said = (words: string): NonNullable<ViewState['said']> => ({ words, during: around.word })
  const only = (changed: Partial<ViewState>): { readonly view: ViewState; readonly wish: null } => ({
    view: { ...view, said: null, ...changed },
    wish: null,
  })
  const wished = (wish: Wish, words: string): { readonly view: ViewState; readonly wish: Wish } => ({
    view: { ...view, asking: null, said: words === '' ? null : said(words) },
    wish,
  })
  if (key === 'ctrl-c') return wished('interrupt', 'stopping')
  if (view.asking !== null) {
    if (key !== 'y' && key !== 'Y') return only({ asking: null, said: said('nothing was done') })
    return wished(view.asking, `${view.asking} asked for`)
  }
  switch (key) {
    case 'q':
      return wished('quit', '')
    case '?':
      return only({ isHelp: !view.isHelp })
    case 'escape':
      return only({ isHelp: false, isDetails: false })
    case 'd':
    case 'enter':
      return only({ isHelp: false, isDetails: view.isHelp || !view.isDetails })
    case 'j':
    case 'down':
      return only({ chosen: moved(view, around.positions, 1) })
    case 'k':
    case 'up':
      return only({ chosen: moved(view, around.positions, -1) })
  }
  if (!around.canAct) return { view, wish: null }
  switch (key) {
    case 'p':
      return around.word === 'PAUSED' || around.word === 'HALTED'
        ? only({ said: said(`${around.word.toLowerCase()} already: r resumes`) })
        : wished('pause', 'pause asked for')
    case 'r':
      return around.word === 'HALTED' ? only({ asking: 'resume' }) : wished('resume', 'resume asked for')
    case 'h':
      return around.word === 'HALTED'
        ? only({ said: said('halted already: r resumes') })
        : only({ asking: 'halt' })
    default:
      return { view, wish: null }
  }
}

function moved(view: ViewState, positions: readonly string[], by: number): string | null {
  const next = chosenIndex(view, positions) + by
  return positions.at(Math.max(0, Math.min(next, positions.length - 1))) ?? null
}
