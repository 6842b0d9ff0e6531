import { closeSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'
import { resolve } from 'node:path'
import { UsageError } from '../core/base/errors.ts'
import type { World } from './command.ts'

/**
 * A file that appears whole or not at all: it is opened beside its place at once, so that a wrong path is known
 * before the work begins, and put into its place by `keep`.
 */
export class ExportFile {
  readonly #path: string
  readonly #beside: string
  readonly #descriptor: number
  #closed = false

  constructor(world: World, name: string) {
    this.#path = resolve(world.cwd, name)
    this.#beside = `${this.#path}.part`
    try {
      this.#descriptor = openSync(this.#beside, 'w')
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      throw new UsageError(
        `${name} cannot be written: ${reason}`,
        'give --export a file in a folder that is there',
      )
    }
  }

  write(text: string): void {
    writeSync(this.#descriptor, text)
  }

  keep(): void {
    this.#closed = true
    closeSync(this.#descriptor)
    renameSync(this.#beside, this.#path)
  }

  /** Takes the unfinished file away; nothing after `keep`. */
  drop(): void {
    if (this.#closed) return
    this.#closed = true
    closeSync(this.#descriptor)
    rmSync(this.#beside, { force: true })
  }
}
