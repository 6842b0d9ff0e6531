/** Why nothing is entered on a symbol: asked of the running loop, or worked out beside the market. */
import { randomUUID } from 'node:crypto'
import { fieldOf } from '../core/adapters/sqlite/json.ts'
import { KV } from '../core/adapters/sqlite/kv.ts'
import type { StateStore } from '../core/adapters/sqlite/state-store.ts'
import { foundStandstill, foundWords } from '../core/adapters/system/standstill.ts'
import { UsageError } from '../core/base/errors.ts'
import { harmless } from '../core/base/harmless.ts'
import { Engine } from '../core/engine/engine.ts'
import type { EngineEvent } from '../core/engine/protocol.ts'
import type { Why } from '../core/engine/why.ts'
import type { GateReading } from '../core/guards/guard.ts'
import type { Side } from '../core/market/side.ts'
import { eventRecord, WIRE_VERSION } from '../core/wire/encode.ts'
import type { ParsedArguments, World } from './command.ts'
import { type Config, loadConfig } from './config.ts'
import { dataDirectory } from './data-dir.ts'
import { EXIT } from './exit-codes.ts'
import { symbolFlag, textFlag, wantsRecords } from './flags.ts'
import { minute, say } from './lines.ts'
import { ndjson } from './ndjson.ts'
import { engineAt, marketAt } from './scan.ts'
import { venueOf, withFlags } from './simulate.ts'
import { textTable } from './table.ts'
import { askLoop, openState } from './trade-control.ts'

/** Events of the newest ones in which refusals are looked for, and how many are told. */
const MOST_EVENTS = 5_000
const MOST_REFUSALS = 10

/** Returns the exit code: 3 for a symbol that is not followed. */
export async function why(world: World, parsed: ParsedArguments): Promise<number> {
  const [symbol] = symbolFlag({ flags: { symbol: parsed.args[0] }, args: [] }) ?? []
  if (symbol === undefined || parsed.args[0]?.includes(',')) {
    throw new UsageError('one symbol is needed', 'for example: bbw trade why BTCUSDT')
  }
  const given = textFlag(parsed, 'side')
  const side = given === 'long' || given === 'short' ? given : null
  const config = withFlags(await loadConfig(world, parsed), parsed)
  const store = openState(world, parsed, false)
  try {
    const answer =
      (await askRunning(world, parsed, store, symbol, side)) ??
      (await workOut(world, parsed, config, store, symbol, side))
    const refusals = refusalsOf(store, symbol, side)
    const text = wantsRecords(world, parsed) ? record(answer, refusals) : report(answer, refusals)
    await world.stdout.write(text)
    return answer.isKnown ? EXIT.ok : EXIT.notFound
  } finally {
    store?.close()
  }
}

/** Asks the loop that runs; `null` where none does, or another moment is asked about. */
async function askRunning(
  world: World,
  parsed: ParsedArguments,
  store: StateStore | null,
  symbol: string,
  side: Side | null,
): Promise<Why | null> {
  if (store === null || store.holder(world.clock.now()) === null) return null
  if (textFlag(parsed, 'at') !== undefined) {
    throw new UsageError('--at does not go with a running loop, which is asked itself', 'leave it out')
  }
  const outcome = await askLoop(world, store, {
    id: `why-${randomUUID()}`,
    command: { kind: 'why', symbol, side },
  })
  return outcome === null ? null : (JSON.parse(outcome.reason) as Why)
}

/** Puts the books of the state, or nothing held, beside the market of the flags. */
async function workOut(
  world: World,
  parsed: ParsedArguments,
  config: Config,
  store: StateStore | null,
  symbol: string,
  side: Side | null,
): Promise<Why> {
  const books = store?.loadBooks() ?? null
  if (books === null) return engineAt(await marketAt(world, parsed, config), config).why(symbol, side)
  say(
    world,
    'no loop runs: these are its books as it left them, and the first thing a run does is compare them',
  )
  const standstill = foundStandstill(dataDirectory(world, textFlag(parsed, 'dataDir')))
  if (standstill !== null) say(world, `C707 ${foundWords(standstill)}; bbw run goes on where it was`)
  // The market is looked at where the exchange stood when the loop ended.
  const left = fieldOf(store?.read(KV.snapshot), 'at')
  const at = textFlag(parsed, 'at') ?? (typeof left === 'number' ? String(Math.floor(left)) : undefined)
  const market = await marketAt(world, { ...parsed, flags: { ...parsed.flags, at } }, config)
  const engine = Engine.resume(config, { wallet: config.startingBalance }, books)
  for (const input of venueOf(market.markets, config, { from: market.at, to: null }, false).history()) {
    engine.step(input)
  }
  return engine.why(symbol, side)
}

