/**
 * Records from outside, read into typed values. What does not fit is a DataError that names the field by its path;
 * the caller adds file and line. Unknown fields are let through by whoever passes records on.
 */
import { DataError } from '../base/errors.ts'
import { type EntryOrder, type Signal, signalId } from '../decision/signal.ts'
import type { Scored } from '../engine/protocol.ts'
import type { Instrument } from '../market/instrument.ts'
import { type InstrumentRow, instrumentFrom } from '../market/instruments.ts'
import { INTERVALS, type Interval, isInterval } from '../market/interval.ts'
import { parseTicks } from '../market/quantise.ts'
import type { Side } from '../market/side.ts'
import type { Tier } from '../market/tiers.ts'
import type { Score } from '../scoring/score.ts'
import { METRICS } from '../scoring/table.ts'
import { WIRE_VERSION, type WireRecord } from './encode.ts'

const TIERS: readonly Tier[] = ['S', 'A', 'B', 'C', 'D', 'E']

/** One line of NDJSON as a record. Throws a DataError when it is not one of this version. */
export function parseRecord(line: string): WireRecord {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    throw new DataError('the line is not JSON', undefined, 'one JSON object a line is read')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new DataError('the line is not a JSON object', undefined, 'one JSON object a line is read')
  }
  const record = value as WireRecord
  if (record.v !== WIRE_VERSION) {
    throw new DataError(
      `v is ${JSON.stringify(record.v)}, records of version ${WIRE_VERSION} are read`,
      { file: '', field: 'v' },
      'make the records with this version of bbw',
    )
  }
  return record
}

/** Reads the fields of one object, with their path for messages. */
class Fields {
  readonly #object: WireRecord
  readonly #path: string

  constructor(object: unknown, path: string) {
    if (typeof object !== 'object' || object === null || Array.isArray(object)) {
      throw new DataError(`${path} is not an object`, { file: '', field: path })
    }
    this.#object = object as WireRecord
    this.#path = path
  }

  #fail(name: string, wanted: string): never {
    const path = this.#path === '' ? name : `${this.#path}.${name}`
    const found = Object.hasOwn(this.#object, name) ? JSON.stringify(this.#object[name]) : 'missing'
    throw new DataError(`${path} has to be ${wanted} and is ${found}`, { file: '', field: path })
  }

  #get(name: string): unknown {
    return Object.hasOwn(this.#object, name) ? this.#object[name] : undefined
  }

  text(name: string): string {
    const value = this.#get(name)
    return typeof value === 'string' && value !== '' && value.length <= 200 ? value : this.#fail(name, 'a text')
  }

  number(name: string, least = Number.NEGATIVE_INFINITY): number {
    const value = this.#get(name)
    if (typeof value === 'number' && Number.isFinite(value) && value >= least) return value
    return this.#fail(name, least === Number.NEGATIVE_INFINITY ? 'a number' : `a number of ${least} or more`)
  }

  positive(name: string): number {
    const value = this.number(name)
    return value > 0 ? value : this.#fail(name, 'a number above 0')
  }

  whole(name: string): number {
    const value = this.number(name, 0)
    return Number.isSafeInteger(value) ? value : this.#fail(name, 'a whole number of 0 or more')
  }

  numberOrNull(name: string): number | null {
    return this.#get(name) === null ? null : this.number(name)
  }

  textOrNull(name: string): string | null {
    return this.#get(name) === null ? null : this.text(name)
  }

  flag(name: string): boolean {
    const value = this.#get(name)
    return typeof value === 'boolean' ? value : this.#fail(name, 'true or false')
  }

  oneOf<T extends string>(name: string, choices: readonly T[]): T {
    const value = this.#get(name)
    const found = choices.find(choice => choice === value)
    return found ?? this.#fail(name, `one of ${choices.join(', ')}`)
  }

