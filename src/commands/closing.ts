/** Closes positions for a person: said in advance, queued to the running loop, done at once, or done without the state. */
import { randomUUID } from 'node:crypto'
import { ENVIRONMENTS } from '../core/adapters/bybit/environments.ts'
import { KV } from '../core/adapters/sqlite/kv.ts'
import { leaveOrder } from '../core/adapters/system/standing-order.ts'
import { ExchangeError, StoreError, UsageError } from '../core/base/errors.ts'
import { DAY, type Milliseconds, SECOND } from '../core/base/units.ts'
import { CLOSE_PATIENCE } from '../core/engine/closure-rules.ts'
import type { Closure, EngineEvent } from '../core/engine/protocol.ts'
import type { Snapshot } from '../core/engine/snapshot.ts'
import { formatSteps, formatTicks } from '../core/market/quantise.ts'
import type { Side } from '../core/market/side.ts'
import { eventRecord } from '../core/wire/encode.ts'
import type { ParsedArguments, World } from './command.ts'
import { type Config, loadConfig } from './config.ts'
import { dataDirectory, ensureDirectory } from './data-dir.ts'
import { type Desk, inputOf } from './desk.ts'
import { EXIT } from './exit-codes.ts'
import { symbolFlag, textFlag, wantsRecords } from './flags.ts'
import { eventLine, say } from './lines.ts'
import { ndjson } from './ndjson.ts'
import { withFlags } from './simulate.ts'
import { asItsExchange, atItsExchange, exchangeOfState, notToldYet } from './state-exchange.ts'
import { askLoop, MOST_EVENTS, openState, tell } from './trade-control.ts'
import { forAMoment } from './trade-execute.ts'

/** The engine itself says after a minute what stands in the way. */
const PATIENCE_MS = CLOSE_PATIENCE + 15 * SECOND
/** An exchange, or a part of it, that does not answer is asked again after this. */
const OPEN_AGAIN_MS: Milliseconds = 5 * SECOND
/** On candles of a day the market answers no sooner. */
const MOST_MARKET_MS = 3 * DAY

const CLOSES_ON = 'no bbw runs now: the next bbw run goes on closing what is its own'
const CLOSES_NO_MORE = 'nothing goes on closing now: give the command again, or close at the exchange'

/** Closes one symbol. Returns the exit code: 0 when it is flat, 3 where there is nothing, 6 where it is not flat. */
export async function close(world: World, parsed: ParsedArguments): Promise<number> {
  const [symbol] = symbolFlag({ flags: { symbol: parsed.args[0] }, args: [] }) ?? []
  if (symbol === undefined || parsed.args[0]?.includes(',')) {
    throw new UsageError('one symbol is needed', 'for example: bbw trade close BTCUSDT')
  }
  const side = textFlag(parsed, 'side')
  return await carryOut(world, parsed, {
    ...words(parsed),
    id: `close-${randomUUID()}`,
    symbol,
    side: side === 'long' || side === 'short' ? side : null,
    // Whoever names a symbol and leaves the state aside means what is there.
    isForeignToo: parsed.flags.foreign === true || parsed.flags.withoutState === true,
    halts: false,
  })
}

/** Closes everything, and halts. Returns the exit code: 0 when it is flat, 6 where it is not. */
export async function flatten(world: World, parsed: ParsedArguments): Promise<number> {
  if (parsed.flags.withoutState === true && parsed.flags.all !== true) {
    throw new UsageError(
      'without the state nobody can tell the positions of bbw from yours',
      'say --all to close every position that the account shows',
    )
  }
  return await carryOut(world, parsed, {
    ...words(parsed),
    id: `flatten-${randomUUID()}`,
    symbol: null,
    side: null,
    isForeignToo: parsed.flags.all === true,
    halts: parsed.flags.halt !== false,
  })
}

function words(parsed: ParsedArguments): Pick<Closure, 'kind' | 'by' | 'reason'> {
  return { kind: 'close', by: 'cli', reason: textFlag(parsed, 'reason') ?? 'by command' }
}

