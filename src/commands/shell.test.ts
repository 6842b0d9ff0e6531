import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'

const FIXTURE = join(import.meta.dirname, 'shell.fixture.ts')

const test = suite('shell')

function run(args: readonly string[], env: NodeJS.ProcessEnv = {}): ReturnType<typeof sync> {
  return sync(process.execPath, [FIXTURE, ...args], env)
}

function sync(
  file: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): { readonly status: number | null; readonly stdout: string; readonly stderr: string } {
  const maxBuffer = 64 * 1024 * 1024
  return spawnSync(file, args, { encoding: 'utf8', maxBuffer, env: { ...process.env, ...env } })
}

/** Runs a pipeline of the shell, in which `$bbw` is the fixture. */
function pipeline(script: string): ReturnType<typeof sync> {
  return sync(
    'bash',
    ['-c', `set -o pipefail; bbw() { "${process.execPath}" "${FIXTURE}" "$@"; }; ${script}`],
    {},
  )
}

interface Running {
  readonly child: ChildProcess
  /** Resolves when the child has said the word on standard error. */
  said(word: string): Promise<void>
  /** The exit code or signal and what came out, once it has ended. */
  readonly ended: Promise<{
    readonly end: number | string | null
    readonly stdout: string
    readonly stderr: string
  }>
}

function start(name: string, stdin: 'ignore' | 'pipe' = 'ignore'): Running {
  const child = spawn(process.execPath, [FIXTURE, name], { stdio: [stdin, 'pipe', 'pipe'] })
  const { stdout: data, stderr: words } = child
  assert.ok(data !== null && words !== null)
  let stdout = ''
  let stderr = ''
  data.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  words.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  return {
    child,
    said: async word => {
      while (!stderr.includes(word)) await once(words, 'data')
    },
    ended: once(child, 'close').then(([code, signal]) => ({ end: code ?? signal, stdout, stderr })),
  }
}

test('data, words and the exit code of a command come through', () => {
  const { status, stdout, stderr } = run(['echo', 'a', 'b'])
  assert.equal([status, stdout, stderr], [7, 'a b\n', 'words\n'])
})

test('help goes to standard output, a refusal to standard error', () => {
  const help = run([])
  assert.equal([help.status, help.stderr], [0, ''])
  assert.match(help.stdout, 'Usage: bbw')
  const refusal = run(['ehco'])
  assert.equal([refusal.status, refusal.stdout], [2, ''])
  assert.match(refusal.stderr, '(Did you mean echo?)')
})

test('standard input reaches a command that reads it', () => {
  const { stdout, status } = pipeline('seq 50000 | bbw copy | tail -n 1')
  assert.equal([stdout, status], ['50000\n', 0])
})

test('a slow reader gets every line', () => {
  for (const command of ['flood', 'careless']) {
    const { stdout, status } = pipeline(`bbw ${command} | (tail -n 1)`)
    assert.equal([stdout, status], ['{"line":50000}\n', 0])
  }
})

test('a reader that closes the pipe ends the command quietly', () => {
  const { stdout, stderr, status } = pipeline('bbw flood | head -n 1')
  assert.equal([stdout, stderr, status], ['{"line":1}\n', '', 0])
})

test('a full disk is a fault and not silence', () => {
  if (!existsSync('/dev/full')) return
  for (const command of ['flood', 'echo', '--help']) {
    const { stderr, status } = pipeline(`bbw ${command} >/dev/full`)
    assert.is(status, 1, command)
    assert.is(stderr.match(/standard output cannot be written/g)?.length, 1, command)
  }
})

test('an error is told in words and by its exit code', () => {
  const { status, stdout, stderr } = run(['refuse'])
  assert.equal(
    [status, stdout, stderr],
    [2, '', 'bbw refuse: a.csv, line 2: not a number\n  mend the file\n'],
  )
})

test('a fault takes one line, and shows its stack with verbose', () => {
  const short = run(['fault'])
  assert.equal([short.status, short.stderr], [1, 'bbw fault: E708 unexpected fault: first second\n'])
  const full = run(['fault', '--verbose'])
  assert.is(full.status, 1)
  assert.match(full.stderr, 'shell.fixture.ts')
})

test('an error thrown beside the command is a fault as well', () => {
  const { status, stderr } = run(['late'])
  assert.equal([status, stderr], [1, 'bbw late: E708 unexpected fault: thrown on the side\n'])
})

test('a command that nothing can end any more does not pass for done', () => {
  const { status, stderr } = run(['forgotten'])
  assert.equal([status, stderr], [1, 'bbw forgotten: E708 unexpected fault: the command waits for nothing\n'])
})

