import { harmless } from '../core/base/harmless.ts'
import type { World } from './command.ts'

/** No answer is longer. */
const MOST_CHARACTERS = 1_000

/**
 * Asks the person at the terminal for a yes: anything but `yes` or `y` is a no, and so is the end of the input or of the
 * command. `null` where standard input or standard error is no terminal, so that nobody could answer.
 */
export function terminalAsker(
  world: Pick<World, 'stdin' | 'stderr' | 'signal'>,
): ((question: string) => Promise<boolean>) | null {
  const { stdin, stderr, signal } = world
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
    const answer = await Promise.race([line(), stopped(signal)])
    return /^\s*y(?:es)?\s*$/i.test(answer)
  }
}

function stopped(signal: AbortSignal): Promise<string> {
  return new Promise(resolve => {
    if (signal.aborted) resolve('')
    else signal.addEventListener('abort', () => resolve(''), { once: true })
  })
}
