/**
 * Two lists of trades against one another: the same ones, or every difference with what it means. Trades are paired by
 * their signal. What follows from another difference is not told a second time: a fee that differs makes another net.
 */
import type { Milliseconds, Timestamp } from '../base/units.ts'
import { type Side, sign } from '../market/side.ts'
import type { Trade, TradeExit } from '../portfolio/trade.ts'

/** What may differ. Nothing, unless it is said. */
export interface ParityTolerance {
  /** Fills may lie so far apart. */
  readonly time: Milliseconds
  /** Fills of one exit may be split otherwise, as long as they sum up to the same. */
  readonly splitFills: boolean
  /** The worst and the best price on the way are not compared. */
  readonly anyExcursion: boolean
}

export const STRICT: ParityTolerance = Object.freeze({ time: 0, splitFills: false, anyExcursion: false })

export const ASPECTS = [
  'missing',
  'extra',
  'side',
  'leverage',
  'score',
  'entry-reason',
  'open-time',
  'quantity',
  'entry-price',
  'exit-reason',
  'exits',
  'exit-time',
  'exit-price',
  'fees',
  'funding',
  'excursion',
  'result',
] as const

export type Aspect = (typeof ASPECTS)[number]

export interface TradeDifference {
  readonly aspect: Aspect
  /** Of the trade. */
  readonly id: string
  readonly symbol: string
  readonly side: Side
  readonly strategy: string
  readonly openedAt: Timestamp
  /** What the first and the second list have; `null`: it is not there. */
  readonly a: string | number | null
  readonly b: string | number | null
  /** What that means. */
  readonly words: string
}

export interface Parity {
  /** Trades that are in both, and how many of them do not differ. */
  readonly paired: number
  readonly same: number
  /** In the order in which the trades were opened. */
  readonly differences: readonly TradeDifference[]
  /** What many differences have in common, in words. */
  readonly explanations: readonly string[]
}

/** Sums of the same parts in another order differ by less than this share. */
const NOISE = 1e-9

/**
 * Compares two lists of trades.
 *
 * @param why what is known of why a trade is missing: in the first list (`a`) or in the second
 */
export function parityOf(
  a: readonly Trade[],
  b: readonly Trade[],
  tolerance: ParityTolerance = STRICT,
  why: (id: string, missingIn: 'a' | 'b', trade: Trade) => string | null = () => null,
): Parity {
  const pairs = pairsOf(a, b)
  const differences: TradeDifference[] = []
  const ratios: Ratios = { fees: [], price: [], late: [] }
  const units = unitsOf([...a, ...b])
  let paired = 0
  let same = 0
  for (const [one, other] of pairs) {
    if (one !== null && other !== null) {
      paired++
      const found = differencesOf(one, other, tolerance, units.get(one.symbol) ?? null, ratios)
      if (found.length === 0) same++
      differences.push(...found)
      continue
    }
    const there = one ?? other
    if (there === null) continue
    const missingIn = one === null ? 'a' : 'b'
    const known = why(there.id, missingIn, there)
    const words = known ?? `not in ${missingIn.toUpperCase()}; what came before may have led elsewhere`
    const net = there.net.toFixed(2)
    const [inA, inB] = missingIn === 'b' ? [`net ${net}`, null] : [null, `net ${net}`]
    differences.push(differ(there, missingIn === 'b' ? 'missing' : 'extra', inA, inB, words))
  }
  return { paired, same, differences, explanations: explanationsOf(differences, ratios, paired) }
}

/** Both lists by signal; the first of one signal with the first of the other. Ordered by when they were opened. */
function pairsOf(
  a: readonly Trade[],
  b: readonly Trade[],
): readonly (readonly [a: Trade | null, b: Trade | null])[] {
  const waiting = new Map<string, Trade[]>()
  for (const trade of inOrder(b)) {
    const list = waiting.get(trade.id)
    if (list === undefined) waiting.set(trade.id, [trade])
    else list.push(trade)
  }
  const pairs: (readonly [Trade | null, Trade | null])[] = inOrder(a).map(
    trade => [trade, waiting.get(trade.id)?.shift() ?? null] as const,
  )
  for (const left of waiting.values()) for (const trade of left) pairs.push([null, trade])
  const at = ([one, other]: readonly [Trade | null, Trade | null]): Timestamp =>
    Math.min(one?.openedAt ?? Number.POSITIVE_INFINITY, other?.openedAt ?? Number.POSITIVE_INFINITY)
  return pairs.sort((x, y) => at(x) - at(y))
}

