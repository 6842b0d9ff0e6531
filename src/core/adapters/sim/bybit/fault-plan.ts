/**
 * What goes wrong, when, and how often it did: rules with their chances, and a seed. The plan decides and counts; what a
 * fault does is the exchange's (`bybit.ts`) or the desk's.
 */
import { DataError } from '../../../base/errors.ts'
import { type Random, random } from '../../../base/random.ts'
import type { Milliseconds, Timestamp } from '../../../base/units.ts'
import { Shape } from '../shape.ts'

/** A request on its way in: what is named here happens instead of it. */
export const BEFORE = ['lose-request', 'zombie', 'refuse', 'status'] as const
/** A request that has been carried out: what is named here happens to its answer. */
export const AFTER = [
  'lose-reply',
  'reset-reply',
  'late-reply',
  'status-after',
  'html',
  'truncated',
  'empty',
  'row-gap',
  'row-twice',
  'rows-reversed',
  'wick',
] as const
/** A message of a stream on its way out. */
export const PUSHES = [
  'lose-push',
  'late-push',
  'duplicate-push',
  'reorder-push',
  'stale-push',
  'wick-push',
] as const
/** What happens at a time of its own. */
export const EVENTS = [
  'silence',
  'dead-topic',
  'drop',
  'half-open',
  'flap',
  'outage',
  'ban',
  'clock-skew',
  'amnesia',
  'history-lag',
  'reuse-links',
  'maintenance',
  'delist',
  'auction',
  'filters',
  'funding-interval',
  'liquidate',
  'adl',
  'thin',
  'lose-stop',
  'reject-later',
  'hold-triggers',
  'fail-trigger',
  'transfer',
  'human-open',
  'human-close',
  'human-cancel-all',
  'human-stop',
  'human-leverage',
  'human-mode',
  'margin-mode',
  'orphan-stop',
] as const

/** What a rule is about where it does not say so: what its fault makes sense for. */
const ABOUT: { readonly [fault: string]: string } = {
  'row-gap': '/v5/market/kline',
  'row-twice': '/v5/market/kline',
  'rows-reversed': '/v5/market/kline',
  wick: '/v5/market/tickers',
  'stale-push': 'tickers',
  'wick-push': 'tickers',
}

export const FAULTS = [...BEFORE, ...AFTER, ...PUSHES, ...EVENTS] as const
export type Fault = (typeof FAULTS)[number]
export type EventFault = (typeof EVENTS)[number]

export interface FaultRule {
  readonly fault: Fault
  /** Which path of requests, topic of messages or channel of sockets is meant (`isMeant`); left out: any. */
  readonly only?: string
  /** At each opportunity. Left out: at every one. */
  readonly chance?: number
  /** An event comes after so long on the average, again and again; left out: once, at `from`. */
  readonly every?: Milliseconds
  /** From when on and until when, counted from the beginning of the plan. */
  readonly from?: Milliseconds
  readonly to?: Milliseconds
  readonly most?: number
  /** How long it lasts, or by how much something is late. */
  readonly ms?: Milliseconds
  /** The `retCode` of a refusal, or the HTTP status. */
  readonly code?: number
  readonly symbol?: string
  /** Of a position: of its opening order. Left out: `Buy` where one is opened, else whichever is held. */
  readonly side?: 'Buy' | 'Sell'
  readonly steps?: number
  readonly usdt?: number
  /** A price in ticks. Of new filters how many times as coarse the grid of prices is, and `steps` that of quantities. */
  readonly ticks?: number
  /** Of a wick what the price is multiplied by, of funding the rate of an interval. */
  readonly rate?: number
}

/**
 * Whether a path, topic or channel is what `only` says: the whole of it, or its beginning up to the end of a part
 * (`/v5/order` of `/v5/order/create`, `tickers` of `tickers.BTCUSDT`). With a star at its end any beginning will do:
 * `/v5/order/create*` is batches too.
 */
export function isMeant(only: string, name: string): boolean {
  if (only.endsWith('*')) return name.startsWith(only.slice(0, -1))
  if (!name.startsWith(only)) return false
  const isEnd = (character: string | undefined): boolean => character === '/' || character === '.'
  return only === '' || only === name || isEnd(only.at(-1)) || isEnd(name[only.length])
}

interface Standing {
  readonly rule: FaultRule
  count: number
  /** Of an event: when it comes next. */
  next: Timestamp
}

export class FaultPlan {
  readonly rules: readonly FaultRule[]
  readonly #random: Random
  readonly #began: Timestamp
  readonly #standing: readonly Standing[]
  readonly #counts = new Map<Fault, number>()

