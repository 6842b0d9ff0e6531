import process from 'node:process'
import type { World } from '../command.ts'
import { glyphsOf } from './glyphs.ts'
import type { Wish } from './keys.ts'
import { loadDashboard } from './load.ts'
import type { DashboardModel } from './model.ts'

/** What the dashboard may ask of the loop; each is told and takes effect later. */
export interface DashboardActions {
  pause(): void
  resume(): void
  halt(): void
  /** The user has left the dashboard. */
  quit(): void
}

export interface MountedDashboard {
  /** Resolves when the terminal is as it was before; rejects when a view fails. */
  readonly done: Promise<'quit' | 'unmounted'>
  /** Shows another model, at the next drawing: there are four a second at most. */
  update(model: DashboardModel): void
  /** Takes the dashboard away; resolves with `done`. */
  unmount(): Promise<void>
}

/** The terminal itself; the world has only what a pipe has, too. */
export interface Terminal {
  readonly stdin: NodeJS.ReadStream
  readonly stdout: NodeJS.WriteStream
}

/** Between two drawings of a model: figures that change faster cannot be read. */
const REDRAW_MS = 250

/** True when a dashboard can be shown: keys can be read, and the cursor goes where it is sent. */
export function canMount(world: Pick<World, 'stdin' | 'stdout' | 'env'>): boolean {
  return world.stdin.isTTY && world.stdout.isTTY && world.env.TERM !== 'dumb'
}

/**
 * Shows the dashboard on the whole terminal until the user quits or it is taken away. Without `actions` it only looks.
 * Ctrl-C is handed on as the signal it would be without the dashboard. Only where `canMount`.
 */
export async function mountDashboard(props: {
  readonly world: Pick<World, 'env' | 'clock' | 'color'>
  readonly model: DashboardModel
  readonly actions: DashboardActions | null
  readonly terminal?: Terminal
  readonly interrupt?: () => void
}): Promise<MountedDashboard> {
  const { world, actions, terminal = process, interrupt = () => process.kill(process.pid, 'SIGINT') } = props
  const { render, createElement, Dashboard } = await loadDashboard()
  const theme = { glyphs: glyphsOf(world.env), color: world.color }
  const ended = new AbortController()
  let model = props.model
  let how: 'quit' | 'unmounted' = 'unmounted'
  let isDrawing = false
  let drawnAt = world.clock.monotonic()

  const wish = (what: Wish): void => {
    if (what === 'interrupt') interrupt()
    else if (what !== 'quit') actions?.[what]()
    else {
      how = 'quit'
      actions?.quit()
      instance.unmount()
    }
  }
  const view = () => createElement(Dashboard, { model, canAct: actions !== null, theme, wish })
  const instance = render(view(), {
    stdin: terminal.stdin,
    stdout: terminal.stdout,
    exitOnCtrlC: false,
    patchConsole: false,
    alternateScreen: true,
    incrementalRendering: true,
    // Ink takes a terminal of a build server for none; whether it is one has been decided before.
    interactive: true,
  })

  const draw = async (): Promise<void> => {
    const wait = drawnAt + REDRAW_MS - world.clock.monotonic()
    if (wait > 0) await world.clock.sleep(wait, ended.signal).catch(() => {})
    isDrawing = false
    if (ended.signal.aborted) return
    drawnAt = world.clock.monotonic()
    instance.rerender(view())
  }
  const done = instance.waitUntilExit().then(
    () => {
      ended.abort()
      return how
    },
    error => {
      ended.abort()
      throw error
    },
  )
  return {
    done,
    update(next) {
      model = next
      if (isDrawing || ended.signal.aborted) return
      isDrawing = true
      void draw()
    },
    async unmount() {
      instance.unmount()
      await done
    },
  }
}
