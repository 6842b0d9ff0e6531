/** A folder in memory, where there is one: synced as often as it is, a state there is many times faster than on a disk. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const MEMORY = '/dev/shm'

export class MemoryFolder {
  readonly #path = mkdtempSync(join(existsSync(MEMORY) ? MEMORY : tmpdir(), 'bbw-kernel-'))
  #made = 0

  /** A folder in it that is not there yet. */
  fresh(): string {
    return join(this.#path, `state-${++this.#made}`)
  }

  remove(): void {
    rmSync(this.#path, { recursive: true, force: true })
  }
}
