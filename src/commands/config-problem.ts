import type { Code } from '../core/base/codes.ts'

/** Something wrong with the configuration. */
export interface ConfigProblem {
  readonly code: Code
  /** The file with line and column, or the variable. */
  readonly place: string
  readonly message: string
  readonly remedy: string | undefined
}

/** The problem in one line: code, place and what it is. */
export function problemLine({ code, place, message }: ConfigProblem): string {
  return `${code} ${place}: ${message}`
}

/** One source of settings, laid over the defaults and the layers before it. */
export interface ConfigLayer {
  /** What it is called in messages: the path of a file as it was given. */
  readonly name: string
  /** The settings as they were written, nothing checked. */
  readonly tree: unknown
  /** Where the value at a path stands, with line and column; the nearest place above it where it has none. */
  place(path: readonly string[]): string
  /** As `place`, shorter, for `config show`: `project file bbw.yaml:3`. */
  origin(path: readonly string[]): string
  /** The value at a path as messages may show it. */
  show(path: readonly string[], value: unknown): string
}
