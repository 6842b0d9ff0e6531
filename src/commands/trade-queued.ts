/**
 * Signals of a pipe handed to the loop that runs. The loop does the work; the command waits until it is known what has
 * become of the orders and what is held stands with its stop, as a process does that does the work itself before it ends.
 */
import { randomUUID } from 'node:crypto'
import { environmentOf } from '../core/adapters/bybit/environments.ts'
import type { StateStore } from '../core/adapters/sqlite/state-store.ts'
import { StoreError } from '../core/base/errors.ts'
import { hashText } from '../core/base/hash.ts'
import type { LooseEnd } from '../core/engine/loose-ends.ts'
import type { EngineEvent, Scored, SymbolSide } from '../core/engine/protocol.ts'
import type { ParsedArguments, World } from './command.ts'
import type { Config } from './config.ts'
import { ASK_MS, LONGEST_END_MS, openWords } from './ending.ts'
import { codeOf, outcomesOf } from './entry-outcome.ts'
import { EXIT } from './exit-codes.ts'
import { say } from './lines.ts'
import { refuseUnmeant } from './live-consent.ts'
import { exchangeOfState, notToldYet } from './state-exchange.ts'
import { askLoop, askQuietly, MOST_EVENTS, openState, tell } from './trade-control.ts'

/** Why it is not known what is open: the loop has ended, or is there and does not answer. */
type Silence = 'gone' | 'silent'

/**
 * Queues the signals to the loop that runs and waits until what comes of them is settled, for 8 s at most.
 *
 * @returns the exit code; `null` where no loop runs
 * @throws StoreError (75) where the loop does not take them
 */
export async function executeThere(
  world: World,
  parsed: ParsedArguments,
  config: Config,
  scored: readonly Scored[],
): Promise<number | null> {
  const store = openState(world, parsed, false)
  try {
    const holder = store?.holder(world.clock.now()) ?? null
    if (store === null || holder === null) return null
    const name = exchangeOfState(world, parsed)
    if (name === null) throw notToldYet()
    // The loop was told for itself alone that real money is meant.
    await refuseUnmeant(world, parsed, config, environmentOf(name))
    // The id comes from the signals: the same file piped twice is one request.
    const id = `propose-${hashText(scored.map(one => one.signal.id).join('|'))}`
    const known = store.outcome(id)
    if (known !== null && known.state !== 'withdrawn')
      say(world, 'I113 these signals were handed in before; this is what became of them')
    const answer = await askLoop(world, store, { id, command: { kind: 'propose', records: scored } })
    if (answer === null) return null
    const { events, code } = await settled(
      world,
      store,
      new Set(scored.map(one => one.signal.id)),
      name === 'sim',
    )
    for (const event of events) await tell(world, parsed, event)
    if (events.length > 0) return code
    // They were judged so long ago that the journal has moved on.
    return answer.state === 'done' ? EXIT.ok : EXIT.refused
  } finally {
    store?.close()
  }
}

/**
 * What came of each signal, once nothing is open of it or the time is over; what is open then is said (C712).
 *
 * @param standsStill the exchange stands still where no loop runs: nothing is left open there by its end
 */
async function settled(
  world: World,
  store: StateStore,
  ids: ReadonlySet<string>,
  standsStill: boolean,
): Promise<{ readonly events: readonly EngineEvent[]; readonly code: number }> {
  const told = (): readonly EngineEvent[] => store.recentEvents(MOST_EVENTS)
  const first = told()
  const of = outcomesOf(first, ids, () => 'rests').flatMap(({ kind, symbol, side }) =>
    kind === 'entered' && symbol !== null && side !== null ? [{ symbol, side }] : [],
  )
  const found = of.length === 0 ? [] : await openThere(world, store, of)
  const left = found === 'gone' && standsStill ? [] : found
  const isKnown = left !== 'gone' && left !== 'silent'
  const open = new Map(isKnown ? left.map(one => [one.clientOrderId, one.what]) : [])
  // A market that is moved fast may have put the verdicts out of sight meanwhile.
  const events = outcomesOf([...first, ...told()], ids, ({ clientOrderId }) => {
    const unknown = isKnown ? open.get(clientOrderId) : SILENCE[left]
    return unknown === undefined ? 'rests' : { unknown }
  })
  if (isKnown && left.length === 0) return { events, code: codeOf(events) }
  const words = isKnown
    ? `${openWords(left)}; the running bbw goes on there: bbw status shows it`
    : SILENCE[left]
  say(world, `C712 ${words}`)
  return { events, code: EXIT.exchange }
}

const SILENCE: { readonly [K in Silence]: string } = {
  gone: 'the bbw that ran has ended before it said what is open of them; bbw run finds out and goes on there',
  silent: 'the running bbw does not say what is open of them: bbw status says what it does',
}

/** What is open on these sides by the word of the loop, which is asked until nothing is, or the time is over. */
async function openThere(
  world: World,
  store: StateStore,
  of: readonly SymbolSide[],
): Promise<readonly LooseEnd[] | Silence> {
  const { clock } = world
  const deadline = clock.monotonic() + LONGEST_END_MS
  for (;;) {
    const left = await openNow(world, store, of, deadline - clock.monotonic())
    const rest = deadline - clock.monotonic()
    // The loop has a second for its last answer, too.
    if (typeof left === 'string' || left.length === 0 || rest < 2 * ASK_MS) return left
    await clock.sleep(ASK_MS, world.signal)
  }
}

async function openNow(
  world: World,
  store: StateStore,
  of: readonly SymbolSide[],
  patienceMs: number,
): Promise<readonly LooseEnd[] | Silence> {
  try {
    const asked = { id: `loose-ends-${randomUUID()}`, command: { kind: 'loose-ends', of } } as const
    const outcome = await askQuietly(world, store, asked, patienceMs)
    if (outcome === null) return 'gone'
    // One of an earlier version does not know the question.
    return outcome.state === 'done' ? (JSON.parse(outcome.reason) as readonly LooseEnd[]) : 'silent'
  } catch (error) {
    if (!(error instanceof StoreError) || !error.retryable) throw error
    return store.holder(world.clock.now()) === null ? 'gone' : 'silent'
  }
}
