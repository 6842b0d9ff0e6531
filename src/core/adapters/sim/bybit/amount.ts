/**
 * Money of the protocol's exchange, in whole hundred-millionths of a USDT. Bybit shows a wallet with so many decimals;
 * rounding each fee and each result to one of them, and adding nothing but them, is what lets a wallet be reckoned
 * again from its transaction log to the last digit.
 */
import { assert } from '../../../base/assert.ts'
import { decimalText, gridOf } from '../../../base/decimal.ts'
import type { Steps, Ticks } from '../../../base/units.ts'
import type { Instrument } from '../../../market/instrument.ts'

/** Hundred-millionths of a USDT. */
export type Amount = bigint

const DECIMALS = 8
const ONE: Amount = 10n ** 8n

/** The amount nearest to a number of USDT. */
export function amountOf(usdt: number): Amount {
  const text = decimalText(usdt)
  const [whole, fraction = ''] = text.replace('-', '').split('.')
  const digits = BigInt(whole + fraction)
  const size =
    fraction.length <= DECIMALS
      ? digits * 10n ** BigInt(DECIMALS - fraction.length)
      : nearest(digits, 10n ** BigInt(fraction.length - DECIMALS))
  return text.startsWith('-') ? -size : size
}

/** What a number of steps is worth at a price. */
export function worthOf(instrument: Instrument, ticks: Ticks, steps: Steps): Amount {
  const [tick, step] = [gridOf(instrument.tick), gridOf(instrument.step)]
  const product = BigInt(ticks) * BigInt(tick.mantissa) * BigInt(steps) * BigInt(step.mantissa)
  const decimals = tick.decimals + step.decimals
  return decimals <= DECIMALS
    ? product * 10n ** BigInt(DECIMALS - decimals)
    : nearest(product, 10n ** BigInt(decimals - DECIMALS))
}

/** A share of an amount; the rate is read with twelve decimals. */
export function shareOf(amount: Amount, rate: number): Amount {
  const scale = 10n ** 12n
  return nearest(amount * BigInt(Math.round(rate * 1e12)), scale)
}

/** `amount * part / whole`, the nearest. */
export function partOf(amount: Amount, part: number, whole: number): Amount {
  assert(whole > 0, 'a part of nothing was asked for')
  return nearest(amount * BigInt(part), BigInt(whole))
}

/** A half goes away from zero. */
function nearest(top: bigint, bottom: bigint): bigint {
  const size = top < 0n ? -top : top
  const rounded = (2n * size + bottom) / (2n * bottom)
  return top < 0n ? -rounded : rounded
}

/** As the exchange writes it: plain notation, no superfluous zeros. */
export function amountText(amount: Amount): string {
  const size = amount < 0n ? -amount : amount
  const fraction = String(size % ONE)
    .padStart(DECIMALS, '0')
    .replace(/0+$/, '')
  const text = fraction === '' ? String(size / ONE) : `${size / ONE}.${fraction}`
  return amount < 0n ? `-${text}` : text
}

/** The double nearest to it. */
export function usdtOf(amount: Amount): number {
  return Number(amountText(amount))
}
