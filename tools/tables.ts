import { EXIT_MEANINGS } from '../src/commands/exit-codes.ts'
import { REGISTRY } from '../src/commands/registry.ts'
import {
  CYCLES,
  ENTRY_STRATEGIES,
  HEAVY_MANAGEMENT,
  LADDERS,
  ROTATIONS,
  SIZING,
  X10_MANAGEMENT,
} from '../src/core/engine/cycles.ts'
import { ADD_GUARDS, GUARDS } from '../src/core/guards/list.ts'
import { plannedSize } from '../src/core/guards/planned-size.ts'

/** A table of the documentation whose rows are the code's. */
export interface DocumentTable {
  readonly head: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

/** The tables by the names of their markers. */
export const TABLES: { readonly [name: string]: DocumentTable } = {
  commands: {
    head: ['command', 'what it does'],
    rows: REGISTRY.map(({ name, summary }) => [`\`${name}\``, summary]),
  },
  strategies: {
    head: ['strategy', 'kind', 'decides', 'leverage'],
    rows: [
      ...ENTRY_STRATEGIES.map(({ id, timeframe, terms, params }) => [
        `\`${id}\``,
        'entry',
        `on each closed ${timeframe} candle`,
        String(terms(params).leverage),
      ]),
      ...HEAVY_MANAGEMENT.map(({ id }) => [`\`${id}\``, 'management', 'in the heavy cycle', '']),
      ...X10_MANAGEMENT.map(({ id }) => [`\`${id}\``, 'management', 'in the x10 cycle', '']),
      ...LADDERS.map(({ id }) => [`\`${id}\``, 'ladder', 'in the heavy cycle', '']),
      ...ROTATIONS.map(({ id }) => [`\`${id}\``, 'rotation', 'in the heavy cycle', '']),
      ...SIZING.map(({ id }) => [`\`${id}\``, 'sizing', 'on each entry', '']),
    ],
  },
  guards: {
    head: ['gate', 'looks at', 'defaults'],
    rows: [...new Set([...GUARDS, ...ADD_GUARDS])].map(({ id, scope, params }) => [
      `\`${id}\``,
      scope === 'portfolio' ? 'the portfolio' : id === plannedSize.id ? 'the add' : 'the entry',
      Object.entries(params)
        .map(([name, value]) => `${name} ${value}`)
        .join(', '),
    ]),
  },
  cycles: {
    head: ['cycle', 'every', 'steps'],
    rows: CYCLES.map(({ id, period, offset, steps }) => [
      id,
      offset === 0 ? `${period / 1_000} s` : `day at 00:${String(offset / 60_000).padStart(2, '0')} UTC`,
      steps.map(step => step.id).join(', '),
    ]),
  },
  'exit-codes': {
    head: ['code', 'meaning'],
    rows: EXIT_MEANINGS.map(({ code, meaning }) => [String(code), meaning]),
  },
}

/** The documents that hold tables, from the project's root. */
export const DOCUMENTS = ['README.md', 'src/core/README.md'] as const

const MARKED = /(<!-- table:([\w-]+) -->\n)[\s\S]*?(<!-- \/table -->)/g

function render({ head, rows }: DocumentTable): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map(cell => cell.replaceAll('|', '\\|')).join(' | ')} |\n`
  return line(head) + line(head.map(() => '---')) + rows.map(line).join('')
}

/**
 * The document with every table between `<!-- table:NAME -->` and `<!-- /table -->` written anew. Throws when a name
 * is not that of a table.
 */
export function withTables(document: string, tables: { readonly [name: string]: DocumentTable }): string {
  return document.replace(MARKED, (_, begin: string, name: string, end: string) => {
    if (!Object.hasOwn(tables, name)) throw new Error(`there is no table named ${name}`)
    return begin + render(tables[name]) + end
  })
}
