import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { readConfigFile, readConfigStream } from './config-file.ts'
import { problemLine } from './config-problem.ts'
import { Folder } from './world.fixture.ts'

const test = suite('files of settings')
const folder = new Folder()

test.after(() => folder.remove())

function read(name: string, kind: 'file' | 'project file'): { readonly text: string; readonly said: string } {
  let said = ''
  const file = readConfigFile(join(folder.path, name), name, kind, problem => {
    said = `${problemLine(problem)}; ${problem.remedy}`
  })
  return { text: file === null ? 'none' : Buffer.from(file.bytes).toString(), said }
}

test('a file is read with its permissions', () => {
  const path = folder.file('a.yaml', 'maxBars: 1')
  chmodSync(path, 0o640)
  const file = readConfigFile(path, 'a.yaml', 'file', () => {})
  assert.equal([file?.name, file?.kind, Number(file?.mode) & 0o777], ['a.yaml', 'file', 0o640])
  assert.equal(read('a.yaml', 'project file'), { text: 'maxBars: 1', said: '' })
})

test('a link has the permissions of what it leads to', () => {
  chmodSync(folder.file('target', ''), 0o604)
  symlinkSync('target', join(folder.path, 'link.yaml'))
  const file = readConfigFile(join(folder.path, 'link.yaml'), 'link.yaml', 'file', () => {})
  assert.is(Number(file?.mode) & 0o777, 0o604)
})

test('only a file that was named has to be there', () => {
  assert.equal(read('gone.yaml', 'project file'), { text: 'none', said: '' })
  assert.equal(read('a.yaml/gone.yaml', 'project file'), { text: 'none', said: '' })
  assert.match(read('gone.yaml', 'file').said, /^E971 gone.yaml: cannot be read: ENOENT.*--config/)
})

test('what is no file of settings is refused', () => {
  mkdirSync(join(folder.path, 'folder'))
  assert.match(read('folder', 'project file').said, 'it is a folder')
  folder.file('long.yaml', '#'.repeat(1_000_001))
  assert.match(read('long.yaml', 'file').said, 'longer than 1000000 bytes')
  if (spawnSync('mkfifo', [join(folder.path, 'pipe')]).status === 0) {
    assert.match(read('pipe', 'project file').said, 'it is no plain file')
  }
  const endless = readConfigFile('/dev/zero', '/dev/zero', 'file', problem => {
    assert.match(problem.message, 'longer than')
  })
  assert.is(endless, null)
})

test('standard input has an end, too', async () => {
  const stdin = Object.assign(
    (async function* () {
      for (;;) yield Buffer.alloc(65_536, '#')
    })(),
    { isTTY: false },
  )
  let said = ''
  assert.is(
    await readConfigStream(stdin, problem => {
      said = problem.message
    }),
    null,
  )
  assert.match(said, 'longer than')
})

test.run()