function inOrder(trades: readonly Trade[]): Trade[] {
  return [...trades].sort((x, y) => x.openedAt - y.openedAt)
}

/** What is seen of all pairs, for what they have in common. */
interface Ratios {
  /** Fees of B by those of A. */
  readonly fees: number[]
  /** Prices of B against those of A, as a share, positive where B is worse off. */
  readonly price: number[]
  /** By how much later the fills of B are. */
  readonly late: number[]
}

function differencesOf(
  a: Trade,
  b: Trade,
  tolerance: ParityTolerance,
  unit: number | null,
  ratios: Ratios,
): readonly TradeDifference[] {
  const found: TradeDifference[] = []
  const add = (aspect: Aspect, inA: string | number, inB: string | number, words: string): void => {
    found.push(differ(a, aspect, inA, inB, words))
  }
  if (a.side !== b.side) add('side', a.side, b.side, 'one signal, two sides')
  if (!near(a.leverage, b.leverage)) add('leverage', a.leverage, b.leverage, 'another leverage')
  if (!near(a.score, b.score)) add('score', a.score, b.score, 'the market was seen otherwise at the decision')
  if (a.entryReason !== b.entryReason)
    add('entry-reason', a.entryReason, b.entryReason, 'the strategy has seen other figures')
  timeDifference('open-time', a.openedAt, b.openedAt, tolerance, ratios, add)
  if (!near(a.qty, b.qty)) {
    const share = (100 * (b.qty / a.qty - 1)).toPrecision(3)
    add('quantity', a.qty, b.qty, `${signed(share)} %: filled in part, or sized by another equity`)
  }
  priceDifference('entry-price', a.entry, b.entry, sign(a.side), unit, ratios, add)
  if (a.exitReason !== b.exitReason)
    add('exit-reason', a.exitReason, b.exitReason, 'another rule has closed it')
  exitDifferences(a, b, tolerance, unit, ratios, add)
  if (!near(a.fees, b.fees, a.notional)) {
    const [rateA, rateB] = [feeRate(a), feeRate(b)]
    if (a.fees > 0) ratios.fees.push(b.fees / a.fees)
    add('fees', a.fees, b.fees, `${rateA} % of turnover against ${rateB} %`)
  }
  if (!near(a.funding, b.funding, a.notional)) {
    const words = signed((b.funding - a.funding).toPrecision(3))
    add('funding', a.funding, b.funding, `${words} USDT: another rate, or held over another settlement`)
  }
  const isSame = found.length === 0
  if (!tolerance.anyExcursion && !(near(a.mae, b.mae, 100) && near(a.mfe, b.mfe, 100))) {
    const text = ({ mae, mfe }: Trade): string => `${mae.toFixed(4)} to ${mfe.toFixed(4)} %`
    add('excursion', text(a), text(b), 'other prices were seen on the way')
  }
  const isResult = near(a.gross, b.gross, a.notional) && near(a.net, b.net, a.notional)
  if (isSame && !isResult) add('result', a.net, b.net, 'the sums differ although their parts do not')
  return found
}

type Add = (aspect: Aspect, inA: string | number, inB: string | number, words: string) => void

function timeDifference(
  aspect: Aspect,
  a: Timestamp,
  b: Timestamp,
  tolerance: ParityTolerance,
  ratios: Ratios,
  add: Add,
): void {
  if (Math.abs(a - b) <= tolerance.time) return
  ratios.late.push(b - a)
  const words = `${signed(((b - a) / 1_000).toFixed(3))} s: latency, or another candle`
  add(aspect, new Date(a).toISOString(), new Date(b).toISOString(), words)
}

function priceDifference(
  aspect: Aspect,
  a: number,
  b: number,
  /** 1 where a higher price is worse. */
  worse: 1 | -1,
  unit: number | null,
  ratios: Ratios,
  add: Add,
): void {
  if (near(a, b)) return
  const share = b / a - 1
  ratios.price.push(share * worse)
  const points = (10_000 * Math.abs(share)).toPrecision(3)
  const off =
    unit === null ? '' : `${signed(String(Number(((b - a) / unit).toFixed(3))))} of the last digit, `
  add(aspect, a, b, `${off}${points} bp ${share * worse > 0 ? 'worse' : 'better'} in B`)
}

