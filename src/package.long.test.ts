import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'

const root = join(import.meta.dirname, '..')

/** The quickest of so many starts, measured in turns, says what a start takes; the others say how busy the machine is. */
const STARTS = 15
/** What the installed package may take to start, in starts of Node alone. */
const INSTALLED_LIMIT = 2.2
const CHECKOUT_LIMIT = 3.5

function run(
  file: string,
  args: readonly string[],
  cwd: string,
): { readonly stdout: string; readonly stderr: string } {
  const { status, stdout, stderr } = spawnSync(file, args, { cwd, encoding: 'utf8' })
  assert.is(status, 0, `${file} ${args.join(' ')}: ${stderr}`)
  return { stdout, stderr }
}

function startTime(file: string, args: readonly string[]): number {
  const begun = performance.now()
  run(file, args, '/')
  return performance.now() - begun
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

test('the version and the help start in a small multiple of what Node alone takes', () => {
  const limits = [
    [installed, INSTALLED_LIMIT],
    [join(root, 'bin', 'bbw'), CHECKOUT_LIMIT],
  ] as const
  for (const [bin, limit] of limits) {
    for (const flag of ['--version', '--help']) {
      startTime(bin, [flag])
      let alone = Number.POSITIVE_INFINITY
      let own = Number.POSITIVE_INFINITY
      for (let i = 0; i < STARTS; i += 1) {
        alone = Math.min(alone, startTime(process.execPath, ['-e', '0']))
        own = Math.min(own, startTime(bin, [flag]))
      }
      const ratio = own / alone
      console.log(`${bin} ${flag}: ${ratio.toFixed(2)} x Node alone`)
      assert.ok(ratio <= limit, `${bin} ${flag} takes ${ratio.toFixed(2)} x Node alone, more than ${limit}`)
    }
  }
})

test.run()
