import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'

const root = join(import.meta.dirname, '..')

function run(
  file: string,
  args: readonly string[],
  cwd: string,
): { readonly stdout: string; readonly stderr: string } {
  const { status, stdout, stderr } = spawnSync(file, args, { cwd, encoding: 'utf8' })
  assert.is(status, 0, `${file} ${args.join(' ')}: ${stderr}`)
  return { stdout, stderr }
}

const test = suite('package')

let folder = ''
let installed = ''
test.before(() => {
  folder = mkdtempSync(join(tmpdir(), 'bbw-package-'))
  const [{ filename }]: { filename: string }[] = JSON.parse(
    run('npm', ['pack', '--json', '--pack-destination', folder], root).stdout.replace(/^[^[]*/, ''),
  )
  run('npm', ['init', '--yes'], folder)
  run('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', join(folder, filename)], folder)
  installed = join(folder, 'node_modules', '.bin', 'bbw')
})
test.after(() => rmSync(folder, { recursive: true, force: true }))

test('the installed package answers from the root of the file system and through a symlink', () => {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  assert.is(run(installed, ['--version'], '/').stdout, `${version}\n`)
  const link = join(folder, 'link')
  symlinkSync(installed, link)
  assert.is(run(link, ['--version'], '/').stdout, `${version}\n`)
  assert.is(run('npx', ['--no-install', 'bbw', '--version'], folder).stdout, `${version}\n`)
})

test('the installed package runs every command as far as its help', () => {
  const names = [...run(installed, ['--help'], '/').stdout.matchAll(/^ {2}(\w+) {2,}/gm)].map(
    match => match[1],
  )
  assert.ok(names.includes('data'))
  for (const name of names) assert.match(run(installed, [name, '--help'], '/').stdout, `Usage: bbw ${name}`)
})

test('the installed package scans the market it comes with', () => {
  const { stdout } = run(installed, ['scan', '--market', 'fixtures', '--at', '2024-07-26'], '/')
  assert.ok(stdout.split('\n').length > 5)
})

test('the package holds compiled files and no sources or tests', () => {
  const files = run('find', ['.', '-type', 'f'], join(folder, 'node_modules', 'bbw'))
    .stdout.trim()
    .split('\n')
  assert.ok(files.includes('./dist/commands/main.js'))
  assert.equal(
    files.filter(file => /\.tsx?$|\.test\.|\.fixture\.|\/contract\./.test(file)),
    [],
  )
})

test.run()
