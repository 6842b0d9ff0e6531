/** The thread of the watchdog (`watchdog.ts`). What stands still takes nothing back: it says so and ends the process. */
import { write } from 'node:fs'
import { appendFile, open, rename } from 'node:fs/promises'
import { join } from 'node:path'
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { workerData } from 'node:worker_threads'
import type { Milliseconds } from '../../base/units.ts'
import { Overdue, sightOf } from './overdue.ts'
import { type FoundStandstill, STANDSTILL_FILE, type Standstill, standstillWords } from './standstill.ts'
import type { ThreadData } from './watchdog.ts'

/** A disk or a terminal that takes no words may be what the loop waits for: it is not waited for again. */
const LAST_WORDS_MS: Milliseconds = 2_000

/** A look that comes later counts no more time: whatever kept the thread from looking kept the loop, too. */
const LATE = 2

const STDERR = 2

const { watched, folder, logFile, isTerminal, restores, cells: shared, lookMs }: ThreadData = workerData
const cells = new Int32Array(shared)
const overdue = new Overdue(watched, LATE * lookMs)

let last = performance.now()
for (;;) {
  await sleep(lookMs)
  const now = performance.now()
  const standstill = overdue.look(now - last, sightOf(cells))
  last = now
  if (standstill !== null) await end(standstill)
}

/** Ends the process as a crash does: there is one way to start again, and it needs nothing of an end. */
async function end(standstill: Standstill): Promise<void> {
  const at = Date.now()
  const words = `C707 ${standstillWords(standstill)}; this process ends, its books are kept, stops stay at the exchange`
  const line = JSON.stringify({ level: 'fatal', time: new Date(at).toISOString(), code: 'C707', msg: words })
  const isLog = logFile === null && !isTerminal
  const told = Promise.allSettled([
    folder === null ? null : leave(folder, { ...standstill, pid: process.pid, at }),
    logFile === null ? null : appendFile(logFile, `${line}\n`),
    say(isLog ? `${line}\n` : `${restores}bbw run: ${words}\n`),
  ])
  await Promise.race([told, sleep(LAST_WORDS_MS)])
  process.kill(process.pid, 'SIGKILL')
}

/** Whole or not at all, for its owner alone. */
async function leave(place: string, found: FoundStandstill): Promise<void> {
  const path = join(place, STANDSTILL_FILE)
  const file = await open(`${path}.part`, 'w', 0o600)
  try {
    await file.writeFile(`${JSON.stringify(found)}\n`)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(`${path}.part`, path)
}

/** The thread's own `process.stderr` goes through the loop that stands still. */
function say(text: string): Promise<void> {
  return new Promise(resolve => write(STDERR, text, () => resolve()))
}
