import { StoreError } from '../core/base/errors.ts'
import type { CommandSpec, ParsedArguments, World } from './command.ts'
import { EXIT } from './exit-codes.ts'
import { RECORDS_FLAG, wantsRecords } from './flags.ts'
import { say } from './lines.ts'
import { ndjson } from './ndjson.ts'
import { noState, type StatusParts, type StatusSource, statusReport } from './status-report.ts'
import type { StatusOpener } from './status-source.ts'
import { statusText } from './status-text.ts'
import type { DashboardActions } from './views/mount.ts'

/** Between two looks of --watch. */
const LOOK_MS = 1_000

/** Where pause, resume and halt of another process go; `null` where there is no way to it. */
export type ActionsDoor = (world: World, parsed: ParsedArguments) => Promise<DashboardActions | null>

/** The command over whatever opens the state; with a `door` the dashboard of --watch can pause and halt, too. */
export function statusCommandOver(open: StatusOpener, door: ActionsDoor | null): CommandSpec {
  return {
    name: 'status',
    summary: 'what is held, protected, earned and refused, and how healthy the loop is',
    description:
      'Reads the state that `bbw run` keeps, without a lock and whether or not a loop is running: positions with their stops and targets, profit today and in total, the gates, the cycles, the latest events and refusals. --watch shows it as a dashboard on a terminal and as a report a second elsewhere.',
    examples: ['bbw status', 'bbw status --json', 'bbw status --watch', 'bbw status --db copy.db'],
    flags: [
      {
        flags: '--data-dir <folder>',
        description: 'folder of the state (BBW_DATA_DIR; default: $XDG_STATE_HOME/bbw)',
      },
      { flags: '--db <file>', description: 'read this file instead: a backup, or a copy of a state' },
      {
        flags: '--watch',
        description: 'go on looking: a dashboard on a terminal, a report a second elsewhere',
      },
      { ...RECORDS_FLAG, description: 'one record, also on a terminal' },
    ],
    async run(world, parsed) {
      const state = new State(world, parsed, open)
      try {
        if (parsed.flags.watch === true) await watch(world, parsed, state, door)
        else await tell(world, parsed, await state.read())
        return EXIT.ok
      } finally {
        state.close()
      }
    },
  }
}

/** The state as it is at each look: what is not there yet may be there at the next one. */
class State {
  readonly #world: World
  readonly #parsed: ParsedArguments
  readonly #open: StatusOpener
  #source: StatusSource | null = null
  #told = false

  constructor(world: World, parsed: ParsedArguments, open: StatusOpener) {
    this.#world = world
    this.#parsed = parsed
    this.#open = open
  }

  /** `null` where nothing has been written yet, which is said once. */
  async read(quietly = false): Promise<StatusParts | null> {
    if (this.#source === null) {
      const opened = await this.#open(this.#world, this.#parsed)
      if ('none' in opened) {
        if (!quietly) this.#say(opened.none)
        return null
      }
      this.#source = opened
    }
    const parts = this.#source.read()
    if (parts === null && !quietly) this.#say('the state is still empty: bbw run fills it')
    return parts
  }

  #say(words: string): void {
    if (!this.#told) say(this.#world, words)
    this.#told = true
  }

  close(): void {
    this.#source?.close()
  }
}

async function tell(world: World, parsed: ParsedArguments, parts: StatusParts | null): Promise<void> {
  const now = world.clock.now()
  const report = parts === null ? noState(now) : statusReport(parts, now)
  const text = wantsRecords(world, parsed) ? ndjson(report) : statusText(report, world.stdout.columns)
  await world.stdout.write(text)
}

async function watch(
  world: World,
  parsed: ParsedArguments,
  state: State,
  door: ActionsDoor | null,
): Promise<void> {
  const { canMount } = await import('./views/mount.ts')
  if (canMount(world) && parsed.flags.ndjson !== true) return dashboard(world, parsed, state, door)
  for (let isFirst = true; !world.signal.aborted; isFirst = false) {
    const parts = await patient(() => state.read())
    if (parts !== undefined) {
      if (!isFirst && !wantsRecords(world, parsed)) await world.stdout.write('\n')
      await tell(world, parsed, parts)
    }
    await waited(world, LOOK_MS, world.signal)
  }
}

async function dashboard(
  world: World,
  parsed: ParsedArguments,
  state: State,
  door: ActionsDoor | null,
): Promise<void> {
  const { mountDashboard } = await import('./views/mount.ts')
  const { dashboardModel, emptyModel } = await import('./views/model.ts')
  const facts = { title: 'status', exchange: '', isDry: false, isOwn: false, market: '' }
  let model = { ...emptyModel(facts), isRunning: false }
  const look = async (): Promise<void> => {
    const parts = await patient(() => state.read(true))
    if (parts === undefined || parts === null) return
    model = dashboardModel(model, { type: 'parts', parts, now: world.clock.now() })
  }
  await look()
  const actions = door === null ? null : await door(world, parsed)
  const mounted = await mountDashboard({ world, model, actions })
  const left = new AbortController()
  const done = mounted.done.finally(() => left.abort())
  const stop = AbortSignal.any([left.signal, world.signal])
  try {
    while (!stop.aborted) {
      await waited(world, LOOK_MS, stop)
      if (stop.aborted) break
      await look()
      mounted.update(model)
    }
  } finally {
    await mounted.unmount()
  }
  await done
}

/** What a look at the state sees; `undefined` while the store is busy: the next look may see more. */
async function patient<T>(look: () => Promise<T>): Promise<T | undefined> {
  try {
    return await look()
  } catch (error) {
    if (error instanceof StoreError && error.retryable) return undefined
    throw error
  }
}

async function waited({ clock }: World, ms: number, stop: AbortSignal): Promise<void> {
  try {
    await clock.sleep(ms, stop)
  } catch (error) {
    if (!stop.aborted) throw error
  }
}
