import { PassThrough } from 'node:stream'
import type { World } from '../command.ts'
import type { DashboardActions, Terminal } from './mount.ts'

/** A terminal of 80 by 24 in memory, and a clock that goes on by sleeping. */
export class Desk {
  written = ''
  readonly asked: string[] = []
  readonly sleeps: number[] = []
  #time = 0
  #look = (): void => {}
  readonly #wakes: (() => void)[] = []
  readonly stdin = Object.assign(new PassThrough(), {
    isTTY: true,
    setRawMode: () => {},
    ref: () => {},
    unref: () => {},
  })
  readonly stdout = Object.assign(new PassThrough(), { isTTY: true, columns: 80, rows: 24 })
  readonly terminal = { stdin: this.stdin, stdout: this.stdout } as unknown as Terminal
  readonly actions: DashboardActions = {
    pause: this.#told('pause'),
    resume: this.#told('resume'),
    halt: this.#told('halt'),
    quit: this.#told('quit'),
  }
  readonly interrupt = this.#told('interrupt')
  readonly world: Pick<World, 'env' | 'clock' | 'color'> = {
    env: { LANG: 'C.UTF-8' },
    color: false,
    clock: {
      now: () => 0,
      monotonic: () => this.#time,
      sleep: (ms, signal) => this.#sleep(ms, signal),
    },
  }

  constructor() {
    this.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.written += text
      this.#look()
    })
  }

  #told(what: string): () => void {
    return () => void this.asked.push(what)
  }

  #sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
    this.sleeps.push(ms)
    return new Promise((resolve, reject) => {
      signal?.addEventListener('abort', () => reject(signal.reason))
      this.#wakes.push(() => {
        this.#time += ms
        resolve()
      })
    })
  }

  /** Resolves once the text has been written since `written` was emptied last. */
  sees(text: string): Promise<void> {
    return new Promise(resolve => {
      this.#look = () => {
        if (this.written.includes(text)) resolve()
      }
      this.#look()
    })
  }

  /** Lets the sleepers go on, and all that follows happen. */
  async wake(): Promise<void> {
    for (const wake of this.#wakes.splice(0)) wake()
    await settled()
  }
}

/** Long enough for React and the streams, which wait for no clock. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise(resolve => setImmediate(resolve))
}
