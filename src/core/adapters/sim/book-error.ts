/** What is wrong with the file in which bbw's own exchange, embedded or on paper, keeps its book. */
import { StoreError, type StoreTrouble } from '../../base/errors.ts'

/** A book has no second copy: what was held in it cannot be closed without it. */
const ANEW =
  'what it held is in that file alone and cannot be closed without it: bbw run --new, with the flags of the run before, begins anew and keeps the file'

/** @param remedy what can be done; left out: what helps where the book cannot be read */
export function bookError(message: string, trouble: StoreTrouble, remedy: string = ANEW): StoreError {
  return new StoreError(message, { retryable: false, trouble, remedy, isOfExchange: true })
}
