/** Memory and handles of a process, looked at from outside. */
import { readdirSync, readFileSync } from 'node:fs'
import process from 'node:process'
import * as assert from 'uvu/assert'

const MEGABYTE = 2 ** 20

export interface Sample {
  readonly rss: number
  readonly handles: number
}

/** Memory in bytes and open handles of a process; `null` once it has ended. */
export function sampleOf(pid: number): Sample | null {
  try {
    const rss = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
    if (rss === undefined) return null
    return { rss: Number(rss) * 1024, handles: readdirSync(`/proc/${pid}/fd`).length }
  } catch {
    return null
  }
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]
}

/**
 * The end, in which the report is made, is left out, and the first third is for warming up. Of the rest, memory in the
 * last third may be 15 % and 16 MB above that of the middle one, which is what a garbage collector plays with; handles
 * may not be one more.
 *
 * @param sockets connections that come and go, beside the handles that stay
 */
export function demandFlat(name: string, looks: readonly Sample[], sockets = 0): void {
  const samples = looks.slice(0, Math.floor(0.9 * looks.length))
  const third = Math.floor(samples.length / 3)
  const [middle, last] = [samples.slice(third, 2 * third), samples.slice(-third)]
  const [before, behind] = [middle, last].map(part => median(part.map(one => one.rss)) / MEGABYTE)
  const [open, opened] = [middle, last].map(part => median(part.map(one => one.handles)))
  const most = Math.max(...last.map(one => one.handles))
  process.stdout.write(
    `\n  ${name}: ${samples.length} looks, memory ${before.toFixed(0)} MB in the middle third, ${behind.toFixed(0)} MB in the last, handles ${open} and ${opened}, at most ${most}\n  `,
  )
  assert.ok(samples.length >= 80, `only ${samples.length} looks`)
  assert.ok(behind < 1.15 * before + 16, `${before} MB became ${behind} MB`)
  assert.ok(Math.abs(opened - open) <= sockets, `${open} handles became ${opened}`)
  assert.ok(most <= open + 1 + sockets, `${most} handles`)
}
