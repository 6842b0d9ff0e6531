import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { pathToFileURL } from 'node:url'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'

const test = suite('loading of the dashboard')
const here = (name: string): string => JSON.stringify(pathToFileURL(join(import.meta.dirname, name)).href)

/** Runs a few lines in a process of their own, from a folder; returns what they print. */
function run(cwd: string, code: string): string {
  const { NODE_ENV: _, ...env } = process.env
  const args = ['--input-type=module-typescript', '--eval', code]
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd, env, encoding: 'utf8' })
  assert.is(status, 0, stderr)
  return stdout.trim()
}

test('the dashboard loads from the root of the file system, and React does not measure itself', () => {
  const code = `
    const { loadDashboard } = await import(${here('load.ts')})
    const { Dashboard, render, createElement } = await loadDashboard()
    console.log(typeof Dashboard, typeof render, typeof createElement, process.env.NODE_ENV)`
  assert.is(run('/', code), 'function function function production')
})

test("settings of a compiler in the working directory do not count, and later imports are Node's own", () => {
  const folder = mkdtempSync(join(tmpdir(), 'bbw-jsx-'))
  try {
    writeFileSync(
      join(folder, 'tsconfig.json'),
      '{ "compilerOptions": { "jsx": "preserve", "jsxFactory": "nothing" } }',
    )
    writeFileSync(join(folder, 'later.tsx'), 'export const later = 1')
    const code = `
      const { loadDashboard } = await import(${here('load.ts')})
      const { Dashboard } = await loadDashboard()
      const later = await import(${JSON.stringify(pathToFileURL(join(folder, 'later.tsx')).href)}).catch(error => error.code)
      console.log(typeof Dashboard, later)`
    assert.is(run(folder, code), 'function ERR_UNKNOWN_FILE_EXTENSION')
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test.run()
