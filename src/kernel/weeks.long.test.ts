/** What takes weeks, in the kernel. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { SECOND } from '../core/base/units.ts'
import { MemoryFolder } from './memory-folder.fixture.ts'
import { well } from './rows.fixture.ts'
import { type Outcome, Simulation, type SimulationOptions } from './simulation.fixture.ts'
import { type Aged, oldPosition } from './weeks.fixture.ts'

const test = suite('weeks in the kernel')
const folder = new MemoryFolder()
test.after(() => folder.remove())

const simulate = (over: Partial<SimulationOptions>): Promise<Outcome> =>
  new Simulation({ seed: 5, profile: 'calm', faults: [], folder: folder.fresh(), ...over }).run()

test('C11: a position of sixty days at an exchange that remembers twenty-eight is known, kept and closed', async () => {
  const aged: Aged = { known: [], restarts: 0 }
  const outcome = await simulate({ ...oldPosition(60, 28, aged), pace: 26 * SECOND })
  well(outcome)
  assert.equal([aged.restarts, aged.known, outcome.trades], [2, [0, 0], 1])
  for (const code of ['W303', 'W309', 'I301', 'W318', 'C310'] as const)
    assert.not.ok(outcome.codes.has(code), code)
})

test.run()
