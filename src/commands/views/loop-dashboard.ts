/** The dashboard of a loop in this process: what the loop tells and what is seen of it, four times a second. */
import type { Milliseconds } from '../../core/base/units.ts'
import type { JournalPort } from '../../core/engine/ports.ts'
import type { Snapshot } from '../../core/engine/snapshot.ts'
import type { Standing } from '../../core/engine/standing.ts'
import type { World } from '../command.ts'
import type { TradeSums } from '../status-report.ts'
import { type DashboardFacts, type DashboardInput, dashboardModel, emptyModel } from './model.ts'
import { type DashboardActions, type MountedDashboard, mountDashboard, type Terminal } from './mount.ts'

/** A person reads no faster, and a loop at full speed has better to do than to describe itself. */
const LOOK_MS: Milliseconds = 250

export interface LoopDashboard {
  /** For the driver, beside or instead of the one that writes lines. */
  readonly journal: JournalPort
  readonly done: MountedDashboard['done']
  /** What a person has said of pause and halt, where events do not tell it. */
  standing(standing: Standing): void
  /** The loop has been asked to end and waits for what is on its way. */
  stopping(): void
  /** Takes the dashboard away and stops looking. */
  close(): Promise<void>
}

/**
 * Shows the loop that `snapshot` looks at until the user quits or it is closed. `earlier`: sums and standing of earlier
 * runs on the same state. Only where `canMount`; words on standard error would stand on the dashboard meanwhile.
 */
export async function showLoop(props: {
  readonly world: Pick<World, 'env' | 'clock' | 'color'>
  readonly facts: DashboardFacts
  readonly earlier?: { readonly trades: TradeSums; readonly standing: Standing; readonly day: number }
  readonly snapshot: () => Snapshot
  readonly actions: DashboardActions
  readonly terminal?: Terminal
  readonly interrupt?: () => void
}): Promise<LoopDashboard> {
  const { world, facts, earlier, snapshot, actions, terminal, interrupt } = props
  let model = emptyModel(facts, earlier)
  const fold = (input: DashboardInput): void => {
    model = dashboardModel(model, input)
  }
  const mounted = await mountDashboard({
    world,
    model,
    actions,
    ...(terminal === undefined ? {} : { terminal }),
    ...(interrupt === undefined ? {} : { interrupt }),
  })
  const ended = new AbortController()
  const done = mounted.done.finally(() => ended.abort())
  const look = async (): Promise<void> => {
    while (!ended.signal.aborted) {
      fold({ type: 'snapshot', snapshot: snapshot() })
      mounted.update(model)
      try {
        await world.clock.sleep(LOOK_MS, ended.signal)
      } catch (error) {
        if (!ended.signal.aborted) throw error
      }
    }
  }
  // An engine that cannot be looked at is broken: that ends the process like any other fault.
  void look()
  return {
    journal: {
      event: event => fold({ type: 'event', event }),
      trade: trade => fold({ type: 'trade', trade }),
    },
    done,
    standing: standing => fold({ type: 'standing', standing }),
    stopping: () => {
      fold({ type: 'stopping' })
      mounted.update(model)
    },
    async close() {
      await mounted.unmount()
      await done
    },
  }
}
