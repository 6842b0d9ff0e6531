import type { ByteSource } from '../core/adapters/csv/source.ts'
import { DataError } from '../core/base/errors.ts'
import { parseRecord } from '../core/wire/decode.ts'
import type { WireRecord } from '../core/wire/encode.ts'
import type { World } from './command.ts'
import { failureOf } from './failures.ts'

/** In UTF-16 units; a record has some thousand. */
const LONGEST_LINE = 1_000_000

/**
 * Hands every record of the source to `take`. A line that is no record, or that `take` refuses with a DataError, is
 * named on standard error and left out.
 *
 * @returns how many lines were left out
 */
export async function eachRecord(
  world: Pick<World, 'stderr'>,
  { name, bytes }: ByteSource,
  take: (record: WireRecord) => void | Promise<void>,
): Promise<number> {
  let bad = 0
  for await (const { line, text } of linesOf(bytes)) {
    try {
      if (text === null) {
        throw new DataError('the line is longer than 1 MB', undefined, 'one JSON object a line is read')
      }
      await take(parseRecord(text))
    } catch (error) {
      if (!(error instanceof DataError)) throw error
      bad++
      const { field } = error.place ?? {}
      const place = field === undefined ? { file: name, line } : { file: name, line, field }
      const { lines } = failureOf(new DataError(error.message, place, error.remedy), false)
      for (const words of lines) world.stderr.write(`${words}\n`)
    }
  }
  return bad
}

interface Line {
  /** From 1. */
  readonly line: number
  /** `null` for a line that is too long to be kept. */
  readonly text: string | null
}

/** The lines of a byte stream, blank ones left out. */
async function* linesOf(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Line> {
  const decoder = new TextDecoder()
  let rest = ''
  let line = 0
  let isTooLong = false
  const take = function* (text: string): Generator<Line> {
    line++
    if (isTooLong || text.length > LONGEST_LINE) yield { line, text: null }
    else if (text.trim() !== '') yield { line, text }
    isTooLong = false
  }
  for await (const block of bytes) {
    rest += decoder.decode(block, { stream: true })
    let begin = 0
    for (let end = rest.indexOf('\n'); end >= 0; end = rest.indexOf('\n', begin)) {
      yield* take(rest.slice(begin, end))
      begin = end + 1
    }
    rest = rest.slice(begin)
    if (rest.length > LONGEST_LINE) {
      isTooLong = true
      rest = ''
    }
  }
  rest += decoder.decode()
  if (rest !== '' || isTooLong) yield* take(rest)
}

/** One record as a line. */
export function ndjson(record: unknown): string {
  return `${JSON.stringify(record)}\n`
}
