/** Hands a position over to bbw, or takes it back: said in advance, queued to the running loop, or done at once. */
import { randomUUID } from 'node:crypto'
import { KV } from '../core/adapters/sqlite/kv.ts'
import { ExchangeError, UsageError } from '../core/base/errors.ts'
import { adoptionProblem } from '../core/engine/adoption.ts'
import type { EngineEvent, Handover } from '../core/engine/protocol.ts'
import type { Snapshot } from '../core/engine/snapshot.ts'
import type { Side } from '../core/market/side.ts'
import { MANUAL } from '../core/portfolio/position.ts'
import { eventRecord } from '../core/wire/encode.ts'
import type { ParsedArguments, World } from './command.ts'
import { loadConfig } from './config.ts'
import { inputOf } from './desk.ts'
import { EXIT } from './exit-codes.ts'
import { numberFlag, symbolFlag, textFlag, wantsRecords } from './flags.ts'
import { eventLine, say } from './lines.ts'
import { ndjson } from './ndjson.ts'
import { withFlags } from './simulate.ts'
import { atItsExchange, exchangeOfState, notToldYet } from './state-exchange.ts'
import { askLoop, MOST_EVENTS, openState, tell } from './trade-control.ts'
import { forAMoment } from './trade-execute.ts'

/**
 * On the exchange of the state. Returns the exit code: 3 where there is no such position, 6 where it is refused.
 *
 * @throws ConfigError where another exchange is named
 */
export async function handOver(
  world: World,
  given: ParsedArguments,
  kind: Handover['kind'],
): Promise<number> {
  const request = requestOf(given, kind)
  const parsed = atItsExchange(world, given)
  const config = withFlags(await loadConfig(world, parsed), parsed)
  if (parsed.flags.execute !== true) return await preview(world, parsed, request)
  const outcome = await handOverThere(world, parsed, request)
  if (outcome !== null) return outcome
  const told: EngineEvent[] = []
  return await forAMoment(world, parsed, config, told, async desk => {
    const { id, ...command } = request
    told.length = 0
    desk.hear(inputOf({ id, command }))
    await desk.settle()
    const events = told.filter(event => isAnswer(event, id) || isStop(event, request))
    for (const event of events) await tell(world, parsed, event)
    if (!events.some(event => isAnswer(event, id))) {
      throw new ExchangeError(`${kind}: the exchange has not answered, nothing has changed hands`, {
        retryable: true,
        ambiguous: false,
      })
    }
    return codeOf(events)
  })
}

function requestOf(parsed: ParsedArguments, kind: Handover['kind']): Handover {
  const [symbol] = symbolFlag({ flags: { symbol: parsed.args[0] }, args: [] }) ?? []
  if (symbol === undefined || parsed.args[0]?.includes(',')) {
    throw new UsageError('one symbol is needed', `for example: bbw trade ${kind} BTCUSDT`)
  }
  const side = textFlag(parsed, 'side')
  return {
    id: `${kind}-${randomUUID()}`,
    kind,
    symbol,
    side: side === 'long' || side === 'short' ? side : null,
    stop: numberFlag(parsed, 'stop', '--stop') ?? null,
    target: numberFlag(parsed, 'target', '--target') ?? null,
    isOwn: parsed.flags.own === true,
    by: 'cli',
  }
}

/** Queues the request to the loop that runs and waits for it; `null` where none does. */
async function handOverThere(
  world: World,
  parsed: ParsedArguments,
  request: Handover,
): Promise<number | null> {
  const store = openState(world, parsed, false)
  try {
    if (store === null || store.holder(world.clock.now()) === null) return null
    if (exchangeOfState(world, parsed) === null) throw notToldYet()
    const { id, ...command } = request
    const outcome = await askLoop(world, store, { id, command })
    if (outcome === null) return null
    const events = store.recentEvents(MOST_EVENTS).filter(event => isAnswer(event, id))
    for (const event of events) await tell(world, parsed, event)
    if (events.length > 0) return codeOf(events)
    say(world, outcome.reason)
    return outcome.state === 'done' ? EXIT.ok : EXIT.refused
  } finally {
    store?.close()
  }
}

function isAnswer({ kind, figures }: EngineEvent, id: string): boolean {
  return (kind === 'adopted' || kind === 'released' || kind === 'refused') && figures.request === id
}

