/**
 * Units. A price or an amount inside a rule is a plain number under one of these names; whatever goes to an
 * exchange is a whole number of ticks or steps (`Ticks`, `Steps`), a branded integer, so that a float can never be
 * sent by accident.
 */
declare const unit: unique symbol
type Branded<T, Name extends string> = T & { readonly [unit]: Name }

/** Quote currency (USDT) for one unit of the base coin. */
export type Price = number
/** An amount of the base coin. */
export type Qty = number
/** An amount of USDT. */
export type Usdt = number
/** A share: 0.05 is 5 %. */
export type Fraction = number
/** A share on a scale where 5 is 5 %. */
export type Percent = number
/** Milliseconds since 1970-01-01T00:00Z. */
export type Timestamp = number
/** A span in milliseconds. */
export type Milliseconds = number
/** A price as a whole number of the instrument's ticks. */
export type Ticks = Branded<number, 'ticks'>
/** A quantity as a whole number of the instrument's quantity steps. */
export type Steps = Branded<number, 'steps'>

export const SECOND: Milliseconds = 1_000
export const MINUTE: Milliseconds = 60_000
export const HOUR: Milliseconds = 3_600_000
export const DAY: Milliseconds = 86_400_000
