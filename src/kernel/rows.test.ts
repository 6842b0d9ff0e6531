/** Rows of the fault catalogue about clocks and processes whose lever is the kernel, in the whole loop. */
import process from 'node:process'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { StoreError } from '../core/base/errors.ts'
import { MINUTE } from '../core/base/units.ts'
import type { LivePorts } from '../core/engine/drivers/live.ts'
import { MemoryFolder } from './memory-folder.fixture.ts'
import { EMBEDDED, fault, simulate, well } from './rows.fixture.ts'
import { type Outcome, Simulation, type SimulationOptions } from './simulation.fixture.ts'
import { MachineClock } from './trader.fixture.ts'

const test = suite('rows in the kernel')
const folder = new MemoryFolder()
test.after(() => folder.remove())

const STEPS = [fault('clock', 'step-forward', 0.5, 8), fault('clock', 'step-back', 0.5, 30)]

/** Planted: what waits goes by the wall. */
class WallForEverything extends MachineClock {
  override monotonic(): number {
    return this.now()
  }
}

test('G2: in the whole loop a wall clock that jumps is said, and timers that go by it are found out', async () => {
  const right = await simulate(folder, EMBEDDED, STEPS)
  well(right)
  assert.equal(right.fired, STEPS)
  assert.is(right.codes.get('W702'), 2)
  const wrong = await simulate(folder, EMBEDDED, STEPS, { clock: kernel => new WallForEverything(kernel) })
  assert.is(wrong.failure?.invariant, 'I17', JSON.stringify(wrong.failure))
})

/** Runs in a time zone. */
async function inZone(zone: string, over: Partial<SimulationOptions> = {}): Promise<Outcome> {
  const before = process.env.TZ
  process.env.TZ = zone
  try {
    return await new Simulation({
      seed: 11,
      profile: 'meltdown',
      days: 0.05,
      folder: folder.fresh(),
      ...over,
    }).run()
  } finally {
    if (before === undefined) delete process.env.TZ
    else process.env.TZ = before
  }
}

/** Planted: a request knows what hour it is where the machine stands. */
const localHour = (ports: LivePorts): LivePorts => ({
  ...ports,
  broker: {
    ...ports.broker,
    account: async () => {
      const account = await ports.broker.account()
      return new Date(ports.clock.now()).getHours() < 12 ? account : { ...account, orders: [] }
    },
  },
})

test('G3: the same seed gives the same run in every time zone, and one that looks at the local hour is found out', async () => {
  const zones = ['UTC', 'America/St_Johns', 'Pacific/Apia']
  const hashes = new Set<string>()
  for (const zone of zones) {
    const outcome = await inZone(zone)
    well(outcome)
    hashes.add(outcome.hash)
  }
  assert.is(hashes.size, 1)
  const [here, there] = [
    await inZone('UTC', { mistake: localHour }),
    await inZone('Pacific/Apia', { mistake: localHour }),
  ]
  assert.is.not(here.hash, there.hash)
})

test('G8: a rejection that nobody handles is no quiet end: the whole loop is found out', async () => {
  let injected = 0
  const outcome = await simulate(folder, EMBEDDED, [], {
    mistake: ports => ({
      ...ports,
      journal: {
        ...ports.journal,
        event: event => {
          ports.journal.event(event)
          if (event.kind !== 'filled') return
          injected++
          void Promise.reject(new Error('nobody looks'))
        },
      },
    }),
  })
  assert.is(injected, 1)
  assert.match(String(outcome.failure?.how), 'a rejection that nobody handles: nobody looks')
  well(await simulate(folder, EMBEDDED, []))
})

/** Planted: a lease that is lost is taken for a disk in trouble. */
const goesOnWithoutLease = (ports: LivePorts): LivePorts => ({
  ...ports,
  store: {
    commit: batch => {
      try {
        return ports.store?.commit(batch) ?? []
      } catch (error) {
        if (error instanceof StoreError && error.trouble === 'lease-lost') return []
        throw error
      }
    },
  },
})

test('H2: in the whole loop one that wakes without its lease ends, and going on without it is found out', async () => {
  let sleeps = 0
  // It sleeps while entries are about to fill; somebody starts another one meanwhile, which gets the lease.
  const taken = (simulation: Simulation): void => {
    for (const symbol of ['ADAUSDT', 'BTCUSDT', 'DOGEUSDT'])
      simulation.after(10 * MINUTE, () => simulation.propose(symbol))
    simulation.after(12 * MINUTE - 20, () => {
      sleeps++
      simulation.trader.life?.freeze(4 * MINUTE)
      simulation.audit.disturbed(simulation.kernel.now + 4 * MINUTE)
    })
    simulation.after(13.5 * MINUTE, () => simulation.startSecond())
  }
  // A seed with which an entry fills just then.
  const seed = 6
  const right = await simulate(folder, EMBEDDED, [], { seed }, taken)
  well(right)
  assert.is(sleeps, 1)
  assert.ok(right.endings.includes('lost-lease'), right.endings.join(' '))
  assert.ok(right.sometimes.has('a second run took over'))
  const wrong = await simulate(folder, EMBEDDED, [], { seed, mistake: goesOnWithoutLease }, taken)
  assert.is(wrong.failure?.invariant, 'I9', JSON.stringify(wrong.failure))
})

test.run()
