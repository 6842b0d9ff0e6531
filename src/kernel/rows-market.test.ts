/** Rows of the fault catalogue about figures and prices that the kernel shows: those that cannot be true, and late ones. */
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { MINUTE, SECOND, type Steps, type Ticks } from '../core/base/units.ts'
import type { LivePorts } from '../core/engine/drivers/live.ts'
import type { Input, OrderRequest } from '../core/engine/protocol.ts'
import { toTicks } from '../core/market/quantise.ts'
import { sign } from '../core/market/side.ts'
import { LISTED, type Listed, named } from './market.fixture.ts'
import { MemoryFolder } from './memory-folder.fixture.ts'
import { well } from './rows.fixture.ts'
import { proposal } from './signals.fixture.ts'
import { type Outcome, Simulation, type SimulationOptions } from './simulation.fixture.ts'

const test = suite('rows of the market in the kernel')
const folder = new MemoryFolder()
test.after(() => folder.remove())

const SEED = 20261127

function simulate(over: Partial<SimulationOptions>): Promise<Outcome> {
  return new Simulation({
    seed: 5,
    profile: 'calm',
    faults: [],
    days: 0.012,
    folder: folder.fresh(),
    ...over,
  }).run()
}

// --- B6 -----------------------------------------------------------------------------------------------------------

/** Grids fine and coarse: of the last one a tick is a twentieth of the price. */
const GRIDS: readonly Listed[] = [
  ...LISTED,
  { price: 0.0002, instrument: named('PEPEUSDT', '0.00001', '1000') },
]

/** How far below an entry its stop is wanted, as a share of the price; negative: on the other side. */
const REACH = fc.oneof(
  fc.double({ min: -0.1, max: 0.06, noNaN: true }),
  fc.double({ min: 0.96, max: 1.6, noNaN: true }),
)
const WANTED = fc.array(
  fc.record({ of: fc.integer({ min: 0, max: GRIDS.length - 1 }), reach: REACH, isLimit: fc.boolean() }),
  { minLength: 14, maxLength: 14 },
)

interface Proposed {
  refused: number
  sound: number
}

/** Hands an entry in every minute, with its stop rounded to the tick. */
const proposes =
  (wanted: readonly { of: number; reach: number; isLimit: boolean }[], proposed: Proposed) =>
  (simulation: Simulation): void => {
    for (const [k, { of, reach, isLimit }] of wanted.entries()) {
      simulation.after((k + 1) * MINUTE, () => {
        const { instrument, price: first } = GRIDS[of]
        const { kernel } = simulation
        const price = simulation.priceOf(instrument.symbol) ?? first
        const { signal } = proposal(kernel.draws, instrument, price, kernel.now)
        const from = toTicks(instrument, price, 'nearest')
        const wished = (price * (1 - sign(signal.side) * reach)) / instrument.tickSize
        const stop = Math.round(wished) as Ticks
        const isSound = stop >= 1 && sign(signal.side) * (from - stop) > 0
        if (isSound) proposed.sound++
        else proposed.refused++
        const order = isLimit ? ({ type: 'limit', price: from } as const) : ({ type: 'market' } as const)
        simulation.handIn({ ...signal, order, stop, leverage: 2 })
      })
    }
  }

/** Planted: what leaves is rounded once more, to a hundred ticks, as one that takes the tick from elsewhere does. */
const roundsAgain =
  (round: (value: number) => number) =>
  (ports: LivePorts): LivePorts => ({
    ...ports,
    broker: {
      ...ports.broker,
      place: (order: OrderRequest) =>
        ports.broker.place({
          ...order,
          stop: order.stop === null ? null : ((100 * round(order.stop / 100)) as Ticks),
        }),
    },
  })

test('B6: in the whole loop no stop of nothing, and none on the wrong side, leaves, and one who rounds again is found out', async () => {
  const proposed: Proposed = { refused: 0, sound: 0 }
  let entered = 0
  await fc.assert(
    fc.asyncProperty(WANTED, async wanted => {
      const before = proposed.refused
      const outcome = await simulate({ listed: GRIDS, script: proposes(wanted, proposed) })
      well(outcome)
      assert.ok((outcome.codes.get('E206') ?? 0) >= proposed.refused - before)
      entered += outcome.asked.get('I1') ?? 0
    }),
    { seed: SEED, numRuns: 6 },
  )
  assert.ok(proposed.refused > 20 && proposed.sound > 10, JSON.stringify(proposed))
  assert.ok(entered > 10)
  for (const [round, invariant] of [
    [Math.floor, 'I15'],
    [Math.ceil, 'I1'],
  ] as const) {
    const wanted = Array.from({ length: 4 }, () => ({ of: GRIDS.length - 1, reach: 0.05, isLimit: true }))
    const script = proposes(wanted, { refused: 0, sound: 0 })
    const wrong = await simulate({ listed: GRIDS, script, mistake: roundsAgain(round) })
    assert.is(wrong.failure?.invariant, invariant, JSON.stringify(wrong.failure))
  }
})

// --- E8 -----------------------------------------------------------------------------------------------------------

const NO_PRICES = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, -1] as const

/** Spoils every so manieth figure that is told of the market. */
const spoils =
  (every: number, value: number, injected: { count: number }, read: (spoilt: number) => number) =>
  (ports: LivePorts): LivePorts => ({
    ...ports,
    feed: {
      listen: hear => {
        let told = 0
        ports.feed.listen(input => hear(++told % every === 0 ? spoilt(input, value, injected, read) : input))
      },
    },
  })

