import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { DataError } from '../core/base/errors.ts'
import type { Timestamp } from '../core/base/units.ts'
import { ENTRY_STRATEGIES } from '../core/engine/cycles.ts'
import type { Instrument } from '../core/market/instrument.ts'
import { parseSteps, parseTicks } from '../core/market/quantise.ts'
import { emptyPortfolio, type Portfolio } from '../core/portfolio/portfolio.ts'
import { type Position, positionKey } from '../core/portfolio/position.ts'
import type { World } from './command.ts'
import type { Config } from './config.ts'

const SHAPE =
  '{"wallet": 1000, "positions": [{"symbol": "BTCUSDT", "side": "long", "strategy": "bollinger-grid-long", "qty": "0.01", "entry": 60000, "stop": "57000"}]}'

/**
 * A portfolio from a JSON file: the wallet and what is held. Leverage is the strategy's own where it is left out.
 *
 * @throws DataError naming the field
 */
export function readPortfolio(
  world: World,
  file: string,
  config: Config,
  instruments: ReadonlyMap<string, Instrument>,
  now: Timestamp,
): Portfolio {
  const fail = (field: string, wanted: string): never => {
    throw new DataError(`${field} has to be ${wanted}`, { file, field }, `for example: ${SHAPE}`)
  }
  const written = parse(world, file)
  const wallet = written.wallet
  if (typeof wallet !== 'number' || !Number.isFinite(wallet)) return fail('wallet', 'a number of USDT')
  const list = written.positions ?? []
  if (!Array.isArray(list)) return fail('positions', 'a list')
  const positions = new Map<string, Position>()
  for (const [i, one] of (list as readonly unknown[]).entries()) {
    const place = `positions[${i}]`
    if (typeof one !== 'object' || one === null) return fail(place, 'an object')
    const { symbol, side, strategy, qty, entry, stop, leverage } = one as { readonly [name: string]: unknown }
    const instrument = typeof symbol === 'string' ? instruments.get(symbol) : undefined
    if (instrument === undefined) return fail(`${place}.symbol`, 'a symbol of the market')
    if (side !== 'long' && side !== 'short') return fail(`${place}.side`, 'long or short')
    const known = ENTRY_STRATEGIES.find(candidate => candidate.id === strategy)
    if (known === undefined) {
      return fail(`${place}.strategy`, `one of ${ENTRY_STRATEGIES.map(({ id }) => id).join(', ')}`)
    }
    if (typeof entry !== 'number' || !(entry > 0) || !Number.isFinite(entry))
      return fail(`${place}.entry`, 'a price')
    if (typeof qty !== 'string') return fail(`${place}.qty`, 'a decimal text')
    if (typeof stop !== 'string') return fail(`${place}.stop`, 'a decimal text')
    const own = known.terms(config.strategies[known.id]).leverage
    if (leverage !== undefined && (typeof leverage !== 'number' || !(leverage >= 1))) {
      return fail(`${place}.leverage`, 'a number of 1 or more')
    }
    const steps = parseSteps(instrument, qty)
    if (steps === 0) return fail(`${place}.qty`, 'above 0')
    const ticks = parseTicks(instrument, stop)
    const key = positionKey(instrument.symbol, side)
    if (positions.has(key)) return fail(place, 'the only one of its symbol and side')
    positions.set(key, {
      symbol: instrument.symbol,
      side,
      instrument,
      strategy: known.id,
      timeframe: known.timeframe,
      signalId: `portfolio:${key}`,
      clientOrderId: `portfolio:${key}`,
      score: 0,
      leverage: leverage ?? own,
      entry,
      steps,
      enteredSteps: steps,
      openedAt: now,
      stop: ticks,
      stopKind: 'initial',
      initialStop: ticks,
      target: null,
      targetsFilled: 0,
      weekBbAtEntry: null,
      halved: false,
      gross: 0,
      fees: 0,
      funding: 0,
      exits: [],
      lowest: entry,
      highest: entry,
      reason: `from ${file}`,
    })
  }
  return { ...emptyPortfolio(wallet), positions }
}

function parse(world: World, file: string): { readonly wallet?: unknown; readonly positions?: unknown } {
  let text: string
  try {
    text = readFileSync(resolve(world.cwd, file), 'utf8')
  } catch (error) {
    throw new DataError(error instanceof Error ? error.message : String(error), { file }, 'check the path')
  }
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  } catch {
    // The message below says all there is to say.
  }
  throw new DataError('this is not a JSON object', { file }, `for example: ${SHAPE}`)
}