test('Ctrl-C and SIGTERM let a command end cleanly', async () => {
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 0],
  ] as const) {
    const { child, said, ended } = start('wait')
    await said('ready')
    child.kill(signal)
    assert.equal(await ended, { end: code, stdout: `stopped by ${signal}\n`, stderr: 'ready\n' })
  }
})

test('what a command that is stopped has found at its end is its exit code', async () => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    const { child, said, ended } = start('open')
    await said('ready')
    child.kill(signal)
    assert.is((await ended).end, 5, signal)
  }
})

test('SIGHUP goes to who listens, and ends the process where nobody does', async () => {
  const { child, said, ended } = start('hangup')
  await said('ready')
  for (const word of ['heard 1', 'heard 2']) {
    child.kill('SIGHUP')
    await said(word)
  }
  child.kill('SIGHUP')
  assert.equal(await ended, { end: 'SIGHUP', stdout: '', stderr: 'ready\nheard 1\nheard 2\n' })
  const deaf = start('wait')
  await deaf.said('ready')
  deaf.child.kill('SIGHUP')
  assert.is((await deaf.ended).end, 'SIGHUP')
})

test('a command that is unwound by the signal says nothing', async () => {
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 0],
  ] as const) {
    const { child, said, ended } = start('sleep')
    await said('ready')
    child.kill(signal)
    assert.equal(await ended, { end: code, stdout: '', stderr: 'ready\n' })
  }
})

test('a command that waits for standard input ends with the signal, and takes no half of it for the whole', async () => {
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 0],
  ] as const) {
    const { child, said, ended } = start('count', 'pipe')
    await said('ready')
    child.stdin?.write('half\n')
    await said('block')
    child.kill(signal)
    assert.equal(await ended, { end: code, stdout: '', stderr: 'ready\nblock\n' }, signal)
  }
})

test('a second Ctrl-C ends at once a command that does not listen', async () => {
  const { child, said, ended } = start('stubborn')
  await said('ready')
  child.kill('SIGINT')
  await said('aborted')
  // Within the time of one press a signal counts as its echo, so it takes some until one is the second.
  const again = setInterval(() => child.kill('SIGINT'), 20)
  const { end } = await ended
  clearInterval(again)
  assert.is(end, 130)
})

test('one press that arrives twice does not kill', async () => {
  const { child, said, ended } = start('wait')
  await said('ready')
  child.kill('SIGINT')
  child.kill('SIGINT')
  assert.equal((await ended).stdout, 'stopped by SIGINT\n')
})

test('a command stuck behind a reader that does not read still ends', async () => {
  const child = spawn(process.execPath, [FIXTURE, 'stuck'], { stdio: ['ignore', 'pipe', 'pipe'] })
  await once(child.stderr, 'data')
  child.kill('SIGTERM')
  child.stderr.resume()
  setImmediate(() => child.stdout.resume())
  const [code] = await once(child, 'close')
  assert.is(code, 0)
})

test('a pipe is no terminal and gets no colours', () => {
  const { stdout } = run(['world', '--quiet', '--verbose'])
  assert.equal(JSON.parse(stdout), {
    color: false,
    quiet: true,
    verbose: true,
    cwd: process.cwd(),
    terminals: [false, false, false],
    columns: 100,
  })
})

test('a terminal gets colours unless one of the three ways says no', () => {
  // util-linux's script gives a child a terminal.
  const probe = sync('script', ['--version'], {})
  if (!/util-linux/.test(probe.stdout ?? '')) {
    console.log('no util-linux script here: the test over a terminal is left out')
    return
  }
  const colour = (
    flag: string,
    env: NodeJS.ProcessEnv,
  ): { readonly color: boolean; readonly terminals: boolean[] } => {
    const command = `${process.execPath} ${FIXTURE} world ${flag}`
    const { stdout } = sync('script', ['-qec', command, '/dev/null'], { NO_COLOR: '', TERM: 'xterm', ...env })
    return JSON.parse(stdout)
  }
  const open = colour('', {})
  assert.is(open.color, true)
  assert.equal(open.terminals.slice(1), [true, true])
  assert.is(colour('--no-color', {}).color, false)
  assert.is(colour('', { NO_COLOR: '1' }).color, false)
  const dumb = colour('', { TERM: 'dumb' })
  assert.is(dumb.color, false)
  assert.equal(dumb.terminals.slice(1), [true, false])
})

test.run()