/** What became of the stop of a position that was handed over. */
function isStop({ kind, symbol, side, strategy }: EngineEvent, request: Handover): boolean {
  const isOfStop = kind === 'stop-restored' || kind === 'stop-failed'
  const isItsSide = request.side === null || side === request.side
  return isOfStop && symbol === request.symbol && isItsSide && strategy === MANUAL
}

function codeOf(events: readonly EngineEvent[]): number {
  const refused = events.find(event => event.kind === 'refused')
  if (refused === undefined) return EXIT.ok
  return refused.figures.isMissing === true ? EXIT.notFound : EXIT.refused
}

// --- in advance

/** Says what would happen, by what the last state of the loop shows. */
async function preview(world: World, parsed: ParsedArguments, request: Handover): Promise<number> {
  const store = openState(world, parsed, false)
  let snapshot: Snapshot | undefined
  try {
    snapshot = store?.read(KV.snapshot) as Snapshot | undefined
  } finally {
    store?.close()
  }
  if (snapshot === undefined) {
    say(world, 'there is no state in this folder yet; with --execute the exchange itself is asked')
    return EXIT.notFound
  }
  const event = request.kind === 'adopt' ? adoptionEvent(snapshot, request) : releaseEvent(snapshot, request)
  const line = wantsRecords(world, parsed) ? ndjson(eventRecord(event, true)) : `${eventLine(event)} (dry)\n`
  await world.stdout.write(line)
  return codeOf([event])
}

function adoptionEvent(snapshot: Snapshot, request: Handover): EngineEvent {
  const { symbol, stop, target } = request
  const found = (snapshot.foreign ?? []).filter(one => isOf(one, request))
  const [there] = found
  if (there === undefined) {
    const isOwn = snapshot.positions.some(one => isOf(one, request))
    const words = isOwn ? 'it is a position of bbw already' : 'it is not held at the exchange'
    return refusal(snapshot, request, words, !isOwn)
  }
  if (found.length > 1) return bothSides(snapshot, request)
  const problem = adoptionProblem({
    side: there.side,
    mark: there.mark ?? Number.NaN,
    shown: there.stop === null ? null : Number(there.stop),
    stop,
    target,
    liquidation: there.liquidation ?? null,
  })
  if (problem !== null) return refusal(snapshot, request, problem, false)
  return eventOf(snapshot, request, 'adopted', there.side, MANUAL, `${symbol} would be handed over`, {
    price: there.entry,
    qty: there.qty,
    leverage: there.leverage,
    from: there.stop,
    stop: stop ?? there.stop,
    target,
  })
}

function releaseEvent(snapshot: Snapshot, request: Handover): EngineEvent {
  const found = snapshot.positions.filter(one => isOf(one, request))
  const [held] = found
  if (held === undefined) return refusal(snapshot, request, 'it is no position of bbw', true)
  if (found.length > 1) return bothSides(snapshot, request)
  if (held.strategy !== MANUAL && !request.isOwn) {
    return refusal(snapshot, request, `it was opened by ${held.strategy}: say --own to take it over`, false)
  }
  const targets = held.targets.map(({ price }) => price).join(' ')
  const words = `would be released${targets === '' ? '' : `, its targets taken back: ${targets}`}`
  return eventOf(snapshot, request, 'released', held.side, held.strategy, words, {
    qty: held.qty,
    stop: held.stop,
  })
}

function isOf(one: { readonly symbol: string; readonly side: Side }, request: Handover): boolean {
  return one.symbol === request.symbol && (request.side === null || one.side === request.side)
}

function bothSides(snapshot: Snapshot, request: Handover): EngineEvent {
  return refusal(snapshot, request, 'it is held on both sides: say --side long or --side short', false)
}

function refusal(snapshot: Snapshot, request: Handover, words: string, isMissing: boolean): EngineEvent {
  const { kind, side } = request
  const reason = `${kind}: ${words}`
  return eventOf(snapshot, request, 'refused', side, MANUAL, reason, { gate: kind, isMissing })
}

function eventOf(
  { at }: Snapshot,
  { symbol }: Handover,
  kind: EngineEvent['kind'],
  side: Side | null,
  strategy: string,
  reason: string,
  figures: EngineEvent['figures'],
): EngineEvent {
  const none = { code: null, signalId: null, clientOrderId: null }
  return { kind, ts: at, symbol, side, strategy, reason, figures, ...none }
}
