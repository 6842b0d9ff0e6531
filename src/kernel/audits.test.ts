/** That what is audited at the simulated Bybit is found out where it does not hold. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { MINUTE } from '../core/base/units.ts'
import type { Audited } from './audit.fixture.ts'
import { CANARY } from './bybit-world.fixture.ts'
import type { PlannedFault } from './fault-plan.fixture.ts'
import { MemoryFolder } from './memory-folder.fixture.ts'
import { QUARTER_HOUR, simulate as simulateAt, well } from './rows.fixture.ts'
import type { Outcome, SimulationOptions } from './simulation.fixture.ts'

const test = suite('audits in the kernel')
const folder = new MemoryFolder()
test.after(() => folder.remove())

const simulate = (over: Partial<SimulationOptions> = {}): Promise<Outcome> =>
  simulateAt(folder, QUARTER_HOUR, [], over)

const fault = (place: string, kind: string, size = 0.4): PlannedFault => ({ place, occasion: 0, kind, size })

const CLOSES: SimulationOptions['script'] = simulation => {
  simulation.after(4 * MINUTE, () => simulation.propose('SOLUSDT'))
  simulation.after(8 * MINUTE, () => {
    const close = { kind: 'close', symbol: null, side: null, isForeignToo: false, halts: false } as const
    simulation.ask({ ...close, by: 'a person', reason: 'enough' }, 1)
  })
}

/** What protects the position on SOLUSDT stays behind when that is closed. */
const LEAVES_STOP: SimulationOptions['script'] = simulation => {
  CLOSES(simulation)
  simulation.after(6 * MINUTE, () => {
    const { exchange, audit } = simulation
    audit.disturbed()
    if ('sim' in exchange) exchange.upset({ ...fault('upset', 'orphan-stop') }, 'SOLUSDT')
  })
}

const HALTS: SimulationOptions['script'] = simulation =>
  simulation.after(4 * MINUTE, () =>
    simulation.ask({ kind: 'halt', by: 'a person', reason: 'as it seemed good' }, 1),
  )

/** Mistakes as somebody could make them, and the invariant by which each is found out. */
const MISTAKES: readonly {
  readonly what: string
  readonly found: string
  readonly over: Partial<SimulationOptions>
  readonly wrong: Partial<SimulationOptions>
}[] = [
  {
    what: 'what closes a position says so',
    found: 'I8',
    over: { script: CLOSES },
    wrong: {
      http: http => request =>
        http({ ...request, body: request.body?.replace('"reduceOnly":true', '"reduceOnly":false') ?? null }),
    },
  },
  {
    what: 'a quantity is written out in decimals',
    found: 'I15',
    over: {},
    wrong: {
      http: http => request =>
        http({ ...request, body: request.body?.replace(/"qty":"[^"]*"/, '"qty":"1e-1"') ?? null }),
    },
  },
  {
    what: 'a stop that has outlived its position is cancelled',
    found: 'I6',
    over: { script: LEAVES_STOP },
    wrong: {
      http: http => async request => {
        if (!request.url.endsWith('/v5/order/cancel')) return await http(request)
        return {
          status: 200,
          headers: {},
          body: '{"retCode":0,"retMsg":"OK","result":{"orderId":"","orderLinkId":""},"retExtInfo":{},"time":0}',
        }
      },
    },
  },
  {
    what: 'a halt is written down in the same step',
    found: 'I21',
    over: { script: HALTS },
    wrong: {
      mistake: ports => ({
        ...ports,
        store: {
          commit: batch =>
            ports.store?.commit({ ...batch, events: batch.events.filter(({ kind }) => kind !== 'halted') }) ??
            [],
        },
      }),
    },
  },
  {
    what: 'no event holds the secret',
    found: 'I19',
    over: {},
    wrong: {
      mistake: ports => ({
        ...ports,
        journal: {
          ...ports.journal,
          event: event => ports.journal.event({ ...event, reason: `${event.reason} ${CANARY}` }),
        },
      }),
    },
  },
  {
    what: 'from a dry run nothing arrives that changes anything',
    found: 'I20',
    over: { isDry: true },
    wrong: {
      http: http => async request => {
        if (request.method !== 'GET') return await http(request)
        const url = new URL('/v5/position/trading-stop', request.url).href
        await http({ ...request, method: 'POST', url, body: '{}' }).catch(() => {})
        return await http(request)
      },
    },
  },
]

for (const { what, found, over, wrong } of MISTAKES) {
  test(`${what}, and a bbw of which that is not true is found out`, async () => {
    const right = await simulate(over)
    well(right)
    if (found !== 'I20') assert.ok((right.asked.get(found as Audited) ?? 0) > 0, 'it was put to the question')
    const { failure } = await simulate({ ...over, ...wrong })
    assert.is(failure?.invariant, found, JSON.stringify(failure))
  })
}

test.run()
