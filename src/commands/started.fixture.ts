/** `bbw` in processes of its own, for tests: told what it says, frozen, woken and ended. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { DatabaseSync } from 'node:sqlite'
import { dailyFixtures, Folder, type Outcome, records } from './world.fixture.ts'

const ROOT = join(import.meta.dirname, '..', '..')

export interface StartSetting {
  readonly env?: { readonly [name: string]: string }
  /** Runs the command under `sh`, after these words of it. */
  readonly shell?: string
}

/** A process of bbw. */
export class Started {
  readonly #child: ChildProcess
  readonly ended: Promise<Outcome>
  out = ''
  err = ''
  #hear: () => void = () => {}
  #isOver = false

  constructor(words: readonly string[], { env = {}, shell }: StartSetting = {}) {
    const bin = join(ROOT, 'bin', 'bbw')
    const [command, args] =
      shell === undefined ? [bin, words] : ['sh', ['-c', `${shell}; exec "$0" "$@"`, bin, ...words]]
    this.#child = spawn(command, args, {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
    })
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.out += text
      this.#hear()
    })
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.err += text
      this.#hear()
    })
    this.ended = once(this.#child, 'close').then(([code]) => {
      this.#isOver = true
      this.#hear()
      return { code: Number(code), out: this.out, err: this.err }
    })
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  get isOver(): boolean {
    return this.#isOver
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name)
  }

  /** Resolves once it has said that; rejects when it ends before. `after` leaves the beginning of the text out. */
  async says(pattern: RegExp, where: 'out' | 'err' = 'err', after = 0): Promise<void> {
    while (!pattern.test(this[where].slice(after))) {
      if (this.#isOver) throw new Error(`it ended without having said ${pattern}:\n${this.err}`)
      await new Promise<void>(resolve => {
        this.#hear = resolve
      })
    }
  }

  /** Ends it, however it stands, and waits for that. */
  async kill(): Promise<void> {
    if (!this.#isOver) this.#child.kill('SIGKILL')
    await this.ended
  }

  /** Nobody reads its lines any more, and what it came to. */
  unread(): Promise<Outcome> {
    this.#child.stdout?.destroy()
    return this.ended
  }

  /** A signal that lets it end by itself, and what it came to. */
  async stop(name: NodeJS.Signals = 'SIGTERM'): Promise<Outcome> {
    this.#child.kill(name)
    return this.ended
  }
}

/** All processes of one test file, so that none outlives it. */
export class Processes {
  readonly #started: Started[] = []

  start(words: readonly string[], setting: StartSetting = {}): Started {
    const one = new Started(words, setting)
    this.#started.push(one)
    return one
  }

  /** An exchange of its own on a folder, with what a trader needs to reach it. */
  async serve(words: readonly string[]): Promise<{
    readonly server: Started
    readonly url: string
    readonly env: { readonly BBW_SIM_KEY: string; readonly BBW_SIM_SECRET: string }
  }> {
    const server = this.start(['sim', 'serve', ...words])
    await server.says(/\n/, 'out')
    const { url, key, secret } = JSON.parse(server.out.split('\n')[0]) as {
      readonly [name: string]: string
    }
    return { server, url, env: { BBW_SIM_KEY: key, BBW_SIM_SECRET: secret } }
  }

  /** Writes what each of them has said into a folder, which is made where it is not there. */
  keep(folder: string): void {
    mkdirSync(folder, { recursive: true })
    this.#started.forEach(({ out, err }, k) => {
      writeFileSync(join(folder, `process-${k + 1}.out`), out)
      writeFileSync(join(folder, `process-${k + 1}.err`), err)
    })
  }

  async end(): Promise<void> {
    await Promise.all(this.#started.map(one => one.kill()))
  }
}

/** What a loop says once it holds its folder and its exchange. */
export const OPENED = /12 symbols from/
/** Ten days of the market a second: it lasts for most of a minute, and something happens all the time. */
export const BUSY = ['--speed', '864000']
export const FAST = ['--speed', 'max']

/** Loops on the daily fixtures, each on a data folder of its own choice. */
export class Loops {
  readonly folder = new Folder()
  readonly processes = new Processes()
  readonly market = ['--market', dailyFixtures(this.folder)]
  #folders = 0

  /** A data folder that is not there yet. */
  fresh(): string {
    this.#folders += 1
    return join(this.folder.path, `data-${this.#folders}`)
  }

  run(data: string, ...words: readonly string[]): Started {
    return this.processes.start(['run', '--data-dir', data, ...this.market, '--ndjson', ...words])
  }

  /** The folder of a loop that was killed once it had positions. */
  async killed(): Promise<string> {
    const data = this.fresh()
    const loop = this.run(data, ...BUSY)
    await loop.says(/"kind":"filled"[\s\S]*"kind":"filled"/, 'out')
    await loop.kill()
    return data
  }

  async end(): Promise<void> {
    await this.processes.end()
    this.folder.remove()
  }
}

/** How many entries were sent, by the records of a loop. */
export function enteredIn(out: string): number {
  return records(out).filter(record => record.kind === 'entered').length
}

/** Does something to the database of a folder, as another process would. */
export function inDatabase<T>(path: string, work: (db: DatabaseSync) => T): T {
  const db = new DatabaseSync(path, { timeout: 5_000 })
  try {
    return work(db)
  } finally {
    db.close()
  }
}

/** What was asked of an exchange so far, by its journal; its process has to stand still or to have ended. */
export function requestsIn(folder: string, copy: string): readonly string[] {
  for (const suffix of ['', '-wal']) {
    const from = join(folder, `sim.db${suffix}`)
    if (existsSync(from)) copyFileSync(from, `${copy}${suffix}`)
    else writeFileSync(`${copy}${suffix}`, '')
  }
  return inDatabase(copy, db =>
    db
      .prepare('SELECT op FROM journal ORDER BY seq')
      .all()
      .map(row => String(row.op))
      .filter(op => /"op":"(?:place|amend|cancel|stop)"/.test(op)),
  )
}

/** Bytes of a file, changed in place. */
export function rewritten(path: string, change: (bytes: Buffer) => Buffer): void {
  writeFileSync(path, change(readFileSync(path)))
}

/** The codes of the lines of a log, in their order. */
export function codesSaid(err: string): readonly string[] {
  return [...err.matchAll(/"code":"([IWEC]\d{3})"/g)].map(([, code]) => code)
}

/**
 * Freezes a loop, and makes the lease that it holds look as if it had been frozen for longer than leases last. It may
 * be caught while it writes: then it is let go on for a moment.
 */
export async function agedLease(loop: Started, path: string): Promise<void> {
  for (let tries = 0; tries < 50; tries += 1) {
    loop.signal('SIGSTOP')
    const db = new DatabaseSync(path, { timeout: 200 })
    try {
      db.exec(
        "UPDATE kv SET value = json_set(value, '$.renewedAt', json_extract(value, '$.renewedAt') - 61000) WHERE key = 'lease'",
      )
      return
    } catch (error) {
      if (!(error instanceof Error && 'errcode' in error && Number(error.errcode) === 5)) throw error
    } finally {
      db.close()
    }
    loop.signal('SIGCONT')
    await new Promise(resolve => setTimeout(resolve, 20))
  }
  throw new Error('it writes all the time')
}
