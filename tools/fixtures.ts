/** Writes `fixtures/market/` anew from the generator's seed: `node tools/fixtures.ts`. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { fixtureFiles } from '../src/core/adapters/synthetic/files.ts'

const folder = join(import.meta.dirname, '..', 'fixtures', 'market')

rmSync(folder, { recursive: true, force: true })
let bytes = 0
const files = fixtureFiles()
for (const { path, text } of files) {
  const target = join(folder, path)
  // zlib writes no time and no name into the header, so equal text gives equal bytes.
  const content = path.endsWith('.gz') ? gzipSync(text, { level: 9 }) : Buffer.from(text)
  mkdirSync(dirname(target), { recursive: true })
  writeFileSync(target, content)
  bytes += content.length
}
process.stdout.write(`${files.length} files, ${bytes} bytes in ${folder}\n`)
