import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { keepName, keptName, moveName, namePath } from './kept-name.ts'
import { recoverDamaged } from './recovery.ts'
import { setAside } from './set-aside.ts'
import { StateStore } from './state-store.ts'
import { optionsOf, SELF, StoreFolder, T0 } from './store.fixture.ts'

const test = suite('the name beside a state')
const folder = new StoreFolder()
test.after(() => folder.remove())

const CLAIM = { ...SELF, now: T0, isAlive: () => false }

/** Opens the state, with chances of its own for a new name; returns its name. */
function opened(path: string, chance = 0.5): string {
  const store = StateStore.open(path, optionsOf({ random: () => chance }))
  store.close()
  return store.instance
}

function freshFolder(): string {
  const path = folder.fresh()
  mkdirSync(dirname(path), { recursive: true })
  return path
}

test('a state that is damaged without a backup, or gone, has the name that it had', () => {
  const path = folder.fresh()
  assert.is(opened(path), '8000')
  assert.is(readFileSync(namePath(path), 'utf8'), '8000\n')
  assert.is(statSync(namePath(path)).mode & 0o777, 0o600)
  writeFileSync(path, 'garbage '.repeat(1_000))
  assert.is(recoverDamaged(path, CLAIM).restored, null)
  assert.is(opened(path, 0.25), '8000')
  for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true })
  assert.is(opened(path, 0.25), '8000')
})

test('what the state itself says goes before, and is what is kept', () => {
  const path = folder.fresh()
  assert.is(opened(path), '8000')
  for (const other of ['1234\n', '', 'ABCD', '12345', 'garbage\n8000\n']) {
    writeFileSync(namePath(path), other)
    assert.is(opened(path, 0.25), '8000', other)
    assert.is(keptName(path), '8000')
  }
})

test('a name that cannot be read, or is none, is none', () => {
  const path = freshFolder()
  assert.is(keptName(path), null)
  for (const other of ['', 'ABCD', '12345', '123', '0x12', 'zzzz']) {
    writeFileSync(namePath(path), other)
    assert.is(keptName(path), null, other)
  }
  assert.is(opened(path, 0.25), '4000')
  assert.is(keptName(path), '4000')
})

test('whatever begins anew has another name, and what is put aside keeps its own', () => {
  const path = folder.fresh()
  assert.is(opened(path), '8000')
  const [aside] = setAside(dirname(path), T0).filter(one => one.endsWith('.db'))
  assert.is(keptName(path), null)
  assert.is(keptName(aside), '8000')
  assert.is(opened(path, 0.25), '4000')
  // Also where nothing but the name was left.
  for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true })
  setAside(dirname(path), T0)
  assert.is(opened(path, 0.75), 'c000')
})

test('a folder that takes no file keeps nobody from the state, and half a name is never left', () => {
  const path = freshFolder()
  // In the place of the file to be written there is a folder: a disk that refuses, also to the superuser.
  mkdirSync(`${namePath(path)}.part`)
  assert.is(opened(path), '8000')
  assert.not(existsSync(namePath(path)))
  rmSync(`${namePath(path)}.part`, { recursive: true })
  assert.is(opened(path, 0.25), '8000')
  assert.is(keptName(path), '8000')
  keepName(path, '1234')
  assert.is(keptName(path), '1234')
  assert.not(readdirSync(dirname(path)).some(name => name.endsWith('.part')))
})

test('a name is moved where there is one', () => {
  const path = freshFolder()
  const aside = join(dirname(path), 'aside.db')
  moveName(path, aside)
  assert.is(keptName(aside), null)
  keepName(path, 'beef')
  moveName(path, aside)
  assert.equal([keptName(path), keptName(aside)], [null, 'beef'])
})

test.run()
