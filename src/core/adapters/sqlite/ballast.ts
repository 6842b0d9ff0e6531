/** A file of no use but its size: when the disk is full, removing it gives the state room for its last words. */
import { rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { freeBytes } from '../system/file-systems.ts'

export const BALLAST_BYTES = 8 * 2 ** 20
/** It is made only where it leaves at least three times its size to others. */
const ROOM = 4

export class Ballast {
  readonly #path: string
  readonly #free: (folder: string) => number

  /** @param free bytes free below a folder; the system's own answer where it is left out */
  constructor(path: string, free: (folder: string) => number = freeBytes) {
    this.#path = path
    this.#free = free
  }

  get isThere(): boolean {
    return statSync(this.#path, { throwIfNoEntry: false })?.size === BALLAST_BYTES
  }

  /** Makes the file where it is missing and there is room; returns whether it is there. */
  make(): boolean {
    if (this.isThere) return true
    try {
      if (this.#free(dirname(this.#path)) < ROOM * BALLAST_BYTES) return false
      writeFileSync(this.#path, incompressible(), { mode: 0o600 })
      return true
    } catch {
      // Half a ballast is worth nothing, and its absence is no fault: the state can be written without it.
      this.release()
      return false
    }
  }

  /** Removes the file; returns whether that gave room. */
  release(): boolean {
    const wasThere = statSync(this.#path, { throwIfNoEntry: false }) !== undefined
    try {
      rmSync(this.#path, { force: true })
    } catch {
      return false
    }
    return wasThere
  }
}

/** Bytes that a file system which compresses cannot make smaller: xorshift32 (Marsaglia 2003). */
function incompressible(): Uint8Array {
  const words = new Uint32Array(BALLAST_BYTES / 4)
  let word = 0x9e3779b9
  for (let i = 0; i < words.length; i += 1) {
    word ^= word << 13
    word ^= word >>> 17
    word ^= word << 5
    words[i] = word
  }
  return new Uint8Array(words.buffer)
}
