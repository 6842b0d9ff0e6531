import { harmless } from '../core/base/harmless.ts'

const GAP = '  '
/** A figure as a column of figures has it: sign, digits and separators, and a unit behind it. */
const FIGURE = /^[+-]?[\d,]*\.?\d+(?:e[+-]?\d+)?(?: ?[%A-Za-z]{1,4})?$/

/**
 * Rows under their titles as aligned plain text, each line ended. A column of figures (blank cells and `-` aside) is
 * aligned to the right. Titles that are all empty give no head. Cells beyond the titles are left out.
 */
export function textTable(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = rows.map(row => titles.map((_, column) => harmless(row[column] ?? '')))
  const columns = titles.map((title, column) => {
    const texts = cells.map(row => row[column])
    const said = texts.filter(text => text !== '' && text !== '-')
    return {
      width: Math.max(title.length, ...texts.map(text => text.length)),
      toTheRight: said.length > 0 && said.every(text => FIGURE.test(text)),
    }
  })
  const line = (row: readonly string[]): string => {
    const aligned = columns.map(({ width, toTheRight }, column) =>
      toTheRight ? row[column].padStart(width) : row[column].padEnd(width),
    )
    return `${aligned.join(GAP).trimEnd()}\n`
  }
  const head = titles.every(title => title === '') ? '' : line(titles)
  return head + cells.map(line).join('')
}
