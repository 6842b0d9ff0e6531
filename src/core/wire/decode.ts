/**
 * Records from outside, read into typed values. What does not fit is a DataError that names the field by its path;
 * the caller adds file and line. Unknown fields are let through by whoever passes records on.
 */
import { gridOf } from '../base/decimal.ts'
import { DataError } from '../base/errors.ts'
import type { Ticks } from '../base/units.ts'
import { type EntryOrder, type Signal, signalId } from '../decision/signal.ts'
import type { Scored } from '../engine/protocol.ts'
import type { Instrument } from '../market/instrument.ts'
import { type InstrumentRow, instrumentFrom } from '../market/instruments.ts'
import { INTERVAL_MS, INTERVALS, type Interval, isInterval } from '../market/interval.ts'
import { parseTicks } from '../market/quantise.ts'
import type { Side } from '../market/side.ts'
import type { Tier } from '../market/tiers.ts'
import type { ExitReason, Trade } from '../portfolio/trade.ts'
import type { Score } from '../scoring/score.ts'
import { METRICS } from '../scoring/table.ts'
import { WIRE_VERSION, type WireRecord } from './encode.ts'

const TIERS: readonly Tier[] = ['S', 'A', 'B', 'C', 'D', 'E']
/** Characters of a value that are shown in a message, and of a text that is read. */
const LONGEST_SHOWN = 80
const LONGEST_TEXT = 200

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
      `v is ${shown(record.v)}, records of version ${WIRE_VERSION} are read`,
      { file: '', field: 'v' },
      'make the records with this version of bbw',
    )
  }
  return record
}

/** A value as a message shows it. What comes from outside may be as long and as deep as it likes; a message is short. */
function shown(value: unknown): string {
  if (value === undefined) return 'missing'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object' && value !== null) return 'an object'
  const text = JSON.stringify(value)
  return text.length <= LONGEST_SHOWN ? text : `${text.slice(0, LONGEST_SHOWN)}...`
}

