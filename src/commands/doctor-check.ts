/** One check of the doctor, and what it may look at. */
import type { StatusSource, StatusView } from '../core/adapters/sqlite/status-reader.ts'
import type { Machine } from '../core/adapters/system/machine.ts'
import type { World } from './command.ts'
import type { LoadedConfig } from './config.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'

/** What a check has come to. What could not be looked at was skipped, and never passed. */
export interface Verdict {
  readonly status: 'ok' | 'warning' | 'failed' | 'skipped'
  /** What was found, or why nothing was looked at. */
  readonly found: string
  /** What can be done; left out where nothing has to be. */
  readonly remedy?: string
  /** The exit code where it has failed; left out: that of the check. */
  readonly exit?: ExitCode
}

/** The state as it was opened. */
export interface OpenedState {
  readonly source: StatusSource
  readonly view: StatusView
}

export interface CheckContext {
  readonly world: World
  readonly machine: Machine
  /** The data folder, and whether it is there. */
  readonly folder: string
  readonly hasFolder: boolean
  readonly loaded: LoadedConfig
  /** `null` where there is none yet; a text where it cannot be opened, and why. */
  readonly state: OpenedState | string | null
  /** By the wall clock. */
  readonly now: number
}

export interface Check {
  readonly id: string
  readonly title: string
  /** What goes wrong where it fails. */
  readonly why: string
  /** The exit code where what was looked at is wrong. */
  readonly exit: ExitCode
  /** It asks the exchange: one that has not answered in time has failed. */
  readonly isAsking?: true
  run(context: CheckContext): Verdict | Promise<Verdict>
}

export const ok = (found: string): Verdict => ({ status: 'ok', found })
export const skipped = (found: string): Verdict => ({ status: 'skipped', found })
export const warning = (found: string, remedy: string): Verdict => ({ status: 'warning', found, remedy })
export const failed = (found: string, remedy: string): Verdict => ({ status: 'failed', found, remedy })

/** A check of the machine, of the installation or of the configuration: exit 4 where it fails. */
export function installation(
  id: string,
  title: string,
  why: string,
  run: (context: CheckContext) => Verdict | Promise<Verdict>,
): Check {
  return { id, title, why, exit: EXIT.configuration, run }
}

/** A check of the state: exit 1 where it fails. It is skipped where there is no state that can be read. */
export function ofState(
  id: string,
  title: string,
  why: string,
  run: (state: OpenedState, context: CheckContext) => Verdict,
): Check {
  return {
    ...{ id, title, why, exit: EXIT.fault },
    run: context => {
      const { state } = context
      if (state === null) return skipped('there is no state yet; bbw run makes it')
      if (typeof state === 'string') return skipped('the state cannot be opened')
      return run(state, context)
    },
  }
}
