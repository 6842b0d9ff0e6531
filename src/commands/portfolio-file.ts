import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { DataError } from '../core/base/errors.ts'
import { ENTRY_STRATEGIES } from '../core/engine/cycles.ts'
import { nearest } from '../core/engine/settings.ts'
import { parseSteps, parseTicks } from '../core/market/quantise.ts'
import { emptyPortfolio, type Portfolio } from '../core/portfolio/portfolio.ts'
import { type Position, positionKey } from '../core/portfolio/position.ts'
import type { World } from './command.ts'
import type { Config } from './config.ts'
import type { MarketAt } from './scan.ts'

const SHAPE =
  '{"wallet": 1000, "positions": [{"symbol": "BTCUSDT", "side": "long", "strategy": "bollinger-grid-long", "qty": "0.01", "entry": 60000, "stop": "57000"}]}'

const PORTFOLIO_KEYS = ['wallet', 'positions']
const POSITION_KEYS = ['symbol', 'side', 'strategy', 'qty', 'entry', 'stop', 'leverage']

type Written = { readonly [name: string]: unknown }

/**
 * A portfolio from a JSON file: the wallet and what is held. Leverage is the strategy's own where it is left out.
 *
 * @throws DataError naming the field
 */
export function readPortfolio(
  world: Pick<World, 'cwd'>,
  file: string,
  config: Config,
  { markets, at }: MarketAt,
): Portfolio {
  const fail = (field: string, what: string): never => {
    throw new DataError(`${field} ${what}`, { file, field }, `for example: ${SHAPE}`)
  }
  const object = (value: unknown, place: string, keys: readonly string[]): Written => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      return fail(place || 'the portfolio', 'has to be an object')
    }
    const stranger = Object.keys(value).find(key => !keys.includes(key))
    if (stranger === undefined) return value as Written
    const near = nearest(stranger, keys)
    return fail(
      place === '' ? stranger : `${place}.${stranger}`,
      `is not known${near === undefined ? '' : `, did you mean ${near}?`}`,
    )
  }
  const decimal = <T>(field: string, value: unknown, parse: (text: string) => T): T => {
    if (typeof value !== 'string') return fail(field, 'has to be a decimal text')
    try {
      return parse(value)
    } catch (error) {
      if (error instanceof DataError) return fail(field, `cannot be read: ${error.message}`)
      throw error
    }
  }
  const instruments = new Map(markets.map(({ instrument }) => [instrument.symbol, instrument]))
  const position = (value: unknown, place: string): Position => {
    const { symbol, side, strategy, qty, entry, stop, leverage } = object(value, place, POSITION_KEYS)
    const instrument = typeof symbol === 'string' ? instruments.get(symbol) : undefined
    if (instrument === undefined) return fail(`${place}.symbol`, 'has to be a symbol of the market')
    if (side !== 'long' && side !== 'short') return fail(`${place}.side`, 'has to be long or short')
    const known = ENTRY_STRATEGIES.find(candidate => candidate.id === strategy)
    if (known === undefined) {
      const ids = ENTRY_STRATEGIES.map(({ id }) => id)
      return fail(`${place}.strategy`, `has to be one of ${ids.join(', ')}`)
    }
    if (!isNumber(entry) || entry <= 0) return fail(`${place}.entry`, 'has to be a price above 0')
    if (leverage !== undefined && (!isNumber(leverage) || leverage < 1)) {
      return fail(`${place}.leverage`, 'has to be a number of 1 or more')
    }
    const steps = decimal(`${place}.qty`, qty, text => parseSteps(instrument, text))
    if (steps === 0) return fail(`${place}.qty`, 'has to be above 0')
    const ticks = decimal(`${place}.stop`, stop, text => parseTicks(instrument, text))
    const id = `portfolio:${positionKey(instrument.symbol, side)}`
    return {
      symbol: instrument.symbol,
      side,
      instrument,
      strategy: known.id,
      timeframe: known.timeframe,
      signalId: id,
      clientOrderId: id,
      score: 0,
      leverage: leverage ?? known.terms(config.strategies[known.id]).leverage,
      entry,
      steps,
      enteredSteps: steps,
      openedAt: at,
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
    }
  }

  const { wallet, positions: list = [] } = object(parse(world, file), '', PORTFOLIO_KEYS)
  if (!isNumber(wallet)) return fail('wallet', 'has to be a number of USDT')
  if (!Array.isArray(list)) return fail('positions', 'has to be a list')
  const positions = new Map<string, Position>()
  for (const [i, value] of (list as readonly unknown[]).entries()) {
    const place = `positions[${i}]`
    const one = position(value, place)
    const key = positionKey(one.symbol, one.side)
    if (positions.has(key)) return fail(place, 'has to be the only one of its symbol and side')
    positions.set(key, one)
  }
  return { ...emptyPortfolio(wallet), positions }
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value)
}

function parse(world: Pick<World, 'cwd'>, file: string): unknown {
  let text: string
  try {
    text = readFileSync(resolve(world.cwd, file), 'utf8')
  } catch (error) {
    throw new DataError(error instanceof Error ? error.message : String(error), { file }, 'check the path')
  }
  try {
    return JSON.parse(text)
  } catch {
    throw new DataError('this is not JSON', { file }, `for example: ${SHAPE}`)
  }
}