  object(name: string): Fields {
    return new Fields(this.#get(name), this.#path === '' ? name : `${this.#path}.${name}`)
  }
}

/** A `signal` (or `scored`) record as a signal. Throws a DataError naming the field that does not fit. */
export function decodeSignal(record: WireRecord): Signal {
  const fields = new Fields(record, '')
  fields.oneOf('type', ['signal', 'scored'])
  const symbol = fields.text('symbol')
  const side: Side = fields.oneOf('side', ['long', 'short'])
  const strategy = fields.text('strategy')
  const timeframe = fields.text('timeframe')
  const interval: Interval = isInterval(timeframe) ? timeframe : fields.oneOf('timeframe', INTERVALS)
  const candleStart = fields.whole('candleStart')
  const instrument = decodeInstrument(symbol, fields.object('instrument'))
  const signal: Signal = {
    id: fields.text('id'),
    strategy,
    symbol,
    side,
    timeframe: interval,
    candleStart,
    candleEnd: fields.whole('candleEnd'),
    price: fields.positive('price'),
    last: fields.positive('last'),
    lastAt: fields.whole('lastAt'),
    lower: fields.number('lower'),
    middle: fields.positive('middle'),
    upper: fields.positive('upper'),
    bbPercent: fields.number('bbPercent'),
    weekBb: fields.numberOrNull('weekBb'),
    monthBb: fields.numberOrNull('monthBb'),
    width: fields.number('width', 0),
    squeeze: fields.numberOrNull('squeeze'),
    rsi: fields.number('rsi', 0),
    downDays: fields.whole('downDays'),
    upDays: fields.whole('upDays'),
    turnover: fields.number('turnover', 0),
    change: fields.numberOrNull('change'),
    funding: fields.numberOrNull('funding'),
    tier: fields.oneOf('tier', TIERS),
    atr15m: fields.numberOrNull('atr15m'),
    missingCandles: fields.whole('missingCandles'),
    order: decodeOrder(fields.object('order'), instrument),
    stop: parseTicks(instrument, fields.text('stop')),
    target: decodeTarget(fields.textOrNull('target'), instrument),
    leverage: fields.number('leverage', 1),
    instrument,
    reason: fields.text('reason'),
  }
  // The order's id comes from the signal's: one that does not belong to its content could trade twice.
  const id = signalId(strategy, symbol, side, candleStart)
  if (signal.id !== id) {
    throw new DataError(`id has to be ${id} and is ${signal.id}`, { file: '', field: 'id' })
  }
  return signal
}

/** A `scored` record as a signal with its score. */
export function decodeScored(record: WireRecord): Scored {
  const fields = new Fields(record, '')
  fields.oneOf('type', ['scored'])
  const signal = decodeSignal(record)
  const value = fields.number('score', 0)
  const given = fields.object('parts')
  const parts = Object.fromEntries(METRICS.map(metric => [metric, given.number(metric)])) as Score['parts']
  if (value > 10) throw new DataError(`score has to be 0 to 10 and is ${value}`, { file: '', field: 'score' })
  const rejectedBy = fields.textOrNull('rejectedBy')
  const score: Score = {
    tenths: Math.round(value * 10),
    value,
    rejectedBy: METRICS.find(metric => metric === rejectedBy) ?? null,
    parts,
    adjustmentTenths: Math.round(fields.number('adjustment') * 10),
    fundingAssumed: fields.flag('fundingAssumed'),
  }
  return { signal, score }
}

function decodeOrder(fields: Fields, instrument: Instrument): EntryOrder {
  const type = fields.oneOf('type', ['limit', 'market'])
  return type === 'market' ? { type } : { type, price: parseTicks(instrument, fields.text('price')) }
}

function decodeTarget(text: string | null, instrument: Instrument): Signal['target'] {
  return text === null ? null : parseTicks(instrument, text)
}

function decodeInstrument(symbol: string, fields: Fields): Instrument {
  const row: InstrumentRow = {
    symbol,
    baseCoin: fields.text('baseCoin'),
    quoteCoin: fields.text('quoteCoin'),
    tick: fields.text('tick'),
    step: fields.text('step'),
    minQty: fields.text('minQty'),
    maxQty: fields.textOrNull('maxQty'),
    minPrice: fields.text('minPrice'),
    maxLeverage: String(fields.number('maxLeverage', 1)),
    date: '1970-01-01',
  }
  return {
    ...instrumentFrom(row),
    minNotional: fields.number('minNotional', 0),
    maintenanceMarginRate: fields.number('maintenanceMarginRate', 0),
    source: fields.text('source'),
  }
}