async function carryOut(world: World, given: ParsedArguments, request: Closure): Promise<number> {
  const config = withFlags(await loadConfig(world, given), given)
  const isDry = given.flags.execute !== true
  if (given.flags.withoutState === true) return await withoutState(world, given, config, request, isDry)
  let parsed = given
  try {
    parsed = atItsExchange(world, given)
    if (isDry) return await preview(world, parsed, request)
    const outcome = await closeThere(world, parsed, request)
    if (outcome !== null) return outcome
    // Where the exchange cannot be reached nothing is closed; that nothing is opened is left behind.
    const away = (): void => (request.halts ? leaveHalt(world, parsed, request) : undefined)
    return await closeHere(world, named(parsed), config, request, true, away)
  } catch (error) {
    const isLost = error instanceof StoreError && error.trouble === 'lease-lost'
    const isAway = error instanceof ExchangeError || (error instanceof StoreError && !isLost)
    if (!isDry && request.halts && isAway) leaveHalt(world, parsed, request)
    throw withWayOut(error, parsed, request)
  }
}

/** No exchange is guessed: to find nothing at the wrong one would be told as flat. Throws a UsageError. */
function named(parsed: ParsedArguments): ParsedArguments {
  if (textFlag(parsed, 'exchange') !== undefined) return parsed
  throw new UsageError(
    'nothing says on which exchange: there is no state that can be read in the data folder; nothing was closed',
    `name it with --exchange (${ENVIRONMENTS.join(', ')}), or the folder with --data-dir`,
  )
}

/** Where the state cannot be used, the way that does not need it is named, at the same exchange. */
function withWayOut(error: unknown, parsed: ParsedArguments, { symbol }: Closure): unknown {
  if (!(error instanceof StoreError) || error.trouble === 'lease-lost' || error.isOfExchange) return error
  const command = symbol === null ? 'flatten --all' : `close ${symbol}`
  const exchange = textFlag(parsed, 'exchange')
  const places = PLACES.flatMap(([name, flag]) => {
    const value = parsed.flags[name]
    const values = typeof value === 'string' ? [value] : Array.isArray(value) ? value : []
    return values.map(one => ` ${flag} ${quoted(one)}`)
  })
  const live = exchange === 'live' ? ' --live' : ''
  const way = `bbw trade ${command} --without-state --exchange ${exchange ?? 'NAME'}${live}${places.join('')} --execute`
  const names = exchange === undefined ? ` (NAME: the one it traded on, ${ENVIRONMENTS.join(', ')})` : ''
  return new StoreError(error.message, {
    retryable: error.retryable,
    trouble: error.trouble,
    remedy: `without the state: ${way} closes straight at the exchange${names}`,
  })
}

/** What else says where the exchange, the account and the halt are. */
const PLACES = [
  ['url', '--url'],
  ['speed', '--speed'],
  ['simUrl', '--sim-url'],
  ['market', '--market'],
  ['account', '--account'],
  ['dataDir', '--data-dir'],
  ['config', '--config'],
] as const

