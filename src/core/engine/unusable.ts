/**
 * What is told of a market and cannot be true: a price that is not positive or not finite, a rate that is no number.
 * Adapters refuse it where they read it. It is asked again here, at the one door that everything comes in by, for a
 * single figure of the kind would spoil every one that is made from it: an infinite equity is the peak of all drawdowns.
 */
import type { Input } from './protocol.ts'

type Told = Extract<Input, { readonly type: 'price' | 'candle' | 'funding-rate' }>

/** The field that cannot be true, with what it says; `null` where there is none. */
export function unusable(input: Told): string | null {
  switch (input.type) {
    case 'price': {
      const { last, mark, low = last, high = last } = input
      return pricesOf(last, mark, low, high) ? null : wrong({ last, mark, low, high }, isPrice)
    }
    case 'candle': {
      const { open, high, low, close } = input
      return pricesOf(open, high, low, close) ? null : wrong({ open, high, low, close }, isPrice)
    }
    case 'funding-rate': {
      const { per8h, interval, next } = input
      return wrong({ rate: per8h ?? 0, interval: interval ?? 0, next: next ?? 0 }, Number.isFinite)
    }
  }
}

/** Asked of every candle of a backtest. */
function pricesOf(a: number, b: number, c: number, d: number): boolean {
  return isPrice(a) && isPrice(b) && isPrice(c) && isPrice(d)
}

function isPrice(value: number): boolean {
  return value > 0 && value < Number.POSITIVE_INFINITY
}

function wrong(
  values: { readonly [name: string]: number },
  isRight: (value: number) => boolean,
): string | null {
  const found = Object.entries(values).find(([, value]) => !isRight(value))
  return found === undefined ? null : `${found[0]} ${found[1]}`
}
