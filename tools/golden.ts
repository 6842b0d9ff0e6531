/** Writes anew what is derived from the code: tables of documents, config.example.yaml. `node tools/golden.ts` */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { configExample } from '../src/commands/config-example.ts'
import { DOCUMENTS, TABLES, withTables } from './tables.ts'

const root = join(import.meta.dirname, '..')

function write(name: string, text: (before: string) => string): void {
  const path = join(root, name)
  const before = existsSync(path) ? readFileSync(path, 'utf8') : ''
  const after = text(before)
  if (after !== before) writeFileSync(path, after)
  process.stdout.write(`${name} ${after === before ? 'is up to date' : 'written'}\n`)
}

for (const document of DOCUMENTS) write(document, before => withTables(before, TABLES))
write('config.example.yaml', configExample)
