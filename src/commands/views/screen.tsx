import { Box } from 'ink'
import type { ReactElement } from 'react'
import { Confirm } from './confirm.tsx'
import { Cycles, cycleRows } from './cycles.tsx'
import { Details } from './details.tsx'
import { Equity } from './equity.tsx'
import { Events } from './events.tsx'
import { Gates, gateRows } from './gates.tsx'
import { Header } from './header.tsx'
import { Help } from './help.tsx'
import { KeyLine } from './key-line.tsx'
import { chosenIndex, type ViewState } from './keys.ts'
import { layoutOf } from './layout.ts'
import { segment } from './line.ts'
import { Lines, type Theme } from './lines.tsx'
import type { DashboardModel } from './model.ts'
import { Notes, noteLines } from './notes.tsx'
import { positionKeys } from './position-keys.ts'
import { Positions } from './positions.tsx'
import { Refusals } from './refusals.tsx'
import { standingOf } from './standing.ts'

/** Less room than this shows nothing that reads well. */
const LEAST = { columns: 40, rows: 8 }
/** Between two tables beside each other. */
const GUTTER = 2

export interface ScreenProps {
  readonly model: DashboardModel
  readonly view: ViewState
  readonly canAct: boolean
  readonly columns: number
  readonly rows: number
  readonly theme: Theme
}

/** The whole dashboard in exactly `columns` by `rows`. */
export function Screen(props: ScreenProps): ReactElement {
  const { columns, rows, theme, view, canAct, model } = props
  if (columns < LEAST.columns || rows < LEAST.rows) {
    const words = [segment(`too small: ${LEAST.columns}x${LEAST.rows}`)]
    return <Lines lines={[words]} columns={columns} rows={rows} theme={theme} />
  }
  const { word } = standingOf(model)
  const { isOwn } = model.facts
  const keys = {
    canAct,
    isOwn,
    word,
    said: view.said === null || view.said.during !== word ? '' : view.said.words,
    isDetails: view.isDetails,
    columns,
    theme,
  }
  return (
    <Box flexDirection="column" width={columns} height={rows} overflow="hidden">
      <Body {...props} />
      <Box flexGrow={1} />
      {view.asking === null ? (
        <KeyLine {...keys} />
      ) : (
        <Confirm asking={view.asking} columns={columns} theme={theme} />
      )}
    </Box>
  )
}

function Body({ model, view, canAct, columns, rows, theme }: ScreenProps): ReactElement {
  const { snapshot, events, refusals, counts } = model
  const { positions = [], pending = [], foreign = [], gates = [], cycles = [], at = 0 } = snapshot ?? {}
  const notes = noteLines(model)
  const layout = layoutOf(columns, rows, {
    notes: notes.length,
    positions: 1 + Math.max(1, positions.length + pending.length + foreign.length),
    gates: gateRows(gates),
    gatesTable: 1 + gates.length,
    cycles: cycleRows(cycles, at),
    refusals: 1 + Math.max(1, refusals.length),
    events: 1 + Math.max(1, events.length),
  })
  const chosen = chosenIndex(view, positionKeys(model))
  const size = { columns, theme }
  const head = (
    <>
      <Header model={model} rows={layout.header} {...size} />
      {layout.notes > 0 ? <Notes lines={notes} rows={layout.notes} {...size} /> : null}
    </>
  )
  const rest = rows - layout.header - layout.notes - 1
  if (view.isHelp) {
    return (
      <>
        {head}
        <Help canAct={canAct} isOwn={model.facts.isOwn} rows={rest} {...size} />
      </>
    )
  }
  if (view.isDetails) {
    const shown = positions.length + pending.length + foreign.length
    const list = Math.max(2, Math.min(1 + shown, Math.floor(rest / 3)))
    const position = positions.at(chosen) ?? null
    const reason = position === null ? null : (model.reasons[position.signalId] ?? null)
    return (
      <>
        {head}
        <Positions model={model} chosen={chosen} rows={list} {...size} />
        <Details position={position} reason={reason} at={at} rows={rest - list} {...size} />
      </>
    )
  }
  const half = Math.floor((columns - GUTTER) / 2)
  const left = layout.isWide ? half : columns
  const right = layout.isWide ? columns - GUTTER - half : columns
  const under = { marginTop: layout.gap, flexShrink: 0 }
  const told = (
    <>
      <Refusals
        refusals={refusals}
        count={counts.refusals}
        rows={layout.refusals}
        columns={left}
        theme={theme}
      />
      <Box flexShrink={0} width={layout.isWide ? GUTTER : 0} height={layout.isWide ? 1 : layout.gap} />
      <Events events={events} count={counts.events} rows={layout.events} columns={right} theme={theme} />
    </>
  )
  const equityColumns = columns - layout.cyclesColumns - GUTTER
  return (
    <>
      {head}
      <Box {...under}>
        <Positions model={model} chosen={chosen} rows={layout.positions} {...size} />
      </Box>
      {layout.gates === 0 ? null : (
        <Box {...under}>
          <Gates gates={gates} rows={layout.gates} {...size} />
        </Box>
      )}
      {layout.middle === 0 ? null : (
        <Box {...under} columnGap={GUTTER}>
          <Cycles cycles={cycles} at={at} columns={layout.cyclesColumns} rows={layout.middle} theme={theme} />
          {equityColumns < 12 ? null : (
            <Equity curve={model.curve} columns={equityColumns} rows={layout.middle} theme={theme} />
          )}
        </Box>
      )}
      <Box {...under} flexDirection={layout.isWide ? 'row' : 'column'}>
        {told}
      </Box>
    </>
  )
}