function refusalsOf(store: StateStore | null, symbol: string, side: Side | null): readonly EngineEvent[] {
  const events = store?.recentEvents(MOST_EVENTS) ?? []
  const found = events.filter(
    one => one.kind === 'refused' && one.symbol === symbol && (side === null || one.side === side),
  )
  return found.slice(-MOST_REFUSALS).reverse()
}

function record(answer: Why, refusals: readonly EngineEvent[]): string {
  return ndjson({
    v: WIRE_VERSION,
    type: 'why',
    id: `why:${answer.symbol}:${answer.at}`,
    ts: answer.at,
    ...answer,
    refusals: refusals.map(event => eventRecord(event, false)),
  })
}

// --- for a person

function report(answer: Why, refusals: readonly EngineEvent[]): string {
  const { symbol, at, isKnown, isWatched, signals, sides, silent, held } = answer
  if (!isKnown) return `${harmless(symbol)} is not among the symbols that bbw follows\n`
  const head = [`${symbol} at ${minute(at)} UTC`, ...marketLines(answer)]
  if (!isWatched)
    head.push(
      'decisions do not look at it: it is not among those of highest turnover, or its newest daily candle is missing',
    )
  for (const one of held) head.push(`held: ${one.side} of ${one.strategy}`)
  const parts = [
    head,
    ...signals.flatMap(({ strategy, side, reason, score, gates }) => [
      [`${side} ${strategy}: ${reason}`, `score ${score.toFixed(1)}, ${verdict(gates)}`],
      gateLines(gates),
    ]),
    ...sides.flatMap(({ side, score, gates }) => [
      [`${side}: no strategy wants it`, `score ${score.toFixed(1)}, ${verdict(gates)}`],
      gateLines(gates),
    ]),
    silent.length === 0 ? [] : ['no signal from:', ...silent.map(one => `- ${one.strategy}: ${one.reason}`)],
    refusals.length === 0
      ? ['never refused, as far as the journal goes back']
      : ['refused lately:', ...refusalLines(refusals)],
  ]
  const text = parts.filter(lines => lines.length > 0).map(lines => lines.map(harmless).join('\n'))
  return `${text.join('\n\n')}\n`
}

function marketLines({ market }: Why): readonly string[] {
  if (market === null) return ['no closed daily candle']
  const figure = (value: number | null, digits: number): string =>
    value === null ? 'not known' : value.toFixed(digits)
  return [
    `close ${market.price}, last ${market.last}, bands ${figure(market.lower, 4)} ${figure(market.middle, 4)} ${figure(market.upper, 4)}`,
    `BB% ${figure(market.bbPercent, 1)}, weekly ${figure(market.weekBb, 1)}, monthly ${figure(market.monthBb, 1)}, RSI ${figure(market.rsi, 1)}, bands ${figure(market.width, 2)} % wide`,
    `tier ${market.tier}, turnover ${market.turnover.toFixed(0)} USDT, change ${figure(market.change, 1)} %, down days ${market.downDays}, up days ${market.upDays}, funding ${market.funding === null ? 'not known' : `${(100 * market.funding).toFixed(4)} %`}`,
  ]
}

function verdict(gates: readonly GateReading[]): string {
  const closed = gates.filter(({ isOpen }) => isOpen === false).map(({ gate }) => gate)
  return closed.length === 0 ? 'every gate that can tell is open' : `refused by ${closed.join(', ')}`
}

const STATES = new Map([
  [true, 'open'],
  [false, 'CLOSED'],
])

function gateLines(gates: readonly GateReading[]): readonly string[] {
  const rows = gates.map(({ gate, isOpen, reason, figures }) => [
    gate,
    isOpen === null ? '-' : (STATES.get(isOpen) ?? ''),
    Object.entries(figures)
      .map(([name, value]) => `${name} ${figureText(name, value)}`)
      .join(', '),
    reason,
  ])
  return textTable(['gate', 'state', 'sees', 'why'], rows).trimEnd().split('\n')
}

/** Figures that are moments. */
const MOMENTS: readonly string[] = ['until', 'candleEnd', 'now']

function figureText(name: string, value: GateReading['figures'][string]): string {
  if (typeof value !== 'number') return value === null ? 'none' : String(value)
  if (MOMENTS.includes(name)) return value === 0 ? 'none' : minute(value)
  return String(Number(value.toPrecision(6)))
}

function refusalLines(refusals: readonly EngineEvent[]): readonly string[] {
  return refusals.map(({ ts, side, strategy, reason }) => `- ${minute(ts)} ${side} ${strategy}: ${reason}`)
}
