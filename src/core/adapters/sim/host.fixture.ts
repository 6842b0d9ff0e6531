/** A journal in memory, and what somebody does to an exchange at random, for tests. */
import * as fc from 'fast-check'
import type { Steps, Ticks, Timestamp } from '../../base/units.ts'
import type { Input, OrderRequest } from '../../engine/protocol.ts'
import type { SymbolMarket } from '../../market/symbol-market.ts'
import type { Act } from './acts.ts'
import type { SimHost, SimJournal } from './host.ts'

/** Rows in memory; `copy` is what another process would find after a crash. */
export class MemoryJournal implements SimJournal {
  readonly name = 'journal'
  head: string | null = null
  isOpen = true
  readonly #rows: string[] = []

  keepHead(head: string): void {
    this.head = head
  }

  last(): string | null {
    return this.#rows.at(-1) ?? null
  }

  rows(): readonly string[] {
    return [...this.#rows]
  }

  write(number: number, row: string): void {
    if (number < 1 || number > this.#rows.length + 1) throw new Error(`row ${number} leaves a hole`)
    this.#rows[number - 1] = row
  }

  close(): void {
    this.isOpen = false
  }

  copy(): MemoryJournal {
    const copy = new MemoryJournal()
    copy.head = this.head
    for (const [k, row] of this.#rows.entries()) copy.write(k + 1, row)
    return copy
  }
}

/** Something asked of an exchange; numbers choose among what there is. */
export type Move =
  | { readonly kind: 'advance'; readonly part: number }
  | { readonly kind: 'place'; readonly offset: number; readonly isMarket: boolean; readonly isShort: boolean }
  | { readonly kind: 'target'; readonly offset: number }
  | { readonly kind: 'amend'; readonly pick: number; readonly offset: number }
  | { readonly kind: 'cancel'; readonly pick: number }
  | { readonly kind: 'stop'; readonly offset: number }
  | { readonly kind: 'act'; readonly act: (symbol: string) => Act }

const offset = fc.integer({ min: -40, max: 40 })
const side = fc.constantFrom('long' as const, 'short' as const)

const act: fc.Arbitrary<(symbol: string) => Act> = fc.oneof(
  fc.tuple(side, fc.integer({ min: 1, max: 30 })).map(
    ([side, steps]) =>
      (symbol: string): Act => ({ kind: 'open', symbol, side, steps: (steps * 10) as Steps }),
  ),
  fc.tuple(side, fc.integer({ min: 1, max: 300 })).map(
    ([side, steps]) =>
      (symbol: string): Act => ({ kind: 'reduce', symbol, side, steps: steps as Steps }),
  ),
  fc.constantFrom<((symbol: string) => Act)[]>(
    symbol => ({ kind: 'remove-stop', symbol, side: 'long' }),
    symbol => ({ kind: 'cancel-all', symbol }),
    () => ({ kind: 'cancel-all', symbol: null }),
    symbol => ({ kind: 'thin', symbol, steps: 20 as Steps }),
    symbol => ({ kind: 'thin', symbol, steps: null }),
    symbol => ({ kind: 'drop-stop', symbol }),
    symbol => ({ kind: 'reject-later', symbol }),
    symbol => ({ kind: 'liquidate', symbol, side: 'short' }),
    () => ({ kind: 'deposit', usdt: 10 }),
  ),
  { weight: 1, arbitrary: fc.constant((symbol: string): Act => ({ kind: 'settle', symbol })) },
)

export const moves = fc.array(
  fc.oneof(
    { weight: 12, arbitrary: fc.record({ kind: fc.constant('advance' as const), part: fc.nat(3) }) },
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant('place' as const),
        offset,
        isMarket: fc.boolean(),
        isShort: fc.boolean(),
      }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('target' as const), offset }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('amend' as const), pick: fc.nat(5), offset }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('cancel' as const), pick: fc.nat(5) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('stop' as const), offset }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('act' as const), act }) },
  ),
  { minLength: 20, maxLength: 120 },
)

/** Makes one move on the first symbol; `number` keeps ids apart. Returns what was told. */
export function move(
  host: SimHost,
  markets: readonly SymbolMarket[],
  one: Move,
  number: number,
): readonly Input[] {
  const [{ instrument, candles }] = markets
  const { symbol } = instrument
  const closes = candles.get('1d')?.close ?? Float64Array.of(1)
  const last = Math.round(closes[closes.length - 6] / instrument.tickSize)
  const at = (offset: number): Ticks => Math.max(1, Math.round(last * (1 + offset / 500))) as Ticks
  const { positions, orders } = host.account()
  const position = positions.find(held => held.symbol === symbol)
  const clientOrderId = `o${number}`
  const order: OrderRequest = {
    clientOrderId,
    symbol,
    side: 'long',
    purpose: 'entry',
    type: 'limit',
    price: null,
    steps: 50 as Steps,
    stop: null,
    leverage: 5,
    postOnly: false,
  }
  switch (one.kind) {
    case 'advance':
      return host.advance(destination(host, one.part)).inputs
    case 'place': {
      const price = one.isMarket ? null : at(one.offset)
      const stop = at(one.isShort ? 60 : -60)
      const side = one.isShort ? 'short' : 'long'
      return host.place({ ...order, type: one.isMarket ? 'market' : 'limit', side, price, stop })
    }
    case 'target':
      return host.place({
        ...order,
        side: position?.side ?? 'long',
        purpose: 'exit',
        price: at(one.offset),
        steps: 20 as Steps,
      })
    case 'amend': {
      const target = orders[one.pick % Math.max(1, orders.length)]
      return host.amend(symbol, target?.clientOrderId ?? 'none', at(one.offset), 10 as Steps)
    }
    case 'cancel': {
      const target = orders[one.pick % Math.max(1, orders.length)]
      return host.cancel(symbol, target?.clientOrderId ?? 'none')
    }
    case 'stop':
      return host.setStop(`s${number}`, symbol, position?.side ?? 'long', at(one.offset))
    case 'act':
      return host.act(one.act(symbol)).inputs
  }
}

/** The next instant, or a moment before it. */
function destination({ now, next }: SimHost, part: number): Timestamp {
  if (next === null) return now
  return part === 0 ? Math.floor(now + (next - now) / 2) : next
}