function exitDifferences(
  a: Trade,
  b: Trade,
  tolerance: ParityTolerance,
  unit: number | null,
  ratios: Ratios,
  add: Add,
): void {
  const [inA, inB] = tolerance.splitFills ? [summed(a.exits), summed(b.exits)] : [a.exits, b.exits]
  const isAlike =
    inA.length === inB.length &&
    inA.every((exit, k) => exit.reason === inB[k].reason && near(exit.qty, inB[k].qty))
  if (!isAlike) {
    const text = (exits: readonly TradeExit[]): string =>
      exits.map(({ reason, qty }) => `${reason} ${qty}`).join(', ')
    const isSplit = text(summed(a.exits)) === text(summed(b.exits))
    const words = isSplit ? 'the same in sum, filled in other parts' : 'other exits, or other quantities'
    add('exits', text(inA), text(inB), words)
    return
  }
  for (const [k, exit] of inA.entries()) {
    timeDifference('exit-time', exit.time, inB[k].time, tolerance, ratios, add)
    const worse = a.side === 'long' ? -1 : 1
    priceDifference('exit-price', exit.price, inB[k].price, worse, unit, ratios, add)
  }
}

/** Fills that follow one another for one reason as one: their sum, their mean price, the time of the last. */
function summed(exits: readonly TradeExit[]): readonly TradeExit[] {
  const sums: TradeExit[] = []
  for (const exit of exits) {
    const last = sums.at(-1)
    if (last === undefined || last.reason !== exit.reason) {
      sums.push(exit)
      continue
    }
    const qty = last.qty + exit.qty
    const price = (last.price * last.qty + exit.price * exit.qty) / qty
    sums[sums.length - 1] = { ...last, time: exit.time, qty: Number(qty.toPrecision(12)), price }
  }
  return sums
}

function feeRate({ fees, exits, notional }: Trade): string {
  const turnover = exits.reduce((sum, { price, qty }) => sum + price * qty, notional)
  return ((100 * fees) / turnover).toFixed(5)
}

/** The last digit that the prices of a symbol have: no tick is coarser than it. */
function unitsOf(trades: readonly Trade[]): ReadonlyMap<string, number> {
  const digits = new Map<string, number>()
  for (const { symbol, exits } of trades) {
    for (const { price } of exits) {
      const text = String(Number(price.toPrecision(12)))
      const count = text.includes('e') ? null : (text.split('.')[1]?.length ?? 0)
      if (count !== null) digits.set(symbol, Math.max(digits.get(symbol) ?? 0, count))
    }
  }
  return new Map([...digits].map(([symbol, count]) => [symbol, 10 ** -count]))
}

function explanationsOf(
  differences: readonly TradeDifference[],
  { fees, price, late }: Ratios,
  paired: number,
): readonly string[] {
  const words: string[] = []
  const [first] = differences
  if (first !== undefined) {
    const at = new Date(first.openedAt).toISOString().slice(0, 16)
    words.push(`the first difference is ${first.aspect} of ${first.symbol} ${first.side}, opened ${at}Z`)
  }
  if (fees.length > 1) {
    const [low, high] = [Math.min(...fees), Math.max(...fees)]
    const isOne = high - low < 1e-6
    const percent = (100 * (median(fees) - 1)).toFixed(3)
    const cause = isOne ? 'another fee rate' : 'other prices, or taken instead of made'
    words.push(`fees differ in ${fees.length} of ${paired} trades, by ${signed(percent)} % in B: ${cause}`)
  }
  if (price.length > 1) {
    const worse = price.filter(share => share > 0).length
    const isAll = worse === price.length || worse === 0
    const points = (10_000 * median(price.map(Math.abs))).toPrecision(3)
    const cause = isAll ? 'another slippage' : 'another moment, or other candles'
    const how = isAll ? (worse === 0 ? 'all better in B' : 'all worse in B') : `${worse} of them worse in B`
    words.push(`${price.length} prices differ, by ${points} bp in the middle, ${how}: ${cause}`)
  }
  if (late.length > 1) {
    const isLater = late.every(span => span > 0)
    const seconds = (median(late) / 1_000).toFixed(3)
    const cause = isLater ? 'latency' : 'other candles'
    words.push(`${late.length} fills lie ${signed(seconds)} s apart in the middle: ${cause}`)
  }
  return words
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((x, y) => x - y)
  return sorted[Math.floor((sorted.length - 1) / 2)]
}

function near(a: number, b: number, scale = Math.max(Math.abs(a), Math.abs(b))): boolean {
  return a === b || Math.abs(a - b) <= NOISE * scale
}

function signed(text: string): string {
  return text.startsWith('-') ? text : `+${text}`
}

function differ(
  { id, symbol, side, strategy, openedAt }: Trade,
  aspect: Aspect,
  a: string | number | null,
  b: string | number | null,
  words: string,
): TradeDifference {
  return { aspect, id, symbol, side, strategy, openedAt, a, b, words }
}
