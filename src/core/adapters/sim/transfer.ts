/** What the exchange and its trader have to agree on when they are two processes: signatures, and how inputs travel. */
import { createHmac } from 'node:crypto'
import { DataError } from '../../base/errors.ts'
import type { Timestamp } from '../../base/units.ts'
import type { CandleInput, Input } from '../../engine/protocol.ts'
import { type Interval, isInterval } from '../../market/interval.ts'

/** A request is good for so long after its time stamp, and so much before it. */
export const WINDOW_MS = 5_000
export const EARLY_MS = 1_000

export const HEADERS = {
  key: 'x-bbw-key',
  timestamp: 'x-bbw-timestamp',
  window: 'x-bbw-recv-window',
  signature: 'x-bbw-signature',
} as const

/** The longest body that a request may have, in bytes. */
export const LONGEST_REQUEST = 64 * 1024

/** The HMAC-SHA256, in hexadecimal, of all that makes a request, its body byte for byte. */
export function signatureOf(
  secret: string,
  request: {
    readonly key: string
    readonly timestamp: string
    readonly window: string
    readonly method: string
    /** Path with query. */
    readonly target: string
    readonly body: Uint8Array
  },
): string {
  const { key, timestamp, window, method, target, body } = request
  return createHmac('sha256', secret)
    .update(`${timestamp}\n${window}\n${key}\n${method}\n${target}\n`)
    .update(body)
    .digest('hex')
}

/** Consecutive candles of one series, its columns as base64 of little-endian doubles. */
interface Block {
  readonly type: 'candles'
  readonly symbol: string
  readonly interval: Interval
  readonly rows: number
  readonly columns: readonly string[]
}

const FIELDS = ['start', 'open', 'high', 'low', 'close', 'volume', 'turnover'] as const

/** Inputs with candles as blocks; the order is kept. */
export function packInputs(inputs: readonly Input[]): readonly (Block | Exclude<Input, CandleInput>)[] {
  const packed: (Block | Exclude<Input, CandleInput>)[] = []
  let run: CandleInput[] = []
  const flush = (): void => {
    if (run.length === 0) return
    const [{ symbol, interval }] = run
    const candles = run
    const columns = FIELDS.map(field => {
      const column = Float64Array.from(candles, candle => candle[field])
      return Buffer.from(column.buffer).toString('base64')
    })
    packed.push({ type: 'candles', symbol, interval, rows: run.length, columns })
    run = []
  }
  for (const input of inputs) {
    if (input.type !== 'candle') {
      flush()
      packed.push(input)
      continue
    }
    if (run.length > 0 && (run[0].symbol !== input.symbol || run[0].interval !== input.interval)) flush()
    run.push(input)
  }
  flush()
  return packed
}

/**
 * Inputs as they were before `packInputs`, each candle at `at`.
 *
 * @throws DataError where a part is none
 */
export function unpackInputs(parts: unknown, at: Timestamp): readonly Input[] {
  if (!Array.isArray(parts)) throw new DataError('the inputs are not a list')
  const inputs: Input[] = []
  for (const part of parts as readonly unknown[]) {
    if (typeof part !== 'object' || part === null || !('type' in part) || typeof part.type !== 'string') {
      throw new DataError('an input is not one')
    }
    if (part.type === 'candles') unpackBlock(part, at, inputs)
    else inputs.push(part as Input)
  }
  return inputs
}

function unpackBlock(block: object, at: Timestamp, inputs: Input[]): void {
  const { symbol, interval, rows, columns } = block as { readonly [name: string]: unknown }
  if (
    typeof symbol !== 'string' ||
    typeof interval !== 'string' ||
    !isInterval(interval) ||
    typeof rows !== 'number' ||
    !Array.isArray(columns) ||
    columns.length !== FIELDS.length
  ) {
    throw new DataError('a block of candles is not one')
  }
  const [start, open, high, low, close, volume, turnover] = columns.map((text: unknown) => {
    const bytes = Buffer.from(String(text), 'base64')
    if (bytes.length !== rows * 8) throw new DataError('a block of candles is cut off')
    // A buffer out of the pool may begin anywhere.
    return new Float64Array(new Uint8Array(bytes).buffer)
  })
  for (let i = 0; i < rows; i++) {
    inputs.push({
      type: 'candle',
      at,
      symbol,
      interval,
      start: start[i],
      open: open[i],
      high: high[i],
      low: low[i],
      close: close[i],
      volume: volume[i],
      turnover: turnover[i],
    })
  }
}
