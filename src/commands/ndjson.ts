import { DataError } from '../core/base/errors.ts'

const LONGEST_LINE = 1_000_000

/** The lines of a byte stream with their numbers, blank ones left out. A line of over 1 MB is refused. */
export async function* linesOf(
  bytes: AsyncIterable<Uint8Array>,
  name: string,
): AsyncGenerator<{ readonly line: number; readonly text: string }> {
  const decoder = new TextDecoder()
  let rest = ''
  let line = 0
  const take = function* (text: string): Generator<{ readonly line: number; readonly text: string }> {
    line++
    if (text.trim() !== '') yield { line, text: text.endsWith('\r') ? text.slice(0, -1) : text }
  }
  for await (const block of bytes) {
    rest += decoder.decode(block, { stream: true })
    let end = rest.indexOf('\n')
    let begin = 0
    for (; end >= 0; end = rest.indexOf('\n', begin)) {
      yield* take(rest.slice(begin, end))
      begin = end + 1
    }
    rest = rest.slice(begin)
    if (rest.length > LONGEST_LINE) {
      throw new DataError(
        'the line is longer than 1 MB',
        { file: name, line: line + 1 },
        'one JSON object a line is read',
      )
    }
  }
  rest += decoder.decode()
  if (rest !== '') yield* take(rest)
}

/** One record as a line. */
export function ndjson(record: unknown): string {
  return `${JSON.stringify(record)}\n`
}
