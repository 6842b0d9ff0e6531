/** A loop that runs for long, looked at from outside: what it holds of memory and handles stays what it was. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { setTimeout as after } from 'node:timers/promises'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { enteredIn, Processes, type Started } from './started.fixture.ts'
import { Folder, records } from './world.fixture.ts'

const test = suite('soak')
const folder = new Folder()
const processes = new Processes()
test.after(async () => {
  await processes.end()
  folder.remove()
})

const EVERY_MS = 250
const MEGABYTE = 2 ** 20

interface Sample {
  readonly rss: number
  readonly handles: number
}

/** Memory in bytes and open handles of a process; `null` once it has ended. */
function sampleOf(pid: number): Sample | null {
  try {
    const rss = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
    if (rss === undefined) return null
    return { rss: Number(rss) * 1024, handles: readdirSync(`/proc/${pid}/fd`).length }
  } catch {
    return null
  }
}

/** Looks at a loop four times a second from its first word on to its end. */
async function watched(loop: Started): Promise<readonly Sample[]> {
  const samples: Sample[] = []
  await loop.says(/symbols from/)
  for (let sample = sampleOf(loop.pid); sample !== null && !loop.isOver; sample = sampleOf(loop.pid)) {
    samples.push(sample)
    await after(EVERY_MS)
  }
  return samples
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]
}

/**
 * The end, in which the report is made, is left out, and the first third is for warming up. Of the rest, memory in the
 * last third may be 15 % and 16 MB above that of the middle one, which is what a garbage collector plays with; handles
 * may not be one more.
 */
function demandFlat(name: string, looks: readonly Sample[]): void {
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
  assert.is(opened, open)
  assert.ok(most <= open + 1, `${most} handles`)
}

function days(out: string): number {
  return records(out).filter(record => record.kind === 'digest').length
}

test('30 simulated days on the finest candles: memory and handles are flat', async () => {
  const loop = processes.start([
    ...['run', '--data-dir', join(folder.path, 'month'), '--market', 'fixtures', '--ndjson'],
    ...['--timerange', '20250927-20251031', '--speed', '72000'],
  ])
  const samples = await watched(loop)
  const { code, out } = await loop.ended
  assert.is(code, 0)
  assert.ok(days(out) >= 30, `${days(out)} days`)
  assert.ok(enteredIn(out) > 0)
  demandFlat(`${days(out)} days`, samples)
})

test('incident 74: memory and handles of a loop are as many after many months as after one', async () => {
  const loop = processes.start([
    ...['run', '--data-dir', join(folder.path, 'months'), '--market', 'fixtures', '--ndjson', '--all'],
    // On candles of one kind, so that a day late in the run is as much work as an early one.
    ...['--no-detail', '--no-portfolio-gates', '--speed', '864000'],
  ])
  const samples = await watched(loop)
  const { code, out } = await loop.ended
  assert.is(code, 0)
  assert.ok(days(out) >= 400, `${days(out)} days`)
  assert.ok(enteredIn(out) > 100)
  demandFlat(`${days(out)} days`, samples)
})

test.run()