  /** @param seed makes what the rules leave to chance */
  constructor(rules: readonly FaultRule[], seed: string, now: Timestamp) {
    this.rules = rules
    this.#random = random(`${seed} faults`)
    this.#began = now
    this.#standing = rules.map(rule => {
      const first = now + (rule.from ?? 0)
      return { rule, count: 0, next: rule.every === undefined ? first : first + this.#wait(rule.every) }
    })
  }

  /** How often each fault has happened. */
  get counts(): { readonly [fault: string]: number } {
    return Object.fromEntries(this.#counts)
  }

  /** Counts a fault that did not come by a rule. */
  note(fault: Fault): void {
    this.#counts.set(fault, (this.#counts.get(fault) ?? 0) + 1)
  }

  /** The rule that strikes at an opportunity, which is counted; `null` where none does. */
  strike(faults: readonly Fault[], about: string, now: Timestamp): FaultRule | null {
    for (const standing of this.#standing) {
      const { rule } = standing
      if (!faults.includes(rule.fault) || !this.#isDue(standing, now)) continue
      if (!isMeant(rule.only ?? ABOUT[rule.fault] ?? '', about)) continue
      if (rule.chance !== undefined && this.#random.next() >= rule.chance) continue
      standing.count++
      this.note(rule.fault)
      return rule
    }
    return null
  }

  /** Events whose time has come by now, in order. They are counted by whoever carries them out. */
  due(now: Timestamp): readonly FaultRule[] {
    const found: { readonly at: Timestamp; readonly rule: FaultRule }[] = []
    for (const standing of this.#standing) {
      const { rule } = standing
      if (!EVENTS.some(name => name === rule.fault)) continue
      while (standing.next <= now && this.#isDue(standing, standing.next)) {
        found.push({ at: standing.next, rule })
        standing.count++
        standing.next =
          rule.every === undefined ? Number.POSITIVE_INFINITY : standing.next + this.#wait(rule.every)
      }
    }
    return found.sort((a, b) => a.at - b.at).map(({ rule }) => rule)
  }

  #isDue({ rule, count }: Standing, now: Timestamp): boolean {
    const age = now - this.#began
    return (
      age >= (rule.from ?? 0) &&
      age <= (rule.to ?? Number.POSITIVE_INFINITY) &&
      count < (rule.most ?? Number.POSITIVE_INFINITY)
    )
  }

  /** A time between two events that come by chance: any is possible, most are short. */
  #wait(mean: Milliseconds): Milliseconds {
    return Math.max(1, -Math.log(1 - this.#random.next()) * mean)
  }
}

const SIDES = { Buy: 'Buy', Sell: 'Sell', long: 'Buy', short: 'Sell' } as const
const TEXTS = ['only', 'symbol'] as const
const TIMES = ['every', 'from', 'to'] as const

/**
 * Rules from outside, for a market of these symbols. Throws a DataError that names the field, or the symbols of rules that
 * would never do anything because the market does not have them.
 */
export function rulesFrom(
  value: unknown,
  symbols: { readonly has: (symbol: string) => boolean },
): readonly FaultRule[] {
  if (!Array.isArray(value))
    throw new DataError('the rules of a fault plan are a list', undefined, 'give [{"fault":"lose-reply"}]')
  const rules = value.map((one, k) => ruleFrom(new Shape(one, `rules[${k}]`)))
  const absent = rules.flatMap(({ symbol }, k) =>
    symbol === undefined || symbols.has(symbol) ? [] : [`rules[${k}].symbol ${symbol}`],
  )
  if (absent.length === 0) return rules
  throw new DataError(
    `the market does not have ${absent.join(', ')}`,
    undefined,
    'name symbols that it has, or leave symbol out',
  )
}

/** One rule from outside. Throws a DataError that names the field. */
export function ruleFrom(shape: Shape): FaultRule {
  const rule: { -readonly [K in keyof FaultRule]: FaultRule[K] } = { fault: shape.choice('fault', FAULTS) }
  for (const name of TEXTS) if (shape.has(name)) rule[name] = shape.text(name)
  for (const name of TIMES) if (shape.has(name)) rule[name] = shape.count(name, name === 'every' ? 1 : 0)
  if (shape.has('most')) rule.most = shape.count('most', 1)
  if (shape.has('code')) rule.code = shape.count('code', 0)
  if (shape.has('steps')) rule.steps = shape.count('steps', 0)
  if (shape.has('ticks')) rule.ticks = shape.count('ticks', 0)
  if (shape.has('ms')) rule.ms = shape.number('ms')
  if (shape.has('rate')) rule.rate = shape.number('rate')
  if (shape.has('usdt')) rule.usdt = shape.number('usdt')
  if (shape.has('side')) rule.side = SIDES[shape.choice('side', ['Buy', 'Sell', 'long', 'short'])]
  if (shape.has('chance')) {
    rule.chance = shape.number('chance')
    if (!(rule.chance >= 0 && rule.chance <= 1))
      throw new DataError('chance is not from 0 to 1', { file: '', field: 'chance' }, 'for example: 0.05')
  }
  shape.nothingElse()
  return rule
}
