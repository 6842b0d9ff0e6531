/** A process whose loop is watched, or is thought to be, and goes on, or does not; `watchdog.test.ts` starts it. */
import inspector from 'node:inspector'
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { startWatchdog, type Watchdog } from './watchdog.ts'

export interface ChildSetting {
  /** The real one; one that a timer feeds; one that lives in the loop it watches. */
  readonly watchdog: 'real' | 'fed by a timer' | 'in the loop'
  /**
   * What the loop does: goes on; hears nothing any more; goes round without ending a cycle; is kept by something that
   * was allowed; is held by a debugger.
   */
  readonly loop: 'goes on' | 'is blocked' | 'ends nothing' | 'does upkeep' | 'is debugged'
  readonly limitMs: number
  readonly lookMs: number
  /** So long it lives, if it is let. */
  readonly lifeMs: number
  readonly folder: string | null
  readonly logFile: string | null
}

/** Stands still as a calculation does that does not end, without warming the machine. */
function block(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}

function watchdogOf({ watchdog, limitMs, lookMs, folder, logFile }: ChildSetting): Watchdog {
  if (watchdog === 'in the loop') {
    let [count, changedAt] = [0, performance.now()]
    const timer = setInterval(() => {
      if (performance.now() - changedAt >= limitMs) process.kill(process.pid, 'SIGKILL')
    }, lookMs)
    return {
      note(_, now) {
        if (now !== count) changedAt = performance.now()
        count = now
      },
      allow: () => {},
      close: () => clearInterval(timer),
    }
  }
  return startWatchdog({
    watched: [{ what: 'light cycle', limitMs }],
    folder,
    logFile,
    isTerminal: false,
    restores: '',
    onTrouble: words => process.stderr.write(`${words}\n`),
    lookMs,
  })
}

async function live(setting: ChildSetting): Promise<void> {
  const { loop, lookMs, lifeMs } = setting
  const watchdog = watchdogOf(setting)
  const ends = performance.now() + lifeMs
  let cycles = 1
  watchdog.note(0, cycles)
  process.stdout.write('begun\n')
  if (loop === 'is debugged') {
    inspector.open(0, '127.0.0.1')
    watchdog.note(0, cycles)
  }
  if (loop === 'is blocked' || loop === 'is debugged') block(lifeMs)
  if (loop === 'does upkeep') {
    watchdog.allow(60_000)
    block(lifeMs)
    watchdog.allow(0)
  }
  for (let ticks = 1; performance.now() < ends; ticks += 1) {
    await sleep(lookMs)
    if (loop === 'goes on') cycles += 1
    watchdog.note(0, setting.watchdog === 'fed by a timer' ? ticks : cycles)
  }
  watchdog.close()
  if (loop === 'is debugged') inspector.close()
  process.stdout.write('lived\n')
}

await live(JSON.parse(process.argv[2]))
