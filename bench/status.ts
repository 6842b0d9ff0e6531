/**
 * A status beside a loop that writes all the time: how long the reading of one takes, and a whole `bbw status` in turn
 * with a bare Node. It must not wait for the writer: 200 ms is the promise.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { setTimeout as after } from 'node:timers/promises'
import { openStatus } from '../src/core/adapters/sqlite/status-reader.ts'

const ROUNDS = 21
const READINGS = 200
const bin = join(import.meta.dirname, '..', 'bin', 'bbw')

function median(times: readonly number[]): number {
  return times.toSorted((a, b) => a - b)[times.length >> 1]
}

/** Wall time in ms of a process. Throws when it fails. */
function timed(command: string, args: readonly string[]): number {
  const begun = performance.now()
  const { status, stderr } = spawnSync(command, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}: ${stderr}`)
  return performance.now() - begun
}

/** A loop at ten days of the market a second, once it trades. */
async function busyLoop(folder: string): Promise<ChildProcess> {
  const words = ['run', '--data-dir', folder, '--market', 'fixtures', '--plain', '--speed', '864000']
  const loop = spawn(bin, words, { stdio: ['ignore', 'pipe', 'ignore'] })
  await once(loop.stdout, 'data')
  // What it says further is let go, so that it never waits for a reader.
  loop.stdout.resume()
  return loop
}

/** Prints the row. */
export async function benchStatus(print: (line: string) => void): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'bbw-bench-'))
  const loop = await busyLoop(folder)
  try {
    const path = join(folder, 'state.db')
    const readings: number[] = []
    for (let nth = 0; nth < READINGS; nth++) {
      const begun = performance.now()
      const source = openStatus(path)
      source?.status(Date.now(), 20)
      source?.close()
      readings.push(performance.now() - begun)
      await after(10)
    }
    const [bare, whole]: number[][] = [[], []]
    for (let round = 0; round < ROUNDS; round++) {
      bare.push(timed(process.execPath, ['-e', '0']))
      whole.push(timed(process.execPath, [bin, 'status', '--data-dir', folder, '--json']))
    }
    print(`status beside a writing loop, medians of ${READINGS} readings and ${ROUNDS} processes in turn`)
    print(`  reading: ${median(readings).toFixed(1)} ms, at most ${Math.max(...readings).toFixed(1)} ms`)
    print(
      `  bbw status: ${median(whole).toFixed(0)} ms, ${(median(whole) / median(bare)).toFixed(2)} x a bare node -e 0, at most ${Math.max(...whole).toFixed(0)} ms`,
    )
  } finally {
    const ended = once(loop, 'exit')
    if (loop.kill('SIGKILL')) await ended
    rmSync(folder, { recursive: true, force: true })
  }
}
