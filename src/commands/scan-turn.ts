import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { StateStore } from '../core/adapters/sqlite/state-store.ts'
import { codeOf, StoreError } from '../core/base/errors.ts'
import type { ParsedArguments, World } from './command.ts'
import { dataDirectory } from './data-dir.ts'
import { STATE_FILE } from './desk.ts'
import { textFlag } from './flags.ts'
import { say } from './lines.ts'

/** A scan that is not through by then is stuck, or far too many are started. */
const PATIENCE_MS = 30_000
const LOOK_MS = 200

/**
 * Waits until no other scan is at work on the data folder. Without a state that can be written there is nothing that two
 * could share.
 *
 * @returns what ends the turn
 * @throws StoreError (75) when the other one does not end
 */
export async function scanTurn(world: World, parsed: ParsedArguments): Promise<() => void> {
  const path = join(dataDirectory(world, textFlag(parsed, 'dataDir')), STATE_FILE)
  if (!existsSync(path)) return () => {}
  const store = openedState(world, path)
  if (store === null) return () => {}
  try {
    await turnOf(world, store)
  } catch (error) {
    store.close()
    throw error
  }
  return () => {
    store.endJob('scan')
    store.close()
  }
}

/** A scan reads the market alone: a state that cannot be written is no reason not to look; `null` then. */
function openedState(world: World, path: string): StateStore | null {
  try {
    return StateStore.open(path, { now: world.clock.now(), random: Math.random, origin: 'sim' })
  } catch (error) {
    if (!(error instanceof StoreError) || error.trouble === 'busy') throw error
    say(world, `${codeOf(error)} ${error.message}; this scan waits for no other one`)
    return null
  }
}

async function turnOf(world: World, store: StateStore): Promise<void> {
  const deadline = world.clock.monotonic() + PATIENCE_MS
  for (let isFirst = true; ; isFirst = false) {
    const other = store.tryJob('scan', world.clock.now())
    if (other === null) return
    const words = `I811 a scan is at work already (process ${other.pid} on ${other.host})`
    if (world.clock.monotonic() >= deadline) {
      throw new StoreError(words, { retryable: true, remedy: 'start scans further apart' })
    }
    if (isFirst) say(world, `${words}; waiting`)
    await world.clock.sleep(LOOK_MS, world.signal)
  }
}
