import { readdirSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { dateOfFile } from '../core/adapters/csv/instruments.ts'
import { symbolOfFile } from '../core/adapters/csv/symbol.ts'
import { type Interval, isInterval } from '../core/market/interval.ts'

/** What a file is to be read as, going by its place and name. */
export type FileTarget =
  | {
      readonly kind: 'candles' | 'mark'
      readonly symbol: string | null
      readonly interval: Interval | undefined
    }
  | { readonly kind: 'funding'; readonly symbol: string | null }
  | { readonly kind: 'instruments'; readonly date: string | null }

/** A file to import, `size` in bytes. */
export interface FoundFile {
  readonly path: string
  readonly size: number
  readonly target: FileTarget
}

/** What a walk over paths found. */
export interface Findings {
  readonly files: readonly FoundFile[]
  /** Folders and files left out, with the reason. */
  readonly leftOut: readonly { readonly path: string; readonly reason: string }[]
  /** Paths that are not there or cannot be read. */
  readonly unreadable: readonly { readonly path: string; readonly reason: string }[]
}

const LEFT_OUT: { readonly [folder: string]: string | undefined } = {
  'klines-binance': "another exchange's candles",
  'funding-binance': "another exchange's funding",
  'oi-binance': "another exchange's open interest",
  'bybit-recorded': 'recorded messages, not candles',
}
const LISTS: readonly string[] = ['manifest.csv', 'index.csv']
const TABLE = /\.(?:csv|tsv)(?:\.gz)?$/i

/** What the file at `path` is, by the folders it lies in: `mark/1h`, `funding`, `instruments`, `klines/5m-earlier`. */
export function targetOf(path: string): FileTarget {
  const parent = basename(dirname(path))
  const above = basename(dirname(dirname(path)))
  const stretch = parent.replace(/-.*$/, '')
  const interval = isInterval(stretch) ? stretch : undefined
  const symbol = symbolOfFile(path)
  if (parent === 'funding') return { kind: 'funding', symbol }
  if (parent === 'instruments') return { kind: 'instruments', date: dateOfFile(path) }
  if (parent === 'mark' || above === 'mark') return { kind: 'mark', symbol, interval }
  return { kind: 'candles', symbol, interval: above === 'klines' ? interval : undefined }
}

/**
 * Every file to import under the paths, folders in the order of their names. From folders only CSV files are taken;
 * folders with what bbw does not read (another exchange's data, recorded messages) are left out. `paths` are absolute.
 */
export function findFiles(paths: readonly string[]): Findings {
  const files: FoundFile[] = []
  const leftOut: { path: string; reason: string }[] = []
  const unreadable: { path: string; reason: string }[] = []
  const visit = (path: string, named: boolean): void => {
    try {
      const stat = statSync(path)
      const folder = stat.isDirectory() ? path : dirname(path)
      const foreign = named
        ? folder.split('/').find(name => LEFT_OUT[name] !== undefined)
        : stat.isDirectory() && LEFT_OUT[basename(path)] !== undefined
          ? basename(path)
          : undefined
      if (foreign !== undefined) {
        leftOut.push({ path, reason: LEFT_OUT[foreign] ?? '' })
      } else if (stat.isDirectory()) {
        // A link to a folder could lead back to where the walk came from.
        const entries = readdirSync(path, { withFileTypes: true })
        for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
          const inside = join(path, entry.name)
          if (entry.isDirectory()) visit(inside, false)
          else if (!TABLE.test(entry.name)) continue
          else if (LISTS.includes(entry.name)) leftOut.push({ path: inside, reason: 'a list of files' })
          else visit(inside, false)
        }
      } else files.push({ path, size: stat.size, target: targetOf(path) })
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined
      if (code !== 'ENOENT' && code !== 'ENOTDIR' && code !== 'EACCES') throw error
      const reason =
        code === 'EACCES' ? 'there is no permission to read this' : 'there is no such file or folder'
      unreadable.push({ path, reason })
    }
  }
  for (const path of paths) visit(path, true)
  return { files, leftOut, unreadable }
}
