import {
  accessSync,
  closeSync,
  constants,
  fsyncSync,
  mkdtempSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join, resolve } from 'node:path'
import { StoreError, UsageError } from '../core/base/errors.ts'
import type { World } from './command.ts'

/**
 * A file that appears whole or not at all: it is written in a folder beside its place, made at once, so that a wrong
 * path is known before the work begins, and put into its place by `keep`. A pipe or a device is written straight to.
 */
export class ExportFile {
  readonly #name: string
  readonly #path: string
  /** `null` where what is there is no file and cannot be replaced. */
  readonly #beside: string | null
  readonly #descriptor: number
  #isClosed = false

  /** Throws a UsageError when the file cannot be written. */
  constructor(world: Pick<World, 'cwd'>, name: string) {
    this.#name = name
    const path = resolve(world.cwd, name)
    try {
      const there = statSync(path, { throwIfNoEntry: false })
      if (name === '' || there?.isDirectory() === true) throw new Error('it is a folder')
      if (there !== undefined) accessSync(path, constants.W_OK)
      // A link stays one: what it leads to is replaced.
      this.#path = there === undefined ? path : realpathSync(path)
      this.#beside = there === undefined || there.isFile() ? mkdtempSync(`${this.#path}.part-`) : null
      this.#descriptor = openSync(this.#beside === null ? this.#path : join(this.#beside, 'part'), 'w')
    } catch (error) {
      throw new UsageError(
        `${name} cannot be written: ${reasonOf(error)}`,
        'give --export a file in a folder that is there',
      )
    }
  }

  /** Throws a StoreError when the disk is full or gone. */
  write(text: string | Uint8Array): void {
    this.#carry(() => writeFileSync(this.#descriptor, text))
  }

  /** Puts the file into its place. Throws a StoreError. */
  keep(): void {
    this.#carry(() => {
      const beside = this.#beside
      if (beside !== null) {
        fsyncSync(this.#descriptor)
        renameSync(join(beside, 'part'), this.#path)
      }
      this.drop()
    })
  }

  /** Takes the unfinished file away; nothing after `keep`. */
  drop(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    closeSync(this.#descriptor)
    if (this.#beside !== null) rmSync(this.#beside, { recursive: true, force: true })
  }

  #carry(work: () => void): void {
    try {
      work()
    } catch (error) {
      throw new StoreError(`${this.#name} cannot be written: ${reasonOf(error)}`, { retryable: false })
    }
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
