import { Box, Text } from 'ink'
import type { ReactElement } from 'react'
import { type Glyphs, shown } from './glyphs.ts'
import { fitted, type Line, type Tone } from './line.ts'

/** How a screen is drawn: its signs, and whether in colours. */
export interface Theme {
  readonly glyphs: Glyphs
  readonly color: boolean
}

const STYLES: { readonly [tone in Tone]: { readonly [style: string]: string | boolean } } = {
  plain: {},
  title: { bold: true, color: 'cyan' },
  dim: { dimColor: true },
  good: { color: 'green' },
  bad: { color: 'red' },
  warn: { color: 'yellow' },
  chosen: { bold: true, inverse: true },
}

/** Lines in a box of exactly `rows` by `columns`: what is wider is cut, what is more is left out. */
export function Lines(props: {
  readonly lines: readonly Line[]
  readonly columns: number
  readonly rows: number
  readonly theme: Theme
}): ReactElement {
  const { lines, columns, rows, theme } = props
  return (
    <Box flexDirection="column" width={columns} height={rows} overflow="hidden" flexShrink={0}>
      {lines.slice(0, rows).map((line, row) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a row of the screen is named by its place alone
        <Text key={row} wrap="truncate">
          {/* A line without letters would have no height. */}
          {line.length === 0 ? ' ' : null}
          {fitted(line, columns, theme.glyphs.cut).map(({ text, tone }, part) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: so is a part of it
            <Text key={part} {...(theme.color ? STYLES[tone] : {})}>
              {shown(text, theme.glyphs)}
            </Text>
          ))}
        </Text>
      ))}
    </Box>
  )
}
