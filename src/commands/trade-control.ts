/** Orders of a person to bbw itself: carried out by the loop that runs, or at once where none does. */
import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fieldOf } from '../core/adapters/sqlite/json.ts'
import { KV } from '../core/adapters/sqlite/kv.ts'
import { heldError } from '../core/adapters/sqlite/lease.ts'
import type { CommandOutcome, Queued } from '../core/adapters/sqlite/queue.ts'
import { StateStore } from '../core/adapters/sqlite/state-store.ts'
import {
  foundOrder,
  leaveOrder,
  STANDING_ORDER_FILE,
  takeOrderAway,
} from '../core/adapters/system/standing-order.ts'
import { StoreError } from '../core/base/errors.ts'
import { RowChanges } from '../core/engine/books.ts'
import { Engine } from '../core/engine/engine.ts'
import type { EngineEvent } from '../core/engine/protocol.ts'
import { eventRecord } from '../core/wire/encode.ts'
import type { ParsedArguments, World } from './command.ts'
import { type Config, loadConfig } from './config.ts'
import { dataDirectory, ensureDirectory } from './data-dir.ts'
import { inputOf, STATE_FILE } from './desk.ts'
import { EXIT } from './exit-codes.ts'
import { textFlag, wantsRecords } from './flags.ts'
import { eventLine, say } from './lines.ts'
import { ndjson } from './ndjson.ts'

/** The loop looks for commands several times a second; one that does not in this time is stuck. */
const PATIENCE_MS = 10_000
const LOOK_MS = 50
/** Events of the newest ones in which the outcome of a request is looked for. */
export const MOST_EVENTS = 2_000

/** Opens the state of a data folder to write to it; `null` where there is none and `make` is false. */
export function openState(world: World, parsed: ParsedArguments, make: boolean): StateStore | null {
  const folder = dataDirectory(world, textFlag(parsed, 'dataDir'))
  const path = join(folder, STATE_FILE)
  if (!make && !existsSync(path)) return null
  ensureDirectory(folder)
  return StateStore.open(path, { now: world.clock.now(), random: Math.random, origin: 'sim' })
}

/**
 * Hands a request to the loop that holds the state and waits for its outcome; the same id is carried out once.
 *
 * @returns `null` when the loop has ended before it saw the request, which is taken back then
 * @throws StoreError (75) when the loop does not answer; what it has not seen is taken back
 */
export async function askLoop(
  world: World,
  store: StateStore,
  queued: Queued,
  patienceMs: number = PATIENCE_MS,
): Promise<CommandOutcome | null> {
  const first = store.enqueue(queued, world.clock.now())
  const holder = store.holder(world.clock.now())
  if (holder !== null) say(world, `I810 queued to the running bbw (process ${holder.pid} on ${holder.host})`)
  return await outcomeOf(world, store, queued.id, first, patienceMs)
}

/** As `askLoop`, without a word: for what is asked again and again. */
export async function askQuietly(
  world: World,
  store: StateStore,
  queued: Queued,
  patienceMs: number,
): Promise<CommandOutcome | null> {
  const first = store.enqueue(queued, world.clock.now())
  return await outcomeOf(world, store, queued.id, first, patienceMs)
}

async function outcomeOf(
  world: World,
  store: StateStore,
  id: string,
  first: CommandOutcome,
  patienceMs: number,
): Promise<CommandOutcome | null> {
  const deadline = world.clock.monotonic() + patienceMs
  for (let outcome: CommandOutcome | null = first; ; outcome = store.outcome(id)) {
    if (outcome !== null && outcome.state !== 'queued' && outcome.state !== 'taken') return outcome
    const now = world.clock.now()
    const isGone = store.holder(now) === null
    if (isGone && store.withdraw(id, now)) return null
    if (world.clock.monotonic() >= deadline) {
      const isBack = store.withdraw(id, now)
      const late = isBack ? null : store.outcome(id)
      if (late !== null && late.state !== 'taken') return late
      const words = isGone ? 'bbw has ended before it answered' : 'the running bbw does not answer'
      throw new StoreError(words, {
        retryable: true,
        isUnanswered: true,
        remedy: isBack
          ? 'bbw status says what it does; nothing was changed'
          : 'it has the request already and may carry it out: look at bbw status',
      })
    }
    await world.clock.sleep(LOOK_MS, world.signal)
  }
}

/**
 * Carries out what a person orders, in the running loop or on the books. Where the state cannot be used, or the loop does
 * not answer, a halt or a pause is left beside it: whoever reads the state next obeys it first. Returns the exit code.
 */
