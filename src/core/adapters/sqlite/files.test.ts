import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import process from 'node:process'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { StoreError } from '../../base/errors.ts'
import {
  ensureFolder,
  ensureOwnFile,
  freePath,
  moveDatabase,
  onDisk,
  putInPlace,
  removeDatabase,
  stamp,
  stampedFiles,
} from './files.ts'
import { StoreFolder, T0, thrown } from './store.fixture.ts'

const test = suite('files')
const folder = new StoreFolder()
test.after(() => folder.remove())

test('rights are the owner’s alone whatever the umask, and a folder that was there keeps its own', () => {
  const before = process.umask(0o577)
  try {
    const strict = folder.fresh()
    ensureFolder(dirname(strict))
    ensureOwnFile(strict)
    process.umask(0)
    const path = folder.fresh()
    ensureFolder(dirname(path))
    ensureOwnFile(path)
    for (const one of [strict, path]) {
      assert.is(statSync(dirname(one)).mode & 0o777, 0o700)
      assert.is(statSync(one).mode & 0o777, 0o600)
    }
    for (const suffix of ['', '-wal']) {
      writeFileSync(path + suffix, 'kept')
      chmodSync(path + suffix, 0o644)
    }
    ensureOwnFile(path)
    for (const suffix of ['', '-wal']) {
      assert.is(statSync(path + suffix).mode & 0o777, 0o600)
      assert.is(readFileSync(path + suffix, 'utf8'), 'kept')
    }
    const open = join(folder.path, 'open')
    mkdirSync(open, { mode: 0o755 })
    ensureFolder(open)
    assert.is(statSync(open).mode & 0o777, 0o755)
  } finally {
    process.umask(before)
  }
})

test('a database moves with its log, to a name that is free', () => {
  const path = folder.fresh()
  ensureFolder(dirname(path))
  for (const suffix of ['', '-wal']) writeFileSync(path + suffix, suffix)
  const first = freePath(dirname(path), 'x')
  assert.is(basename(first), 'x.db')
  assert.equal(
    moveDatabase(path, first).map(one => basename(one)),
    ['x.db-wal', 'x.db'],
  )
  assert.not(existsSync(path))
  assert.is(readFileSync(`${first}-wal`, 'utf8'), '-wal')
  assert.is(basename(freePath(dirname(path), 'x')), 'x-2.db')
  assert.equal(moveDatabase(path, join(dirname(path), 'y.db')), [])
  putInPlace(first, path)
  assert.is(readFileSync(path, 'utf8'), '')
  removeDatabase(path)
  removeDatabase(first)
  assert.equal(readdirSync(dirname(path)), [])
})

test('dated files are listed newest first, and those of other names are not', () => {
  const inside = join(folder.path, 'dated')
  mkdirSync(inside)
  assert.is(stamp(T0 + 999), '20240726T120000Z')
  for (const name of [
    'state-20240101T000000Z.db',
    'state-v1-20250101T000000Z.db',
    'state-20240726T120000Z.db',
    'x.db',
  ]) {
    writeFileSync(join(inside, name), '')
  }
  assert.equal(
    stampedFiles(inside, /^state-/).map(path => basename(path)),
    ['state-v1-20250101T000000Z.db', 'state-20240726T120000Z.db', 'state-20240101T000000Z.db'],
  )
  assert.equal(stampedFiles(join(folder.path, 'none'), /./), [])
})

test('what the file system refuses is trouble of the disk, a fault of ours is not', () => {
  const troubleOf = (work: () => unknown): unknown => {
    const error = thrown(() => onDisk('a', work))
    return error instanceof StoreError ? error.trouble : error
  }
  const coded = (code: string) => (): never => {
    throw Object.assign(new Error('words'), { code })
  }
  assert.is(troubleOf(coded('ENOSPC')), 'full')
  assert.is(troubleOf(coded('EDQUOT')), 'full')
  assert.is(troubleOf(coded('EROFS')), 'io')
  const own = new Error('mine')
  assert.is(
    troubleOf(() => {
      throw own
    }),
    own,
  )
  assert.is(thrown(() => ensureOwnFile(join(folder.path, 'none', 'a.db'))) instanceof StoreError, true)
})

test.run()
