/** Runs whose decisions are taken down, and what is needed to make them again, in memory. */
import { simulate, venueOf, WALLET } from '../adapters/sim/market.fixture.ts'
import type { Timestamp } from '../base/units.ts'
import type { Candle } from '../market/candles.ts'
import type { Instrument } from '../market/instrument.ts'
import type { Interval } from '../market/interval.ts'
import type { SymbolMarket } from '../market/symbol-market.ts'
import type { DecisionBatch } from './decision-record.ts'
import { Engine } from './engine.ts'
import type { Effect, Input } from './protocol.ts'
import { type Kept, type Placed, type Present, Recomputation } from './recompute.ts'
import { defaultSettings, type Settings } from './settings.ts'
import type { CandlePrint } from './told-candles.ts'

export const VERSION = '1.2.3'

/** A journal in memory. */
export class MemoryJournal implements Kept {
  readonly decisions: Placed[] = []
  readonly #contexts = new Map<string, string>()
  readonly #prints = new Map<string, Map<Timestamp, CandlePrint>>()

  keep({ contexts, prints, decisions }: DecisionBatch): void {
    for (const { hash, text } of contexts) this.#contexts.set(hash, text)
    for (const { symbol, interval, start, print } of prints) {
      const series = this.#prints.get(`${symbol} ${interval}`) ?? new Map<Timestamp, CandlePrint>()
      this.#prints.set(`${symbol} ${interval}`, series)
      if (!series.has(start)) series.set(start, print)
    }
    for (const decision of decisions) this.decisions.push({ ...decision, row: this.decisions.length + 1 })
  }

  context(hash: string): string {
    const text = this.#contexts.get(hash)
    if (text === undefined) throw new Error(`nothing was kept under ${hash}`)
    return text
  }

  prints(symbol: string, interval: Interval): ReadonlyMap<Timestamp, CandlePrint> {
    return this.#prints.get(`${symbol} ${interval}`) ?? new Map()
  }

  series(): readonly (readonly [string, Interval])[] {
    return [...this.#prints.keys()].map(key => key.split(' ') as [string, Interval])
  }
}

/** An engine that takes its decisions down. */
class Journaled extends Engine {
  readonly #journal: MemoryJournal
  constructor(settings: Settings, journal: MemoryJournal) {
    super(settings, { wallet: WALLET, lacking: 'skip', decisions: { version: VERSION } })
    this.#journal = journal
  }

  override step(input: Input): readonly Effect[] {
    const effects = super.step(input)
    for (const effect of effects) if (effect.type === 'decisions') this.#journal.keep(effect.batch)
    return effects
  }
}

/** All strategies, those too that are off by default. */
export function everythingOn(): Settings {
  const settings = defaultSettings()
  const strategies = Object.fromEntries(
    Object.entries(settings.strategies).map(([id, params]) => [id, { ...params, enabled: true }]),
  )
  return { ...settings, strategies }
}

/** A run with its decisions. */
export function journaled(
  markets: readonly SymbolMarket[],
  settings: Settings,
  range: { readonly from?: Timestamp; readonly to?: Timestamp } = {},
): { readonly journal: MemoryJournal; readonly run: ReturnType<typeof simulate> } {
  const journal = new MemoryJournal()
  const run = simulate(markets, { settings, ...range }, new Journaled(settings, journal))
  return { journal, run }
}

/** What an exchange with these markets has told by its end. */
export function presentOf(markets: readonly SymbolMarket[], settings: Settings, version = VERSION): Present {
  const venue = venueOf(markets, { settings, from: Number.MAX_SAFE_INTEGER })
  const instruments = new Map<string, Instrument>()
  const candles = new Map<string, Candle[]>()
  for (const input of venue.history()) {
    if (input.type === 'instrument') instruments.set(input.instrument.symbol, input.instrument)
    if (input.type !== 'candle') continue
    const key = `${input.symbol} ${input.interval}`
    const list = candles.get(key)
    if (list === undefined) candles.set(key, [input])
    else list.push(input)
  }
  return {
    version,
    settings,
    instrument: symbol => instruments.get(symbol),
    candles: (symbol, interval) => candles.get(`${symbol} ${interval}`) ?? [],
  }
}

/** The decisions of a journal made again, all of them or those until a moment. */
export function again(
  journal: MemoryJournal,
  present: Present,
  until: Timestamp = Number.POSITIVE_INFINITY,
): Recomputation {
  const recomputation = new Recomputation(present, journal)
  const decisions = journal.decisions.filter(({ at }) => at <= until)
  for (const decision of decisions) recomputation.take(decision)
  recomputation.finish(decisions.at(-1)?.at ?? 0)
  return recomputation
}
