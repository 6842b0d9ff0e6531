/** What is older than the memory of the exchange, in the kernel; `weeks.long.test.ts` takes its time for it. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { MemoryFolder } from './memory-folder.fixture.ts'
import { well } from './rows.fixture.ts'
import { type Outcome, Simulation, type SimulationOptions } from './simulation.fixture.ts'
import { type Aged, believesHistoryAlone, oldPosition } from './weeks.fixture.ts'

const test = suite('old positions in the kernel')
const folder = new MemoryFolder()
test.after(() => folder.remove())

const simulate = (over: Partial<SimulationOptions>): Promise<Outcome> =>
  new Simulation({
    seed: 5,
    profile: 'calm',
    faults: [],
    folder: folder.fresh(),
    ...over,
  }).run()

test('C11: in the whole loop a position older than the history is known, and believing the history is found out', async () => {
  // Shortened: a quarter of an hour of history, and a position of hours. `weeks.long.test.ts` has the sixty days.
  const aged: Aged = { known: [], restarts: 0 }
  const scenario = oldPosition(0.1, 1 / 96, aged)
  const right = await simulate(scenario)
  well(right)
  assert.equal([aged.restarts, aged.known, right.trades], [2, [0, 0], 1])
  for (const code of ['W303', 'W309', 'I301', 'W318', 'C310'] as const)
    assert.not.ok(right.codes.has(code), code)
  const wrong = await simulate({ ...scenario, mistake: believesHistoryAlone })
  assert.ok(wrong.codes.has('W309') && wrong.codes.has('W318'))
})

test.run()
