/** How wide texts stand on a terminal, and cutting them to a width. */

/** Letters that take two cells: those of Chinese, Japanese and Korean, full-width forms and pictures. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}|[\u{1f000}-\u{1faff}\u{20000}-\u{3fffd}]/u
/** Marks that stand on the letter before, and what is not shown at all. */
const NOTHING = /^[\p{Mn}\p{Me}\p{Cf}]$/u
const PLAIN = /^[\x20-\x7e]*$/

function widthOfOne(letter: string): number {
  if (NOTHING.test(letter)) return 0
  return WIDE.test(letter) ? 2 : 1
}

/** Cells that a text without control characters takes. */
export function widthOf(text: string): number {
  if (PLAIN.test(text)) return text.length
  let width = 0
  for (const letter of text) width += widthOfOne(letter)
  return width
}

/** The text in at most `width` cells; where something is cut off, `mark` (one cell) stands at the end. */
export function cut(text: string, width: number, mark: string): string {
  if (widthOf(text) <= width) return text
  if (width <= 0) return ''
  let used = 0
  let kept = ''
  for (const letter of text) {
    const next = used + widthOfOne(letter)
    if (next > width - 1) break
    kept += letter
    used = next
  }
  return kept + mark
}

/** The text filled up with blanks to `width` cells, on the left for figures. */
export function padded(text: string, width: number, toTheRight: boolean): string {
  const blanks = ' '.repeat(Math.max(0, width - widthOf(text)))
  return toTheRight ? blanks + text : text + blanks
}

/** The text in lines of at most `width` cells, broken at blanks where there are some. */
export function wrapped(text: string, width: number): readonly string[] {
  const lines: string[] = []
  let line = ''
  const room = Math.max(1, width)
  for (const word of text.split(' ').filter(one => one !== '')) {
    if (line !== '' && widthOf(line) + 1 + widthOf(word) <= room) {
      line += ` ${word}`
      continue
    }
    if (line !== '') lines.push(line)
    line = ''
    for (const letter of word) {
      if (line !== '' && widthOf(line) + widthOfOne(letter) > room) {
        lines.push(line)
        line = ''
      }
      line += letter
    }
  }
  return line === '' ? lines : [...lines, line]
}
