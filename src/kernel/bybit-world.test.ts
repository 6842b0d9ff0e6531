/** The whole loop with bbw's own adapter, on the simulated Bybit: signed requests, budgets, streams. */
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { HttpPort } from '../core/adapters/bybit/http.ts'
import { MINUTE, SECOND } from '../core/base/units.ts'
import { CANARY } from './bybit-world.fixture.ts'
import { MemoryFolder } from './memory-folder.fixture.ts'
import { QUARTER_HOUR, simulate as simulateAt, well } from './rows.fixture.ts'
import type { Outcome, SimulationOptions } from './simulation.fixture.ts'
import { MachineClock } from './trader.fixture.ts'

const test = suite('bybit in the kernel')
const folder = new MemoryFolder()
test.after(() => folder.remove())

const simulate = (over: Partial<SimulationOptions> = {}): Promise<Outcome> =>
  simulateAt(folder, QUARTER_HOUR, [], over)

test('the same seed gives the same run, and no line of it holds the secret', async () => {
  const lines: string[] = []
  const meltdown = { profile: 'meltdown', seed: 2, faults: undefined } as const
  const one = await simulate({ ...meltdown, trace: line => lines.push(line) })
  const again = await simulate(meltdown)
  well(one)
  assert.equal([one.hash, one.events], [again.hash, again.events])
  assert.ok(lines.length > 1_000)
  assert.equal(
    lines.filter(line => line.includes(CANARY)),
    [],
  )
})

/** A wall clock that is a second and a half ahead of the exchange's. */
class Ahead extends MachineClock {
  override offset = 1.5 * SECOND
}

/** Planted: the exchange is believed to say what this machine's clock says. */
const believesOwnClock =
  (http: HttpPort, clock: MachineClock): HttpPort =>
  async request => {
    const reply = await http(request)
    if (!request.url.includes('/v5/market/time')) return reply
    const time = Math.floor(clock.now())
    const result = { timeSecond: String(Math.floor(time / 1_000)), timeNano: `${time}000000` }
    return { ...reply, body: JSON.stringify({ ...JSON.parse(reply.body), result, time }) }
  }

test('G1: a wall clock that is ahead is said and corrected, and going by it is found out', async () => {
  const clock: SimulationOptions['clock'] = kernel => new Ahead(kernel)
  const right = await simulate({ clock })
  well(right)
  assert.ok((right.codes.get('W701') ?? 0) > 0)
  const wrong = await simulate({ clock, http: believesOwnClock })
  assert.is(wrong.failure?.invariant, 'I17', JSON.stringify(wrong.failure))
})

/** Planted: every question is asked thirty times at once. */
const asksInStorms =
  (http: HttpPort): HttpPort =>
  async request => {
    if (request.method === 'GET') for (let more = 0; more < 29; more++) void http(request).catch(() => {})
    return await http(request)
  }

test('D6: after an outage no storm of requests follows, and one that makes it is found out', async () => {
  let outages = 0
  const script: SimulationOptions['script'] = simulation => {
    simulation.after(4 * MINUTE, () => simulation.propose('SOLUSDT'))
    simulation.after(6 * MINUTE, () => {
      outages++
      simulation.exchange.state = 'refused'
      simulation.audit.disturbed(simulation.kernel.now + 3 * MINUTE)
    })
    simulation.after(9 * MINUTE, () => {
      simulation.exchange.state = 'open'
    })
  }
  const right = await simulate({ script })
  well(right)
  assert.is(outages, 1)
  assert.ok((right.asked.get('I13') ?? 0) > 50)
  const wrong = await simulate({ script, http: asksInStorms })
  assert.is(wrong.failure?.invariant, 'I13', JSON.stringify(wrong.failure))
})

test('in hedge mode a symbol is held on both sides, and each is closed for itself', async () => {
  const outcome = await simulate({
    isLeftAlone: true,
    config: config => ({ ...config, positionMode: 'hedge' }),
    script: simulation => {
      for (const [k, side] of (['Buy', 'Sell'] as const).entries())
        simulation.after((4 + k) * MINUTE, () => {
          const { exchange } = simulation
          if ('sim' in exchange)
            assert.is(exchange.sim.cause({ fault: 'human-open', symbol: 'SOLUSDT', side, steps: 300 }), null)
          simulation.audit.disturbed()
        })
      simulation.after(9 * MINUTE, () => {
        const close = {
          kind: 'close',
          symbol: 'SOLUSDT',
          side: 'long',
          isForeignToo: true,
          halts: false,
        } as const
        simulation.ask({ ...close, by: 'a person', reason: 'enough' }, 1)
      })
      simulation.after(12 * MINUTE, () => {
        const { positions } = simulation.exchange.account()
        assert.equal(
          positions.map(({ side }) => side),
          ['short'],
        )
      })
    },
  })
  well(outcome)
  assert.ok(outcome.codes.has('W303'))
})

test.run()
