/** The signs that a screen is drawn with. */
import { widthOf } from './width.ts'

export interface Glyphs {
  /** False where letters beyond ASCII would come out as something else. */
  readonly isUnicode: boolean
  /** One cell each, from nothing to a full block. */
  readonly levels: readonly string[]
  /** One cell: something is cut off here. */
  readonly cut: string
  readonly chosen: string
  readonly rule: string
  readonly up: string
  readonly down: string
}

const BLOCKS: Glyphs = {
  isUnicode: true,
  levels: [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'],
  cut: '…',
  chosen: '›',
  rule: '─',
  up: '↑',
  down: '↓',
}

const ASCII: Glyphs = {
  isUnicode: false,
  levels: [' ', '.', ':', '#'],
  cut: '~',
  chosen: '>',
  rule: '-',
  up: '^',
  down: 'v',
}

/** The signs that the terminal of this environment can show. The Linux console has no font for blocks. */
export function glyphsOf(env: { readonly [name: string]: string | undefined }): Glyphs {
  const locale = [env.LC_ALL, env.LC_CTYPE, env.LANG].find(one => one !== undefined && one !== '')
  const isUnicode = locale !== undefined && /utf-?8/i.test(locale) && env.TERM !== 'linux'
  return isUnicode ? BLOCKS : ASCII
}

/** The text in letters that can be shown, as wide as before. */
export function shown(text: string, { isUnicode }: Glyphs): string {
  return isUnicode ? text : text.replace(/[^ -~]/gu, letter => '?'.repeat(widthOf(letter)))
}
