import { setTimeout as after } from 'node:timers/promises'
import { isatty } from 'node:tty'
import { Redactor } from '../core/adapters/system/redactor.ts'
import { StoreError } from '../core/base/errors.ts'
import { secretsIn } from '../core/base/secrets.ts'
import type { World } from './command.ts'
import { type CommandLine, type GlobalFlags, readCommandLine } from './command-line.ts'
import { EXIT } from './exit-codes.ts'
import { failureOf } from './failures.ts'
import type { RegistryEntry } from './registry.ts'

/** Width where the output is no terminal. */
const PLAIN_COLUMNS = 100

/** One Ctrl-C can arrive twice, from the terminal and from a parent that passes it on; a person is slower. */
const SAME_PRESS_MS = 100

/** Unwinds a command whose reader has closed the pipe. */
class ReaderGone extends Error {}

/** Standard output with backpressure. */
interface Output {
  write(text: string | Uint8Array): Promise<void>
  /** Resolves when everything written has left the process or never will. */
  drained(): Promise<void>
  /** What broke the stream: the reader's going, or the disk. */
  failure(): Error | undefined
}

function brokenBy(error: NodeJS.ErrnoException): Error {
  if (error.code === 'EPIPE' || error.code === 'ECONNRESET') return new ReaderGone()
  return new StoreError(`standard output cannot be written: ${error.message}`, { retryable: false })
}

/**
 * Data goes out only as fast as the reader takes it. After `signal` nothing waits any more: what is written then is
 * kept, so that a command stuck behind a slow reader can still end cleanly.
 */
function openOutput(stream: NodeJS.WriteStream, signal: AbortSignal): Output {
  let broken: Error | undefined
  let waiting: PromiseWithResolvers<void> | undefined
  const done = Promise.resolve()
  const release = (): void => {
    if (broken === undefined) waiting?.resolve()
    else waiting?.reject(broken)
    waiting = undefined
  }
  stream.on('error', error => {
    broken ??= brokenBy(error)
    release()
  })
  stream.on('drain', release)
  signal.addEventListener('abort', release, { once: true })
  return {
    write(text) {
      if (broken !== undefined) return Promise.reject(broken)
      if (stream.write(text) || signal.aborted) return done
      waiting ??= Promise.withResolvers()
      return waiting.promise
    },
    drained: () => (broken === undefined ? new Promise(resolve => stream.write('', () => resolve())) : done),
    failure: () => broken,
  }
}

/**
 * Ends the reading of a command that is stopped, with what stopped it: a pipe may stay open and silent for ever. Its end
 * counts for nothing then, either: Ctrl-C ends the command before it in the pipe, too, and half a file is none.
 */
function untilStopped(blocks: AsyncIterator<Uint8Array>, signal: AbortSignal): AsyncIterator<Uint8Array> {
  return {
    async next() {
      signal.throwIfAborted()
      const { promise, reject } = Promise.withResolvers<never>()
      const stop = (): void => reject(signal.reason)
      signal.addEventListener('abort', stop, { once: true })
      try {
        const block = await Promise.race([blocks.next(), promise])
        signal.throwIfAborted()
        return block
      } finally {
        signal.removeEventListener('abort', stop)
      }
    },
    return: async () => (await blocks.return?.()) ?? { done: true, value: undefined },
  }
}

