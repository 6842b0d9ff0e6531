/**
 * Which candles were told, as hashes: a rolling one a series, which says cheaply that all are the same, and a print a
 * candle, which says which one is not. Only differences by chance go unseen, not those that somebody makes on purpose.
 */
import type { Timestamp } from '../base/units.ts'
import type { Candle } from '../market/candles.ts'
import type { Interval } from '../market/interval.ts'

/** Fields of a candle that have a place in its print, in that order. */
export const PRINTED = ['open', 'high', 'low', 'close', 'volume', 'turnover'] as const
export type Printed = (typeof PRINTED)[number]

/** 16 bits of each field, in the order of `PRINTED`. The first one is never 0, so that an empty place can be told. */
export type CandlePrint = readonly number[]

/** All candles of one series that were told so far. */
export interface ToldSeries {
  readonly interval: Interval
  readonly first: Timestamp
  readonly newest: Timestamp
  readonly count: number
  /** Two rolling hashes of 32 bits over every field of every candle. */
  readonly hash: readonly [number, number]
}

const number = new Float64Array(1)
const words = new Uint32Array(number.buffer)
const SEEDS = [0x9e3779b9, 0x7f4a7c15] as const

/** Mixes a number into a hash, bit by bit: blank is one value, and so is zero. */
function mixed(hash: number, value: number): number {
  number[0] = Number.isNaN(value) ? Number.NaN : value + 0
  return stirred(stirred(hash, words[0]), words[1])
}

function stirred(hash: number, word: number): number {
  let mix = Math.imul(word, 0xcc9e2d51)
  mix = Math.imul((mix << 15) | (mix >>> 17), 0x1b873593)
  const turned = hash ^ mix
  return (Math.imul((turned << 13) | (turned >>> 19), 5) + 0xe6546b64) | 0
}

/** The last step of MurmurHash3: every bit of the hash depends on every bit that went in. */
function finished(hash: number): number {
  let mix = hash ^ (hash >>> 16)
  mix = Math.imul(mix, 0x85ebca6b)
  mix = Math.imul(mix ^ (mix >>> 13), 0xc2b2ae35)
  return (mix ^ (mix >>> 16)) >>> 0
}

/** The print of a candle. */
export function printOf(candle: Candle): CandlePrint {
  const print = PRINTED.map((field, k) => finished(mixed(SEEDS[0] + k, candle[field])) & 0xffff)
  if (print[0] === 0) print[0] = 1
  return print
}

/** The series with one more candle; `undefined` is one without any. */
export function withCandle(series: ToldSeries | undefined, interval: Interval, candle: Candle): ToldSeries {
  let [a, b] = series?.hash ?? SEEDS
  a = mixed(a, candle.start)
  b = mixed(b, candle.start)
  for (const field of PRINTED) {
    a = mixed(a, candle[field])
    b = mixed(b ^ 0x5bd1e995, candle[field])
  }
  return {
    interval,
    first: series?.first ?? candle.start,
    newest: candle.start,
    count: (series?.count ?? 0) + 1,
    hash: [a >>> 0, b >>> 0],
  }
}

/** The print of one candle, with its place. */
export interface ToldPrint {
  readonly symbol: string
  readonly interval: Interval
  readonly start: Timestamp
  readonly print: CandlePrint
}

type Saved = readonly (readonly [symbol: string, series: readonly ToldSeries[]])[]

/** Every series that one engine was told, and the prints that have not been handed on. */
export class ToldCandles {
  readonly #series = new Map<string, Map<Interval, ToldSeries>>()
  #prints: ToldPrint[] = []

  /** Takes a closed candle. One that is not newer than the last is not looked at, as the engine does not. */
  take(symbol: string, interval: Interval, candle: Candle): void {
    let series = this.#series.get(symbol)
    if (series === undefined) {
      series = new Map()
      this.#series.set(symbol, series)
    }
    const before = series.get(interval)
    if (before !== undefined && candle.start <= before.newest) return
    series.set(interval, withCandle(before, interval, candle))
    this.#prints.push({ symbol, interval, start: candle.start, print: printOf(candle) })
  }

  /** What was told of a symbol so far, the longest candles last. */
  of(symbol: string): readonly ToldSeries[] {
    return [...(this.#series.get(symbol)?.values() ?? [])]
  }

  /** Prints that were not taken yet. */
  takePrints(): readonly ToldPrint[] {
    const prints = this.#prints
    this.#prints = []
    return prints
  }

  save(): Saved {
    return [...this.#series].map(([symbol, series]) => [symbol, [...series.values()]])
  }

  load(saved: Saved): void {
    for (const [symbol, series] of saved) {
      this.#series.set(symbol, new Map(series.map(one => [one.interval, one])))
    }
  }
}
