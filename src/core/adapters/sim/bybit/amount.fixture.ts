import { assert } from '../../../base/assert.ts'
import type { Amount } from './amount.ts'

/** An amount has so many. */
const DECIMALS = 8

/** The amount that a text in plain notation, with a sign or without, stands for. Throws where it has more decimals. */
export function parseAmount(text: string): Amount {
  const match = /^(-?)(\d+)(?:\.(\d{1,8}))?$/.exec(text)
  assert(match !== null, `"${text}" is no amount`)
  const size = BigInt(match[2] + (match[3] ?? '').padEnd(DECIMALS, '0'))
  return match[1] === '-' ? -size : size
}