function makeWorld(
  host: NodeJS.Process,
  output: Output,
  signal: AbortSignal,
  globals: GlobalFlags,
  redactor: Redactor,
): World {
  const { stdout, stderr, env } = host
  const plain = !globals.color || (env.NO_COLOR ?? '') !== '' || env.TERM === 'dumb'
  return {
    env,
    cwd: host.cwd(),
    // Touching process.stdin opens it, which a command that does not read must not do.
    stdin: {
      isTTY: isatty(0),
      [Symbol.asyncIterator]: () => untilStopped(host.stdin[Symbol.asyncIterator](), signal),
    },
    stdout: {
      isTTY: stdout.isTTY === true,
      get columns() {
        return stdout.columns || PLAIN_COLUMNS
      },
      write: output.write,
    },
    stderr: {
      // A dumb terminal cannot take a line back.
      isTTY: stderr.isTTY === true && env.TERM !== 'dumb',
      get columns() {
        return stderr.columns || PLAIN_COLUMNS
      },
      write: text => void stderr.write(redactor.text(text)),
    },
    clock: {
      now: () => Date.now(),
      monotonic: () => performance.now(),
      sleep: (ms, stop) => after(ms, undefined, stop === undefined ? {} : { signal: stop }),
    },
    signal,
    hangup: {
      listen(callback) {
        // Node itself ends the process by the signal again once nobody listens.
        const hear = (): void => callback()
        host.on('SIGHUP', hear)
        return () => void host.off('SIGHUP', hear)
      },
    },
    watchdog: async options => (await import('../core/adapters/system/watchdog.ts')).startWatchdog(options),
    redactor,
    color: stdout.isTTY === true && !plain,
    quiet: globals.quiet,
    verbose: globals.verbose,
  }
}

/**
 * Runs one command line of `host` and ends the process with its exit code, after everything written has been taken.
 * SIGINT and SIGTERM abort the command's signal; a command that ends well after Ctrl-C exits with 130; a second Ctrl-C ends at
 * once.
 */
export async function runShell(
  host: NodeJS.Process,
  registry: readonly RegistryEntry[],
  version: string,
): Promise<never> {
  const stopping = new AbortController()
  const { signal } = stopping
  const output = openOutput(host.stdout, signal)
  // Words that nobody reads any more are no reason to fail.
  host.stderr.on('error', () => {})
  let title = 'bbw'
  let verbose = host.argv.includes('--verbose')

  let firstPress = 0
  const stop = (name: 'SIGINT' | 'SIGTERM'): void => {
    const now = performance.now()
    if (!signal.aborted) {
      firstPress = now
      stopping.abort(name)
    } else if (name === 'SIGINT' && now - firstPress > SAME_PRESS_MS) host.exit(EXIT.interrupted)
  }
  host.on('SIGINT', () => stop('SIGINT'))
  host.on('SIGTERM', () => stop('SIGTERM'))

  // What a command found at its end comes first: a script has to see that something was left open.
  const stoppedCode = (code: number): number =>
    signal.reason === 'SIGINT' && code === EXIT.ok ? EXIT.interrupted : code

  const redactor = new Redactor(secretsIn(host.env))
  let told: unknown
  const tell = (error: unknown): number => {
    told = error
    if (error instanceof ReaderGone) return EXIT.ok
    const unwound = error === signal.reason || (error instanceof Error && error.name === 'AbortError')
    if (signal.aborted && unwound) return stoppedCode(EXIT.ok)
    const { code, lines } = failureOf(error, verbose)
    host.stderr.write(redactor.text(`${title}: ${lines.join('\n  ')}\n`))
    return code
  }

  const finish = async (code: number): Promise<never> => {
    await output.drained()
    // A command can have ended before the loss of its last words became known.
    const loss = output.failure()
    const last = loss instanceof StoreError && loss !== told ? tell(loss) : code
    await new Promise<void>(resolve => void host.stderr.write('', () => resolve()))
    host.exit(last)
  }

  const execute = async (line: CommandLine): Promise<number> => {
    switch (line.kind) {
      case 'answer':
        await output.write(line.text)
        return EXIT.ok
      case 'refusal':
        host.stderr.write(line.text)
        return EXIT.usage
      case 'run': {
        title = line.title
        verbose = line.globals.verbose
        return stoppedCode(
          await line.run(makeWorld(host, output, signal, line.globals, redactor), line.parsed),
        )
      }
    }
  }

  // A command whose promise nothing can settle any more would otherwise end with 0.
  host.on('beforeExit', () => void finish(tell(new Error('the command waits for nothing'))))
  host.on('uncaughtException', error => void finish(tell(error)))

  try {
    const columns = host.stdout.columns ?? PLAIN_COLUMNS
    const line = await readCommandLine(host.argv.slice(2), registry, version, columns)
    return await finish(await execute(line))
  } catch (error) {
    return finish(tell(error))
  }
}
