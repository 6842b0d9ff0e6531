/** Writes anew what is derived from the code: the tables of the documents. `node tools/golden.ts` */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DOCUMENTS, TABLES, withTables } from './tables.ts'

for (const document of DOCUMENTS) {
  const path = join(import.meta.dirname, '..', document)
  const before = readFileSync(path, 'utf8')
  const after = withTables(before, TABLES)
  if (after !== before) writeFileSync(path, after)
  process.stdout.write(`${document} ${after === before ? 'is up to date' : 'written'}\n`)
}
