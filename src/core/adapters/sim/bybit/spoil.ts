/** What becomes of answers and messages on their way out, and what servers in front of the exchange say themselves. */
import { MINUTE, type Milliseconds, type Price, SECOND, type Timestamp } from '../../../base/units.ts'
import type { FaultRule } from './fault-plan.ts'
import type { HttpReply } from './gate.ts'

/** What becomes of a request: a reply at a time of the exchange's clock, none ever, or the connection breaks. */
export type Outcome =
  | { readonly kind: 'reply'; readonly reply: HttpReply; readonly due: Timestamp }
  | { readonly kind: 'silence' }
  | { readonly kind: 'reset' }

/** How late something is where a rule does not say. */
export const LATE: Milliseconds = 5 * SECOND

/** The words of refusals by their codes. */
export const WORDS: { readonly [code: number]: string } = {
  10000: 'Server Timeout',
  10002: 'invalid request, please check your server timestamp or recv_window param.',
  10006: 'Too many visits. Exceeded the API Rate Limit.',
  10010: "Unmatched IP, please check your API key's bound IP addresses.",
  10016: 'Server error.',
  10019: 'ws trade service is restarting, do not accept new request',
  10429: 'System level frequency protection.',
  33004: 'Your api key has expired.',
}

/** What comes where a server in front of the exchange answers itself. */
export function page(status: number): HttpReply {
  const body = `<html><head><title>${status}</title></head><body><h1>${status}</h1></body></html>`
  return { status, headers: { 'content-type': 'text/html' }, body }
}

/** The answer to a request that was carried out, as it arrives. */
export function spoiled(rule: FaultRule, reply: HttpReply, due: Timestamp): Outcome {
  const { fault, ms, code } = rule
  switch (fault) {
    case 'lose-reply':
      return { kind: 'silence' }
    case 'reset-reply':
      return { kind: 'reset' }
    case 'late-reply':
      return { kind: 'reply', reply, due: due + (ms ?? LATE) }
    case 'status-after':
      return { kind: 'reply', reply: page(code ?? 504), due }
    case 'html':
      return { kind: 'reply', reply: { ...page(200), status: 200 }, due }
    case 'truncated':
      return {
        kind: 'reply',
        reply: { ...reply, body: reply.body.slice(0, Math.floor(reply.body.length / 2)) },
        due,
      }
    case 'empty':
      return { kind: 'reply', reply: { ...reply, body: '' }, due }
    default:
      return {
        kind: 'reply',
        reply: { ...reply, body: withRows(reply.body, rows => spoiledRows(rule, rows)) },
        due,
      }
  }
}

interface Row {
  readonly [name: string]: unknown
}

/** A reply with other rows in its list; one without a list stays. */
function withRows(body: string, change: (rows: readonly Row[]) => readonly Row[]): string {
  const reply: { result?: { list?: readonly Row[] } } = JSON.parse(body)
  const { result } = reply
  if (result?.list === undefined) return body
  return JSON.stringify({ ...reply, result: { ...result, list: change(result.list) } })
}

function spoiledRows({ fault, rate }: FaultRule, rows: readonly Row[]): readonly Row[] {
  const middle = Math.floor(rows.length / 2)
  switch (fault) {
    case 'row-gap':
      return rows.filter((_, k) => k !== middle)
    case 'row-twice':
      return rows.flatMap((row, k) => (k === middle ? [row, row] : [row]))
    case 'rows-reversed':
      return [...rows].reverse()
    default:
      return rows.map(row => withWick(row, rate))
  }
}

/** A ticker whose last price is a multiple of what it is; 0 where nothing is said. */
function withWick(row: Row, rate = 0): Row {
  if (row.lastPrice === undefined) return row
  return { ...row, lastPrice: String(Number(row.lastPrice) * rate) }
}

/**
 * A message of a stream with an old time, or with a price that nobody has paid.
 *
 * @param last the last price of the symbol that it is about, which a message need not say
 */
export function spoiledMessage({ fault, ms, rate = 0 }: FaultRule, text: string, last: Price): string {
  const message: { ts?: number; data?: Row } = JSON.parse(text)
  if (fault === 'stale-push') return JSON.stringify({ ...message, ts: (message.ts ?? 0) - (ms ?? MINUTE) })
  return JSON.stringify({ ...message, data: { ...message.data, lastPrice: String(last * rate) } })
}
