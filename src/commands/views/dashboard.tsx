import { type Key, useInput, usePaste, useWindowSize } from 'ink'
import { type ReactElement, useRef, useState } from 'react'
import { FIRST_VIEW, type Pressed, pressed, type ViewState, type Wish } from './keys.ts'
import type { Theme } from './lines.tsx'
import type { DashboardModel } from './model.ts'
import { positionKeys } from './position-keys.ts'
import { Screen } from './screen.tsx'
import { standingOf } from './standing.ts'

/** The dashboard with its keys, as large as the terminal is. */
export function Dashboard(props: {
  readonly model: DashboardModel
  readonly canAct: boolean
  readonly theme: Theme
  readonly wish: (wish: Wish) => void
}): ReactElement {
  const { model, canAct, theme, wish } = props
  const { columns, rows } = useWindowSize()
  const [view, setView] = useState<ViewState>(FIRST_VIEW)
  // Two keys can come before the next drawing: the second has to see what the first did.
  const latest = useRef(view)
  useInput((input, key) => {
    for (const one of keysOf(input, key)) {
      const around = { positions: positionKeys(model), word: standingOf(model).word, canAct }
      const after = pressed(latest.current, one, around)
      latest.current = after.view
      setView(after.view)
      if (after.wish !== null) wish(after.wish)
      // Letters that came together with a question cannot be its answer.
      if (after.view.asking !== null) break
    }
  })
  // A paste is told apart from keys, where the terminal can tell: nothing is taken of it.
  usePaste(() => {})
  return <Screen model={model} view={view} canAct={canAct} columns={columns} rows={rows} theme={theme} />
}

/** What was pressed: on a slow line several letters come at once. */
function keysOf(input: string, key: Key): readonly Pressed[] {
  if (key.ctrl) return input === 'c' ? ['ctrl-c'] : []
  if (key.upArrow) return ['up']
  if (key.downArrow) return ['down']
  if (key.return) return ['enter']
  if (key.escape) return ['escape']
  if (key.meta) return []
  return [...input]
}
