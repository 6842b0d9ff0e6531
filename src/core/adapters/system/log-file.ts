import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  ftruncateSync,
  openSync,
  renameSync,
  writeSync,
} from 'node:fs'
import { ConfigError } from '../../base/errors.ts'

const OWNER_ONLY = 0o600
/** After a failed write the disk is tried again no sooner. */
const RETRY_MS = 10_000

/** Writes bytes and returns how many were taken; throws as the system does. */
export type WriteBytes = (descriptor: number, bytes: Uint8Array) => number

export interface LogFileOptions {
  readonly path: string
  /** Beyond so many bytes the file is put aside as PATH.1, in place of an earlier one. */
  readonly maxBytes: number
  /** Milliseconds of a clock that is never set back. */
  readonly monotonic: () => number
  /** Hears once that writing fails, and once that it works again. */
  readonly onTrouble: (words: string) => void
  /** The system's own unless something else is said. */
  readonly write?: WriteBytes
}

/**
 * A file of lines, for its owner alone and bounded in size. Writing never throws: lines that a full or broken disk does
 * not take are counted, and the file is tried again later.
 */
export class LogFile {
  readonly #options: LogFileOptions
  #descriptor: number | null = null
  #size = 0
  #lost = 0
  #retryAt = Number.NEGATIVE_INFINITY
  #isFailing = false
  #isClosed = false
  /** The last line is there in part. */
  #isTorn = false

  /** Throws a ConfigError where there can be no such file. */
  constructor(options: LogFileOptions) {
    this.#options = options
    try {
      this.#open()
    } catch (error) {
      throw new ConfigError(
        `the log cannot be written to ${options.path}: ${reasonOf(error)}`,
        'change operations.log.file, or the permissions of its folder',
      )
    }
  }

  /** Lines that could not be written so far. */
  get lost(): number {
    return this.#lost
  }

  /** Adds a line, given without its end. */
  add(line: string): void {
    const { monotonic, onTrouble, path } = this.#options
    if (this.#isClosed || monotonic() < this.#retryAt) {
      this.#lost += 1
      return
    }
    try {
      this.#put(Buffer.from(`${line}\n`, 'utf8'))
    } catch (error) {
      this.#lost += 1
      this.#retryAt = monotonic() + RETRY_MS
      if (this.#isFailing) return
      this.#isFailing = true
      const reason = `the log cannot be written to ${path}: ${reasonOf(error)}`
      onTrouble(`${reason}; trading goes on, lines are counted and the file is tried again`)
      return
    }
    if (!this.#isFailing) return
    this.#isFailing = false
    onTrouble(`the log is written to ${path} again; ${this.#lost} lines were lost`)
  }

  /** Ends the writing; lines that come later are counted as lost. */
  close(): void {
    this.#isClosed = true
    if (this.#descriptor !== null) closeSync(this.#descriptor)
    this.#descriptor = null
  }

  #put(bytes: Uint8Array): void {
    if (this.#size > 0 && this.#size + bytes.length > this.#options.maxBytes) this.#rotate()
    const descriptor = this.#descriptor ?? this.#open()
    if (this.#isTorn) this.#write(descriptor, Buffer.from('\n'))
    this.#isTorn = false
    this.#write(descriptor, bytes)
  }

  #open(): number {
    const { O_APPEND, O_CREAT, O_NONBLOCK, O_WRONLY } = constants
    // Without O_NONBLOCK a pipe in its place would be waited for.
    const flags = O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK
    const descriptor = openSync(this.#options.path, flags, OWNER_ONLY)
    try {
      const stat = fstatSync(descriptor)
      if (!stat.isFile()) throw new Error('it is no plain file')
      if ((stat.mode & 0o077) !== 0) fchmodSync(descriptor, OWNER_ONLY)
      this.#size = stat.size
      this.#descriptor = descriptor
      return descriptor
    } catch (error) {
      closeSync(descriptor)
      throw error
    }
  }

  #rotate(): void {
    const { path } = this.#options
    try {
      renameSync(path, `${path}.1`)
    } catch {
      // Where the folder takes no new names the file itself has to stay small; the newest lines are worth most.
      ftruncateSync(this.#descriptor ?? this.#open())
      this.#size = 0
      this.#isTorn = false
      return
    }
    if (this.#descriptor !== null) closeSync(this.#descriptor)
    this.#descriptor = null
    this.#isTorn = false
  }

  #write(descriptor: number, bytes: Uint8Array): void {
    const { write = writeSync } = this.#options
    let done = 0
    while (done < bytes.length) {
      const count = write(descriptor, bytes.subarray(done))
      if (count === 0) throw new Error('nothing was written')
      done += count
      this.#size += count
      this.#isTorn = done < bytes.length
    }
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
