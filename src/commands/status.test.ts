import { spawn, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import process from 'node:process'
import { pathToFileURL } from 'node:url'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Redactor } from '../core/adapters/system/redactor.ts'
import { StoreError } from '../core/base/errors.ts'
import type { ParsedArguments, World } from './command.ts'
import { statusCommandOver } from './status.ts'
import type { StatusParts } from './status-report.ts'
import type { OpenedSource } from './status-source.ts'
import { AT, parts } from './views/model.fixture.ts'
import { Folder, records, UNWATCHED } from './world.fixture.ts'

const test = suite('status command')

/** What the state says at each look; an error is thrown, the last answer stays. */
type Looks = readonly (StatusParts | null | Error | 'no file')[]

interface Setting {
  readonly flags?: ParsedArguments['flags']
  readonly isTTY?: boolean
  /** Looks of --watch, after which Ctrl-C is pressed. */
  readonly sleeps?: number
  readonly onWrite?: (text: string) => void
}

interface Outcome {
  readonly code: number | Error
  readonly out: string
  readonly err: string
  readonly closed: number
  readonly slept: readonly number[]
}

async function status(looks: Looks, setting: Setting = {}): Promise<Outcome> {
  let out = ''
  let err = ''
  let closed = 0
  let look = 0
  const slept: number[] = []
  const stopping = new AbortController()
  const next = (): Looks[number] => looks[Math.min(look++, looks.length - 1)]
  const none = async function* (): AsyncGenerator<Uint8Array> {}
  const world: World = {
    env: { TERM: 'dumb' },
    cwd: '/',
    stdin: Object.assign(none(), { isTTY: setting.isTTY === true }),
    stdout: {
      isTTY: setting.isTTY === true,
      columns: 120,
      write: async text => {
        setting.onWrite?.(String(text))
        out += String(text)
      },
    },
    stderr: {
      isTTY: false,
      columns: 120,
      write: text => {
        err += text
      },
    },
    clock: {
      now: () => AT,
      monotonic: () => 0,
      sleep: async ms => {
        slept.push(ms)
        if (slept.length >= (setting.sleeps ?? 0)) stopping.abort('SIGINT')
        stopping.signal.throwIfAborted()
      },
    },
    hangup: { listen: () => () => {} },
    watchdog: async () => UNWATCHED,
    signal: stopping.signal,
    redactor: new Redactor([]),
    color: false,
    quiet: false,
    verbose: false,
  }
  const open = async (): Promise<OpenedSource> => {
    const first = looks[Math.min(look, looks.length - 1)]
    if (first === 'no file') {
      look += 1
      return { none: 'there is no state yet' }
    }
    return {
      read: () => {
        const seen = next()
        if (seen instanceof Error) throw seen
        return seen === 'no file' ? null : seen
      },
      close: () => {
        closed += 1
      },
    }
  }
  const code = await statusCommandOver(open, null)
    .run?.(world, { flags: setting.flags ?? {}, args: [] })
    .catch((error: unknown) => (error instanceof Error ? error : new Error(String(error))))
  assert.ok(code !== undefined)
  return { code, out, err, closed, slept }
}

test('a pipe gets one record, a terminal a text, and --json the record there too', async () => {
  const piped = await status([parts()])
  assert.equal([piped.code, piped.err, piped.closed, records(piped.out).length], [0, '', 1, 1])
  const [record] = records(piped.out)
  assert.equal([record.type, record.running, (record.positions as unknown[]).length], ['status', true, 3])
  const shown = await status([parts()], { isTTY: true })
  assert.match(shown.out, /^running +process 4711/)
  assert.is((await status([parts()], { isTTY: true, flags: { ndjson: true } })).out, piped.out)
})

test('without a state it says so, tells that nothing runs, and ends well', async () => {
  for (const looks of [['no file'], [null]] as const) {
    const { code, out, err } = await status(looks)
    assert.is(code, 0)
    const [{ running, positions }] = records(out)
    assert.equal([running, positions], [false, []])
    assert.match(err, /state/)
  }
})

test('--watch tells a record a second until Ctrl-C', async () => {
  const { code, out, slept, closed } = await status([parts()], { flags: { watch: true }, sleeps: 3 })
  assert.equal([code, records(out).length, slept, closed], [0, 3, [1_000, 1_000, 1_000], 1])
})

test('--watch on a terminal that cannot show a dashboard tells texts', async () => {
  const { out } = await status([parts()], { flags: { watch: true }, sleeps: 2, isTTY: true })
  assert.is([...out.matchAll(/^running /gm)].length, 2)
})