/** As a shell takes it for one word. */
function quoted(word: string): string {
  return /^[\w./:@=-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}

/** Queues the request to the loop that runs and waits for it; `null` where none does. */
async function closeThere(
  world: World,
  parsed: ParsedArguments,
  { id, ...command }: Closure,
): Promise<number | null> {
  const store = openState(world, parsed, false)
  try {
    if (store === null || store.holder(world.clock.now()) === null) return null
    if (exchangeOfState(world, parsed) === null) throw notToldYet()
    const outcome = await askLoop(world, store, { id, command }, PATIENCE_MS)
    if (outcome === null) return null
    const events = store.recentEvents(MOST_EVENTS).filter(event => event.figures.request === id)
    for (const event of events) await tell(world, parsed, event)
    if (events.some(event => isAnswer(event, id))) return codeOf(events, id)
    say(world, outcome.reason)
    return outcome.state === 'done' ? EXIT.ok : EXIT.refused
  } finally {
    store?.close()
  }
}

/**
 * Opens the exchange for the moment and lets its market go on until whoever asked is answered. One that does not answer yet
 * is asked again for as long as a close that finds its way barred goes on.
 *
 * @param away called once, as soon as the exchange could not be opened
 */
async function closeHere(
  world: World,
  parsed: ParsedArguments,
  config: Config,
  { id, ...command }: Closure,
  keepsState: boolean,
  away: () => void = () => {},
): Promise<number> {
  const told: EngineEvent[] = []
  const deadline = world.clock.monotonic() + CLOSE_PATIENCE
  let isAway = false
  let barred: string | null = null
  const closing = forAMoment(
    world,
    parsed,
    config,
    told,
    async desk => {
      told.length = 0
      desk.hear(inputOf({ id, command }))
      await untilAnswered(world, desk, () => told.some(event => isAnswer(event, id)))
      const events = told.filter(event => isOfClose(event, id))
      for (const event of events) await tell(world, parsed, event)
      if (events.some(({ code }) => code === 'C221')) say(world, keepsState ? CLOSES_ON : CLOSES_NO_MORE)
      if (events.some(event => isAnswer(event, id))) return codeOf(events, id)
      const isSent = events.some(({ kind }) => kind === 'exiting')
      throw new ExchangeError('the exchange has not said yet that it is flat', {
        retryable: true,
        ambiguous: isSent,
      })
    },
    {
      keepsState,
      onlyCloses: true,
      again: async error => {
        if (!(error instanceof ExchangeError)) return false
        if (!isAway) away()
        isAway = true
        if (!error.retryable) return false
        if (world.clock.monotonic() >= deadline) {
          barred = error.message
          return false
        }
        say(world, `${error.message}: nothing is closed yet; it is tried again`)
        await world.clock.sleep(OPEN_AGAIN_MS, world.signal)
        return true
      },
    },
  )
  return await closing.catch((error: unknown) => {
    if (barred === null) throw error
    const words = 'nothing was sent, and stops at the exchange stay'
    say(world, `C221 not flat after ${CLOSE_PATIENCE / SECOND} s: ${barred}; ${words}`)
    return EXIT.refused
  })
}

async function untilAnswered(world: World, desk: Desk, isAnswered: () => boolean): Promise<void> {
  await desk.settle()
  if (isAnswered()) return
  const { clock } = desk.exchange
  const deadline = world.clock.monotonic() + PATIENCE_MS
  await desk.exchange.run(
    () => desk.driver.idle(),
    async () => {
      desk.tick()
      await Promise.resolve()
      return !isAnswered() && !world.signal.aborted && world.clock.monotonic() < deadline
    },
    clock.now() + MOST_MARKET_MS,
  )
}

/**
 * Closes straight at the exchange that is named, or else at the state's where that much can be read of it, and leaves the
 * halt where the next start, or a loop that runs, finds it.
 */
async function withoutState(
  world: World,
  given: ParsedArguments,
  config: Config,
  request: Closure,
  isDry: boolean,
): Promise<number> {
  const parsed = named(asItsExchange(world, given))
  const url = textFlag(parsed, 'url') ?? textFlag(parsed, 'simUrl')
  const at = `--exchange ${textFlag(parsed, 'exchange')}${url === undefined ? '' : ` at ${url}`}`
  say(
    world,
    `W142 the state is left aside: whoever opened them, the positions that the account shows at ${at} are meant. The next bbw run compares its books with what it finds.`,
  )
  if (isDry) return await shown(world, parsed, config, request)
  if (request.halts) leaveHalt(world, parsed, request)
  return await closeHere(world, parsed, config, request, false)
}

/** A disk that takes no halt must not keep anybody from getting out. */
function leaveHalt(world: World, parsed: ParsedArguments, { by, reason }: Closure): void {
  const folder = dataDirectory(world, textFlag(parsed, 'dataDir'))
  try {
    leaveOrder(ensureDirectory(folder), { command: 'halt', by, reason, at: world.clock.now() })
    say(world, `C132 halted: the order lies in ${folder} and is in force once bbw reads it`)
  } catch (error) {
    if (!(error instanceof StoreError)) throw error
    say(world, `E109 the halt could not be written down: ${error.message}`)
  }
}

// --- answers

function isAnswer({ kind, figures }: EngineEvent, id: string): boolean {
  return figures.request === id && (kind === 'flat' || (kind === 'refused' && figures.gate === 'close'))
}

function isOfClose({ kind, code, figures }: EngineEvent, id: string): boolean {
  return figures.request === id || code === 'I604' || kind === 'exiting' || kind === 'exited'
}

function codeOf(events: readonly EngineEvent[], id: string): number {
  const answer = events.filter(event => isAnswer(event, id)).at(-1)
  if (answer?.kind === 'flat') return EXIT.ok
  return answer?.figures.isMissing === true ? EXIT.notFound : EXIT.refused
}

// --- in advance

interface Held {
  readonly symbol: string
  readonly side: Side
  readonly strategy: string | null
  readonly qty: string | number | null
  readonly stop: string | number | null
}

/** Says what would happen, by what the last state of the loop shows. */
async function preview(world: World, parsed: ParsedArguments, request: Closure): Promise<number> {
  let store: ReturnType<typeof openState> = null
  let snapshot: Snapshot | undefined
  try {
    store = openState(world, parsed, false)
    snapshot = store?.read(KV.snapshot) as Snapshot | undefined
  } finally {
    store?.close()
  }
  if (snapshot === undefined) {
    say(world, 'there is no state in this folder yet; with --execute the exchange itself is asked')
    return EXIT.notFound
  }
  const own = snapshot.positions.map(({ symbol, side, strategy, qty, stop }) => ({
    ...{ symbol, side, strategy, qty, stop },
  }))
  const foreign = (snapshot.foreign ?? []).map(({ symbol, side, qty, stop }) => ({
    ...{ symbol, side, strategy: null, qty, stop },
  }))
  const waiting = snapshot.pending.filter(one => isAsked(request, one)).length
  return await tellPlan(world, parsed, request, snapshot.at, own, foreign, waiting)
}

/** As `preview`, by what the account shows: whoever opened what cannot be told. */
async function shown(
  world: World,
  parsed: ParsedArguments,
  config: Config,
  request: Closure,
): Promise<number> {
  return await forAMoment(
    world,
    parsed,
    config,
    [],
    async desk => {
      const { positions, orders } = await desk.exchange.account()
      const held = positions.map(({ symbol, side, steps, stop }): Held => {
        const known = desk.engine.instrumentOf(symbol)
        if (known === undefined) return { symbol, side, strategy: null, qty: null, stop: null }
        const at = stop === null ? null : formatTicks(known, stop)
        return { symbol, side, strategy: null, qty: formatSteps(known, steps), stop: at }
      })
      const waiting = orders.filter(one => one.purpose === 'entry' && isAsked(request, one)).length
      return await tellPlan(world, parsed, request, desk.exchange.clock.now(), [], held, waiting)
    },
    { keepsState: false, onlyCloses: true },
  )
}

async function tellPlan(
  world: World,
  parsed: ParsedArguments,
  request: Closure,
  ts: number,
  own: readonly Held[],
  foreign: readonly Held[],
  waiting: number,
): Promise<number> {
  const asked = own.filter(one => isAsked(request, one))
  const strange = foreign.filter(one => isAsked(request, one))
  const all = request.isForeignToo ? [...asked, ...strange] : asked
  for (const { symbol, side, strategy, qty, stop } of all) {
    const none = { code: null, signalId: null, clientOrderId: null }
    const event: EngineEvent = {
      ...{ kind: 'exiting', ts, symbol, side, strategy, reason: 'would be closed at the market', ...none },
      figures: { qty, stop },
    }
    const line = wantsRecords(world, parsed)
      ? ndjson(eventRecord(event, true))
      : `${eventLine(event)} (dry)\n`
    await world.stdout.write(line)
  }
  if (waiting > 0) say(world, `${waiting} orders of bbw that wait would be taken back`)
  if (!request.isForeignToo && strange.length > 0) {
    const names = strange.map(({ symbol, side }) => `${symbol} ${side}`).join(', ')
    const flag = request.symbol === null ? '--all' : '--foreign'
    say(world, `not opened by bbw, and left: ${names} (${flag} closes them too)`)
  }
  if (request.halts) say(world, 'entries would be halted until bbw trade resume')
  if (all.length > 0) return EXIT.ok
  if (request.symbol === null) {
    say(world, 'nothing is held that would be closed')
    return EXIT.ok
  }
  if (strange.length > 0) return EXIT.refused
  say(world, `${request.symbol} is not held`)
  return EXIT.notFound
}

function isAsked({ symbol, side }: Closure, one: { readonly symbol: string; readonly side: Side }): boolean {
  return (symbol === null || one.symbol === symbol) && (side === null || one.side === side)
}
