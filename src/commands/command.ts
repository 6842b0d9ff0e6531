import type { Redactor } from '../core/adapters/system/redactor.ts'
import type { Watchdog, WatchdogOptions } from '../core/adapters/system/watchdog.ts'

/**
 * What a command is: a value. `registry.ts` lists the commands, `main.ts` builds the command line from them, and
 * `run` gets everything it may touch of the outside as `World`, so that a test can call it without a process.
 */

/** One flag of a command, in commander's own notation: `--timerange <from-to>`. */
export interface FlagSpec {
  readonly flags: string
  readonly description: string
  /** Shown in the help; applied by the command itself, so that a configuration can stand between. */
  readonly default?: string
  readonly choices?: readonly string[]
  /** True for a flag that may be given several times; its value is then a list. */
  readonly repeatable?: boolean
}

/** One positional argument: `<path...>`, `[file]`. */
export interface ArgumentSpec {
  readonly name: string
  readonly description: string
}

/** The values of flags by their camel-cased names, as commander parsed them, and the positional arguments. */
export interface ParsedArguments {
  readonly flags: { readonly [name: string]: string | boolean | readonly string[] | undefined }
  readonly args: readonly string[]
}

/** The doors of a command to the outside. */
export interface World {
  readonly env: { readonly [name: string]: string | undefined }
  readonly cwd: string
  readonly stdin: AsyncIterable<Uint8Array> & { readonly isTTY: boolean }
  /** Data. Resolves when the reader has room again; a closed reader ends the command quietly. */
  readonly stdout: {
    readonly isTTY: boolean
    readonly columns: number
    write(text: string | Uint8Array): Promise<void>
  }
  /** Words. */
  readonly stderr: { readonly isTTY: boolean; readonly columns: number; write(text: string): void }
  /** Wall-clock milliseconds and a monotonic clock in milliseconds, for labels, progress and pacing only. */
  readonly clock: {
    now(): number
    monotonic(): number
    sleep(ms: number, signal?: AbortSignal): Promise<void>
  }
  /** Aborted by Ctrl-C (reason 'SIGINT') or SIGTERM (reason 'SIGTERM'): end cleanly, soon. */
  readonly signal: AbortSignal
  /**
   * SIGHUP, which asks a loop to read its configuration again. Without a listener it ends the process, as everywhere.
   * Returns what ends the listening.
   */
  readonly hangup: { listen(callback: () => void): () => void }
  /** Watches from beside the event loop that a loop comes on, and ends the process where it does not. */
  readonly watchdog: (options: WatchdogOptions) => Promise<Watchdog>
  /** Knows the secrets of this process; what is written to `stderr` has gone through it. */
  readonly redactor: Redactor
  readonly color: boolean
  readonly quiet: boolean
  readonly verbose: boolean
}

/** A leaf runs; a group (such as `data`) has commands of its own. */
export interface CommandSpec {
  readonly name: string
  readonly summary: string
  readonly description?: string
  /** Complete command lines, shown first in the help. */
  readonly examples: readonly string[]
  readonly arguments?: readonly ArgumentSpec[]
  readonly flags?: readonly FlagSpec[]
  readonly commands?: readonly CommandSpec[]
  /** Returns the exit code. Throws UsageError, DataError, ConfigError, ExchangeError or StoreError. */
  readonly run?: (world: World, parsed: ParsedArguments) => Promise<number>
}
