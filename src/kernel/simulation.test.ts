import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { BrokerPort } from '../core/engine/ports.ts'
import { MemoryFolder } from './memory-folder.fixture.ts'
import { PROFILES, type Profile } from './profiles.fixture.ts'
import { failureLines, type Outcome, Simulation, type SimulationOptions } from './simulation.fixture.ts'

const test = suite('simulation')
const folder = new MemoryFolder()
test.after(() => folder.remove())

const simulate = (over: Partial<SimulationOptions>): Promise<Outcome> =>
  new Simulation({
    seed: 1,
    profile: 'calm',
    days: 0.06,
    folder: folder.fresh(),
    ...over,
  }).run()

/** Says how to see a failure again. */
const isWell = ({ failure }: Outcome, seed: number, profile: Profile): void =>
  assert.is(failure === null ? '' : failureLines({ seed, profile, days: 0.06 }, failure, 'here'), '')

test('the same seed gives the same run to the last event, another one another run', async () => {
  const [one, again, other] = [
    await simulate({ seed: 7, profile: 'meltdown' }),
    await simulate({ seed: 7, profile: 'meltdown' }),
    await simulate({ seed: 8, profile: 'meltdown' }),
  ]
  assert.equal([one.hash, one.events, one.fired], [again.hash, again.events, again.fired])
  assert.is.not(one.hash, other.hash)
})

test('a run with its own faults listed one by one is the same run', async () => {
  const drawn = await simulate({ seed: 7, profile: 'meltdown' })
  const listed = await simulate({ seed: 7, profile: 'meltdown', faults: drawn.fired, rates: {} })
  assert.is(listed.hash, drawn.hash)
})

for (const profile of Object.keys(PROFILES) as Profile[]) {
  test(`nothing that must not be comes about, and everything is right again after the chaos (${profile})`, async () => {
    const outcome = await simulate({ seed: 2, profile })
    isWell(outcome, 2, profile)
    assert.ok(outcome.sometimes.has('everything was right again'))
    assert.ok(outcome.events > 3_000)
  })
}

/** Mistakes as somebody could make them, and the invariant by which each is found out. */
const MISTAKES: readonly {
  readonly what: string
  readonly found: readonly string[]
  readonly profile: Profile
  readonly mistake: NonNullable<SimulationOptions['mistake']>
}[] = [
  {
    what: 'orders leave without a stop',
    found: ['I1'],
    profile: 'calm',
    mistake: ports => broker(ports, one => ({ place: order => one.place({ ...order, stop: null }) })),
  },
  {
    what: 'orders leave before they are written',
    found: ['I4', 'I9'],
    profile: 'calm',
    mistake: ports => ({ ...ports, store: { commit: () => [] } }),
  },
  {
    what: 'every order is sent a second time under another id',
    found: ['I4', 'I6', 'I3'],
    profile: 'calm',
    mistake: ports =>
      broker(ports, one => ({
        place: async order => {
          await one.place(order)
          if (order.purpose === 'entry')
            await one.place({ ...order, clientOrderId: `${order.clientOrderId}x` })
        },
      })),
  },
  {
    what: 'stops are set where they were meant to be loosened from',
    found: ['I2', 'I5', 'I1'],
    profile: 'human',
    mistake: ports =>
      broker(ports, one => ({
        setStop: (id, symbol, side, stop) =>
          one.setStop(id, symbol, side, (side === 'long' ? stop - 20 : stop + 20) as typeof stop),
      })),
  },
  {
    what: 'a fill is never heard of, nor looked for',
    found: ['I5'],
    profile: 'calm',
    mistake: ports => ({
      ...broker(ports, () => ({ executions: async () => [] })),
      feed: { listen: hear => ports.feed.listen(input => (input.type === 'fill' ? undefined : hear(input))) },
    }),
  },
]

function broker(
  ports: Parameters<NonNullable<SimulationOptions['mistake']>>[0],
  over: (broker: BrokerPort) => Partial<BrokerPort>,
): typeof ports {
  return { ...ports, broker: { ...ports.broker, ...over(ports.broker) } }
}

for (const { what, found, profile, mistake } of MISTAKES) {
  test(`a bbw in which ${what} is found out`, async () => {
    const outcome = await simulate({ seed: 3, profile, mistake, days: 0.1 })
    assert.ok(
      outcome.failure !== null && found.includes(outcome.failure.invariant),
      JSON.stringify(outcome.failure),
    )
  })
}

test('whoever goes past the ports is found out', async () => {
  const outcome = await simulate({
    mistake: ports => ({
      ...ports,
      broker: {
        ...ports.broker,
        account: () => {
          void Date.now()
          return ports.broker.account()
        },
      },
    }),
  })
  assert.match(String(outcome.failure?.how), 'escape: Date.now')
})

test('a failure says in one line what, when and where, and how to see it again', () => {
  assert.is(
    failureLines(
      { seed: 0x5f3a91, profile: 'meltdown', days: 4 },
      { invariant: 'I1', how: 'symbol=SOLUSDT naked=2400ms', event: 181_442, at: 273_062_120 },
      'ab12cd',
    ),
    'BBW-DST FAIL seed=0x5f3a91 commit=ab12cd profile=meltdown t=+3d03:51:02.120 event=181442 inv=I1 symbol=SOLUSDT naked=2400ms\n' +
      'replay: npm run dst -- --seed 0x5f3a91 --profile meltdown --days 4 --until 181442 --trace',
  )
})

test.run()
