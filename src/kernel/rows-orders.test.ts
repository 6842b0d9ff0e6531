/**
 * Rows of the fault catalogue about orders whose lever is the kernel, in the whole loop: on the embedded exchange, and with
 * bbw's own adapter on the simulated Bybit.
 */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ExchangeError } from '../core/base/errors.ts'
import type { LivePorts } from '../core/engine/drivers/live.ts'
import type { PlannedFault } from './fault-plan.fixture.ts'
import { MemoryFolder } from './memory-folder.fixture.ts'
import { fault, PLACES, type Place, simulate, well } from './rows.fixture.ts'
import type { Simulation } from './simulation.fixture.ts'

const test = suite('rows of orders in the kernel')
const folder = new MemoryFolder()
test.after(() => folder.remove())

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
    const right = await simulate(folder, at, faults)
    well(right)
    assert.equal(right.fired, faults)
    assert.ok(right.codes.has('E101'))
    const wrong = await simulate(folder, at, faults, { mistake: takesSilenceForRefusal })
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
    const right = await simulate(folder, at, faults)
    well(right)
    assert.equal(right.fired, faults)
    assert.ok(right.codes.has('W103'), [...right.codes.keys()].join(' '))
    const wrong = await simulate(folder, at, faults, { mistake: judgesAtOnce })
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
    const right = await simulate(folder, at, [], {}, both)
    well(right)
    assert.is(asked, 1)
    assert.ok((right.codes.get('I112') ?? 0) > 0)
    const wrong = await simulate(
      folder,
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

test.run()
