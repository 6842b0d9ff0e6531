/**
 * Recorded replies and messages of the exchange, and a watch over what is read of them. They are looked for beside the
 * checkout and may be absent.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'

const FOLDER = new URL('../../../../../shared/data/bybit-recorded/', import.meta.url).pathname

export const isRecorded = existsSync(join(FOLDER, 'index.csv'))

export interface Recorded {
  /** Below the folder of the recordings. */
  readonly file: string
  /** `GET /v5/market/time`, or a topic. */
  readonly of: string
  readonly kind: string
  /** Where it is from: a live capture, a sample of the documentation, a fixture of another project. */
  readonly origin: string
}

/** All recordings, as their index lists them. */
export function recordings(): readonly Recorded[] {
  const [, ...lines] = readFileSync(join(FOLDER, 'index.csv'), 'utf8').trimEnd().split('\n')
  return lines.map(line => {
    const [file, kind, of, origin] = [...line.matchAll(/("[^"]*"|[^,]*)(?:,|$)/g)].map(([, cell]) =>
      cell.replaceAll('"', ''),
    )
    return { file, kind, of, origin }
  })
}

/** What a file holds: one reply, or the messages that the exchange has sent. */
export function recorded({ file }: Recorded): readonly unknown[] {
  const bytes = readFileSync(join(FOLDER, file))
  const text = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8')
  if (file.endsWith('.jsonl.gz')) return text.trimEnd().split('\n').map(toJson)
  if (!file.endsWith('.session.json')) return [toJson(text)]
  const frames = toJson(text) as readonly { readonly dir: string; readonly msg: unknown }[]
  return frames.filter(({ dir }) => dir === 'in').map(({ msg }) => msg)
}

function toJson(text: string): unknown {
  return JSON.parse(text)
}

/** Leaves of a JSON value by path, elements of lists under `[]`. */
export type Leaves = ReadonlyMap<string, readonly unknown[]>

/** A copy of a JSON value that notes which of its leaves are read. */
export class Watched {
  readonly value: unknown
  readonly #read = new Map<string, unknown[]>()
  readonly #all = new Map<string, unknown[]>()

  constructor(value: unknown) {
    this.value = this.#watch(value, '')
    collect(value, '', this.#all)
  }

  /** The leaves that were read. */
  get read(): Leaves {
    return this.#read
  }

  /** Paths of leaves that nobody has read. */
  get unread(): readonly string[] {
    return [...this.#all.keys()].filter(path => !this.#read.has(path)).sort()
  }

  #watch(value: unknown, path: string): unknown {
    if (typeof value !== 'object' || value === null) return value
    const isList = Array.isArray(value)
    const inner = new Map<string | symbol, unknown>()
    return new Proxy(value, {
      get: (target, name) => {
        const found: unknown = Reflect.get(target, name)
        if (typeof name === 'symbol' || !Object.hasOwn(target, name) || (isList && name === 'length'))
          return found
        const at = pathOf(path, name, isList)
        if (typeof found !== 'object' || found === null) {
          note(this.#read, at, found)
          return found
        }
        if (!inner.has(name)) inner.set(name, this.#watch(found, at))
        return inner.get(name)
      },
    })
  }
}

function pathOf(path: string, name: string, isList: boolean): string {
  if (isList) return `${path}[]`
  return path === '' ? name : `${path}.${name}`
}

function note(map: Map<string, unknown[]>, path: string, value: unknown): void {
  const known = map.get(path)
  if (known === undefined) map.set(path, [value])
  else known.push(value)
}

function collect(value: unknown, path: string, all: Map<string, unknown[]>): void {
  if (typeof value !== 'object' || value === null) note(all, path, value)
  else {
    for (const [name, inner] of Object.entries(value)) {
      collect(inner, pathOf(path, name, Array.isArray(value)), all)
    }
  }
}
