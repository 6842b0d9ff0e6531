/** Processes with a loop that is watched, for tests; each lives for a few seconds, if it is let. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import type { ChildSetting } from './watchdog-child.fixture.ts'

const CHILD = join(import.meta.dirname, 'watchdog-child.fixture.ts')

/** Short against a cycle, long against what a busy machine takes from a process. */
export const LIMIT = { limitMs: 1_500, lookMs: 50 } as const

/** In the environment of every child. */
export const SECRET = 'not-to-be-seen-anywhere'

export interface Ended {
  readonly signal: string | null
  readonly out: string
  readonly err: string
}

/** The processes and folders of one test file. */
export class WatchedProcesses {
  readonly #folders: string[] = []
  readonly #children: ChildProcess[] = []

  folder(): string {
    const folder = mkdtempSync(join(tmpdir(), 'bbw-test-'))
    this.#folders.push(folder)
    return folder
  }

  begin(setting: Partial<ChildSetting>): { readonly child: ChildProcess; readonly ended: Promise<Ended> } {
    const whole: ChildSetting = {
      watchdog: 'real',
      loop: 'goes on',
      ...LIMIT,
      lifeMs: 3 * LIMIT.limitMs,
      folder: null,
      logFile: null,
      ...setting,
    }
    const child = spawn(process.execPath, [CHILD, JSON.stringify(whole)], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, BBW_API_SECRET: SECRET },
    })
    this.#children.push(child)
    let out = ''
    let err = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      err += text
    })
    return { child, ended: once(child, 'close').then(([, signal]) => ({ signal, out, err })) }
  }

  outcome(setting: Partial<ChildSetting>): Promise<Ended> {
    return this.begin(setting).ended
  }

  end(): void {
    for (const child of this.#children) child.kill('SIGKILL')
    for (const folder of this.#folders) rmSync(folder, { recursive: true })
  }
}