export async function order(
  world: World,
  parsed: ParsedArguments,
  name: 'pause' | 'resume' | 'halt',
): Promise<number> {
  const config = await loadConfig(world, parsed)
  try {
    const code = await orderByState(world, parsed, config, name)
    if (name === 'resume' && code === EXIT.ok)
      takeOrderAway(dataDirectory(world, textFlag(parsed, 'dataDir')))
    return code
  } catch (error) {
    if (!(error instanceof StoreError) || error.trouble === 'lease-lost') throw error
    if (name === 'resume') {
      throw new StoreError(error.message, {
        retryable: error.retryable,
        trouble: error.trouble,
        remedy: 'nothing is lifted that the state does not know of: bbw db check, bbw db restore FILE',
      })
    }
    const folder = ensureDirectory(dataDirectory(world, textFlag(parsed, 'dataDir')))
    const reason = textFlag(parsed, 'reason') ?? 'by command'
    leaveOrder(folder, { command: name, by: 'cli', reason, at: world.clock.now() })
    // A halt that lies there is not made a pause.
    const left = foundOrder(folder)?.command ?? name
    const words = `${error.message}; the ${left} lies in ${join(folder, STANDING_ORDER_FILE)}`
    say(world, `${left === 'halt' ? 'C132' : 'I130'} ${words}: in force once bbw reads it, before it trades`)
    // A loop that runs reads it at once, whoever holds the state's lock. One that does not answer may be stuck.
    if (error.isUnanswered) throw error
    return EXIT.ok
  }
}

async function orderByState(
  world: World,
  parsed: ParsedArguments,
  config: Config,
  name: 'pause' | 'resume' | 'halt',
): Promise<number> {
  const store = openState(world, parsed, true)
  if (store === null) throw new Error('a state that is to be made is there')
  try {
    const reason = textFlag(parsed, 'reason') ?? 'by command'
    const queued: Queued = { id: `${name}-${randomUUID()}`, command: { kind: name, by: 'cli', reason } }
    const holder = store.holder(world.clock.now())
    if (holder !== null) {
      const outcome = await askLoop(world, store, queued)
      if (outcome !== null) {
        const answers = store.recentEvents(MOST_EVENTS).filter(event => event.figures.request === queued.id)
        for (const event of answers) await tell(world, parsed, event)
        if (outcome.state !== 'done') say(world, `${name}: ${outcome.state}`)
        else if (answers.length === 0) say(world, unchanged(name))
        return outcome.state === 'done' ? EXIT.ok : EXIT.refused
      }
    }
    const events = carryOut(world, store, config, queued)
    for (const event of events) await tell(world, parsed, event)
    if (events.length === 0) say(world, unchanged(name))
    return EXIT.ok
  } finally {
    store.close()
  }
}

function unchanged(name: string): string {
  return `${name}: so it is already, nothing was changed`
}

/** Carries an order out on the books themselves; only while no loop holds them. */
function carryOut(world: World, store: StateStore, config: Config, queued: Queued): readonly EngineEvent[] {
  const wall = world.clock.now()
  const acquired = store.acquire(wall)
  if (!acquired.ok) throw heldError(acquired.holder)
  try {
    const books = store.loadBooks()
    const options = { wallet: config.startingBalance, instance: store.instance, incarnation: acquired.token }
    const engine = books === null ? new Engine(config, options) : Engine.resume(config, options, books)
    const changes = new RowChanges()
    if (books !== null) {
      changes.of(books)
      changes.keep()
    }
    // The books go by the exchange's clock, which is known from what the loop last said of itself.
    const known = fieldOf(store.read(KV.snapshot), 'at')
    const at = typeof known === 'number' ? known : wall
    const events = engine
      .step({ ...inputOf(queued), at })
      .flatMap(effect => (effect.type === 'event' ? [effect.event] : []))
    store.commit({
      at,
      intents: [],
      outcomes: [],
      rows: changes.of(engine.books()),
      verdicts: [],
      events,
      trades: [],
      answers: [],
      isAhead: true,
    })
    return events
  } finally {
    store.release()
  }
}

/** Prints an event as a record or a line. */
export async function tell(world: World, parsed: ParsedArguments, event: EngineEvent): Promise<void> {
  const text = wantsRecords(world, parsed) ? ndjson(eventRecord(event, false)) : `${eventLine(event)}\n`
  await world.stdout.write(text)
}