/** What `read` gives; an error of data that it throws is placed at `field`. */
function placed<T>(field: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (error instanceof DataError) throw new DataError(error.message, { file: '', field }, error.remedy)
    throw error
  }
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

  /** The field's path from the record down. */
  path(name: string): string {
    return this.#path === '' ? name : `${this.#path}.${name}`
  }

  fail(name: string, wanted: string): never {
    const path = this.path(name)
    throw new DataError(`${path} has to be ${wanted} and is ${shown(this.#get(name))}`, {
      file: '',
      field: path,
    })
  }

  #get(name: string): unknown {
    return Object.hasOwn(this.#object, name) ? this.#object[name] : undefined
  }

  text(name: string): string {
    const value = this.#get(name)
    return typeof value === 'string' && value !== '' && value.length <= LONGEST_TEXT
      ? value
      : this.fail(name, `a text of 1 to ${LONGEST_TEXT} characters`)
  }

  number(name: string, least = Number.NEGATIVE_INFINITY): number {
    const value = this.#get(name)
    if (typeof value === 'number' && Number.isFinite(value) && value >= least) return value
    return this.fail(name, least === Number.NEGATIVE_INFINITY ? 'a number' : `a number of ${least} or more`)
  }

  positive(name: string): number {
    const value = this.number(name)
    return value > 0 ? value : this.fail(name, 'a number above 0')
  }

  whole(name: string): number {
    const value = this.number(name, 0)
    return Number.isSafeInteger(value) ? value : this.fail(name, 'a whole number of 0 or more')
  }

  numberOrNull(name: string): number | null {
    return this.isNull(name) ? null : this.number(name)
  }

  /** A price as the exchange writes it, in ticks. */
  ticks(name: string, instrument: Instrument): Ticks {
    const text = this.text(name)
    return placed(this.path(name), () => parseTicks(instrument, text))
  }

  /** A positive tick or step in plain notation. */
  unit(name: string): string {
    const text = this.text(name)
    placed(this.path(name), () => gridOf(text))
    return text
  }

  /** A number in plain notation: digits, perhaps a point and more digits. */
  plain(name: string): string {
    const text = this.text(name)
    return /^\d{1,15}(?:\.\d+)?$/.test(text) ? text : this.fail(name, 'a plain decimal number')
  }

  isNull(name: string): boolean {
    return this.#get(name) === null
  }

  flag(name: string): boolean {
    const value = this.#get(name)
    return typeof value === 'boolean' ? value : this.fail(name, 'true or false')
  }

  /** A number with one decimal, as a whole number of tenths. */
  tenths(name: string): number {
    const value = this.number(name)
    const tenths = Math.round(value * 10)
    return tenths / 10 === value ? tenths : this.fail(name, 'a number with one decimal')
  }

  oneOf<T extends string>(name: string, choices: readonly T[]): T {
    const value = this.#get(name)
    const found = choices.find(choice => choice === value)
    return found ?? this.fail(name, `one of ${choices.join(', ')}`)
  }

  objects(name: string): readonly Fields[] {
    const value = this.#get(name)
    if (!Array.isArray(value)) this.fail(name, 'a list')
    return value.map((one, k) => new Fields(one, `${this.path(name)}[${k}]`))
  }

  object(name: string): Fields {
    return new Fields(this.#get(name), this.path(name))
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
  const candleEnd = candleStart + INTERVAL_MS[interval]
  // The candle's end decides how long a signal is fresh: it has to be the candle's own.
  if (fields.whole('candleEnd') !== candleEnd)
    fields.fail('candleEnd', `${candleEnd}, the end of the candle,`)
  const instrument = decodeInstrument(symbol, fields.object('instrument'))
  const signal: Signal = {
    id: fields.text('id'),
    strategy,
    symbol,
    side,
    timeframe: interval,
    candleStart,
    candleEnd,
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
    stop: fields.ticks('stop', instrument),
    target: fields.isNull('target') ? null : fields.ticks('target', instrument),
    leverage: fields.number('leverage', 1),
    margin: fields.isNull('margin') ? null : fields.positive('margin'),
    instrument,
    reason: fields.text('reason'),
  }
  // The order's id comes from the signal's: one that does not belong to its content could trade twice.
  const id = signalId(strategy, symbol, side, candleStart)
  if (signal.id !== id) fields.fail('id', id)
  return signal
}

/** A `scored` record as a signal with its score. Throws a DataError naming the field that does not fit. */
export function decodeScored(record: WireRecord): Scored {
  const fields = new Fields(record, '')
  fields.oneOf('type', ['scored'])
  const signal = decodeSignal(record)
  const given = fields.object('parts')
  const parts = Object.fromEntries(METRICS.map(metric => [metric, given.number(metric)])) as Score['parts']
  const tenths = fields.tenths('score')
  if (tenths < 0 || tenths > 100) fields.fail('score', 'a number of 0 to 10')
  const score: Score = {
    tenths,
    value: tenths / 10,
    // A name this version does not know must not pass for "not rejected".
    rejectedBy: fields.isNull('rejectedBy') ? null : fields.oneOf('rejectedBy', METRICS),
    parts,
    adjustmentTenths: fields.tenths('adjustment'),
    fundingAssumed: fields.flag('fundingAssumed'),
  }
  return { signal, score }
}

/** A `trade` record as a trade. Throws a DataError naming the field that does not fit. */
export function decodeTrade(record: WireRecord): Trade {
  const fields = new Fields(record, '')
  const exits = fields.objects('exits').map(exit => ({
    time: exit.number('time', 0),
    price: exit.positive('price'),
    qty: exit.positive('qty'),
    reason: exit.text('reason') as ExitReason,
  }))
  return {
    id: fields.text('id'),
    strategy: fields.text('strategy'),
    symbol: fields.text('symbol'),
    side: fields.oneOf('side', ['long', 'short']),
    openedAt: fields.number('openedAt', 0),
    closedAt: fields.number('closedAt', 0),
    entry: fields.positive('entry'),
    exit: fields.positive('exit'),
    qty: fields.positive('qty'),
    notional: fields.positive('notional'),
    leverage: fields.positive('leverage'),
    score: fields.number('score'),
    gross: fields.number('gross'),
    fees: fields.number('fees'),
    funding: fields.number('funding'),
    net: fields.number('net'),
    netPercent: fields.number('netPercent'),
    mae: fields.number('mae'),
    mfe: fields.number('mfe'),
    entryReason: fields.text('entryReason'),
    // Only compared and shown: one of a later bbw is let through.
    exitReason: fields.text('exitReason') as ExitReason,
    exits,
  }
}

function decodeOrder(fields: Fields, instrument: Instrument): EntryOrder {
  const type = fields.oneOf('type', ['limit', 'market'])
  return type === 'market' ? { type } : { type, price: fields.ticks('price', instrument) }
}

function decodeInstrument(symbol: string, fields: Fields): Instrument {
  const maxLeverage = fields.number('maxLeverage', 1)
  const row: InstrumentRow = {
    symbol,
    baseCoin: fields.text('baseCoin'),
    quoteCoin: fields.text('quoteCoin'),
    tick: fields.unit('tick'),
    step: fields.unit('step'),
    minQty: fields.plain('minQty'),
    maxQty: null,
    minPrice: null,
    maxLeverage: null,
    date: '1970-01-01',
  }
  const minPrice = fields.plain('minPrice')
  const maxQty = fields.isNull('maxQty') ? null : fields.plain('maxQty')
  // One after the other, so that a limit that does not go with the ones before it is named by its own path.
  placed(fields.path('minQty'), () => instrumentFrom(row))
  placed(fields.path('minPrice'), () => instrumentFrom({ ...row, minPrice }))
  const instrument = placed(fields.path('maxQty'), () => instrumentFrom({ ...row, minPrice, maxQty }))
  return {
    ...instrument,
    minNotional: fields.number('minNotional', 0),
    maxLeverage,
    maintenanceMarginRate: fields.number('maintenanceMarginRate', 0),
    source: fields.text('source'),
  }
}
