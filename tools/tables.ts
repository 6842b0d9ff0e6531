import { EXIT_MEANINGS } from '../src/commands/exit-codes.ts'
import { REGISTRY } from '../src/commands/registry.ts'

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
