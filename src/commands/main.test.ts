import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ownVersion } from './version.ts'

const root = join(import.meta.dirname, '..', '..')
const BIN = join(root, 'bin', 'bbw')
const BARE = { PATH: '/usr/bin:/bin' }

interface Result {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

function run(
  file: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {},
): Result {
  return spawnSync(file, args, { encoding: 'utf8', cwd: root, ...options })
}

/** A Node below 24 on this machine, or `undefined`. */
function olderNode(): string | undefined {
  return (process.env.PATH ?? '')
    .split(delimiter)
    .map(folder => join(folder, 'node'))
    .filter(path => existsSync(path))
    .find(path => Number(/^v(\d+)/.exec(run(path, ['--version']).stdout)?.[1]) < 24)
}

const test = suite('bbw')

let folder = ''
test.before.each(() => {
  folder = mkdtempSync(join(tmpdir(), 'bbw-bin-'))
})
test.after.each(() => rmSync(folder, { recursive: true, force: true }))

/** Copies the bin, without anything beside it, into the temporary folder. */
function loneBin(): string {
  const bin = join(folder, 'bin', 'bbw')
  mkdirSync(dirname(bin))
  for (const name of ['bbw', 'package.json'])
    copyFileSync(join(dirname(BIN), name), join(folder, 'bin', name))
  return bin
}

/**
 * A program that behaves as a Node 18 does towards the bin: this Node, told that it is an older one. Returns its folder.
 */
function pretendOldNode(): string {
  const old = join(folder, 'old')
  mkdirSync(old)
  const preload = join(old, 'version.cjs')
  writeFileSync(
    preload,
    `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '18.20.0' } })
Object.defineProperty(process, 'version', { value: 'v18.20.0' })
Object.defineProperty(process, 'execPath', { value: '${join(old, 'node')}' })\n`,
  )
  writeFileSync(join(old, 'node'), `#!/bin/sh\nexec "${process.execPath}" --require "${preload}" "$@"\n`)
  chmodSync(join(old, 'node'), 0o755)
  return old
}

function answersVersion({ status, stdout, stderr }: Result): void {
  assert.equal([status, stdout, stderr], [0, `${ownVersion()}\n`, ''])
}

test('the version is that of package.json', () => {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  assert.is(ownVersion(), version)
})

test('it runs from the root of the file system', () => {
  answersVersion(run(BIN, ['--version'], { cwd: '/' }))
})

test('it runs with the empty environment of cron', () => {
  answersVersion(run('env', ['-i', 'PATH=/usr/bin:/bin', BIN, '--version'], { cwd: '/' }))
})

test('it runs through a chain of symlinks, absolute and relative, and from the PATH', () => {
  const far = join(folder, 'far', 'away')
  mkdirSync(far, { recursive: true })
  symlinkSync(BIN, join(folder, 'first link'))
  symlinkSync('../../first link', join(far, 'second'))
  symlinkSync(far, join(folder, 'folder'))
  symlinkSync('folder/second', join(folder, 'third'))
  for (const link of ['first link', 'folder/second', 'third']) {
    answersVersion(run(join(folder, link), ['--version'], { cwd: '/', env: BARE }))
    answersVersion(run(`./${link}`, ['--version'], { cwd: folder, env: BARE }))
  }
  answersVersion(run('third', ['--version'], { cwd: '/', env: { PATH: `${folder}:${BARE.PATH}` } }))
  answersVersion(run('sh', ['third', '--version'], { cwd: folder, env: BARE }))
})

test('it runs under npx', () => {
  const { status, stdout } = run('npx', ['--no-install', 'bbw', '--version'])
  assert.equal([status, stdout], [0, `${ownVersion()}\n`])
})

test('it runs where the checkout cannot be written to', () => {
  // The compile cache is a gain, never a need: a file in the place of its folder cannot be written into.
  const copy = loneBin()
  mkdirSync(join(folder, 'node_modules'))
  writeFileSync(join(folder, 'node_modules', '.cache'), '')
  for (const name of ['src', 'package.json']) symlinkSync(join(root, name), join(folder, name))
  answersVersion(run(process.execPath, [copy, '--version'], { cwd: '/' }))
})

test('an older Node hands over to the Node of the checkout', () => {
  const old = join(pretendOldNode(), 'node')
  answersVersion(run(old, [BIN, '--version'], { cwd: '/', env: BARE }))
  assert.is(run(old, [BIN, 'no-such-command'], { env: BARE }).status, 2)
})

test('the older Node of this machine hands over, too', () => {
  const old = olderNode()
  if (old === undefined) {
    console.log('no Node below 24 here: it is only pretended')
    return
  }
  answersVersion(run(old, [BIN, '--version'], { cwd: '/', env: BARE }))
})

test('an older Node without a Node 24 says so in one line and exits 4', () => {
  const bin = loneBin()
  const env = { PATH: `${pretendOldNode()}:${BARE.PATH}` }
  const results = [run(bin, ['--version'], { env }), run('node', [bin, '--version'], { env })]
  // Nor does it hand over to itself without end.
  mkdirSync(join(folder, 'node_modules', 'node', 'bin'), { recursive: true })
  symlinkSync(join(folder, 'old', 'node'), join(folder, 'node_modules', 'node', 'bin', 'node'))
  results.push(run(bin, ['--version'], { env: BARE }))
  for (const result of results) {
    assert.equal([result.status, result.stdout], [4, ''])
    assert.match(result.stderr, /^bbw: needs Node 24, this is v18\.20\.0; .*make install\n$/)
  }
})

test('no Node at all is said in one line, exit 4', () => {
  const bin = loneBin()
  const tools = join(folder, 'tools')
  mkdirSync(tools)
  const { status, stdout, stderr } = run('/bin/sh', [bin, '--version'], { env: { PATH: tools } })
  assert.equal([status, stdout], [4, ''])
  assert.match(stderr, /^bbw: needs Node 24 and finds no Node at all; .*\n$/)
})

test('a missing part is said in one line, exit 4', () => {
  const { status, stdout, stderr } = run(process.execPath, [loneBin(), '--version'])
  assert.equal([status, stdout], [4, ''])
  assert.match(stderr, /^bbw: a part is missing; .*make install .*\n$/)
})

/** Starts the bin of a small checkout whose only command is the text given. */
function startWith(main: string, starter: readonly string[]): ChildProcess {
  const bin = loneBin()
  mkdirSync(join(folder, 'src', 'commands'), { recursive: true })
  mkdirSync(join(folder, 'node_modules', 'node', 'bin'), { recursive: true })
  symlinkSync(process.execPath, join(folder, 'node_modules', 'node', 'bin', 'node'))
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  writeFileSync(join(folder, 'src', 'commands', 'main.ts'), `export function main(): void {\n${main}\n}\n`)
  const [file, ...args] = [...starter, bin]
  return spawn(file, args, { env: BARE, stdio: ['pipe', 'pipe', 'inherit'] })
}

async function firstWords(child: ChildProcess): Promise<string> {
  const [chunk] = await once(child.stdout ?? child, 'data')
  return String(chunk).trim()
}

test('signals and the exit status pass through an older Node', async () => {
  const old = join(pretendOldNode(), 'node')
  const child = startWith(
    "process.on('SIGTERM', () => process.exit(43))\nsetInterval(() => {}, 1e6)\nprocess.stdout.write('ready')",
    [old],
  )
  assert.is(await firstWords(child), 'ready')
  child.kill('SIGTERM')
  assert.equal(await once(child, 'exit'), [43, null])
})

test('a death by a signal and standard input pass through an older Node', async () => {
  const old = join(pretendOldNode(), 'node')
  const child = startWith(
    "process.stdin.on('data', text => process.stdout.write(text))\nsetTimeout(() => {}, 1e6)",
    [old],
  )
  child.stdin?.write('echo')
  assert.is(await firstWords(child), 'echo')
  child.kill('SIGTERM')
  assert.equal(await once(child, 'exit'), [null, 'SIGTERM'])
})

test('the shell part leaves no process behind: the one that was started is Node', async () => {
  const child = startWith('process.stdout.write(String(process.pid))', [])
  assert.is(Number(await firstWords(child)), child.pid)
  await once(child, 'exit')
})

test('help touches neither the data folder nor the database', () => {
  const data = join(folder, 'data')
  for (const args of [[], ['--help'], ['--version'], ['data', '--help']]) {
    const { status } = run(BIN, args, { env: { ...BARE, BBW_DATA_DIR: data } })
    assert.is(status, 0)
    assert.not.ok(existsSync(data))
  }
  const trace = run(process.execPath, [BIN, '--help'], { env: { ...BARE, NODE_DEBUG: 'esm,module' } })
  assert.not.match(trace.stderr, 'sqlite')
})

test.run()
