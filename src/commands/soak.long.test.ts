/** A loop that runs for long, looked at from outside: what it holds of memory and handles stays what it was. */
import { join } from 'node:path'
import { setTimeout as after } from 'node:timers/promises'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { demandFlat, type Sample, sampleOf } from './soak.fixture.ts'
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
