import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { UsageError } from '../core/base/errors.ts'
import { dataDirectory, ensureDirectory } from './data-dir.ts'

const test = suite('data directory')

test('the flag goes before the environment, the environment before the defaults', () => {
  const HOME = '/home/x'
  const cases: readonly (readonly [string | undefined, { readonly [name: string]: string }, string])[] = [
    ['here', { BBW_DATA_DIR: '/own', XDG_STATE_HOME: '/xdg', HOME }, '/cwd/here'],
    [undefined, { BBW_DATA_DIR: '/own', XDG_STATE_HOME: '/xdg', HOME }, '/own'],
    [undefined, { BBW_DATA_DIR: 'own', HOME }, '/cwd/own'],
    [undefined, { BBW_DATA_DIR: '', XDG_STATE_HOME: '/xdg', HOME }, '/xdg/bbw'],
    [undefined, { XDG_STATE_HOME: 'relative', HOME }, '/home/x/.local/state/bbw'],
    [undefined, { HOME }, '/home/x/.local/state/bbw'],
    [undefined, {}, join(homedir(), '.local/state/bbw')],
  ]
  for (const [flag, env, folder] of cases) assert.is(dataDirectory({ env, cwd: '/cwd' }, flag), folder)
})

test('the folder is made for its owner alone', () => {
  const parent = mkdtempSync(join(tmpdir(), 'bbw-dir-'))
  const folder = ensureDirectory(join(parent, 'a', 'b'))
  assert.is(statSync(folder).mode & 0o777, 0o700)
  assert.is(ensureDirectory(folder), folder)
  rmSync(parent, { recursive: true })
})

test('a file in the place of the folder, or of one above it, is refused with what can be done', () => {
  const parent = mkdtempSync(join(tmpdir(), 'bbw-dir-'))
  const file = join(parent, 'file')
  writeFileSync(file, '')
  for (const folder of [file, join(file, 'below')]) {
    try {
      ensureDirectory(folder)
      assert.unreachable()
    } catch (error) {
      assert.instance(error, UsageError)
      assert.match(String(error), `${folder} cannot be the data folder`)
    }
  }
  rmSync(parent, { recursive: true })
})

test.run()
