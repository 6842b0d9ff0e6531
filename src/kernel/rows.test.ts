/**
 * Rows of the fault catalogue whose lever is the kernel, in the whole loop: on the embedded exchange, and with bbw's own
 * adapter on the simulated Bybit.
 */
import { join } from 'node:path'
import process from 'node:process'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { StoreFolder } from '../core/adapters/sqlite/store.fixture.ts'
import { ExchangeError, StoreError } from '../core/base/errors.ts'
import { MINUTE, type Milliseconds, SECOND } from '../core/base/units.ts'
import type { LivePorts } from '../core/engine/drivers/live.ts'
import type { PlannedFault } from './fault-plan.fixture.ts'
import { type Outcome, Simulation, type SimulationOptions } from './simulation.fixture.ts'
import { MachineClock } from './trader.fixture.ts'

const test = suite('rows in the kernel')
const folder = new StoreFolder()
test.after(() => folder.remove())

/** Where a row is shown. */
interface Place {
  readonly protocol: 'sim' | 'bybit'
  readonly days: number
  /** When the first entry is wanted: prices are known by then. */
  readonly first: Milliseconds
  /** How a request for an order is called. */
  readonly place: string
}

const EMBEDDED: Place = {
  protocol: 'sim',
  days: 0.03,
  first: MINUTE + 20 * SECOND,
  place: 'request place',
}
const PLACES: readonly Place[] = [
  EMBEDDED,
  { protocol: 'bybit', days: 0.006, first: 4 * MINUTE, place: 'request order/create' },
]

/** A while in which nothing goes wrong but what is listed, and an entry on SOLUSDT after some minutes. */
function simulate(
  { protocol, days, first }: Place,
  faults: readonly PlannedFault[],
  over: Partial<SimulationOptions> = {},
  script: (simulation: Simulation) => void = () => {},
): Promise<Outcome> {
  return new Simulation({
    seed: 5,
    profile: 'calm',
    protocol,
    days,
    folder: join(folder.fresh(), '..', 'simulated'),
    faults,
    script: simulation => {
      simulation.after(first, () => simulation.propose('SOLUSDT'))
      script(simulation)
    },
    ...over,
  }).run()
}

const fault = (place: string, kind: string, size = 0.5, occasion = 0): PlannedFault => ({
  place,
  occasion,
  kind,
  size,
})

const well = ({ failure }: Outcome): void => assert.is(failure, null, JSON.stringify(failure))

/** Planted: what is unknown is taken for refused. */
const takesSilenceForRefusal = (ports: LivePorts): LivePorts => ({
  ...ports,
  broker: {
    ...ports.broker,
    place: order =>
      ports.broker.place(order).catch(() => {
        throw new ExchangeError('no reply', { retryable: true, ambiguous: false })
      }),
  },
})

const lostReply = ({ place }: Place): readonly PlannedFault[] => [
  fault(place, 'lose-reply', 0.4),
  fault('push order', 'lose-push'),
]

test('A1: in the whole loop a lost reply is looked up, and taking it for a refusal is found out', async () => {
  for (const at of PLACES) {
    const faults = lostReply(at)
    const right = await simulate(at, faults)
    well(right)
    assert.equal(right.fired, faults)
    assert.ok(right.codes.has('E101'))
    const wrong = await simulate(at, faults, { mistake: takesSilenceForRefusal })
    assert.is(wrong.failure?.invariant, 'I11')
  }
})

/** The request is on its way for 4.95 s, and nothing is heard of it. */
const held = ({ place }: Place): readonly PlannedFault[] => [fault(place, 'hold-request', 0.55)]

/** Planted: an order that is not there when it is looked for at once is given up. */
const judgesAtOnce = (ports: LivePorts): LivePorts => ({
  ...ports,
  broker: {
    ...ports.broker,
    place: order =>
      ports.broker.place(order).catch(async () => {
        const { state } = await ports.broker.lookUp(order.symbol, order.clientOrderId)
        if (state === 'absent')
          throw new ExchangeError('it is not there', { retryable: true, ambiguous: false })
      }),
  },
})

test('A3: in the whole loop a request that lands late is waited for, and judging at once is found out', async () => {
  for (const at of PLACES) {
    const faults = held(at)
    const right = await simulate(at, faults)
    well(right)
    assert.equal(right.fired, faults)
    assert.ok(right.codes.has('W103'), [...right.codes.keys()].join(' '))
    const wrong = await simulate(at, faults, { mistake: judgesAtOnce })
    assert.is(wrong.failure?.invariant, 'I11')
  }
})

test('A12: in the whole loop of two signals on one symbol at once one is entered, and a second order is found out', async () => {
  for (const at of PLACES) {
    let asked = 0
    const both = (simulation: Simulation): void =>
      simulation.after(at.first, () => {
        asked++
        simulation.propose('BTCUSDT', 2)
      })
    const right = await simulate(at, [], {}, both)
    well(right)
    assert.is(asked, 1)
    assert.ok((right.codes.get('I112') ?? 0) > 0)
    const wrong = await simulate(
      at,
      [],
      {
        mistake: ports => ({
          ...ports,
          broker: {
            ...ports.broker,
            place: async order => {
              await ports.broker.place(order)
              if (order.purpose === 'entry')
                await ports.broker.place({ ...order, clientOrderId: `${order.clientOrderId}b` })
            },
          },
        }),
      },
      both,
    )
    assert.is(wrong.failure?.invariant, 'I4')
  }
})

const STEPS = [fault('clock', 'step-forward', 0.5, 8), fault('clock', 'step-back', 0.5, 30)]

/** Planted: what waits goes by the wall. */
class WallForEverything extends MachineClock {
  override monotonic(): number {
    return this.now()
  }
}

test('G2: in the whole loop a wall clock that jumps is said, and timers that go by it are found out', async () => {
  const right = await simulate(EMBEDDED, STEPS)
  well(right)
  assert.equal(right.fired, STEPS)
  assert.is(right.codes.get('W702'), 2)
  const wrong = await simulate(EMBEDDED, STEPS, { clock: kernel => new WallForEverything(kernel) })
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
      folder: join(folder.fresh(), '..', 'simulated'),
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
  for (const at of PLACES) {
    let injected = 0
    const outcome = await simulate(at, [], {
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
    well(await simulate(at, []))
  }
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
  const right = await simulate(EMBEDDED, [], { seed }, taken)
  well(right)
  assert.is(sleeps, 1)
  assert.ok(right.endings.includes('lost-lease'), right.endings.join(' '))
  assert.ok(right.sometimes.has('a second run took over'))
  const wrong = await simulate(EMBEDDED, [], { seed, mistake: goesOnWithoutLease }, taken)
  assert.is(wrong.failure?.invariant, 'I9', JSON.stringify(wrong.failure))
})

test.run()
