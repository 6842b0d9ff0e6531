import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { StoreError, UsageError } from '../core/base/errors.ts'
import { ExportFile } from './export.ts'
import { Folder } from './world.fixture.ts'

const test = suite('export')
const folder = new Folder()
const world = { cwd: folder.path }

test.after(() => folder.remove())

test('nothing is there before it is kept, and then all of it and nothing else', () => {
  const before = readdirSync(folder.path)
  const file = new ExportFile(world, 'whole.txt')
  file.write('one\n')
  assert.not.ok(existsSync(join(folder.path, 'whole.txt')))
  file.write('two\n'.repeat(100_000))
  file.keep()
  file.drop()
  assert.is(readFileSync(join(folder.path, 'whole.txt'), 'utf8'), `one\n${'two\n'.repeat(100_000)}`)
  assert.equal(readdirSync(folder.path), [...before, 'whole.txt'])
})

test('what was there stays as it was until it is replaced, and when it is dropped', () => {
  const path = folder.file('old.txt', 'old')
  const file = new ExportFile(world, path)
  file.write('new')
  assert.is(readFileSync(path, 'utf8'), 'old')
  file.drop()
  file.drop()
  assert.is(readFileSync(path, 'utf8'), 'old')
  assert.not.ok(readdirSync(folder.path).some(name => name.includes('part')))
})

test('two at once do not write into one another', () => {
  const [a, b] = [new ExportFile(world, 'both.txt'), new ExportFile(world, 'both.txt')]
  a.write('a')
  b.write('b')
  b.keep()
  a.keep()
  assert.is(readFileSync(join(folder.path, 'both.txt'), 'utf8'), 'a')
})

test('a link stays a link', () => {
  const target = folder.file('target.txt', 'old')
  symlinkSync(target, join(folder.path, 'link.txt'))
  const file = new ExportFile(world, 'link.txt')
  file.write('new')
  file.keep()
  assert.is(readlinkSync(join(folder.path, 'link.txt')), target)
  assert.is(readFileSync(target, 'utf8'), 'new')
})

test('a device is written to and not replaced', () => {
  const file = new ExportFile(world, '/dev/null')
  file.write('gone')
  file.keep()
  assert.ok(statSync('/dev/null').isCharacterDevice())
})

test('a place that cannot be written is a usage error at once', () => {
  const paths = ['', '.', '/', 'missing/file.txt', 'old.txt/file.txt']
  for (const path of paths) assert.throws(() => new ExportFile(world, path), isUsageError, path)
})

// A superuser may write everywhere.
const forUsers = process.getuid?.() === 0 ? test.skip : test
forUsers('a file that is only to be read is not replaced (not asked of the superuser)', () => {
  const path = folder.file('readonly.txt', 'old')
  chmodSync(path, 0o400)
  assert.throws(() => new ExportFile(world, path), isUsageError)
  assert.is(readFileSync(path, 'utf8'), 'old')
})

test('a place that has gone meanwhile is the fault of the store', () => {
  const place = join(folder.path, 'place')
  mkdirSync(place)
  const file = new ExportFile(world, 'place/file.txt')
  rmSync(place, { recursive: true })
  assert.throws(
    () => file.keep(),
    (error: unknown) => error instanceof StoreError && /place\/file.txt/.test(error.message),
  )
  file.drop()
})

function isUsageError(error: unknown): boolean {
  return (
    error instanceof UsageError && error.message.includes('cannot be written') && error.remedy !== undefined
  )
}

test.run()
