import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ConfigError } from '../../base/errors.ts'
import { LogFile, type WriteBytes } from './log-file.ts'

const test = suite('log file')
const folder = mkdtempSync(join(tmpdir(), 'bbw-log-'))

test.after(() => rmSync(folder, { recursive: true }))

let count = 0
let time = 0
const said: string[] = []

/** A log in a file of its own. */
function open(
  maxBytes = 1_000,
  write?: WriteBytes,
  name = `${++count}.log`,
): { readonly file: LogFile; readonly path: string; readonly text: () => string } {
  const path = join(folder, name)
  said.length = 0
  time = 0
  const file = new LogFile({
    path,
    maxBytes,
    monotonic: () => time,
    onTrouble: words => said.push(words),
    ...(write === undefined ? {} : { write }),
  })
  return { file, path, text: () => readFileSync(path, 'utf8') }
}

test('lines are added to what is there, for the owner alone', () => {
  const path = join(folder, 'there.log')
  writeFileSync(path, 'before\n', { mode: 0o644 })
  const { file, text } = open(1_000, undefined, 'there.log')
  file.add('one')
  file.add('two')
  file.close()
  file.add('late')
  assert.is(text(), 'before\none\ntwo\n')
  assert.is(statSync(path).mode & 0o777, 0o600)
  assert.is(file.lost, 1)
  assert.equal(said, [])
})

test('a new file is for the owner alone, whatever the process allows', () => {
  const before = process.umask(0)
  try {
    const { file, path } = open(4)
    file.add('one')
    file.add('two')
    file.close()
    for (const name of [path, `${path}.1`]) assert.is(statSync(name).mode & 0o777, 0o600)
  } finally {
    process.umask(before)
  }
})

test('a file that is full is put aside, once', () => {
  const { file, path, text } = open(20)
  for (let line = 0; line < 7; line += 1) file.add(`line ${line}`)
  file.close()
  assert.is(text(), 'line 6\n')
  assert.is(readFileSync(`${path}.1`, 'utf8'), 'line 4\nline 5\n')
  assert.is(statSync(path).mode & 0o777, 0o600)
})

test('where nothing can be put aside the file itself stays small', () => {
  const { file, path, text } = open(20)
  mkdirSync(join(`${path}.1`, 'in the way'), { recursive: true })
  for (let line = 0; line < 4; line += 1) file.add(`line ${line}`)
  file.close()
  assert.is(text(), 'line 2\nline 3\n')
})

test('a full disk stops no caller, is said once, and later lines are written again', () => {
  let isFull = false
  let tries = 0
  const { file, text } = open(1_000, (descriptor, bytes) => {
    tries += 1
    if (isFull && bytes.length > 3) return writeSync(descriptor, bytes.subarray(0, 3))
    if (isFull) throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' })
    return writeSync(descriptor, bytes)
  })
  file.add('first')
  isFull = true
  file.add('second')
  const before = tries
  file.add('third')
  assert.is(tries, before, 'the disk is left alone for a while')
  time = 10_000
  file.add('fourth')
  assert.ok(tries > before)
  assert.is(said.length, 1)
  assert.match(said[0], /cannot be written.*no space left.*trading goes on/)
  isFull = false
  time = 20_000
  file.add('fifth')
  assert.is(file.lost, 3)
  assert.match(said[1], 'again; 3 lines were lost')
  // What was written in part has its line ended, so that the next one can be read.
  assert.equal(text().split('\n').filter(Boolean).slice(-1), ['fifth'])
  file.close()
})

test('a disk that takes nothing does not hold the caller', () => {
  const { file } = open(1_000, () => 0)
  file.add('one')
  assert.is(file.lost, 1)
  file.close()
})

test('a log that can never be is refused at the start, with what to do', () => {
  for (const name of ['.', 'nowhere/x.log']) {
    assert.throws(
      () => open(1_000, undefined, name),
      (error: unknown) => error instanceof ConfigError && /operations.log.file/.test(error.remedy ?? ''),
      name,
    )
  }
})

test.run()