test('--watch waits for a state, says once that there is none, and passes over a busy store', async () => {
  const busy = new StoreError('busy', { retryable: true })
  const looks: Looks = ['no file', 'no file', parts(), busy, parts()]
  const { code, out, err } = await status(looks, { flags: { watch: true }, sleeps: 5 })
  assert.is(code, 0)
  assert.equal(
    records(out).map(({ running }) => running),
    [false, false, true, true],
  )
  assert.is(err, 'there is no state yet\n')
})

test('a store that cannot be read is a fault, busy or not when it is asked once, and is closed', async () => {
  const broken = new StoreError('damaged', { retryable: false })
  const busy = new StoreError('busy', { retryable: true })
  for (const [error, flags] of [
    [broken, {}],
    [busy, {}],
    [broken, { watch: true }],
  ] as const) {
    const { code, closed } = await status([error], { flags, sleeps: 3 })
    assert.equal([code, closed], [error, 1])
  }
})

test('a reader that goes ends the watch, and closes the state', async () => {
  const gone = new Error('gone')
  let writes = 0
  const onWrite = (): void => {
    writes += 1
    if (writes === 2) throw gone
  }
  const { code, closed } = await status([parts()], { flags: { watch: true }, sleeps: 9, onWrite })
  assert.equal([code, closed], [gone, 1])
})

const canScript =
  spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout?.includes('util-linux') === true

;(canScript ? test : test.skip)('--watch on a terminal is a dashboard that only looks, until q', async () => {
  const folder = new Folder()
  const here = (name: string): string => JSON.stringify(join(import.meta.dirname, name))
  const program = folder.file(
    'watch.ts',
    `
    import { setTimeout as after } from 'node:timers/promises'
    import { statusCommandOver } from ${here('status.ts')}
    import { AT, parts } from ${here('views/model.fixture.ts')}
    let looks = 0
    let closed = 0
    const source = {
      read: () => (++looks < 3 ? parts({ holder: null }) : parts({ notes: ['seen later'] })),
      close: () => closed++,
    }
    const world = {
      env: process.env, cwd: '/', stdin: { isTTY: true }, stdout: { isTTY: true, columns: 80 }, stderr: { write() {} },
      clock: { now: () => AT, monotonic: () => performance.now(), sleep: (ms, signal) => after(ms / 20, undefined, { signal }) },
      signal: new AbortController().signal, color: false, quiet: false, verbose: false,
    }
    const code = await statusCommandOver(async () => source, null).run(world, { flags: { watch: true }, args: [] })
    process.stdout.write('ended with ' + code + ', closed ' + closed + '\\n', () => process.exit(0))
    `,
  )
  try {
    const command = `stty cols 80 rows 24; exec '${process.execPath}' '${program}'`
    const env = { ...process.env, TERM: 'xterm', LANG: 'C.UTF-8' }
    const child = spawn('script', ['--quiet', '--return', '--command', command, '/dev/null'], { env })
    let seen = ''
    let isPressed = false
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      seen += text
      if (!isPressed && seen.includes('seen later')) {
        isPressed = true
        child.stdin.write('hq')
      }
    })
    await new Promise(resolve => child.on('close', resolve))
    assert.match(seen, 'NOT RUNNING')
    assert.match(seen, 'read-only')
    assert.not.match(seen, 'Halt all')
    assert.match(seen, 'ended with 0, closed 1')
  } finally {
    folder.remove()
  }
})

test('nothing of the dashboard is loaded where none is shown', () => {
  const code = `
    const loaded = []
    const { registerHooks } = await import('node:module')
    registerHooks({ resolve: (name, context, next) => (loaded.push(name), next(name, context)) })
    const { statusCommandOver } = await import(${JSON.stringify(pathToFileURL(join(import.meta.dirname, 'status.ts')).href)})
    const none = async () => ({ none: 'nothing' })
    const world = {
      stdin: { isTTY: true }, stdout: { isTTY: true, columns: 80, write: async () => {} }, stderr: { write() {} },
      env: {}, clock: { now: () => 0 }, signal: new AbortController().signal,
    }
    await statusCommandOver(none, null).run(world, { flags: {}, args: [] })
    console.log(loaded.filter(name => /^(?:ink|react|tsx|yaml|pino|commander|sql\\.js)|\\.tsx$|\\/mount\\.ts$/.test(name)).join(' '), loaded.length > 5)`
  const args = ['--input-type=module-typescript', '--eval', code]
  const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  assert.is(stdout.trim(), 'true', stderr)
})

test.run()