function spoilt(
  input: Input,
  value: number,
  injected: { count: number },
  read: (spoilt: number) => number,
): Input {
  if (input.type !== 'price' && input.type !== 'candle' && input.type !== 'funding-rate') return input
  injected.count++
  const bad = read(value)
  if (input.type === 'price') return { ...input, last: bad, mark: bad }
  if (input.type === 'candle') return { ...input, high: bad, close: bad }
  return { ...input, per8h: value === 0 || value === -1 ? Number.NaN : value }
}

const ENTRIES = (simulation: Simulation): void => {
  for (const [k, symbol] of ['SOLUSDT', 'BTCUSDT', 'ADAUSDT'].entries())
    simulation.after((4 + 3 * k) * MINUTE, () => simulation.propose(symbol))
}

test('E8: in the whole loop no figure that cannot be true decides anything, and taking one for a price is found out', async () => {
  const injected = { count: 0 }
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...NO_PRICES), fc.integer({ min: 1, max: 5 }), async (value, every) => {
      const before = injected.count
      const outcome = await simulate({
        protocol: 'bybit',
        script: ENTRIES,
        mistake: spoils(every, value, injected, bad => bad),
      })
      well(outcome)
      assert.ok(injected.count > before + 20)
      assert.ok((outcome.codes.get('E508') ?? 0) > 0)
      // Where not everything is spoilt, what is sound is acted on.
      if (every > 1) assert.ok((outcome.asked.get('I12') ?? 0) > 0)
    }),
    { seed: SEED, numRuns: 5 },
  )
  const wrong = await simulate({
    protocol: 'bybit',
    script: ENTRIES,
    mistake: spoils(1, Number.NaN, injected, bad => (Number.isFinite(bad) ? bad : 1)),
  })
  assert.is(wrong.failure?.invariant, 'I12', JSON.stringify(wrong.failure))
})

// --- E11 ----------------------------------------------------------------------------------------------------------

const PARTS = 5

/** The process stands still for 20 s, in which prices and fills pile up; as soon as it goes on something is entered. */
const standsStill =
  (injected: { fills: number }) =>
  (simulation: Simulation): void => {
    const { exchange, audit, kernel } = simulation
    simulation.after(4 * MINUTE, () => simulation.propose('SOLUSDT'))
    simulation.after(8 * MINUTE, () => {
      simulation.trader.life?.freeze(20 * SECOND)
      audit.disturbed(kernel.now + 20 * SECOND)
    })
    for (let part = 1; part <= PARTS; part++)
      simulation.after(8 * MINUTE + part * 2 * SECOND, () => {
        const [held] = exchange.account().positions
        if (held === undefined) return
        const { symbol, side, steps } = held
        const some = Math.max(1, Math.floor(steps / 10)) as Steps
        if (exchange.act({ kind: 'reduce', symbol, side, steps: some }) === null) injected.fills++
      })
    for (const symbol of ['ADAUSDT', 'BTCUSDT', 'DOGEUSDT'])
      simulation.after(8 * MINUTE + 21 * SECOND, () => simulation.propose(symbol))
  }

/** Planted: one queue for everything, and what finds it full is dropped. */
const dropsWhatIsTooMuch = (ports: LivePorts): LivePorts => ({
  ...ports,
  feed: {
    listen: hear => {
      const queue: Input[] = []
      ports.feed.listen(input => {
        if (queue.length < 4) queue.push(input)
        if (queue.length > 1) return
        void ports.broker.account().then(() => {
          for (const one of queue.splice(0)) hear(one)
        })
      })
    },
  },
})

/** Planted: prices are taken one after the other, the oldest first, and count as those of now. */
const takesTheOldest = (ports: LivePorts): LivePorts => ({
  ...ports,
  feed: {
    listen: hear => {
      const queue: Extract<Input, { readonly type: 'price' }>[] = []
      let heard = 0
      ports.feed.listen(input => {
        if (input.type !== 'price') {
          hear(input)
          return
        }
        queue.push(input)
        // One of nine is all that it manages.
        const oldest = ++heard % 9 === 0 ? queue.shift() : undefined
        if (oldest !== undefined) hear({ ...oldest, time: input.time })
      })
    },
  },
})

test('E11: in the whole loop of prices that pile up the newest counts and no fill is lost, and other queues are found out', async () => {
  const injected = { fills: 0 }
  const script = standsStill(injected)
  // A seed with which something is held by then.
  const seed = 6
  const right = await simulate({ protocol: 'bybit', seed, script })
  well(right)
  assert.is(injected.fills, PARTS)
  assert.ok((right.codes.get('W511') ?? 0) > 0, [...right.codes.keys()].join(' '))
  assert.is(right.codes.get('I301'), undefined)
  const dropping = await simulate({ protocol: 'bybit', seed, script, mistake: dropsWhatIsTooMuch })
  assert.ok((dropping.codes.get('I301') ?? 0) > 0, [...dropping.codes.keys()].join(' '))
  const old = await simulate({ protocol: 'bybit', seed, script, mistake: takesTheOldest })
  assert.is(old.failure?.invariant, 'I12', JSON.stringify(old.failure))
})

test.run()
