/** What a process keeps over time, in the kernel. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { MINUTE, SECOND } from '../core/base/units.ts'
import { type Outcome, Simulation, type SimulationOptions } from './simulation.fixture.ts'
import { keepsEverything, YearOfMemory } from './weeks.fixture.ts'

const test = suite('memory in the kernel')
const MEMORY = '/dev/shm'
const folder = mkdtempSync(join(existsSync(MEMORY) ? MEMORY : tmpdir(), 'bbw-memory-'))
test.after(() => rmSync(folder, { recursive: true }))

const simulate = (over: Partial<SimulationOptions>): Promise<Outcome> =>
  new Simulation({ seed: 5, profile: 'calm', faults: [], folder: join(folder, 'state'), ...over }).run()

const well = ({ failure }: Outcome): void => assert.is(failure, null, JSON.stringify(failure))

/** A year would take a day: what grows is measured over days, and counted on to a year. */
const DAYS = 9.5

test('G10: what a process keeps does not grow within days such that a year of it would be told, and a leak is found out', async () => {
  const entries = (simulation: Simulation): void =>
    simulation.after(MINUTE + 20 * SECOND, () => simulation.propose('SOLUSDT'))
  const memory = new YearOfMemory()
  const right = await simulate({ days: DAYS, memory: memory.of, script: entries })
  well(right)
  assert.ok(memory.most > 0, 'it was measured')
  assert.is(right.codes.get('W710'), undefined, `${memory.most / 2 ** 20} MB after a year`)
  const kept: unknown[] = []
  const leak = await simulate({
    days: DAYS,
    memory: new YearOfMemory().of,
    script: entries,
    mistake: keepsEverything(kept),
  })
  well(leak)
  assert.ok(kept.length > 1_000)
  assert.ok((leak.codes.get('W710') ?? 0) > 0)
})

test.run()
