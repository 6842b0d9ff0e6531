/**
 * How requests prove who sends them. Source: Bybit v5, "Integration guidance": HMAC-SHA256 in hexadecimal digits over
 * time stamp, key, window and the query or body exactly as they were sent; on a socket over "GET/realtime" and a time.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Milliseconds, Timestamp } from '../../../base/units.ts'

export function signatureOf(secret: string, text: string): string {
  return createHmac('sha256', secret).update(text).digest('hex')
}

export function isSignature(secret: string, text: string, given: string): boolean {
  const [expected, found] = [Buffer.from(signatureOf(secret, text)), Buffer.from(given.toLowerCase())]
  return expected.length === found.length && timingSafeEqual(expected, found)
}

/** Whether a text is the secret one; how far they are alike is not told by the time it takes. */
export function isSecret(given: string, secret: string): boolean {
  const [expected, found] = [Buffer.from(secret), Buffer.from(given)]
  return expected.length === found.length && timingSafeEqual(expected, found)
}

/** A stamp may be so much ahead of the server's clock. */
const EARLY: Milliseconds = 1_000

/**
 * Whether a request's time stamp is in time. A clock that runs faster than the wall's makes every way longer: the window
 * is as much wider.
 */
export function isInTime(
  stamp: number,
  window: number,
  { now, speed }: { readonly now: Timestamp; readonly speed: number },
): boolean {
  return stamp >= now - window * speed && stamp < now + EARLY * speed
}
