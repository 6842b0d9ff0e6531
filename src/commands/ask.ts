import { harmless } from '../core/base/harmless.ts'
import type { World } from './command.ts'

/** No answer is longer. */
const MOST_CHARACTERS = 1_000

type Terminal = Pick<World, 'stdin' | 'stderr' | 'signal'>

/**
 * Asks the person at the terminal for a yes: anything but `yes` or `y` is a no, and so is the end of the input or of the
 * command. `null` where standard input or standard error is no terminal, so that nobody could answer.
 */
export function terminalAsker(world: Terminal): ((question: string) => Promise<boolean>) | null {
  const read = terminalReader(world)
  return read === null ? null : async question => /^\s*y(?:es)?\s*$/i.test(await read(question))
}

/** Asks the person at the terminal for a line; empty at the end of the input or of the command. `null` as above. */
export function terminalReader({
  stdin,
  stderr,
  signal,
}: Terminal): ((question: string) => Promise<string>) | null {
  if (!stdin.isTTY || !stderr.isTTY) return null
  // One reader for all questions: leaving a loop over the stream would close it for the next one.
  let blocks: AsyncIterator<Uint8Array> | null = null
  let rest = ''
  const line = async (): Promise<string> => {
    blocks ??= stdin[Symbol.asyncIterator]()
    while (!rest.includes('\n') && rest.length < MOST_CHARACTERS) {
      const { done, value } = await blocks.next()
      if (done === true) return ''
      rest += Buffer.from(value).toString('utf8')
    }
    const [first, ...others] = rest.split('\n')
    rest = others.join('\n')
    return first
  }
  return async question => {
    // What is left of an earlier answer was not meant for this question.
    rest = ''
    stderr.write(`${harmless(question)} `)
    return Promise.race([line(), stopped(signal)])
  }
}

function stopped(signal: AbortSignal): Promise<string> {
  return new Promise(resolve => {
    if (signal.aborted) resolve('')
    else signal.addEventListener('abort', () => resolve(''), { once: true })
  })
}
