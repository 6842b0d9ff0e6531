/**
 * Builds of bbw with a planted bug each, for tests that have to find it out: loaded before anything else into a process
 * of `bbw` (`plantedEnv`), which it changes in one place.
 */
import process from 'node:process'
import { StateStore } from '../core/adapters/sqlite/state-store.ts'
import { NO_INSTANCE } from '../core/engine/order-id.ts'

const PLANTED = 'PLANTED_BUILD'

const BUILDS = {
  /** Ends at once where it is asked to end. */
  abrupt() {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.on(signal, () => process.exit(signal === 'SIGINT' ? 130 : 0))
    }
  },
  /** Trusts its memory alone: nothing that an earlier process has written down is read. */
  forgetful() {
    StateStore.prototype.loadBooks = () => null
  },
  /** Has no name to know its orders by either. */
  nameless() {
    StateStore.prototype.loadBooks = () => null
    Object.defineProperty(StateStore.prototype, 'instance', { get: () => NO_INSTANCE })
  },
  /** Takes every start for the first. */
  uncounted() {
    StateStore.prototype.noteStart = () => ({ unclean: 1, isSafeMode: false, code: null })
  },
}

export type PlantedBuild = keyof typeof BUILDS

/** What makes a process of `bbw` such a build. */
export function plantedEnv(build: PlantedBuild): { readonly [name: string]: string } {
  return { [PLANTED]: build, NODE_OPTIONS: `--import=${import.meta.url}` }
}

const build = process.env[PLANTED]
if (build !== undefined && Object.hasOwn(BUILDS, build)) BUILDS[build as PlantedBuild]()
