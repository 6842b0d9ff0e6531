/** The recorded market, for tests; it is looked for beside the checkout and may be absent. */
import { existsSync, readdirSync } from 'node:fs'
import type { Timestamp } from '../../base/units.ts'
import type { Candles } from '../../market/candles.ts'
import type { FundingRates } from '../../market/funding.ts'
import { chooseInstrument, type InstrumentSet, inferInstrument } from '../../market/instruments.ts'
import { INTERVALS, type Interval } from '../../market/interval.ts'
import type { MarkCandles } from '../../market/mark.ts'
import type { SymbolMarket } from '../../market/symbol-market.ts'
import { readCandles, readMark } from '../csv/candles.ts'
import { readFunding } from '../csv/funding.ts'
import { dateOfFile, readInstruments } from '../csv/instruments.ts'
import { openFile } from '../csv/source.ts'

const RECORDED = new URL('../../../../../shared/data/', import.meta.url).pathname

/** Symbols that are recorded longest and in most intervals. */
export const RECORDED_SYMBOLS = ['AAVEUSDT', 'ADAUSDT', 'AVAXUSDT', 'BNBUSDT', 'BTCUSDT', 'ETHUSDT']

export const isRecorded = existsSync(`${RECORDED}klines/1d/BTCUSDT.csv.gz`)

/** Everything that is recorded of some symbols, in the given intervals, with the filters nearest to `around`. */
export async function recordedMarkets(
  symbols: readonly string[],
  intervals: readonly Interval[],
  around: Timestamp,
): Promise<readonly SymbolMarket[]> {
  const sets = await instrumentSets()
  const markets: SymbolMarket[] = []
  for (const symbol of symbols) {
    const candles = new Map<Interval, Candles>()
    for (const interval of INTERVALS) {
      const path = `${RECORDED}klines/${interval}/${symbol}.csv.gz`
      if (!intervals.includes(interval) || !existsSync(path)) continue
      candles.set(interval, (await readCandles(openFile(path), { symbol, interval })).candles)
    }
    const mark = new Map<Interval, MarkCandles>()
    const markPath = `${RECORDED}mark/1h/${symbol}.csv.gz`
    if (existsSync(markPath)) {
      mark.set('1h', (await readMark(openFile(markPath), { symbol, interval: '1h' })).mark)
    }
    let funding: FundingRates | null = null
    const fundingPath = `${RECORDED}funding/${symbol}.csv.gz`
    if (existsSync(fundingPath)) funding = (await readFunding(openFile(fundingPath), {})).funding
    const first = [...candles.values()][0]
    const instrument = chooseInstrument(sets, symbol, around) ?? inferInstrument(symbol, first)
    markets.push({ instrument, candles, mark, funding })
  }
  return markets
}

/** The dated sets of filters. */
export async function instrumentSets(): Promise<readonly InstrumentSet[]> {
  const sets: InstrumentSet[] = []
  for (const file of readdirSync(`${RECORDED}instruments`)) {
    const date = dateOfFile(file)
    if (date === null || !file.endsWith('.csv')) continue
    const rows = await readInstruments(openFile(`${RECORDED}instruments/${file}`), { date })
    if (rows !== null) sets.push(new Map(rows.map(row => [row.symbol, row])))
  }
  return sets
}
